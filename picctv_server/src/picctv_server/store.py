"""Writing: what nodes sent, put where `picctv_server.queries` finds it.

Every method can be called again with the same message, after a crash or because the message came twice, and changes
nothing more. Writes wait until a majority of MongoDB's members has them in its journal (`database.connect`).
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from picctv_core import codec
from picctv_core.errors import CodecError, StoreError
from picctv_core.messages import MAX_DETAILS_BYTES, NOTIFICATION, Message
from picctv_server import contents, minutes, payloads, queries, ranges
from picctv_server.clips.base import digest
from picctv_server.models import MINUTE_NS, Clip, Notification, moment, schema_id
from picctv_server.writes import (
    collection,
    insert_once,
    insert_those_missing,
    those_there,
    upsert_unless_newer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from picctv_core import messages
    from picctv_core.clock import Clock
    from picctv_server.clips import ClipStore

log = logging.getLogger(__name__)

_JPEG = b"\xff\xd8\xff"


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
        """Say whether a message is stored already, for good; see `those_seen`."""
        return bool(self.those_seen([message_id]))

    def those_seen(self, ids: Sequence[str]) -> set[str]:
        """Give those of some messages that are stored already: a majority of MongoDB's members has them.

        What only the primary has, as the others did not answer in time, may be gone with it: it is not stored.
        """
        return those_there(collection("messages"), ids)

    def mark(self, message: messages.Message) -> bool:
        """Note that a message is stored; give whether this was the first time."""
        return self._insert_message(message, None, apart=False)

    def mark_together(self, several: Sequence[messages.Message]) -> set[str]:
        """Note that messages are stored; give the ids of those for which this was the first time."""
        documents = {message.id: self._message_values(message, None, apart=False) for message in several}
        return insert_those_missing(collection("messages"), documents)

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

        Numbers, and true and false as 1 and 0, that stand at the top of a result that is a dict are summed up. Clips that
        are stored already learn between what these lie; mostly the clip comes later.

        Raises:
            CodecError: the payload is not of its form.
        """
        said = contents.read(message, contents.Results)
        for minute_ns, items in _by_minute(said).items():
            minutes.add(message, minute_ns, items, said.version)
        self._tell_clips([(message, said)])

    def add_results_together(self, several: Sequence[tuple[messages.Message, contents.Results]]) -> None:
        """Store batches of results as `add_results` does, with as few questions to MongoDB as for one.

        Args:
            several: the messages, each with what its payload says.

        Raises:
            CodecError: one of them can't be stored, or not with others.
            BulkWriteError: likewise. None, some or all of them are stored then; `add_results` can be called with each.
        """
        updates = []
        for message, said in several:
            for minute_ns, items in _by_minute(said).items():
                packed = codec.pack(items)
                if not minutes.is_small(packed):
                    raise CodecError(f"the results of {message.id} are too large to be stored with others")
                updates.append(
                    UpdateOne(*minutes.addition(message, minute_ns, items, said.version, packed), upsert=True)
                )
        collection("analyses").bulk_write(updates, ordered=False)
        self._tell_clips(several)

    def _tell_clips(self, read: Sequence[tuple[messages.Message, contents.Results]]) -> None:
        """Tell clips that are stored between what new results lie; after these, as with events."""
        clips = collection("clips")
        by_camera: dict[str, list[tuple[messages.Message, contents.Results]]] = {}
        for message, said in read:
            by_camera.setdefault(message.camera, []).append((message, said))
        for camera, own in by_camera.items():
            times = [at_ns for _, said in own for at_ns, _ in said.items]
            within = _overlapping(camera, min(times), max(times) + 1)
            for clip in clips.find(within, {"started_at_ns": 1, "ended_at_ns": 1}):
                for message, said in own:
                    update = ranges.update(
                        message.plugin,
                        [(said.version, said.items)],
                        clip["started_at_ns"],
                        clip["ended_at_ns"],
                    )
                    if update:
                        clips.update_one({"_id": clip["_id"]}, update)

    def add_schema(self, message: messages.Message) -> None:
        """Store what a plugin's results are made of. Of one version the newest words count, in whatever order they come.

        Raises:
            CodecError: the payload is not of its form.
        """
        schema = contents.read(message, contents.SchemaContent)
        if not message.plugin:
            raise CodecError(f"the schema message {message.id} is of no plugin")
        values: dict[str, Any] = {
            "plugin": message.plugin,
            "version": schema.version,
            "fields": [field.model_dump() for field in schema.fields],
            "packed_json_schema": codec.pack(schema.json_schema),
            "node": message.node,
            "told_at_ns": message.captured_at_ns,
        }
        which = {
            "_id": schema_id(message.plugin, schema.version),
            "told_at_ns": {"$lte": message.captured_at_ns},
        }
        upsert_unless_newer(collection("result_schemas"), which, values)

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
            **_details(message, event.details),
        }
        which: dict[str, Any] = {"_id": event.event_id}
        if event.ended_at_ns is None:
            which |= {"ended_at_ns": None, "sequence": {"$lte": message.sequence}}
        upsert_unless_newer(collection("events"), which, values)
        # The event first, then the clips; `add_clip` has it the other way round. So whichever of two servers is later
        # sees what the other one wrote.
        # While it goes on, it is certain up to its peak only.
        until_ns = event.peak_at_ns or 0 if event.ended_at_ns is None else event.ended_at_ns
        until_ns = max(until_ns, event.started_at_ns + 1)
        overlapping = _overlapping(message.camera, event.started_at_ns, until_ns)
        collection("clips").update_many(overlapping, {"$addToSet": {"triggered_by": message.plugin}})

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
        clips = collection("clips")
        if clips.find_one({"_id": message.id}, {"_id": 1}) is None:
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
            if not insert_once(clips, message.id, values):
                self._settle(clip)
        triggered_by = sorted(
            {event.plugin for event in queries.events_between(message.camera, started_at_ns, ended_at_ns)}
        )
        if triggered_by:
            clips.update_one({"_id": message.id}, {"$addToSet": {"triggered_by": {"$each": triggered_by}}})
        for plugin in queries.plugins_with_results(message.camera):
            # Without the results: only those of a clip's first and last minute are read.
            within = queries.minutes(message.camera, plugin, started_at_ns, ended_at_ns)
            update = ranges.update_from_minutes(
                plugin,
                within.only("minute_ns", "summary", "batches.version").as_pymongo(),
                started_at_ns,
                ended_at_ns,
                _batches,
            )
            if update:
                clips.update_one({"_id": message.id}, update)

    def add_notification(self, message: messages.Message) -> None:
        """Store a notification that came from a node.

        Raises:
            CodecError: the payload is not of its form.
        """
        said = contents.read(message, contents.NotificationContent)
        self._say(message, message.id, said)

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
        self._say(message, f"{message.id}-{own}", said)

    def say(
        self,
        own_id: str,
        level: str,
        title: str,
        text: str = "",
        *,
        node: str = "",
        camera: str = "",
        plugin: str = "",
    ) -> bool:
        """Make a notification of picctv's own, about nothing that a message brought; one of an id only once.

        Args:
            own_id: has a colon in it, which no id of a message has.
            level: ``info``, ``warning`` or ``error``.
            title: the line.
            text: more.
            node: the node that it is about.
            camera: ``node/camera``.
            plugin: whose matter it is.

        Returns:
            Whether it is new.

        Raises:
            CodecError: the level is none of these, or the texts are far too long.
        """
        about = Message(own_id, node, camera, plugin, NOTIFICATION, self._clock.now_ns(), 0, None)
        return self._say(about, own_id, contents.notification(level, title, text))

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
        insert_once(collection("gaps"), message.id, values)

    def _settle(self, clip: Clip) -> None:
        """Make the checksum of a clip that another server stored at the same time that of the bytes that stayed.

        Which of the two these are, nobody knows. Whoever comes later to the document has put its bytes before, so the last
        one to look sees what stays.
        """
        with self.clips.open(clip.video_name) as reader:
            stored = digest(reader)
        collection("clips").update_one(
            {"_id": clip.id}, {"$set": {"bytes": stored.bytes, "sha256": stored.sha256}}
        )

    def _say(self, message: messages.Message, own_id: str, said: contents.NotificationContent) -> bool:
        values: dict[str, Any] = {
            "node": message.node,
            "camera": message.camera,
            "plugin": message.plugin,
            "level": said.level,
            "title": said.title,
            "text": said.text,
            "at_ns": message.captured_at_ns,
        }
        is_new = insert_once(collection("notifications"), own_id, values)
        if is_new and self._on_notification is not None:
            self._on_notification(Notification(id=own_id, **values))
        return is_new

    def _insert_message(self, message: messages.Message, data: bytes | None, *, apart: bool) -> bool:
        values = self._message_values(message, data, apart=apart)
        return insert_once(collection("messages"), message.id, values)

    def _message_values(
        self, message: messages.Message, data: bytes | None, *, apart: bool
    ) -> dict[str, Any]:
        return {
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


def _by_minute(said: contents.Results) -> dict[int, list[tuple[int, Any]]]:
    found: dict[int, list[tuple[int, Any]]] = {}
    for at_ns, result in said.items:
        found.setdefault(at_ns - at_ns % MINUTE_NS, []).append((at_ns, result))
    return found


def _batches(minute: dict[str, Any]) -> Iterator[tuple[int | None, list[tuple[int, Any]]]]:
    """Give the results of a stored minute; what is damaged or gone must not keep a clip from being stored."""
    try:
        yield from queries.batches_of(collection("analyses").find_one({"_id": minute["_id"]}))
    except (StoreError, CodecError) as error:
        log.warning("the results of %s can't be read, and no clip is found by them: %s", minute["_id"], error)


def _details(message: messages.Message, said: dict[Any, Any] | None) -> dict[str, Any]:
    """Give the fields of an event that hold its details. An event is not lost for details that are too much."""
    packed = None if said is None else codec.pack(said)
    if packed is not None and len(packed) > MAX_DETAILS_BYTES:
        log.warning(
            "the event of message %s of %s at %s is stored without its details: they take %d bytes, %d is the most",
            message.id,
            message.plugin,
            message.camera,
            len(packed),
            MAX_DETAILS_BYTES,
        )
        said = packed = None
    picture = (said or {}).get("picture")
    return {"details": packed, "has_picture": isinstance(picture, bytes) and picture.startswith(_JPEG)}


def _overlapping(camera: str, from_ns: int, to_ns: int) -> dict[str, Any]:
    """Give the condition for a camera's clips that have a part in a stretch of time."""
    return {
        "camera": camera,
        "started_at_ns": {"$lt": to_ns, "$gt": from_ns - queries.MAX_CLIP_NS},
        "ended_at_ns": {"$gt": from_ns},
    }
