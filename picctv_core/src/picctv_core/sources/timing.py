"""Capture times from a stream's own timestamps.

A stream's timestamps are exact relative to each other, but begin anywhere. A `FileTimeline` begins at the
clock's time when a file is opened and follows the file to the nanosecond. A `LiveTimeline` finds out where a
live camera's time lies on our clock, and keeps to it while the two drift apart.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

NS_PER_S = 1_000_000_000
# A step back of a stream's timestamps that no reordering of B-frames explains.
_BACKWARD_NS = 1 * NS_PER_S
# A camera's own wall clock is believed if it says that a picture is at most this old; network and encoder
# take less, and a camera whose clock was never set is years off.
_PLAUSIBLE_AGE_NS = 2 * NS_PER_S
_PLAUSIBLE_AHEAD_NS = NS_PER_S // 10
# Drift is looked at over this time, and followed no faster than 1 ms a second: crystals differ by 0.1 ms a second.
_DRIFT_WINDOW_NS = 10 * NS_PER_S
_DRIFT_STEP_NS = 10_000_000

# A camera that is not believed any more is followed at this multiple of real time, until its pictures have no age.
_CATCHING_UP = 2


def to_ns(ticks: int, time_base: Fraction) -> int:
    """Give ticks of a time base as nanoseconds, exactly, rounded to the nearest."""
    numerator = ticks * time_base.numerator * NS_PER_S
    return (2 * numerator + time_base.denominator) // (2 * time_base.denominator)


def backfilled(times_ns: list[int | None], interval_ns: int) -> list[int | None]:
    """Give a time to the packets before the first that has one: FFmpeg's RTSP reader drops the very first time.

    Args:
        times_ns: presentation times of packets in the order of their coming.
        interval_ns: nominal time from picture to picture; where two times are known, their distance counts.
    """
    known = [at for at in times_ns if at is not None]
    if not known:
        return times_ns
    # With B-frames a later picture comes first: the earliest time counts, and the smallest distance.
    steps = [after - before for before, after in itertools.pairwise(sorted(known)) if after > before]
    interval_ns = min(steps, default=interval_ns)
    count = times_ns.index(known[0])
    return [*(min(known) - (count - number) * interval_ns for number in range(count)), *times_ns[count:]]


class FileTimeline:
    """Times for a file that is played once or over and over; they go on rising from loop to loop."""

    def __init__(self, start_ns: int, interval_ns: int) -> None:
        """Begin.

        Args:
            start_ns: the capture time of the first picture, UTC nanoseconds.
            interval_ns: nominal time from picture to picture; for packets without a time or length.
        """
        self._base_ns = start_ns
        self._interval_ns = interval_ns
        self._first_ns: int | None = None
        self._end_ns = start_ns
        self._next_ns = 0

    def captured_at(self, media_ns: int | None, duration_ns: int) -> int:
        """Give the capture time of the packet that comes next in the file.

        Args:
            media_ns: its presentation time in the file; None where the file has none, then it follows on the last.
            duration_ns: how long it is shown; 0 where the file does not say.
        """
        if media_ns is None:
            media_ns = self._next_ns
        if self._first_ns is None:
            self._first_ns = media_ns
        duration_ns = duration_ns if duration_ns > 0 else self._interval_ns
        self._next_ns = media_ns + duration_ns
        captured = self._base_ns + media_ns - self._first_ns
        self._end_ns = max(self._end_ns, captured + duration_ns)
        return captured

    def begin_again(self) -> None:
        """Let the file's first picture follow, one interval after its last."""
        self._base_ns = self._end_ns
        self._first_ns = None
        self._next_ns = 0


class LiveTimeline:
    """Times for a live camera.

    No picture can arrive before it was captured, so the camera's time lies at the smallest distance ever seen
    between arrival and timestamp: a jittering network and a burst at the start only make others later. Thus a
    time is never in the future, and without B-frames each is later than the one before. Where the camera
    sends its own wall-clock time (RTCP sender reports) and that is plausible, it is moved to.

    Cameras' clocks lie as well: they jump, step back, and run at wrong rates. After a jump the time is found anew. A camera
    whose pictures seem to get older and older has a clock that is too slow; from then on they get the time at which they come.
    """

    def __init__(self) -> None:
        """Begin without a first packet."""
        self._offset_ns: int | None = None
        self._last_media_ns = 0
        self._window_from_ns = 0
        self._least_age_ns = 0
        self._newest_media_ns = 0
        self._arrived_ns = 0
        self._late_since_ns: int | None = None
        self._is_believed = True

    def is_back(self, media_ns: int | None) -> bool:
        """Say whether a picture's time is before that of the last: right for B pictures, and for no other."""
        return media_ns is not None and self._offset_ns is not None and media_ns <= self._last_media_ns

    def begin(self, media_ns: list[int], now_ns: int) -> None:
        """Begin with packets that have come all at once: the latest of them was captured now.

        Args:
            media_ns: their presentation times; `captured_at` is then asked for each as well. Without any, the packet
                that comes next was captured when it came.
            now_ns: when the last one arrived.
        """
        if media_ns:
            self._offset_ns = now_ns - max(media_ns)
            self._last_media_ns = self._newest_media_ns = media_ns[0] - 1
            self._arrived_ns = now_ns
            self._begin_window(now_ns)
        else:
            self._offset_ns = None

    def captured_at(self, media_ns: int | None, now_ns: int, wall_ns: int | None = None) -> int:
        """Give the capture time of the packet that has just arrived.

        Args:
            media_ns: its presentation time in the stream; None where it has none, then it was captured now.
            now_ns: when it arrived, by our clock.
            wall_ns: when the camera says that it was captured, if it does.
        """
        if media_ns is None:
            return now_ns
        if self._offset_ns is None or media_ns < self._last_media_ns - _BACKWARD_NS:
            self._offset_ns = now_ns - media_ns
            self._last_media_ns = self._newest_media_ns = media_ns
            self._arrived_ns = now_ns
            self._begin_window(now_ns)
        step_ns = media_ns - self._last_media_ns
        self._last_media_ns = media_ns
        age_ns = now_ns - (media_ns + self._offset_ns)
        if wall_ns is not None and -_PLAUSIBLE_AHEAD_NS <= now_ns - wall_ns <= _PLAUSIBLE_AGE_NS:
            # At half speed at the most, so that times still rise while they move back.
            wanted_ns = wall_ns - media_ns - self._offset_ns
            self._offset_ns += max(wanted_ns, -max(0, step_ns // 2))
            self._begin_window(now_ns)
        else:
            self._follow_drift(max(0, age_ns), now_ns)
        self._offset_ns = min(self._offset_ns, now_ns - media_ns)
        # Only with the newest picture, so that B pictures, which come after it, keep their place before it.
        if media_ns >= self._newest_media_ns:
            self._newest_media_ns = media_ns
            self._catch_up(now_ns - media_ns - self._offset_ns, now_ns)
        return media_ns + self._offset_ns

    def _catch_up(self, age_ns: int, now_ns: int) -> None:
        """Follow a camera whose clock is too slow by far, in steps that leave no hole."""
        assert self._offset_ns is not None, "its caller has set it"
        if age_ns <= _PLAUSIBLE_AGE_NS:
            self._late_since_ns = None
        elif self._late_since_ns is None:
            self._late_since_ns = now_ns
        elif now_ns - self._late_since_ns > _PLAUSIBLE_AGE_NS:
            # A network that was stuck sends in a moment all that it kept; this lasts.
            self._is_believed = False
        if not self._is_believed:
            self._offset_ns += min(age_ns, _CATCHING_UP * (now_ns - self._arrived_ns))
        self._arrived_ns = now_ns

    def _begin_window(self, now_ns: int) -> None:
        self._window_from_ns = now_ns
        self._least_age_ns = _PLAUSIBLE_AGE_NS

    def _follow_drift(self, age_ns: int, now_ns: int) -> None:
        """Move later by what even the quickest picture of the last seconds took too long."""
        self._least_age_ns = min(self._least_age_ns, age_ns)
        if now_ns - self._window_from_ns >= _DRIFT_WINDOW_NS and self._offset_ns is not None:
            self._offset_ns += min(self._least_age_ns, _DRIFT_STEP_NS)
            self._begin_window(now_ns)
