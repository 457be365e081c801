"""Reading what was kept: a day of minutes, the heat map of a stretch of time, and a camera's zones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_plugins_motion import grid
from picctv_plugins_motion.minutes import AREA_UNITS, MINUTE_NS
from picctv_plugins_motion.models import MotionCamera, MotionEvent, MotionMinute, zone_name

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Minute:
    """How much moved in a minute.

    Attributes:
        minute_ns: its beginning.
        moving_s: for how many seconds something moved, 60 at the most.
        peak: the highest score, 0 to 1.
        area: the moving part of the picture while something moved, 0 to 1.
    """

    minute_ns: int
    moving_s: float
    peak: float
    area: float


@dataclass(frozen=True, slots=True)
class Heat:
    """Where something moved in a stretch of time, and for how long.

    Attributes:
        moving_s: for how many seconds something moved.
        cells: the seconds in each cell of the `grid`, row by row.
        zones: the seconds in each zone.
        events: how many events that are over touched each zone.
    """

    moving_s: float
    cells: list[float]
    zones: dict[str, float]
    events: dict[str, int]


def minutes(camera: str, from_ns: int, to_ns: int) -> list[Minute]:
    """Give the minutes of a camera of which anything is known, in order of time."""
    fields = ("minute_ns", "moving", "moving_ms", "peak", "area")
    return [
        Minute(
            own["minute_ns"],
            min(own["moving_ms"] / 1000, 60.0),
            own["peak"],
            own["area"] / own["moving"] / AREA_UNITS if own["moving"] else 0.0,
        )
        for own in _stored(camera, from_ns, to_ns, *fields)
    ]


def heat(camera: str, from_ns: int, to_ns: int) -> Heat:
    """Add up the minutes that begin in a stretch of time."""
    moving_ms = 0
    cells = [0] * (grid.ROWS * grid.COLUMNS)
    zones: Counter[str] = Counter()
    for own in _stored(camera, from_ns, to_ns, "moving_ms", "zones", "cells", moving_ms__gt=0):
        moving_ms += own["moving_ms"]
        for key, ms in own.get("cells", {}).items():
            cells[int(key)] += ms
        for key, ms in own.get("zones", {}).items():
            zones[zone_name(key)] += ms
    events = Counter(
        zone
        for event in MotionEvent.objects(camera=camera, started_at_ns__gte=from_ns, started_at_ns__lt=to_ns)
        .only("zones")
        .as_pymongo()
        for zone in event.get("zones", ())
    )
    return Heat(
        moving_s=moving_ms / 1000,
        cells=[ms / 1000 for ms in cells],
        zones={name: ms / 1000 for name, ms in zones.items()},
        events=events,
    )


def zones(camera: str) -> MotionCamera:
    """Give where a camera's zones are; none where its node has not told."""
    found: MotionCamera | None = MotionCamera.objects(id=camera).first()
    return found if found is not None else MotionCamera(id=camera)


def zone_figures(found: Heat, told: MotionCamera) -> list[tuple[str, float, int]]:
    """Give name, seconds and events of each zone: those that are watched now, and others that were touched in the time."""
    watched = [zone["name"] for zone in told.zones if not zone["ignore"]]
    names = dict.fromkeys([*watched, *sorted(found.zones.keys() | found.events.keys())])
    return [(name, found.zones.get(name, 0.0), found.events.get(name, 0)) for name in names]


def zone_names(camera: str = "") -> list[str]:
    """List the names of the zones that are watched, of one camera or of all, sorted."""
    told = MotionCamera.objects(id=camera) if camera else MotionCamera.objects
    return sorted({zone["name"] for own in told for zone in own.zones if not zone["ignore"]})


def _stored(camera: str, from_ns: int, to_ns: int, *fields: str, **which: Any) -> Iterator[dict[str, Any]]:
    first_ns = from_ns - from_ns % MINUTE_NS
    own = MotionMinute.objects(camera=camera, minute_ns__gte=first_ns, minute_ns__lt=to_ns, **which)
    # As they are in MongoDB: a day has 1,440 of them, and mongoengine would make an object of each.
    yield from own.only(*fields).order_by("minute_ns").as_pymongo()
