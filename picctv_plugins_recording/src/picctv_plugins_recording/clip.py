"""A clip while it is being recorded."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from picctv_plugins_recording.clip_file import ClipFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from picctv_core.frames import AccessUnit, VideoInfo

SECOND = 1_000_000_000


class OpenClip:
    """Access units from a key unit on, in decoding order. Whole groups of pictures are on the disk, the last in memory.

    Where they may be in memory for a while, they all are, until the clip is longer than that.

    Attributes:
        trigger: the plugin that made it necessary; None for continuous recording.
        started_at_ns: the capture time of its key unit, which is its smallest.
        newest_ns: its largest capture time.
        bytes: the size of its units.
        file: where it is on the disk.
    """

    def __init__(
        self, trigger: str | None, units: Sequence[AccessUnit], folder: Path, delay_s: float = 0.0
    ) -> None:
        """Begin with some units, the first a key unit; `delay_s` is that of the camera."""
        self.trigger = trigger
        self.started_at_ns = units[0].captured_at_ns
        self.newest_ns = max(unit.captured_at_ns for unit in units)
        self.bytes = sum(len(unit.annexb) for unit in units)
        self._delay_ns = round(delay_s * SECOND)
        self.file = ClipFile(folder, trigger, self.started_at_ns, at_once=self._is_due)
        self._pending: list[AccessUnit] = []
        self._peak: tuple[float, int] | None = None
        last_key = max(index for index, unit in enumerate(units) if unit.is_key)
        if last_key:
            self._put(units[:last_key])
        self._pending += units[last_key:]

    @property
    def memory_bytes(self) -> int:
        """Give what of it is in memory."""
        return sum(len(unit.annexb) for unit in self._pending)

    def add(self, unit: AccessUnit) -> None:
        """Take the next unit; a key unit sends the group before it to the disk."""
        if unit.is_key:
            self._put([])
        self._pending.append(unit)
        self.newest_ns = max(self.newest_ns, unit.captured_at_ns)
        self.bytes += len(unit.annexb)

    @property
    def _is_due(self) -> bool:
        """Whether it may not be in memory only any more."""
        return self.newest_ns - self.started_at_ns >= self._delay_ns

    def _put(self, more: Sequence[AccessUnit]) -> None:
        self._pending += more
        if self._is_due and self.file.append(self._pending):
            self._pending = []

    def note_peak(self, score: float, at_ns: int) -> None:
        """Remember where most happened, for the thumbnail."""
        if self._peak is None or score > self._peak[0]:
            self._peak = score, at_ns

    def payload(
        self, video: VideoInfo | None, *, ended_at_ns: int | None = None, until_ns: int | None = None
    ) -> dict[str, Any]:
        """End the clip, on the disk too, and give the payload of the ``clip`` message.

        Args:
            video: the shape of the video, as far as is known; the server reads it from the units as well.
            ended_at_ns: where the last unit ends, if the next one is known; else its length is estimated.
            until_ns: leave out what was captured from here on.

        Raises:
            OSError: what is on the disk can't be read.
            CodecError: it is damaged.
        """
        units = [*self.file.units(), *self._pending]
        if until_ns is not None and self.newest_ns >= until_ns:
            units, ended_at_ns = _cut(units, until_ns)
        peak_at_ns = self._peak[1] if self._peak is not None else None
        payload = clip_payload(units, self.trigger, video, ended_at_ns=ended_at_ns, peak_at_ns=peak_at_ns)
        if self._is_due:
            self.file.end(self._pending, payload)
        self._pending = []
        return payload


def clip_payload(
    units: Sequence[AccessUnit],
    trigger: str | None,
    video: VideoInfo | None,
    *,
    ended_at_ns: int | None = None,
    peak_at_ns: int | None = None,
) -> dict[str, Any]:
    """Give the payload of a ``clip`` message; where the end of the last unit is not known, its length is estimated."""
    times = sorted(unit.captured_at_ns for unit in units)
    if ended_at_ns is None:
        ended_at_ns = times[-1] + _usual_length_ns(times, video)
    return {
        "started_at_ns": times[0],
        "ended_at_ns": ended_at_ns,
        "width": video.width if video else 0,
        "height": video.height if video else 0,
        "trigger": trigger,
        "peak_at_ns": peak_at_ns,
        "units": [[unit.captured_at_ns, unit.is_key, unit.annexb] for unit in units],
    }


def _cut(units: list[AccessUnit], until_ns: int) -> tuple[list[AccessUnit], int | None]:
    """Give the units up to the first that is too late, and where the last of them ends."""
    count = next(index for index, unit in enumerate(units) if unit.captured_at_ns >= until_ns)
    kept = units[: max(count, 1)]
    dropped = units[len(kept) :]
    newest_ns = max(unit.captured_at_ns for unit in kept)
    # With B-frames a dropped unit can lie between kept ones; the last one's length is then estimated.
    after = [unit.captured_at_ns for unit in dropped if unit.captured_at_ns > newest_ns]
    whole = len(after) == len(dropped) and after
    return kept, min(after) if whole else None


def _usual_length_ns(times: list[int], video: VideoInfo | None) -> int:
    """Estimate how long the last picture stands: as long as those before it usually did."""
    recent = times[-11:]
    if len(recent) > 1:
        return max(1000, round(median(after - before for before, after in pairwise(recent))))
    return round(SECOND / video.rate) if video and video.rate > 0 else SECOND // 10
