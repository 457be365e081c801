"""Writing what the server keeps of motion: each message counts once, however often it comes and to however many servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo.errors import DuplicateKeyError

from picctv_plugins_motion.models import CAMERAS, EVENTS, MINUTES, minute_id, zone_key
from picctv_server.writes import collection, upsert_unless_newer

if TYPE_CHECKING:
    from picctv_core.messages import Message
    from picctv_plugins_motion.minutes import Part
    from picctv_plugins_motion.reports import Event, Zones


def add_part(message: Message, minute_ns: int, part: Part) -> None:
    """Add what a batch of results says of a minute, unless it is in it already.

    Args:
        message: the batch.
        minute_ns: the minute's beginning.
        part: what it adds.
    """
    increments = {
        "frames": part.frames,
        "moving": part.moving,
        "moving_ms": part.moving_ms,
        "area": part.area,
        "scenes": part.scenes,
        **{f"zones.{zone_key(name)}": ms for name, ms in part.zones.items()},
        **{f"cells.{cell}": ms for cell, ms in part.cells.items()},
    }
    update = {
        "$push": {"messages": message.id},
        "$inc": increments,
        "$max": {"peak": part.peak},
        "$setOnInsert": {"camera": message.camera, "minute_ns": minute_ns},
    }
    own_id = minute_id(message.camera, minute_ns)
    minutes = collection(MINUTES)
    while True:
        try:
            # Matches the minute only while the batch is not in it. Where it is, MongoDB tries to insert the minute anew
            # and finds it there; so it does when another server has just inserted it without our batch.
            minutes.update_one({"_id": own_id, "messages": {"$ne": message.id}}, update, upsert=True)
        except DuplicateKeyError:
            if minutes.find_one({"_id": own_id, "messages": message.id}, {"_id": 1}) is None:
                continue
        return


def keep_event(message: Message, event: Event) -> None:
    """Keep what lists say of an event that is over. Only one message says that of an event."""
    best = event.details.best if event.details is not None else None
    values = {
        "camera": message.camera,
        "started_at_ns": event.started_at_ns,
        "ended_at_ns": event.ended_at_ns,
        "zones": list(dict.fromkeys(event.zones)),
        "box": [] if best is None else list(best.box),
    }
    collection(EVENTS).update_one({"_id": event.event_id}, {"$set": values}, upsert=True)


def tell_zones(message: Message, told: Zones) -> None:
    """Keep where a camera's zones are, unless what is kept was told later."""
    values = {**told.model_dump(), "told_at_ns": message.captured_at_ns}
    which = {"_id": message.camera, "told_at_ns": {"$lte": message.captured_at_ns}}
    upsert_unless_newer(collection(CAMERAS), which, values)
