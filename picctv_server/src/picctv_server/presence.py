"""What nodes say of themselves and their cameras: kept for people to see, the newest only."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from picctv_server.database import database
from picctv_server.models import moment

if TYPE_CHECKING:
    from picctv_core.clock import Clock
    from picctv_server.wire import CameraStatus, Status

_MAX_DEPTH = 8

_STATUS_AGE = dt.timedelta(minutes=10)
"""No status is older than this when it arrives: a connection that is silent for so long is none any more."""


class Presence:
    """Writes the documents `Node` and `Camera`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def arrived(self, node: str, version: str) -> None:
        """Note that a node is connected."""
        values = {"version": version, "last_seen_at": moment(self._clock.now_ns())}
        database()["nodes"].update_one({"_id": node}, {"$set": values}, upsert=True)

    def update(self, node: str, status: Status) -> None:
        """Take a node's status. Cameras that are not its own are left out: a node speaks for itself only."""
        now = moment(self._clock.now_ns())
        values = {
            "version": status.version,
            "last_seen_at": now,
            "status": {"at_ns": status.at_ns, "spool": plain(status.spool), "machine": plain(status.machine)},
        }
        if status.spool.get("messages") == 0:
            values["confirmed_at"] = now - _STATUS_AGE
        database()["nodes"].update_one({"_id": node}, {"$set": values}, upsert=True)
        updates = [
            UpdateOne(
                {"_id": own_id}, {"$set": {"node": node, "last_seen_at": now, **_values(camera)}}, upsert=True
            )
            for own_id, camera in status.cameras.items()
            if own_id.startswith(f"{node}/")
        ]
        if updates:
            database()["cameras"].bulk_write(updates, ordered=False)


def plain(value: Any, depth: int = 0) -> Any:
    """Give a value as MongoDB can keep it and the web can show it: what is neither text nor number becomes text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else float(value) if abs(value) < 2**1000 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        return {str(key).replace("\0", ""): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list) and depth < _MAX_DEPTH:
        return [plain(item, depth + 1) for item in value]
    return str(value)[:1000]


def _values(camera: CameraStatus) -> dict[str, Any]:
    values = {
        "title": camera.title,
        "state": camera.state,
        "detail": camera.detail,
        "width": camera.width or 0,
        "height": camera.height or 0,
        "rate": camera.rate or 0.0,
        "plugins": plain(camera.plugins),
    }
    if camera.picture is not None:
        # Without a new one the last one stays: it is what people want to see of a camera that failed.
        values |= {"picture": camera.picture, "picture_at_ns": camera.picture_at_ns}
    return values
