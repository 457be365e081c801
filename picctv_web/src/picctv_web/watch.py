"""The watch page: a clip's video with its charts, events and gaps on one time axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from picctv_core.clock import SystemClock
from picctv_server import keeping, queries
from picctv_web import plugin_pages, shown, timeline, times

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from picctv_server.models import Clip, Event


@dataclass(frozen=True)
class Mark:
    """A stretch of a clip: an event, or a gap.

    Attributes:
        kind: ``event`` or ``gap``.
        title: the plugin's name, or the cause of the gap.
        start: seconds into the clip; less than 0 where it began before.
        end: seconds into the clip; None where it goes on.
        score: an event's peak; None where there is none.
        peak: seconds into the clip of the peak.
        tone: a gap's colour, as on the line of the day; 0 for events.
    """

    kind: str
    title: str
    start: float
    end: float | None
    score: float | None = None
    peak: float | None = None
    tone: int = 0

    @property
    def seek(self) -> float:
        """Where to look: the start, or the clip's start where it began before."""
        return max(self.start, 0.0)

    @property
    def peak_seek(self) -> float:
        """Where the peak is; where there is none, the start."""
        return self.seek if self.peak is None else max(self.peak, 0.0)


def watch(request: HttpRequest, clip_id: str) -> HttpResponse:
    """Show one clip."""
    clip = find(clip_id)
    stored = shown.cameras()
    (subject,) = shown.clips([clip], stored)
    previous, following = queries.neighbours(clip)
    found = marks(clip)
    context = {
        "clip": subject,
        "camera": next((camera for camera in stored if camera.id == clip.camera), None),
        "previous": shown.ShownClip(previous, "") if previous else None,
        "next": shown.ShownClip(following, "") if following else None,
        "events": [mark for mark in found if mark.kind == "event"],
        "gaps": [mark for mark in found if mark.kind == "gap"],
        "causes": sorted({(mark.tone, mark.title) for mark in found if mark.kind == "gap"}),
        "bands": [_band(mark, subject.seconds) for mark in found],
        "charts": plugin_pages.chart_cards(clip, seconds=subject.seconds),
        "cards": plugin_pages.clip_cards(request, clip),
    }
    return render(request, "picctv/watch.html", context)


@require_POST
def keep(request: HttpRequest, clip_id: str) -> HttpResponse:
    """Keep a clip whatever the rules of retention say, or with ``let_go`` no longer."""
    wanted = "let_go" not in request.POST
    set_kept(request, clip_id, keep=wanted)
    said = (
        "The clip is kept until somebody lets it go." if wanted else "The clip goes when its time has come."
    )
    messages.success(request, said)
    return redirect("clip", clip_id)


def set_kept(request: HttpRequest, clip_id: str, *, keep: bool) -> None:
    """Keep a clip in the name of who asks, for the reason ``why``, or let it go.

    Raises:
        Http404: there is none.
    """
    find(clip_id)
    if keep:
        why = request.POST.get("why", "").strip()
        keeping.keep(clip_id, request.user.get_username(), SystemClock().now_ns(), why)
    else:
        keeping.let_go(clip_id)


def find(clip_id: str) -> Clip:
    """Give a clip.

    Raises:
        Http404: there is none.
    """
    clip = queries.clip(clip_id)
    if clip is None:
        msg = f"there is no clip {clip_id}"
        raise Http404(msg)
    return clip


def marks(clip: Clip) -> list[Mark]:
    """List the events and gaps within a clip, in the order of time."""
    between = (clip.camera, clip.started_at_ns, clip.ended_at_ns)

    def into(at_ns: int | None) -> float | None:
        return None if at_ns is None else (at_ns - clip.started_at_ns) / times.SECOND_NS

    stored = queries.events_between(*between)
    events = [
        Mark(
            "event",
            event.plugin,
            into(event.started_at_ns) or 0.0,
            into(event.ended_at_ns if event.ended_at_ns is not None else _successor(event, stored)),
            event.peak_score,
            into(event.peak_at_ns),
        )
        for event in stored
    ]
    missing = queries.gaps_between(*between)
    tones = timeline.tones(missing)
    gaps = [
        Mark("gap", gap.cause, into(gap.from_ns) or 0.0, into(gap.to_ns), tone=tones[gap.cause])
        for gap in missing
    ]
    return sorted([*events, *gaps], key=lambda mark: mark.start)


def _successor(event: Event, stored: list[Event]) -> int | None:
    """Give the start of the plugin's next event: one whose end was never told of is over by then."""
    later = (other.started_at_ns for other in stored if other.plugin == event.plugin)
    return min((start for start in later if start > event.started_at_ns), default=None)


def _band(mark: Mark, seconds: float) -> dict[str, Any]:
    return {
        "kind": mark.kind,
        "tone": mark.tone,
        "title": f"{mark.title}, from {times.clock(mark.seek)}",
        "from": mark.start,
        "to": seconds if mark.end is None else mark.end,
    }
