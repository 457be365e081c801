"""A day of a camera on one line: its clips, its events, and its gaps, each cause in a colour of its own."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone

from picctv_server import queries
from picctv_web import times

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from picctv_server.models import Event, Gap

TONES = 6
"""How many colours there are for gaps: ``--gap-1`` and so on in the style sheet."""

MAX_LINES = 40

_HEIGHT = 44
_STEPS = 500
"""What is shorter than one of so many parts of the day is drawn as long as that, and what would overlap then, as one."""


@dataclass(frozen=True)
class Bar:
    """A stretch of the day, as it is drawn: seconds from its beginning.

    Attributes:
        kind: ``clip``, ``event`` or ``gap``.
        tone: a gap's colour, from 1 on; 0 for the others.
        x: where it begins.
        width: how long it is drawn.
        title: what it is, for who points at it.
        url: where it leads; empty for nowhere.
    """

    kind: str
    tone: int
    x: float
    width: float
    title: str
    url: str = ""


@dataclass(frozen=True)
class Cause:
    """A cause of gaps on that day.

    Attributes:
        text: the cause.
        tone: its colour.
        count: how many gaps.
        seconds: how long they are together.
    """

    text: str
    tone: int
    count: int
    seconds: float


@dataclass(frozen=True)
class GapLine:
    """A gap in the list below the line."""

    gap: Gap
    tone: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return float(self.gap.to_ns - self.gap.from_ns) / times.SECOND_NS


@dataclass(frozen=True)
class Timeline:
    """A day of a camera.

    Attributes:
        seconds: how long the day is: 23 or 25 hours where clocks change.
        clips: the bars of its clips.
        events: the bars of its events.
        gaps: the bars of its gaps.
        now: where the present is; None on another day.
        ticks: the times below the line, evenly spread.
        causes: the causes of its gaps, in the order of time.
        lines: its gaps, the newest first; the first few.
        clip_count: how many clips there are.
        event_count: how many events.
        gap_count: how many gaps.
    """

    seconds: float
    clips: list[Bar] = field(default_factory=list)
    events: list[Bar] = field(default_factory=list)
    gaps: list[Bar] = field(default_factory=list)
    now: float | None = None
    ticks: list[str] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    lines: list[GapLine] = field(default_factory=list)
    clip_count: int = 0
    event_count: int = 0
    gap_count: int = 0
    height: int = _HEIGHT

    @property
    def more(self) -> int:
        """How many gaps the list leaves out."""
        return self.gap_count - len(self.lines)


def tones(gaps: Iterable[Gap]) -> dict[str, int]:
    """Give each cause its colour, in the order in which they come first."""
    found: dict[str, int] = {}
    for gap in gaps:
        found.setdefault(gap.cause, len(found) % TONES + 1)
    return found


def day(camera: str, from_ns: int, to_ns: int, now_ns: int) -> Timeline:
    """Draw a day of a camera.

    Args:
        camera: ``node/camera``.
        from_ns: where the day begins.
        to_ns: where it ends.
        now_ns: the time.
    """
    fields = ("id", "started_at_ns", "ended_at_ns")
    clips = list(
        queries.clips(camera, from_ns, to_ns).order_by("started_at_ns", "id").only(*fields).as_pymongo()
    )
    events = queries.events_between(camera, from_ns, to_ns)
    gaps = queries.gaps_between(camera, from_ns, to_ns)
    tone = tones(gaps)
    line = _Line(from_ns, to_ns, min(now_ns, to_ns))
    return Timeline(
        seconds=line.seconds,
        clips=line.bars("clip", [_clip(one) for one in clips]),
        events=line.bars("event", [_event(one, clips) for one in events]),
        gaps=[bar for cause, own in tone.items() for bar in line.bars("gap", _gaps(gaps, cause), own)],
        now=(now_ns - from_ns) / times.SECOND_NS if from_ns <= now_ns < to_ns else None,
        ticks=[f"{times.local(from_ns + part * (to_ns - from_ns) // 4):%H:%M}" for part in range(4)]
        + ["24:00"],
        causes=[_cause(gaps, cause, own) for cause, own in tone.items()],
        lines=[GapLine(gap, tone[gap.cause]) for gap in gaps[::-1][:MAX_LINES]],
        clip_count=len(clips),
        event_count=len(events),
        gap_count=len(gaps),
    )


def today(camera: str) -> Timeline:
    """Draw a camera's day of today, in the site's time zone."""
    return day(camera, *times.day_bounds(timezone.localdate()), times.from_datetime(timezone.now()))


# A stretch on its way to a bar: beginning, end (None while it goes on), title, address.
_Stretch = tuple[int, int | None, str, str]


@dataclass(frozen=True)
class _Line:
    from_ns: int
    to_ns: int
    until_ns: int

    @property
    def seconds(self) -> float:
        return (self.to_ns - self.from_ns) / times.SECOND_NS

    def bars(self, kind: str, stretches: Sequence[_Stretch], tone: int = 0) -> list[Bar]:
        """Draw stretches, in the order of their beginning; those that would lie on each other become one."""
        least = self.seconds / _STEPS
        found: list[Bar] = []
        together = 1
        for begin_ns, end_ns, title, url in stretches:
            x = max(begin_ns - self.from_ns, 0) / times.SECOND_NS
            over_ns = self.until_ns if end_ns is None else min(end_ns, self.to_ns)
            width = max((over_ns - self.from_ns) / times.SECOND_NS - x, least)
            if found and x <= found[-1].x + found[-1].width and _narrow(found[-1], width, least):
                last, together = found[-1], together + 1
                width = max(last.width, x + width - last.x)
                found[-1] = Bar(
                    kind, tone, last.x, width, f"{together} {kind}s from {_first(last.title)}", last.url
                )
                continue
            together = 1
            found.append(Bar(kind, tone, x, min(width, self.seconds - x) or least, title, url))
        return found


def _narrow(last: Bar, width: float, least: float) -> bool:
    """Say whether one of two bars is too short to be pointed at by itself."""
    return min(last.width, width) <= 2 * least


def _first(title: str) -> str:
    return title.rpartition(" from ")[2]


def _clip(found: dict[str, Any]) -> _Stretch:
    begin_ns, end_ns = found["started_at_ns"], found["ended_at_ns"]
    return begin_ns, end_ns, f"clip {_span(begin_ns, end_ns)}", reverse("clip", args=(found["_id"],))


def _event(event: Event, clips: Sequence[dict[str, Any]]) -> _Stretch:
    url = ""
    before = bisect.bisect_right(clips, event.started_at_ns, key=lambda clip: clip["started_at_ns"])
    if before and event.started_at_ns < clips[before - 1]["ended_at_ns"]:
        clip = clips[before - 1]
        at_s = (event.started_at_ns - clip["started_at_ns"]) / times.SECOND_NS
        url = f"{reverse('clip', args=(clip['_id'],))}#t={at_s:.1f}"
    title = f"event of {event.plugin} {_span(event.started_at_ns, event.ended_at_ns)}"
    return event.started_at_ns, event.ended_at_ns, title, url


def _gaps(gaps: Iterable[Gap], cause: str) -> list[_Stretch]:
    return [
        (gap.from_ns, gap.to_ns, f"{cause}: gap {_span(gap.from_ns, gap.to_ns)}", f"#gap-{gap.id}")
        for gap in gaps
        if gap.cause == cause
    ]


def _span(from_ns: int, to_ns: int | None) -> str:
    begin = f"from {times.local(from_ns):%H:%M:%S}"
    return begin if to_ns is None else f"{begin} to {times.local(to_ns):%H:%M:%S}"


def _cause(gaps: Iterable[Gap], cause: str, tone: int) -> Cause:
    own = [gap for gap in gaps if gap.cause == cause]
    return Cause(cause, tone, len(own), sum(gap.to_ns - gap.from_ns for gap in own) / times.SECOND_NS)
