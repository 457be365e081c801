"""What people read at the end of a replay."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from picctv_core.messages import CLIP, EVENT, GAP, NOTIFICATION
from picctv_core.replay.times import offset, utc
from picctv_core.timing import quantile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from picctv_core.frames import AnalysisFormat, VideoInfo
    from picctv_core.messages import Message
    from picctv_core.replay.running import Running

_MOST = 20
"""So many events, clips and notifications are listed, each; the rest are counted."""


@dataclass
class Tally:
    """What a replay has seen, as it goes.

    Attributes:
        start_ns: the capture time of the first picture.
        pictures: how many pictures the file gave.
        newest_ns: the last one's capture time.
        triggered: how many results were triggered ones; `trigger` says whether any was a trigger at all.
        kinds: how many messages of each kind the plugin emitted.
    """

    start_ns: int
    pictures: int = 0
    newest_ns: int = 0
    trigger: bool = False
    triggered: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    _events: dict[str, dict[str, Any]] = field(default_factory=dict)
    _listed: dict[str, list[str]] = field(default_factory=lambda: {CLIP: [], NOTIFICATION: [], GAP: []})

    def picture(self, captured_at_ns: int) -> None:
        """Count a picture."""
        self.pictures += 1
        self.newest_ns = max(self.newest_ns, captured_at_ns)

    def result(self, data: Any) -> None:
        """Count a result."""
        if isinstance(data, dict) and isinstance(data.get("triggered"), bool):
            self.trigger = True
            self.triggered += data["triggered"]

    def message(self, message: Message) -> None:
        """Count a message of the plugin; of its payload, only the few words are kept that will be shown."""
        if message.kind == EVENT:
            kept = ("started_at_ns", "ended_at_ns", "peak_score", "peak_at_ns")
            event = {key: message.payload.get(key) for key in kept}
            event["details"] = sorted(map(str, message.payload.get("details") or ()))
            self._events[message.payload["event_id"]] = event
            return
        self.kinds[message.kind] += 1
        lines = self._listed.get(message.kind)
        if lines is not None and len(lines) < _MOST:
            try:
                lines.append(self._line(message))
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                # A plugin may emit what it likes; the server would say what it makes of it.
                lines.append(f"not as {message.kind!r} must be: {type(error).__name__}: {error}")

    @property
    def events(self) -> list[str]:
        """Give a line for each event."""
        lines = []
        for event in self._events.values():
            line = self._stretch(event["started_at_ns"], event["ended_at_ns"])
            if event["peak_score"] is not None:
                line += f", peak {event['peak_score']:.4g} at {self._offset(event['peak_at_ns'])}"
            if event["details"]:
                line += f"; details: {', '.join(event['details'])}"
            lines.append(line)
        return lines

    def listed(self, kind: str) -> list[str]:
        """Give a line for each clip, notification or gap, at the most twenty."""
        return self._listed[kind]

    def _line(self, message: Message) -> str:
        payload = message.payload
        if message.kind == CLIP:
            size = sum(len(unit[2]) for unit in payload["units"])
            why = f", triggered by {payload['trigger']}" if payload["trigger"] else ""
            stretch = self._stretch(payload["started_at_ns"], payload["ended_at_ns"])
            return f"{stretch}, {_pictures(len(payload['units']))}, {size / 1e6:.2f} MB{why}"
        if message.kind == GAP:
            return f"{self._stretch(payload['from_ns'], payload['to_ns'])}: {payload['cause']}"
        words = ": ".join(filter(None, (payload["title"], payload["text"])))
        return f"{self._offset(message.captured_at_ns)} {payload['level']}: {words}"

    def _stretch(self, from_ns: int, to_ns: int | None) -> str:
        return f"{self._offset(from_ns)} to {'the end' if to_ns is None else self._offset(to_ns)}"

    def _offset(self, at_ns: int) -> str:
        return offset(at_ns - self.start_ns)


def summary(
    *,
    name: str,
    video: VideoInfo | None,
    analysis: AnalysisFormat,
    tally: Tally,
    main: Running,
    others: Sequence[Running],
    health: dict[str, Any],
    damaged: int,
    took_s: float,
) -> Iterator[str]:
    """Give the lines of the summary.

    Args:
        name: the file's.
        video: its shape.
        analysis: size and rate of the frames.
        tally: what was counted.
        main: the plugin that was replayed.
        others: those that ran beside it.
        health: what it last said of itself.
        damaged: how many packets of the file could not be decoded.
        took_s: how long all of it took.
    """
    length_ns = tally.newest_ns - tally.start_ns
    shape = f"{video.width}x{video.height}, " if video else ""
    spoilt = f", {damaged} damaged" if damaged else ""
    yield _row(
        "video",
        f"{name}: {shape}{_pictures(tally.pictures)}{spoilt}, {offset(length_ns)} from {utc(tally.start_ns)} UTC",
    )
    beside = f", beside {', '.join(sorted(other.name for other in others))}" if others else ""
    yield _row("plugin", main.config.plugin.describe() + beside)
    yield from _analysed(analysis, video, tally, main)
    yield _row("speed", f"{took_s:.1f} s, {length_ns / 1e9 / max(took_s, 1e-9):.1f} times real time")
    if tally.trigger:
        yield _row("events", str(len(tally.events)))
        yield from _some(tally.events)
    for kind, title in ((CLIP, "clips"), (NOTIFICATION, "notifications"), (GAP, "gaps")):
        if count := tally.kinds[kind]:
            yield _row(title, str(count))
            yield from _some(tally.listed(kind), count)
    other_kinds = sorted(tally.kinds.keys() - {CLIP, NOTIFICATION, GAP})
    if other_kinds:
        yield _row("messages", ", ".join(f"{kind} {tally.kinds[kind]}" for kind in other_kinds))
    if health:
        yield _row("health", ", ".join(f"{key} {value}" for key, value in health.items()))
    for running in (main, *others):
        if running.failures:
            whose = "" if running is main else f"{running.name}: "
            yield _row("errors", f"{whose}{running.failures}, the first: {running.first_error}")
        if running.given_up:
            yield _row("ended early", f"{running.name}: {running.given_up}")


def _analysed(
    analysis: AnalysisFormat, video: VideoInfo | None, tally: Tally, main: Running
) -> Iterator[str]:
    durations = sorted(main.durations_ms)
    if not (main.takes_frames or main.takes_vectors):
        yield _row("frames", f"none: {main.name} analyses no frames")
    elif main.takes_vectors and not durations:
        yield _row("vectors", "none: every picture of this file is a key picture")
    if not durations:
        return
    said = f", {tally.triggered} triggered" if tally.trigger else ""
    title, how, rate = "frames", f"analysed at {analysis}", analysis.rate
    if main.takes_vectors:
        how = f"{how}, or by motion vectors" if main.takes_frames else "analysed by motion vectors"
        title, rate = "pictures", video.rate if video else rate
    skipped = max(0, tally.pictures - len(durations))
    yield _row(title, f"{len(durations)} {how}{said}; {_pictures(skipped)} skipped")
    budget_ms = 1000 / rate
    late = sum(duration > budget_ms for duration in durations)
    yield _row(
        "time",
        f"p50 {quantile(durations, 0.5):.2f}, p95 {quantile(durations, 0.95):.2f}, max {durations[-1]:.2f} ms a frame "
        f"(at {offset(main.slowest_ns - tally.start_ns)}); "
        f"{late or 'none'} over the {budget_ms:g} ms from frame to frame",
    )


def _pictures(count: int) -> str:
    return f"{count} picture{'s' * (count != 1)}"


def _row(title: str, text: str) -> str:
    return f"{title:14}{text}"


def _some(lines: Sequence[str], count: int | None = None) -> Iterator[str]:
    count = len(lines) if count is None else count
    for line in lines[:_MOST]:
        yield f"  {line}"
    if count > _MOST:
        yield f"  and {count - _MOST} more"
