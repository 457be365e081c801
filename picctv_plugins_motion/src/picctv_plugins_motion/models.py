"""What the server keeps of motion beside results and events: a document for each minute, event and camera.

The processor writes them, the web part reads them.
"""

from __future__ import annotations

from typing import Any

import mongoengine as me

from picctv_plugins_motion.minutes import MINUTE_NS
from picctv_server.models import ALIAS

MINUTES, EVENTS, CAMERAS = "motion_minutes", "motion_events", "motion_cameras"
"""The collections."""


def _meta(collection: str, *indexes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "db_alias": ALIAS,
        "collection": collection,
        "auto_create_index": False,
        "indexes": [list(index) for index in indexes],
        "strict": False,
    }


class MotionMinute(me.Document):
    """A minute of motion at a camera.

    Attributes:
        id: `minute_id`.
        camera: ``node/camera``.
        minute_ns: the minute's beginning, UTC nanoseconds since the epoch.
        messages: the ids of the messages that are in it, so that one that comes twice counts once.
        frames: how many frames were looked at.
        moving: in how many of them something moved.
        moving_ms: how long something moved.
        area: the moving part of the picture, in millionths of it, over the moving frames, added up.
        peak: the highest score; 0 where nothing moved.
        scenes: how often the view became another.
        zones: how long something moved in each zone, ``{zone_key(name): ms}``.
        cells: how long something moved in each cell of `picctv_plugins_motion.grid`, ``{"index": ms}``; those where
            nothing moved are left out.
    """

    id = me.StringField(primary_key=True)
    camera = me.StringField()
    minute_ns = me.LongField()
    messages = me.ListField(me.StringField())
    frames = me.IntField(default=0)
    moving = me.IntField(default=0)
    moving_ms = me.LongField(default=0)
    area = me.LongField(default=0)
    peak = me.FloatField(default=0.0)
    scenes = me.IntField(default=0)
    zones = me.DictField()
    cells = me.DictField()

    meta = _meta(MINUTES, ("camera", "minute_ns"), ("minute_ns",))


class MotionEvent(me.Document):
    """What lists say of an event that is over, so that they need not read its tracks and its picture.

    Attributes:
        id: that of the `picctv_server.models.Event`.
        camera: ``node/camera``.
        started_at_ns: when it began.
        ended_at_ns: when it ended.
        zones: the names of the zones in which something moved.
        box: where the moving thing is in the event's picture: left, top, width and height in fractions of it; empty where
            that is not known.
    """

    id = me.StringField(primary_key=True)
    camera = me.StringField()
    started_at_ns = me.LongField()
    ended_at_ns = me.LongField()
    zones = me.ListField(me.StringField())
    box = me.ListField(me.FloatField())

    meta = _meta(EVENTS, ("camera", "-started_at_ns"), ("zones", "-started_at_ns"), ("ended_at_ns",))


class MotionCamera(me.Document):
    """A camera's zones, as its node last told of them.

    Attributes:
        id: ``node/camera``.
        zones: ``{"name", "polygon", "sensitivity", "ignore"}`` each; a polygon is a list of [x, y] in fractions of the
            picture.
        ignore: polygons that are left out.
        told_at_ns: when the node said so.
    """

    id = me.StringField(primary_key=True)
    zones = me.ListField(me.DictField())
    ignore = me.ListField()
    told_at_ns = me.LongField()

    meta = _meta(CAMERAS)


DOCUMENTS = (MotionMinute, MotionEvent, MotionCamera)


def minute_id(camera: str, minute_ns: int) -> str:
    """Give the id of a `MotionMinute`."""
    return f"{camera}|{minute_ns // MINUTE_NS}"


def zone_key(name: str) -> str:
    """Give a zone's name as MongoDB can have it in a path; `zone_name` reads it again."""
    return name.replace("%", "%25").replace(".", "%2E").replace("$", "%24").replace("\0", "%00")


def zone_name(key: str) -> str:
    """Give the name of a zone that `zone_key` has written."""
    return key.replace("%00", "\0").replace("%24", "$").replace("%2E", ".").replace("%25", "%")
