"""Points in time, kept as UTC nanoseconds, shown in the site's time zone."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
_FIRST, _LAST = dt.date(1970, 1, 3), dt.date(2260, 12, 30)
_DAY = dt.timedelta(days=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def utc(at_ns: int) -> dt.datetime:
    """Give a point in time as a datetime in UTC, exact to the microsecond."""
    return _EPOCH + dt.timedelta(microseconds=at_ns // 1000)


def local(at_ns: int) -> dt.datetime:
    """Give a point in time in the time zone of ``web.toml``."""
    return utc(at_ns).astimezone(timezone.get_current_timezone())


def text(at_ns: int) -> str:
    """Write a point in time for people, in the site's time zone: ``22 Nov 2026, 17:40:13``."""
    return f"{local(at_ns):%d %b %Y, %H:%M:%S}"


def iso(at_ns: int) -> str:
    """Write a point in time for programs: ISO 8601 in UTC, to the millisecond."""
    return f"{utc(at_ns):%Y-%m-%dT%H:%M:%S}.{at_ns // 1_000_000 % 1000:03d}Z"


def from_datetime(moment: dt.datetime) -> int:
    """Give an aware datetime as UTC nanoseconds since the epoch."""
    return (moment - _EPOCH) // dt.timedelta(microseconds=1) * 1000


def clock(seconds: float, *, tenths: bool = False) -> str:
    """Write a length as a player does: ``0:07``, ``12:30``, ``1:00:05``; never rounded up."""
    tenth = int(max(seconds, 0) * 10)
    whole, fraction = divmod(tenth, 10)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    shown = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{shown}.{fraction}" if tenths else shown


def read_day(text: str) -> dt.date | None:
    """Read a day of an address, ``2026-03-17``; None for one that is none, or that nanoseconds can't reach."""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return found if _FIRST <= found <= _LAST else None


def day_bounds(day: dt.date) -> tuple[int, int]:
    """Give the beginning of a day and of the next one, in UTC nanoseconds; 23 or 25 hours apart where clocks change."""
    zone = timezone.get_current_timezone()
    begin, end = (dt.datetime.combine(own, dt.time(), zone) for own in (day, day + _DAY))
    return from_datetime(begin), from_datetime(end)


def day_before(day: dt.date) -> dt.date | None:
    """Give the day before, for a link; None where there can be none."""
    return day - _DAY if day > _FIRST else None


def day_after(day: dt.date) -> dt.date | None:
    """Give the day after, for a link; None for one that has not begun."""
    return day + _DAY if day < min(timezone.localdate(), _LAST) else None


def clock_steps(from_ns: int, to_ns: int, zone: dt.tzinfo) -> list[tuple[float, float]]:
    """Give where in a stretch of time the clocks show what: its beginning, and each change of them, to the quarter hour.

    Returns:
        Pairs: seconds since the beginning, and the seconds of the day that clocks show from there on.
    """
    found: list[tuple[float, float]] = []
    offset: dt.timedelta | None = None
    for at_ns in range(from_ns, to_ns, 15 * MINUTE_NS):
        moment = utc(at_ns).astimezone(zone)
        if moment.utcoffset() != offset:
            offset = moment.utcoffset()
            at = dt.timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
            found.append(((at_ns - from_ns) / SECOND_NS, at.total_seconds()))
    return found
