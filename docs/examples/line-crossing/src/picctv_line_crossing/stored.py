"""What the server keeps: one document for each crossing, in a collection of the plugin's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import mongoengine as me

from picctv_server.models import ALIAS

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR_NS = 3600 * 1_000_000_000


class Crossing(me.Document):  # type: ignore[misc] # mongoengine has no types
    """A crossing.

    Attributes:
        id: of the message that brought it, so that one that comes twice stands once.
        camera: ``node/camera``.
        line: the line's name.
        direction: what its direction is called.
        at_ns: when it was, UTC nanoseconds since the epoch.
    """

    id = me.StringField(primary_key=True)
    camera = me.StringField(required=True)
    line = me.StringField(required=True)
    direction = me.StringField(required=True)
    at_ns = me.LongField(required=True)

    meta = {  # noqa: RUF012 - mongoengine's own way
        "db_alias": ALIAS,
        "collection": "crossing_crossings",
        "auto_create_index": False,
        "indexes": [("camera", "-at_ns"), ("-at_ns",)],
        "strict": False,
    }


@dataclass(frozen=True)
class Hour:
    """How often a line was crossed in a direction within an hour.

    Attributes:
        hour_ns: the hour's beginning.
        line: the line's name.
        direction: what the direction is called.
        count: how often.
    """

    hour_ns: int
    line: str
    direction: str
    count: int


def per_hour(from_ns: int, to_ns: int, camera: str = "") -> list[Hour]:
    """Count the crossings in a stretch of time by line, direction and hour; hours begin at ``from_ns``.

    Args:
        from_ns: the beginning of the first hour.
        to_ns: the end.
        camera: only this camera's; those of all where it is empty.
    """
    match: dict[str, object] = {"at_ns": {"$gte": from_ns, "$lt": to_ns}}
    if camera:
        match["camera"] = camera
    into_hour = {"$mod": [{"$subtract": ["$at_ns", from_ns]}, HOUR_NS]}
    key = {
        "line": "$line",
        "direction": "$direction",
        "hour": {"$subtract": ["$at_ns", into_hour]},
    }
    found = Crossing.objects.aggregate(
        [{"$match": match}, {"$group": {"_id": key, "count": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    )
    return [
        Hour(row["_id"]["hour"], row["_id"]["line"], row["_id"]["direction"], row["count"]) for row in found
    ]


def latest(limit: int, from_ns: int, to_ns: int, camera: str = "") -> Sequence[Crossing]:
    """Give the latest crossings in a stretch of time, newest first; of one camera, or of all."""
    found = Crossing.objects(at_ns__gte=from_ns, at_ns__lt=to_ns)
    if camera:
        found = found(camera=camera)
    return list(found.order_by("-at_ns", "-id").limit(limit))


def between(camera: str, from_ns: int, to_ns: int) -> Sequence[Crossing]:
    """Give a camera's crossings in a stretch of time, oldest first."""
    found = Crossing.objects(camera=camera, at_ns__gte=from_ns, at_ns__lt=to_ns)
    return list(found.order_by("at_ns", "id"))
