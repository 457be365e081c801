"""A clip in the making, on the disk: what it has so far survives a kill of the node, or a power cut.

One file for each open clip in the plugin's own folder, only ever appended to. It is a row of records, each with its
length and checksum; a torn one ends what can be read. Units are written a whole group of pictures at once, closed
by a mark, with one fsync: so at most the group that is just coming in is missing. The message's id is chosen when the
clip begins and stands in the file: a clip that was sent and whose file was not yet removed is sent again under it, and so
is the same message.
"""

from __future__ import annotations

import contextlib
import logging
import os
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from picctv_core import codec
from picctv_core.durable import sync_folder
from picctv_core.errors import CodecError
from picctv_core.frames import AccessUnit
from picctv_core.messages import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

SUFFIX = ".open"

_MAGIC = b"picctv clip 1\n"
_HEAD = struct.Struct("<II")
"""Of a record: its length in bytes, and its CRC-32."""

_BEGIN, _UNIT, _GROUP, _END = "begin", "unit", "group", "end"


class ClipFile:
    """The file of one open clip. Where the disk takes nothing, it takes nothing either, and tries again the next time.

    Args:
        folder: the plugin's own.
        trigger: the plugin that made the clip necessary; None for continuous recording.
        started_at_ns: where the clip begins.
        at_once: whether the file is made now, and not with the first pictures.

    Attributes:
        id: of the message that the clip will be.
    """

    def __init__(
        self, folder: Path, trigger: str | None, started_at_ns: int, *, at_once: bool = True
    ) -> None:
        self.id = new_id()
        self._path = folder / f"{self.id}{SUFFIX}"
        self._begin = [_BEGIN, self.id, trigger, started_at_ns]
        self._size = 0
        self._failing = False
        if at_once:
            self._write([self._begin])

    def append(self, units: Sequence[AccessUnit]) -> bool:
        """Write whole groups of pictures; say whether they are on the disk."""
        records = [[_UNIT, unit.captured_at_ns, unit.is_key, unit.annexb] for unit in units]
        return self._write([*records, [_GROUP]])

    def end(self, units: Sequence[AccessUnit], payload: dict[str, Any]) -> None:
        """Write the last group and how the clip ends: what is sent after a crash is then just this payload."""
        records = [[_UNIT, unit.captured_at_ns, unit.is_key, unit.annexb] for unit in units]
        rest = {key: value for key, value in payload.items() if key != "units"}
        self._write([*records, [_GROUP], [_END, len(payload["units"]), rest]])

    def units(self) -> list[AccessUnit]:
        """Read what was written; raises an OSError where that fails."""
        # What stands behind was written but not forced to the disk: the caller still has it, and gives it again.
        return _read(self._path, self._path.read_bytes()[: self._size]).units if self._size else []

    def remove(self) -> None:
        """Remove it: the clip is in the spool, or lost."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, records: list[list[Any]]) -> bool:
        is_new = self._size == 0
        if is_new and records[0] is not self._begin:
            records = [self._begin, *records]
        packed = [codec.pack(record) for record in records]
        data = b"".join(part for one in packed for part in (_HEAD.pack(len(one), zlib.crc32(one)), one))
        if is_new:
            data = _MAGIC + data
        try:
            with self._path.open("ab") as file:
                file.truncate(self._size)  # what a full disk has taken half of
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                sync_folder(self._path.parent)
        except OSError as error:
            if not self._failing:
                log.warning(
                    "a clip in the making is only in memory: %s can't be written: %s", self._path, error
                )
            self._failing = True
            return False
        self._failing = False
        self._size += len(data)
        return True


@dataclass
class Found:
    """What a file holds.

    Attributes:
        id: of the message.
        trigger: as in the clip.
        started_at_ns: where the clip begins.
        units: those of whole groups of pictures.
        ending: all of the payload but its units, where the clip had ended; None where it was cut off.
    """

    id: str
    trigger: str | None
    started_at_ns: int
    units: list[AccessUnit] = field(default_factory=list)
    ending: dict[str, Any] | None = None


def left_behind(folder: Path) -> list[Path]:
    """Give the files of clips that an earlier run did not end."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def read(path: Path) -> Found:
    """Read a clip as far as it is sound.

    Raises:
        CodecError: it has no beginning that can be read, so that there is nothing in it.
        OSError: the file can't be read.
    """
    return _read(path, path.read_bytes())


def _read(path: Path, data: bytes) -> Found:
    records = _records(data)
    try:
        kind, message_id, trigger, started_at_ns = next(records)
    except (StopIteration, ValueError) as error:
        raise CodecError(f"{path} is no clip in the making") from error
    if kind != _BEGIN:
        raise CodecError(f"{path} is no clip in the making")
    found = Found(message_id, trigger, started_at_ns)
    group: list[AccessUnit] = []
    for kind, *rest in records:
        if kind == _UNIT:
            group.append(AccessUnit(*rest))
        elif kind == _GROUP:
            found.units += group
            group = []
        elif kind == _END:
            count, found.ending = rest
            found.units = found.units[:count]
    return found


def _records(data: bytes) -> Iterator[list[Any]]:
    """Give each record, up to the first that is not sound."""
    if not data.startswith(_MAGIC):
        return
    at = len(_MAGIC)
    while at + _HEAD.size <= len(data):
        length, checksum = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        packed = data[at : at + length]
        if len(packed) < length or zlib.crc32(packed) != checksum:
            return
        yield codec.unpack(packed)
        at += length
