"""The messages of a spool that are in memory only: with durability on delay, those that may still be acknowledged in time.

They are in the same connection and so in the same transactions as the file; `_spool_file` reads both through one view. With
durability always there are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from picctv_core.messages import EVENT, RESULTS
from picctv_core.node import _spool_file
from picctv_core.node._spool_file import COLUMNS, Row

if TYPE_CHECKING:
    import sqlite3


_TABLE = "held.messages"


class Held(NamedTuple):
    """A message in memory, and by when it is to be acknowledged or on the disk, in monotonic seconds."""

    row: Row
    until_s: float


def add(connection: sqlite3.Connection, held: Held) -> bool:
    """Add a message that has its number; say whether it was new: an id that is there already is kept as it is."""
    row = held.row
    if row.kind == EVENT:
        # On the disk at once: the server may hear of the event, and then the next start has to end it.
        _spool_file.note_event(connection, row)
    if _spool_file.sequence_of(connection, row.id) >= 0:
        return False
    connection.execute(
        f"INSERT INTO held.messages ({COLUMNS}, until_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (*row._replace(checksum=_spool_file.checksum(row)), held.until_s),
    )
    return True


def first_until_s(connection: sqlite3.Connection) -> float | None:
    """Give when the first of them is due; None where there are none."""
    (until_s,) = connection.execute("SELECT min(until_s) FROM held.messages").fetchone()
    return None if until_s is None else float(until_s)


def count(connection: sqlite3.Connection) -> tuple[int, int]:
    """Count them, and their bytes."""
    messages, size = connection.execute(
        "SELECT count(*), coalesce(sum(bytes), 0) FROM held.messages"
    ).fetchone()
    return messages, size


def delete(connection: sqlite3.Connection, message_id: str) -> int:
    """Remove one, and give the bytes it had; 0 where it was not there."""
    return _spool_file.delete(connection, message_id, _TABLE)


def everything(connection: sqlite3.Connection) -> list[Held]:
    """Give all of them, the oldest first."""
    found = connection.execute(f"SELECT {COLUMNS}, until_s FROM held.messages ORDER BY sequence")  # noqa: S608
    return [Held(Row(*row), until_s) for *row, until_s in found]


def rewrite(connection: sqlite3.Connection, row: Row) -> None:
    """Put a message in place of the one with its number, if that is here."""
    _spool_file.rewrite(connection, row, _TABLE)


def to_disk(connection: sqlite3.Connection, sequence: int | None = None) -> int:
    """Write the one with a number, or all of them, to the file, and give their bytes; they keep their numbers."""
    _, before = count(connection)
    which, values = ("1", ()) if sequence is None else ("sequence = ?", (sequence,))
    connection.execute(
        f"INSERT INTO main.messages ({COLUMNS}) SELECT {COLUMNS} FROM held.messages WHERE {which} ORDER BY sequence",  # noqa: S608
        values,
    )
    for camera, plugin, to_ns in connection.execute(
        f"SELECT camera, plugin, max(to_ns) FROM held.messages WHERE kind = ? AND {which} GROUP BY camera, plugin",  # noqa: S608
        (RESULTS, *values),
    ).fetchall():
        _spool_file.note_newest(connection, camera, plugin, to_ns)
    connection.execute(f"DELETE FROM held.messages WHERE {which}", values)  # noqa: S608
    return before - count(connection)[1]
