"""What a clip store is.

A driver is a class, found by its name in the entry-point group ``picctv.clips`` and made as ``Driver(settings)`` with
the `picctv_server.config.ClipSettings`. It is used from many threads and processes at once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from picctv_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from picctv_server.config import ClipSettings

CHUNK_BYTES = 256 * 1024


class MissingError(StoreError):
    """There is nothing of this name; trying again does not help."""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")


@dataclass(frozen=True)
class Stored:
    """What a store has put away: its size in bytes, and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """Something that a store has: its name, its size in bytes, and when it was last written, in seconds since the epoch."""

    name: str
    bytes: int
    changed_at_s: float


@dataclass(frozen=True)
class Space:
    """The room where a store is: all of it in bytes, and what is free."""

    total: int
    free: int


class ClipStore(Protocol):
    """Named bytes. What has been put stays as it is until it is deleted.

    Attributes:
        frees_after_s: how long it takes until `space` shows what was deleted.
    """

    frees_after_s: float

    def __init__(self, settings: ClipSettings) -> None:
        """Open the store.

        Raises:
            StoreError: its place can't be used.
        """
        ...

    def put(self, name: str, content: Path | bytes) -> Stored:
        """Put bytes, or a file's bytes, under a name; they are durable when this returns.

        A name that is there already is replaced at once and as a whole: readers see the one or the other.

        Raises:
            StoreError: the name is none, or the store can't keep it (a full disk).
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open for reading; the reader can seek and is to be closed.

        Raises:
            MissingError: there is nothing of this name.
            StoreError: it can't be read.
        """
        ...

    def size(self, name: str) -> int:
        """Give the size in bytes.

        Raises:
            MissingError: there is nothing of this name.
        """
        ...

    def exists(self, name: str) -> bool:
        """Say whether there is something of this name."""
        ...

    def delete(self, name: str) -> None:
        """Remove it; nothing happens when it is not there."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Give everything that has a name, in any order; what is put or deleted meanwhile may be in it or not."""
        ...

    def leftovers(self) -> Iterator[Entry]:
        """Give what has no name and nobody will ask for: what crashes left of a `put`. Their names are for `discard` only."""
        ...

    def discard(self, leftover: Entry) -> None:
        """Remove a leftover; nothing happens when it is not there."""
        ...

    def quarantine(self, name: str) -> None:
        """Take it out of the store, but keep its bytes in a place apart; nothing happens when it is not there."""
        ...

    def quarantined(self) -> Iterator[Entry]:
        """Give what is in quarantine."""
        ...

    def release(self, name: str) -> None:
        """Remove it from quarantine for good."""
        ...

    def space(self) -> Space | None:
        """Give the room that there is; None where it has no bounds, or nobody knows them."""
        ...


def checked(name: str) -> str:
    """Give the name back, if it is one: letters, digits, dots, dashes, colons and underscores, no path.

    Raises:
        StoreError: it is none.
    """
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name!r} is no name for a clip store: letters, digits, '.', '_', ':' and '-' only")
    return name


def missing(name: str) -> MissingError:
    """Make the error for a name that is not there."""
    return MissingError(f"the clip store has no {name}")


def digest(reader: BinaryIO) -> Stored:
    """Read to the end, and give size and SHA-256."""
    sha256, size = hashlib.sha256(), 0
    while chunk := reader.read(CHUNK_BYTES):
        sha256.update(chunk)
        size += len(chunk)
    return Stored(size, sha256.hexdigest())
