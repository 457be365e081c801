"""The stretches of time that people look at: the last hour, day or week, or a day of the calendar."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from picctv_plugins_motion.minutes import MINUTE_NS
from picctv_web import times

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR_NS = 60 * MINUTE_NS

LAST = {"hour": HOUR_NS, "day": 24 * HOUR_NS, "week": 7 * 24 * HOUR_NS}
"""The stretches that end now, by what they are called in an address."""


def read(asked: Mapping[str, str], now_ns: int | None = None) -> tuple[int, int]:
    """Read which stretch an address asks for: ``?last=hour``, or ``?day=2026-03-17``.

    Args:
        asked: the parameters.
        now_ns: the time; the wall clock's where it is None.

    Returns:
        Its beginning and its end, UTC nanoseconds since the epoch.

    Raises:
        ValueError: it asks for none; the text says what there is.
    """
    if "day" in asked:
        day = times.read_day(asked["day"])
        if day is None:
            raise ValueError(f"day={asked['day'][:40]} is no day such as 2026-03-17")
        return times.day_bounds(day)
    last = asked.get("last", "day")
    if last not in LAST:
        raise ValueError(f"last={last[:40]} is none of {', '.join(LAST)}")
    to_ns = time.time_ns() if now_ns is None else now_ns
    return to_ns - LAST[last], to_ns


def day_until_now(now_ns: int | None = None) -> tuple[int, int]:
    """Give 24 whole hours, of which the last one is under way."""
    at_ns = time.time_ns() if now_ns is None else now_ns
    to_ns = at_ns - at_ns % HOUR_NS + HOUR_NS
    return to_ns - 24 * HOUR_NS, to_ns
