"""Times of a replay: when a file begins, the clock that goes with it, and how people read them."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NS = 1_000_000_000
_MICROSECOND = dt.timedelta(microseconds=1)


class FileClock:
    """A `picctv_core.clock.Clock` that a file drives: it stands at the newest capture time that a plugin was given.

    Args:
        start_ns: the capture time of the first picture, UTC nanoseconds since the epoch.
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = self._now_ns = start_ns

    def advance_to(self, captured_at_ns: int) -> None:
        """Move on; a time before now changes nothing, as B-frames come in another order than they were captured."""
        self._now_ns = max(self._now_ns, captured_at_ns)

    def now_ns(self) -> int:
        """Give UTC nanoseconds since the epoch."""
        return self._now_ns

    def monotonic(self) -> float:
        """Give seconds since the first picture."""
        return (self._now_ns - self._start_ns) / _NS


def ns_of(at: dt.datetime) -> int:
    """Give an aware datetime as nanoseconds since the epoch."""
    return (at - EPOCH) // _MICROSECOND * 1000


def creation_ns(metadata: Mapping[str, str]) -> int:
    """Give when a file says that it was made, UTC nanoseconds since the epoch; 0 where it does not say."""
    text = metadata.get("creation_time", "")
    if not text:
        return 0
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        log.warning(
            "the file's creation_time, %r, is no time; the replay begins at 1970-01-01T00:00:00Z", text
        )
        return 0
    return max(0, ns_of(at if at.tzinfo else at.replace(tzinfo=dt.UTC)))


def utc(at_ns: int) -> str:
    """Give a time as people read it, to the millisecond: ``2026-01-31 12:00:00.000``."""
    at = EPOCH + dt.timedelta(microseconds=at_ns // 1000)
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def offset(ns: int) -> str:
    """Give a distance from the first picture: ``01:02.345``, or ``1:01:02.345`` from an hour on."""
    sign, ms = ("-" if ns < 0 else ""), abs(ns) // 1_000_000
    minutes, rest_ms = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:" if hours else ""
    return f"{sign}{head}{minutes:02d}:{rest_ms // 1000:02d}.{rest_ms % 1000:03d}"
