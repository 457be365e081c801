"""Clips as files below a folder, spread over 256 subfolders."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from picctv_core.errors import StoreError
from picctv_server.clips.base import CHUNK_BYTES, Entry, Space, Stored, checked, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picctv_server.config import ClipSettings

_QUARANTINE = "quarantine"
# As `_write` names it.
_LEFTOVER = re.compile(r"\..+\.part")


class FilesystemClips:
    """The clip store ``filesystem``.

    A file is written under a temporary name, forced to the disk and only then given its own: a power cut leaves either
    the whole file or none. Several servers may share the folder (NFS), as renaming within it is atomic.
    """

    frees_after_s = 0.0

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

    def entries(self) -> Iterator[Entry]:
        """Give everything that has a name; see `ClipStore.entries`."""
        return (_entry(found) for found in self._files() if not found.name.startswith("."))

    def leftovers(self) -> Iterator[Entry]:
        """Give what crashes left; see `ClipStore.leftovers`."""
        return (_entry(found) for found in self._files() if _LEFTOVER.fullmatch(found.name))

    def discard(self, leftover: Entry) -> None:
        """Remove a leftover; see `ClipStore.discard`."""
        assert _LEFTOVER.fullmatch(leftover.name)
        for shard in self._shards():
            (shard / leftover.name).unlink(missing_ok=True)

    def quarantine(self, name: str) -> None:
        """Move it to the folder ``quarantine``; see `ClipStore.quarantine`."""
        path = self._path(name)
        folder = self._folder / _QUARANTINE
        try:
            folder.mkdir(exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                path.replace(folder / name)
            for changed in (folder, self._folder):
                _sync_folder(changed)
        except OSError as error:
            raise StoreError(f"the clip store can't move {path} to {folder}: {error.strerror}") from error

    def quarantined(self) -> Iterator[Entry]:
        """Give what is in quarantine."""
        folder = self._folder / _QUARANTINE
        if folder.is_dir():
            with os.scandir(folder) as found:
                yield from (_entry(one) for one in found)

    def release(self, name: str) -> None:
        """Remove it from quarantine for good."""
        (self._folder / _QUARANTINE / checked(name)).unlink(missing_ok=True)

    def space(self) -> Space:
        """Give the room on the folder's disk, as far as it is for this user."""
        disk = os.statvfs(self._folder)
        return Space(disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize)

    def _shards(self) -> Iterator[Path]:
        return (path for number in range(256) if (path := self._folder / f"{number:02x}").is_dir())

    def _files(self) -> Iterator[os.DirEntry[str]]:
        for shard in self._shards():
            with os.scandir(shard) as found:
                yield from found

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


def _entry(found: os.DirEntry[str]) -> Entry:
    try:
        status = found.stat()
    except FileNotFoundError:  # deleted just now
        return Entry(found.name, 0, 0.0)
    return Entry(found.name, status.st_size, status.st_mtime)


def _sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk: without it, a power cut may take back a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
