"""Writing: what nodes sent, put where `picctv_server.queries` finds it.

Every method can be called again with the same message, after a crash or because the message came twice, and changes
nothing more. Writes wait until a majority of MongoDB's members has them in its journal (`database.connect`).
"""

from __future__ import annotations

import hashlib
import logging
import math
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError, WriteError

from picctv_core import codec
from picctv_core.errors import CodecError
from picctv_server import contents, payloads, queries
from picctv_server.database import database
from picctv_server.models import MINUTE_NS, Clip, Notification, analysis_id, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pymongo.collection import Collection

    from picctv_core import messages
    from picctv_core.clock import Clock
    from picctv_server.clips import ClipStore

log = logging.getLogger(__name__)

_MAX_SUMMARY_FIELDS = 32
_MAX_FIELD_LENGTH = 64
_GREATEST = 1e300

# What MongoDB says when an update would make a document larger than 16 MiB.
_TOO_LARGE_CODES = frozenset({10334, 17419, 17420})


class Store:
    """The server's store, for its own kinds of messages and for plugins."""

    def __init__(
        self, clips: ClipStore, clock: Clock, on_notification: Callable[[Notification], None] | None = None
    ) -> None:
        """Use the process's connection.

        Args:
            clips: where the bytes of clips go.
            clock: the time.
            on_notification: called with each new notification, once it is stored.
        """
        self.clips = clips
        self._clock = clock
        self._on_notification = on_notification

    def seen(self, message_id: str) -> bool:
        """Say whether a message is stored already."""
        return _collection("messages").find_one({"_id": message_id}, {"_id": 1}) is not None

    def mark(self, message: messages.Message) -> bool:
        """Note that a message is stored; give whether this was the first time."""
        return self._insert_message(message, None, apart=False)

    def add_message(self, message: messages.Message, packed: bytes | None = None) -> bool:
        """Store a message as it is; `queries.message_payload` gives its payload again.

        Args:
            message: the message.
            packed: its payload packed, where the caller has it.

        Returns:
            Whether it was new.
        """
        data = codec.pack(message.payload) if packed is None else packed
        apart = len(data) > payloads.MAX_INLINE_BYTES
        if apart:
            payloads.put(message.id, data)
        return self._insert_message(message, None if apart else data, apart=apart)

    def add_results(self, message: messages.Message) -> None:
        """Store a batch of results in the minutes that they belong to, and bring these minutes' summaries up to date.

        Numbers, and true and false as 1 and 0, that stand at the top of a result that is a dict are summed up.

        Raises:
            CodecError: the payload is not of its form.
        """
        minutes: dict[int, list[tuple[int, Any]]] = {}
        for at_ns, result in contents.read(message, contents.Results).items:
            minutes.setdefault(at_ns - at_ns % MINUTE_NS, []).append((at_ns, result))
        for minute_ns, items in minutes.items():
            self._add_minute(message, minute_ns, items)

    def add_event(self, message: messages.Message) -> None:
        """Store an event: its beginning, what it has become since, or its end. What is later wins, in whatever order.

        Raises:
            CodecError: the payload is not of its form.
        """
        event = contents.read(message, contents.EventContent)
        values: dict[str, Any] = {
            "camera": message.camera,
            "plugin": message.plugin,
            "started_at_ns": event.started_at_ns,
            "ended_at_ns": event.ended_at_ns,
            "peak_score": event.peak_score,
            "peak_at_ns": event.peak_at_ns,
            "peak": None if event.peak is None else codec.pack(event.peak),
            "sequence": message.sequence,
        }
        which: dict[str, Any] = {"_id": event.event_id}
        if event.ended_at_ns is None:
            which |= {"ended_at_ns": None, "sequence": {"$lte": message.sequence}}
        _upsert_unless_newer(_collection("events"), which, values)
        # The event first, then the clips; `add_clip` has it the other way round. So whichever of two servers is later
        # sees what the other one wrote.
        # While it goes on, it is certain up to its peak only.
        until_ns = event.peak_at_ns or 0 if event.ended_at_ns is None else event.ended_at_ns
        until_ns = max(until_ns, event.started_at_ns + 1)
        overlapping = {
            "camera": message.camera,
            "started_at_ns": {"$lt": until_ns, "$gt": event.started_at_ns - queries.MAX_CLIP_NS},
            "ended_at_ns": {"$gt": event.started_at_ns},
        }
        _collection("clips").update_many(overlapping, {"$addToSet": {"triggered_by": message.plugin}})

    def add_clip(
        self,
        message: messages.Message,
        mp4: Path,
        thumbnail: bytes | None,
        *,
        frames: int,
        width: int,
        height: int,
        started_at_ns: int,
        ended_at_ns: int,
    ) -> None:
        """Store a clip: its bytes first, so that a clip that is listed can be played.

        Args:
            message: the message that brought it; its payload's ``trigger`` says what made it be recorded.
            mp4: the video; read, and left where it is.
            thumbnail: a JPEG; None where there is none.
            frames: how many pictures it has.
            width: columns of the picture.
            height: rows of the picture.
            started_at_ns: capture time of its first picture.
            ended_at_ns: capture time of its last picture, plus that picture's length.

        Raises:
            CodecError: the times are impossible.
            StoreError: the clip store can't keep it.
        """
        if not 0 <= started_at_ns < ended_at_ns <= min(started_at_ns + queries.MAX_CLIP_NS, 2**63 - 1):
            raise CodecError(
                f"the clip {message.id} goes from {started_at_ns} to {ended_at_ns}: that is not within a day"
            )
        trigger = message.payload.get("trigger") if isinstance(message.payload, dict) else None
        clip = Clip(
            id=message.id, camera=message.camera, started_at_ns=started_at_ns, ended_at_ns=ended_at_ns
        )
        collection = _collection("clips")
        if collection.find_one({"_id": message.id}, {"_id": 1}) is None:
            stored = self.clips.put(clip.video_name, mp4)
            if thumbnail is not None:
                self.clips.put(clip.thumbnail_name, thumbnail)
            values: dict[str, Any] = {
                "camera": message.camera,
                "plugin": message.plugin,
                "trigger": trigger if isinstance(trigger, str) else None,
                "started_at_ns": started_at_ns,
                "ended_at_ns": ended_at_ns,
                "width": width,
                "height": height,
                "frames": frames,
                "bytes": stored.bytes,
                "sha256": stored.sha256,
                "thumbnail": thumbnail is not None,
                "triggered_by": [],
            }
            _insert_once(collection, message.id, values)
        triggered_by = sorted(
            {event.plugin for event in queries.events_between(message.camera, started_at_ns, ended_at_ns)}
        )
        if triggered_by:
            collection.update_one(
                {"_id": message.id}, {"$addToSet": {"triggered_by": {"$each": triggered_by}}}
            )

    def add_notification(self, message: messages.Message) -> None:
        """Store a notification that came from a node.

        Raises:
            CodecError: the payload is not of its form.
        """
        said = contents.read(message, contents.NotificationContent)
        self._add_notification(message, message.id, said)

    def notify(self, message: messages.Message, level: str, title: str, text: str = "") -> None:
        """Make a notification about a message, in the name of its plugin; the same one for the same message only once.

        Args:
            message: what it is about: camera, plugin and time are taken from it.
            level: ``info``, ``warning`` or ``error``.
            title: the line.
            text: more.

        Raises:
            CodecError: the level is none of these, or the texts are far too long.
        """
        own = hashlib.sha256(f"{level}\0{title}\0{text}".encode()).hexdigest()[:16]
        said = contents.notification(level, title, text)
        self._add_notification(message, f"{message.id}-{own}", said)

    def add_gap(self, message: messages.Message) -> None:
        """Store a gap.

        Raises:
            CodecError: the payload is not of its form.
        """
        gap = contents.read(message, contents.GapContent)
        values = {
            "node": message.node,
            "camera": message.camera,
            "plugin": message.plugin,
            "from_ns": gap.from_ns,
            "to_ns": gap.to_ns,
            "cause": gap.cause,
            "bytes": gap.bytes,
        }
        _insert_once(_collection("gaps"), message.id, values)

    def _add_notification(
        self, message: messages.Message, own_id: str, said: contents.NotificationContent
    ) -> None:
        values: dict[str, Any] = {
            "node": message.node,
            "camera": message.camera,
            "plugin": message.plugin,
            "level": said.level,
            "title": said.title,
            "text": said.text,
            "at_ns": message.captured_at_ns,
        }
        if _insert_once(_collection("notifications"), own_id, values) and self._on_notification is not None:
            self._on_notification(Notification(id=own_id, **values))

    def _add_minute(self, message: messages.Message, minute_ns: int, items: list[tuple[int, Any]]) -> None:
        packed = codec.pack(items)
        if len(packed) <= payloads.MAX_INLINE_BYTES:
            try:
                self._push_batch(message, minute_ns, items, packed)
            except WriteError as error:
                if error.code not in _TOO_LARGE_CODES:
                    raise
            else:
                return
        payloads.put(f"{message.id}:{minute_ns}", packed)
        self._push_batch(message, minute_ns, items, None)

    def _push_batch(
        self, message: messages.Message, minute_ns: int, items: list[tuple[int, Any]], packed: bytes | None
    ) -> None:
        times = [at_ns for at_ns, _ in items]
        batch = {"message_id": message.id, "from_ns": min(times), "to_ns": max(times), "data": packed}
        update: dict[str, Any] = {
            "$push": {"batches": batch},
            "$setOnInsert": {"camera": message.camera, "plugin": message.plugin, "minute_ns": minute_ns},
        }
        for field, values in _numbers(result for _, result in items).items():
            key = f"summary.{field}"
            update.setdefault("$min", {})[f"{key}.min"] = min(values)
            update.setdefault("$max", {})[f"{key}.max"] = max(values)
            update.setdefault("$inc", {}).update(
                {f"{key}.sum": math.fsum(values), f"{key}.count": len(values)}
            )
        own_id = analysis_id(message.camera, message.plugin, minute_ns)
        collection = _collection("analyses")
        while True:
            try:
                # Matches the minute only while the batch is not in it. Where it is, MongoDB tries to insert the minute
                # anew and finds it there; so it does when another server has just inserted it without our batch.
                collection.update_one(
                    {"_id": own_id, "batches.message_id": {"$ne": message.id}}, update, upsert=True
                )
            except DuplicateKeyError:
                if collection.find_one({"_id": own_id, "batches.message_id": message.id}, {"_id": 1}) is None:
                    continue
            return

    def _insert_message(self, message: messages.Message, data: bytes | None, *, apart: bool) -> bool:
        values = {
            "node": message.node,
            "camera": message.camera,
            "plugin": message.plugin,
            "kind": message.kind,
            "captured_at_ns": message.captured_at_ns,
            "sequence": message.sequence,
            "stored_at": moment(self._clock.now_ns()),
            "payload": data,
            "payload_apart": apart,
        }
        return _insert_once(_collection("messages"), message.id, values)


def _collection(name: str) -> Collection[dict[str, Any]]:
    # pymongo's own: these are single commands that mongoengine has no words for, or is slow at.
    return database()[name]


def _insert_once(collection: Collection[dict[str, Any]], own_id: str, values: dict[str, Any]) -> bool:
    """Insert a document unless it is there; give whether it was new."""
    try:
        collection.insert_one({"_id": own_id, **values})
    except DuplicateKeyError:
        return False
    return True


def _upsert_unless_newer(
    collection: Collection[dict[str, Any]], which: dict[str, Any], values: dict[str, Any]
) -> None:
    """Write the values, unless the document is there and `which` no longer fits it."""
    try:
        collection.update_one(which, {"$set": values}, upsert=True)
    except DuplicateKeyError:
        # Either it is newer, or another server has just inserted what ours is newer than.
        collection.update_one(which, {"$set": values})


def _numbers(results: Iterable[Any]) -> dict[str, list[float]]:
    """Collect the numbers of the results by field."""
    found: dict[str, list[float]] = {}
    for result in results:
        if not isinstance(result, dict):
            continue
        for field, value in result.items():
            if (
                not isinstance(value, (bool, int, float))
                or not abs(value) < _GREATEST
                or not _is_field(field)
            ):
                continue
            if field in found or len(found) < _MAX_SUMMARY_FIELDS:
                found.setdefault(field, []).append(float(value))
    return found


def _is_field(name: Any) -> bool:
    """Say whether MongoDB can have it in a path."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= _MAX_FIELD_LENGTH
        and not any(sign in name for sign in ".$\0")
    )
