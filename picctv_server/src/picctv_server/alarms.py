"""Telling people what is wrong once, and once when it is over, however many servers notice.

An alarm is a document with the key of what is wrong as its id. It is there as long as that lasts. The ids of its
notifications come from it: whoever tells of the same episode again, or after a crash, changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from picctv_core.messages import new_id
from picctv_server.writes import collection

if TYPE_CHECKING:
    from picctv_core.clock import Clock
    from picctv_server.store import Store

_ALARMS = "alarms"


class Alarms:
    """What is wrong at the moment, over all servers.

    Args:
        store: takes the notifications.
        clock: the time.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(
        self,
        key: str,
        level: str,
        title: str,
        text: str = "",
        *,
        node: str = "",
        camera: str = "",
        plugin: str = "",
    ) -> bool:
        """Say that something is wrong, unless that is known; give whether it was news.

        Args:
            key: what is wrong, the same words on every server.
            level: ``info``, ``warning`` or ``error``.
            title: the notification's line.
            text: more.
            node: the node that it is about.
            camera: ``node/camera``.
            plugin: whose matter it is.
        """
        alarm = collection(_ALARMS).find_one({"_id": key}) or self._raise(key)
        if alarm["told"]:
            return False
        own_id = f"{key}:{alarm['episode']}"
        is_new = self._store.say(own_id, level, title, text, node=node, camera=camera, plugin=plugin)
        collection(_ALARMS).update_one({"_id": key, "episode": alarm["episode"]}, {"$set": {"told": True}})
        return is_new

    def end(
        self,
        key: str,
        level: str = "info",
        title: str = "",
        text: str = "",
        *,
        node: str = "",
        camera: str = "",
        plugin: str = "",
    ) -> bool:
        """Say that something is right again, if it was wrong; give whether this was the first to say so.

        Args:
            key: what was wrong.
            level: ``info``, ``warning`` or ``error``.
            title: the notification's line; none is made where it is empty.
            text: more.
            node: the node that it is about.
            camera: ``node/camera``.
            plugin: whose matter it is.
        """
        alarm = collection(_ALARMS).find_one({"_id": key})
        if alarm is None:
            return False
        # First told, then removed: a server that dies between the two leaves it to the next one, which tells nothing new.
        if title:
            own_id = f"{key}:{alarm['episode']}:over"
            self._store.say(own_id, level, title, text, node=node, camera=camera, plugin=plugin)
        removed = collection(_ALARMS).delete_one({"_id": key, "episode": alarm["episode"]})
        return removed.deleted_count > 0

    def standing(self, prefix: str) -> list[str]:
        """List the keys of what is wrong that begin so."""
        # What comes after every text that begins with the prefix, in MongoDB's order of texts.
        which = {"_id": {"$gte": prefix, "$lt": prefix + "\U0010ffff"}}
        return sorted(str(alarm["_id"]) for alarm in collection(_ALARMS).find(which, {"_id": 1}))

    def _raise(self, key: str) -> dict[str, Any]:
        values = {"episode": new_id(), "since_ns": self._clock.now_ns(), "told": False}
        while True:
            try:
                found = collection(_ALARMS).find_one_and_update(
                    {"_id": key}, {"$setOnInsert": values}, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:  # another server was faster just now
                continue
            assert found is not None  # an upsert that gives what it made
            return found
