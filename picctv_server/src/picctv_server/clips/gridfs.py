"""Clips in MongoDB itself, with GridFS: for clusters, where every server and web reaches the same store."""

from __future__ import annotations

import contextlib
import hashlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import gridfs
from bson import ObjectId
from gridfs.errors import NoFile

from picctv_server.clips.base import CHUNK_BYTES, Entry, Space, Stored, checked, missing
from picctv_server.database import database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.collection import Collection

    from picctv_server.config import ClipSettings

BUCKET = "clips"

# No name has a slash.
_QUARANTINE = "quarantine/"
_AT_ONCE = 1000


class GridFSClips:
    """The clip store ``gridfs``: a name's newest complete upload is what it has."""

    # Two of MongoDB's checkpoints, which are a minute apart: by then what was deleted can be written to again.
    frees_after_s = 120.0

    def __init__(self, settings: ClipSettings | None = None, bucket: str = BUCKET) -> None:  # noqa: ARG002 - a driver gets them
        """Use the process's connection.

        Args:
            settings: there are none for this store.
            bucket: the prefix of its two collections.
        """
        self._bucket = bucket

    def put(self, name: str, content: Path | bytes) -> Stored:
        """Put bytes, or a file's bytes, under a name; see `ClipStore.put`."""
        sha256, size = hashlib.sha256(), 0
        own = self._next_id(checked(name))
        # The upload becomes visible with its file document, which is written last. What a crash left before that is
        # chunks that nothing names.
        upload = self._files.open_upload_stream_with_id(own, name)
        with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source, upload:
            while chunk := source.read(CHUNK_BYTES):
                upload.write(chunk)
                sha256.update(chunk)
                size += len(chunk)
        # Only what is lesser: of two that put the same name at the same time, the greater one always stays.
        self._delete({"filename": name, "_id": {"$lt": own}})
        return Stored(size, sha256.hexdigest())

    def open(self, name: str) -> BinaryIO:
        """Open for reading; see `ClipStore.open`."""
        try:
            source = self._files.open_download_stream(self._newest(name)["_id"])
        except NoFile:  # replaced just now
            source = self._files.open_download_stream(self._newest(name)["_id"])
        return cast("BinaryIO", io.BufferedReader(_Reader(source), CHUNK_BYTES))

    def size(self, name: str) -> int:
        """Give the size in bytes; see `ClipStore.size`."""
        return int(self._newest(name)["length"])

    def exists(self, name: str) -> bool:
        """Say whether there is something of this name."""
        return self._documents.find_one({"filename": checked(name)}, {"_id": 1}) is not None

    def delete(self, name: str) -> None:
        """Remove it; nothing happens when it is not there."""
        self._delete({"filename": checked(name)})

    def entries(self) -> Iterator[Entry]:
        """Give everything that has a name; see `ClipStore.entries`."""
        return (_entry(newest) for newest, _ in self._by_name() if not _aside(newest))

    def leftovers(self) -> Iterator[Entry]:
        """Give uploads that were replaced, and chunks of those that never ended; see `ClipStore.leftovers`."""
        for _, older in self._by_name():
            yield from (Entry(str(file["_id"]), file["length"], _written(file["_id"])) for file in older)
        owners: list[ObjectId] = []
        # Through the index, one step for each upload.
        steps: list[dict[str, Any]] = [{"$sort": {"files_id": 1}}, {"$group": {"_id": "$files_id"}}]
        for row in self._chunks.aggregate(steps, allowDiskUse=True):
            owners.append(row["_id"])
            if len(owners) == _AT_ONCE:
                yield from self._ownerless(owners)
                owners = []
        yield from self._ownerless(owners)

    def discard(self, leftover: Entry) -> None:
        """Remove a leftover; see `ClipStore.discard`."""
        own = ObjectId(leftover.name)
        self._documents.delete_one({"_id": own})
        self._chunks.delete_many({"files_id": own})

    def quarantine(self, name: str) -> None:
        """Give it a name that nobody can ask for; see `ClipStore.quarantine`."""
        self._documents.update_many({"filename": checked(name)}, {"$set": {"filename": _QUARANTINE + name}})

    def quarantined(self) -> Iterator[Entry]:
        """Give what is in quarantine."""
        for newest, _ in self._by_name():
            if _aside(newest):
                yield replace(_entry(newest), name=newest["filename"].removeprefix(_QUARANTINE))

    def release(self, name: str) -> None:
        """Remove it from quarantine for good."""
        self._delete({"filename": _QUARANTINE + checked(name)})

    def space(self) -> Space | None:
        """Give the room on MongoDB's own disk; of a sharded cluster nobody knows it.

        MongoDB's files don't shrink when something is deleted: what they have room for counts as free.
        """
        found = database().command("dbStats", freeStorage=1)
        if not found.get("fsTotalSize"):
            return None
        free = found["fsTotalSize"] - found["fsUsedSize"] + found.get("totalFreeStorageSize", 0)
        return Space(int(found["fsTotalSize"]), int(free))

    def _by_name(self) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Give the newest upload of each name, and those that it has replaced."""
        same: list[dict[str, Any]] = []
        fields = {"filename": 1, "length": 1}
        for file in self._documents.find({}, fields).sort([("filename", 1), ("_id", 1)]).allow_disk_use(True):
            if same and same[-1]["filename"] != file["filename"]:
                yield same[-1], same[:-1]
                same = []
            same.append(file)
        if same:
            yield same[-1], same[:-1]

    def _ownerless(self, owners: list[ObjectId]) -> Iterator[Entry]:
        """Give those uploads that have chunks but no file document, which is written last."""
        known = {file["_id"] for file in self._documents.find({"_id": {"$in": owners}}, {"_id": 1})}
        for own in owners:
            if own not in known:
                yield Entry(str(own), 0, _written(own))

    @property
    def _chunks(self) -> Collection[dict[str, Any]]:
        return database()[f"{self._bucket}.chunks"]

    @property
    def _files(self) -> gridfs.GridFSBucket:
        return gridfs.GridFSBucket(database(), self._bucket)

    @property
    def _documents(self) -> Collection[dict[str, Any]]:
        return database()[f"{self._bucket}.files"]

    def _newest(self, name: str) -> dict[str, Any]:
        found = self._documents.find_one({"filename": checked(name)}, {"length": 1}, sort=[("_id", -1)])
        if found is None:
            raise missing(name)
        return found

    def _next_id(self, name: str) -> ObjectId:
        """Make an id greater than that of what is there: within a second, ids of two processes have no order."""
        newest = self._documents.find_one({"filename": name}, {"_id": 1}, sort=[("_id", -1)])
        own = ObjectId()
        if newest is not None and newest["_id"] >= own:
            own = ObjectId(f"{int(str(newest['_id']), 16) + 1:024x}")
        return own

    def _delete(self, which: dict[str, Any]) -> None:
        for found in self._documents.find(which, {"_id": 1}):
            # NoFile: another server was faster.
            with contextlib.suppress(NoFile):
                self._files.delete(found["_id"])


def _entry(file: dict[str, Any]) -> Entry:
    return Entry(str(file["filename"]), int(file["length"]), _written(file["_id"]))


def _written(own: ObjectId) -> float:
    # When the upload began; it has the second in it.
    return own.generation_time.timestamp()


def _aside(file: dict[str, Any]) -> bool:
    return str(file["filename"]).startswith(_QUARANTINE)


class _Reader(io.RawIOBase):
    """A GridFS download as a raw stream, so that the standard library's buffering gives it a file's manners."""

    def __init__(self, source: gridfs.GridOut) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._source.seek(offset, whence)
        return int(self._source.tell())

    def tell(self) -> int:
        return int(self._source.tell())

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()
