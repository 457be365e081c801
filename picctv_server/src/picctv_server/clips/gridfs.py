"""Clips in MongoDB itself, with GridFS: for clusters, where every server and web reaches the same store."""

from __future__ import annotations

import contextlib
import hashlib
import io
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import gridfs
from bson import ObjectId
from gridfs.errors import NoFile

from picctv_server.clips.base import CHUNK_BYTES, Stored, checked, missing
from picctv_server.database import database

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.collection import Collection

    from picctv_server.config import ClipSettings

BUCKET = "clips"


class GridFSClips:
    """The clip store ``gridfs``: a name's newest complete upload is what it has."""

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
        own = ObjectId()
        # The upload becomes visible with its file document, which is written last. What a crash left before that is
        # chunks that nothing names.
        upload = self._files.open_upload_stream_with_id(own, checked(name))
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

    def _delete(self, which: dict[str, Any]) -> None:
        for found in self._documents.find(which, {"_id": 1}):
            # NoFile: another server was faster.
            with contextlib.suppress(NoFile):
                self._files.delete(found["_id"])


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
