"""What is asked of a spool's file, and what its errors mean. No thread, no policy: see `spool`."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from picctv_core import codec
from picctv_core.errors import CodecError, SpoolError
from picctv_core.messages import EVENT, RESULTS
from picctv_core.node._spool_schema import damage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RESERVE_BYTES = 16 * 2**20
"""Room on the disk that the spool leaves free: SQLite needs some to delete, and so does whoever is to make more."""

DEFAULT_MIN_FREE_BYTES = 200 * 10**6
"""Of free disk; on a small one a tenth of it."""

DAMAGED = "its bytes were damaged on the node's disk"
"""The reason of a message that was set aside because its checksum does not fit; it is never sent again."""

_BATCH = 64
_SHRINK_FROM_PAGES = 16_384
_SHRINK_PAGES = 10_000
"""At once: 40 MB, some tenths of a second."""


class Row(NamedTuple):
    """A message in the file; the payload is packed. `sequence` is 0 until it has its number."""

    sequence: int
    id: str
    camera: str
    plugin: str
    kind: str
    priority: int
    captured_at_ns: int
    from_ns: int
    to_ns: int
    bytes: int
    reason: str | None
    checksum: int | None
    payload: Any  # bytes, in a file that is sound


class Brief(NamedTuple):
    """What the file's index knows of a message that waits."""

    sequence: int
    id: str
    camera: str
    plugin: str
    from_ns: int
    to_ns: int
    bytes: int


_BRIEF = ", ".join(Brief._fields)
COLUMNS = ", ".join(Row._fields)


def checksum(row: Row) -> int:
    """Give 31 bits of the CRC-32 of a message's envelope and, in the lower half, the CRC-32 of its payload."""
    envelope = "\n".join(map(str, row[1:10]))
    return (zlib.crc32(envelope.encode(errors="replace")) & 0x7FFF_FFFF) << 32 | zlib.crc32(row.payload)


def is_whole(row: Row) -> bool:
    """Say whether a message is as it was written, as far as can be known."""
    if not isinstance(row.payload, bytes):
        return False
    if row.checksum is not None:
        return row.checksum == checksum(row)
    try:
        codec.unpack(row.payload)
    except CodecError:
        return False
    return len(row.payload) == row.bytes


def knows_its_time(row: Row) -> bool:
    """Say whether the envelope of a message that is damaged is as it was written."""
    whole = row._replace(payload=b"")
    return isinstance(row.checksum, int) and row.checksum >> 32 == checksum(whole) >> 32


def disk_full(path: Path) -> SpoolError:
    """Give the error of a disk without room."""
    return SpoolError(f"the spool {path} can't be written: the disk is full; make room on it")


def explain(path: Path, error: sqlite3.Error) -> SpoolError:
    """Give SQLite's error in words for the person who runs the node."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return disk_full(path)
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return SpoolError(
            f"the spool {path} can't be opened: {error}; its directory must be writable by the node"
        )
    if code == sqlite3.SQLITE_IOERR and free_bytes(path) < RESERVE_BYTES:
        return disk_full(path)
    return SpoolError(f"the spool {path} can't be used: {error}; check the disk")


def free_bytes(path: Path) -> int:
    """Give the room on the disk of the spool that the node's user may fill."""
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize


def default_min_free(path: Path) -> int:
    """Give the room that the spool's disk keeps where nobody has said how much."""
    disk = os.statvfs(path.parent)
    return min(DEFAULT_MIN_FREE_BYTES, disk.f_blocks * disk.f_frsize // 10)


def insert(connection: sqlite3.Connection, row: Row) -> bool:
    """Add a message to the file, under the next number where it has none yet; say whether it was new.

    An id that is there already is kept as it is.
    """
    values = (row.sequence or None, *row._replace(checksum=checksum(row))[1:])
    added = connection.execute(
        f"INSERT OR IGNORE INTO messages ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        values,
    )
    if row.kind == EVENT:
        note_event(connection, row)
    if row.kind == RESULTS:
        note_newest(connection, row.camera, row.plugin, row.to_ns)
    return added.rowcount == 1


def insert_as_it_was(connection: sqlite3.Connection, row: Row) -> None:
    """Add a message of another spool, with the number that it had there."""
    connection.execute(
        f"INSERT OR IGNORE INTO messages ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        row,
    )


def rewrite(connection: sqlite3.Connection, row: Row, table: str = "main.messages") -> None:
    """Put a message in place of the one with its number, if that is in the file, or in another table."""
    values = row._replace(checksum=checksum(row))
    sets = ", ".join(f"{name} = ?" for name in Row._fields)
    connection.execute(f"UPDATE {table} SET {sets} WHERE sequence = ?", (*values, row.sequence))  # noqa: S608


def waiting(connection: sqlite3.Connection, priority: int, after: int) -> sqlite3.Cursor:
    """Give sequence, id and bytes of what waits of a priority, the oldest first, from behind a sequence number on."""
    return connection.execute(
        "SELECT sequence, id, bytes FROM everything WHERE reason IS NULL AND priority = ? AND sequence > ?"
        " ORDER BY sequence",
        (priority, after),
    )


def read(connection: sqlite3.Connection, sequence: int) -> Row:
    """Give a message that an index knows; raises damage where it is not there."""
    found = connection.execute(f"SELECT {COLUMNS} FROM everything WHERE sequence = ?", (sequence,)).fetchone()  # noqa: S608
    if found is None:
        raise damage(f"message {sequence} stands in the index alone")
    return Row(*found)


def numbers_after(connection: sqlite3.Connection, sequence: int) -> list[int]:
    """Give the numbers of messages that wait and are larger than one."""
    found = connection.execute(
        "SELECT sequence FROM everything WHERE reason IS NULL AND sequence > ? ORDER BY sequence", (sequence,)
    )
    return [number for (number,) in found]


def rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Give all messages that wait, one after another."""
    for found in connection.execute(f"SELECT {COLUMNS} FROM messages WHERE reason IS NULL ORDER BY sequence"):  # noqa: S608
        yield Row(*found)


def payload(connection: sqlite3.Connection, message_id: str) -> bytes:
    """Give the packed payload of a message that is there."""
    (found,) = connection.execute("SELECT payload FROM everything WHERE id = ?", (message_id,)).fetchone()
    return bytes(found)


def delete(connection: sqlite3.Connection, message_id: str, table: str = "main.messages") -> int:
    """Remove a message from the file, or from another table, and give the bytes it had; 0 where it was not there."""
    found = connection.execute(f"DELETE FROM {table} WHERE id = ? RETURNING bytes", (message_id,)).fetchall()  # noqa: S608
    return int(found[0][0]) if found else 0


def sequence_of(connection: sqlite3.Connection, message_id: str) -> int:
    """Give the number of a message; -1 where it is not there."""
    found = connection.execute("SELECT sequence FROM everything WHERE id = ?", (message_id,)).fetchone()
    return found[0] if found is not None else -1


def brief(connection: sqlite3.Connection, sequence: int) -> Brief:
    """Give what the index knows of a message that waits; the row itself is not looked at."""
    found = connection.execute(
        f"SELECT {_BRIEF} FROM messages INDEXED BY waiting WHERE reason IS NULL AND sequence = ?",  # noqa: S608
        (sequence,),
    ).fetchone()
    return Brief(*found)


def set_aside(connection: sqlite3.Connection, sequence: int, reason: str) -> None:
    """Mark a message in the file as never to be sent."""
    connection.execute("UPDATE messages SET reason = ? WHERE sequence = ?", (reason, sequence))


def least_valuable(connection: sqlite3.Connection, *, on_disk: bool) -> Iterator[Brief]:
    """Give what may be given up, first what is the smallest loss; rows may be deleted while this runs.

    Args:
        connection: to the spool.
        on_disk: whether only that is meant which takes room on the disk.
    """
    messages = "messages" if on_disk else "everything"
    conditions = (
        "reason IS NOT NULL",
        "reason IS NULL AND priority = 2",
        "reason IS NULL AND priority = 1",
    )
    for condition in conditions:
        last = -1
        while True:
            found = connection.execute(
                f"SELECT {_BRIEF} FROM {messages} WHERE {condition} AND sequence > ? ORDER BY sequence LIMIT {_BATCH}",  # noqa: S608 - constants
                (last,),
            ).fetchall()
            yield from (Brief(*row) for row in found)
            if len(found) < _BATCH:
                break
            last = found[-1][0]


def count(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Count the messages that wait, their bytes, and the messages set aside."""
    messages, size = connection.execute(
        "SELECT count(*), coalesce(sum(bytes), 0) FROM messages INDEXED BY waiting WHERE reason IS NULL"
    ).fetchone()
    (aside,) = connection.execute("SELECT count(*) FROM messages WHERE reason IS NOT NULL").fetchone()
    return messages, size, aside


def total_bytes(connection: sqlite3.Connection) -> int:
    """Sum up the bytes of everything in the file, what was set aside included."""
    (size,) = connection.execute("SELECT coalesce(sum(bytes), 0) FROM messages").fetchone()
    return int(size)


def last_sequence(connection: sqlite3.Connection) -> int:
    """Give the largest number that is known to the file, whether its message is still there or not; 0 for none."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
    return found[0] if found is not None else 0


def raise_sequence(connection: sqlite3.Connection, sequence: int) -> None:
    """Give no number up to this one again."""
    if connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'messages'").fetchone() is None:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('messages', 0)")
    connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'messages'", (sequence,))


def oldest_ns(connection: sqlite3.Connection) -> int | None:
    """Give from when on there is something in the file that waits; None where nothing does."""
    firsts = [
        connection.execute(
            "SELECT from_ns FROM messages WHERE reason IS NULL AND priority = ? ORDER BY sequence LIMIT 1",
            (priority,),
        ).fetchone()
        for priority in range(3)
    ]
    return min((found[0] for found in firsts if found is not None), default=None)


def newest(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Give until when there are or were results, of each camera and plugin."""
    found = connection.execute("SELECT camera, plugin, to_ns FROM newest")
    return {(camera, plugin): to_ns for camera, plugin, to_ns in found}


def note_newest(connection: sqlite3.Connection, camera: str, plugin: str, to_ns: int) -> None:
    """Note until when there are results."""
    connection.execute(
        "INSERT INTO newest VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET to_ns = excluded.to_ns WHERE excluded.to_ns > to_ns",
        (camera, plugin, to_ns),
    )


def open_events(connection: sqlite3.Connection) -> list[tuple[str, str, bytes]]:
    """Give camera, plugin and packed payload of each event that has not ended."""
    return connection.execute("SELECT camera, plugin, payload FROM open_events ORDER BY event_id").fetchall()


def note_event(connection: sqlite3.Connection, row: Row) -> None:
    """Note in the file whether an event is open, by a message of the kind ``event``."""
    event = codec.unpack(row.payload)
    event_id = event.get("event_id")
    if event["ended_at_ns"] is not None:
        connection.execute("DELETE FROM open_events WHERE event_id = ?", (event_id,))
    elif isinstance(event_id, str):
        values = (event_id, row.camera, row.plugin, row.payload)
        connection.execute("INSERT OR REPLACE INTO open_events VALUES (?, ?, ?, ?)", values)


def spare_bytes(connection: sqlite3.Connection) -> int:
    """Give the room in the file that new messages can take without making it larger."""
    (pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * page_bytes)


def shrink(connection: sqlite3.Connection, *, disk_low: bool) -> None:
    """Give free pages back to the disk: some of them where there are many, or where the disk is nearly full.

    Not to be called in a transaction.
    """
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if not disk_low:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        # As long as most of the file is in use, what is at its end has to be moved for each page that is given back, and
        # messages wait for that.
        if free <= max(_SHRINK_FROM_PAGES, pages // 2):
            return
    # `execute` would take one step of it, and so free one page only.
    vacuum = f"PRAGMA incremental_vacuum({_SHRINK_PAGES})"
    for script in ("PRAGMA wal_checkpoint(TRUNCATE)", vacuum, "PRAGMA wal_checkpoint(TRUNCATE)"):
        # On a full disk each of them may fail, and is still worth a try: what one frees, the next one may need.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.executescript(script)
