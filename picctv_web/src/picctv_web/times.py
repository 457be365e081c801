"""Points in time, kept as UTC nanoseconds, shown in the site's time zone."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

SECOND_NS = 1_000_000_000
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
