"""Clips as files below a folder, spread over 256 subfolders."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from picctv_core.errors import StoreError
from picctv_server.clips.base import CHUNK_BYTES, Stored, checked, missing

if TYPE_CHECKING:
    from picctv_server.config import ClipSettings


class FilesystemClips:
    """The clip store ``filesystem``.

    A file is written under a temporary name, forced to the disk and only then given its own: a power cut leaves either
    the whole file or none. Several servers may share the folder (NFS), as renaming within it is atomic.
    """

    def __init__(self, settings: ClipSettings) -> None:
        """Make the folder, if it is not there."""
        assert settings.path is not None  # the settings' own rule
        self._folder = settings.path
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the clip store can't use the folder {self._folder}: {error.strerror}"
            ) from error

    def put(self, name: str, content: Path | bytes) -> Stored:
        """Put bytes, or a file's bytes, under a name; see `ClipStore.put`."""
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source:
                stored = self._write(path, source)
        except OSError as error:
            raise StoreError(f"the clip store can't write {path}: {error.strerror}") from error
        return stored

    def open(self, name: str) -> BinaryIO:
        """Open for reading; see `ClipStore.open`."""
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            raise missing(name) from None
        except OSError as error:
            raise StoreError(f"the clip store can't read {self._path(name)}: {error.strerror}") from error

    def size(self, name: str) -> int:
        """Give the size in bytes; see `ClipStore.size`."""
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            raise missing(name) from None

    def exists(self, name: str) -> bool:
        """Say whether there is something of this name."""
        return self._path(name).is_file()

    def delete(self, name: str) -> None:
        """Remove it; nothing happens when it is not there."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        shard = hashlib.sha256(checked(name).encode()).hexdigest()[:2]
        return self._folder / shard / name

    def _write(self, path: Path, source: BinaryIO) -> Stored:
        sha256, size = hashlib.sha256(), 0
        # A leading dot: no name of ours has one, so what a crash leaves behind is never taken for a clip.
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                while chunk := source.read(CHUNK_BYTES):
                    file.write(chunk)
                    sha256.update(chunk)
                    size += len(chunk)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
        for folder in (path.parent, self._folder):
            _sync_folder(folder)
        return Stored(size, sha256.hexdigest())


def _sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk: without it, a power cut may take back a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
