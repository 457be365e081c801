"""The SQLite file of a spool: its tables, its queries, and what its errors mean. No thread, no policy: see `spool`."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

from picctv_core.errors import SpoolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VERSION = 1

_SCHEMA = """
CREATE TABLE messages (
    -- AUTOINCREMENT, so that a number is never given twice, also when the table was empty in between.
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    camera TEXT NOT NULL,
    plugin TEXT NOT NULL,
    kind TEXT NOT NULL,
    priority INTEGER NOT NULL,
    captured_at_ns INTEGER NOT NULL,
    from_ns INTEGER NOT NULL,
    to_ns INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    reason TEXT,               -- why it was set aside; NULL while it waits to be sent
    payload BLOB NOT NULL      -- last, so that reading the rest of a row does not read it
);
-- Answers what to send next, and how much waits, without touching the rows.
CREATE INDEX waiting ON messages (priority, sequence, id, bytes) WHERE reason IS NULL;
CREATE INDEX aside ON messages (sequence, bytes) WHERE reason IS NOT NULL;
"""

_BATCH = 64
_SHRINK_FROM_PAGES = 16_384
_SHRINK_PAGES = 10_000
"""At once: 40 MB, some tenths of a second."""


class Row(NamedTuple):
    """A message without its payload."""

    sequence: int
    id: str
    camera: str
    plugin: str
    from_ns: int
    to_ns: int
    bytes: int


def open_or_replace(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open the file, making it where there is none; a damaged one is moved aside and a fresh one made.

    Returns:
        The connection, and one line about the damage; empty where there was none.

    Raises:
        SpoolError: it can't be opened, another process uses it, or a newer picctv made it.
    """
    try:
        try:
            return _open(path), ""
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            damage = move_aside(path, str(error))
        return _open(path), damage
    except sqlite3.Error as error:
        raise explain(path, error) from error


def is_damage(error: Exception) -> bool:
    """Say whether an error means that the file itself is broken."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def disk_full(path: Path) -> SpoolError:
    """Give the error of a disk without room."""
    return SpoolError(f"the spool {path} can't be written: the disk is full; make room on it")


def explain(path: Path, error: sqlite3.Error) -> SpoolError:
    """Give SQLite's error in words for the person who runs the node."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return disk_full(path)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return SpoolError(
            f"the spool {path} is in use by another node; give each node a data directory of its own"
        )
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return SpoolError(
            f"the spool {path} can't be opened: {error}; its directory must be writable by the node"
        )
    return SpoolError(f"the spool {path} can't be used: {error}; check the disk")


def move_aside(path: Path, why: str) -> str:
    """Rename a damaged file out of the way, its journal with it, and give one line that says so.

    Raises:
        SpoolError: it can't be renamed.
    """
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.{stamp}.damaged")
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm", "-journal"):
            # A journal left behind would be replayed into the fresh file.
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise SpoolError(f"the spool {path} is damaged ({why}) and can't be moved aside: {error}") from error
    return f"the spool {path} was damaged ({why}); it is kept as {aside}, and a fresh one was made"


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do everything inside as one transaction, on the disk when this ends; undo it if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself has ended it after some errors
            connection.execute("ROLLBACK")
        raise


def insert(connection: sqlite3.Connection, values: Sequence[Any]) -> None:
    """Add a message: id, camera, plugin, kind, priority, captured_at_ns, from_ns, to_ns, bytes, payload."""
    connection.execute(
        "INSERT INTO messages (id, camera, plugin, kind, priority, captured_at_ns, from_ns, to_ns, bytes, payload)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )


def waiting(connection: sqlite3.Connection, bulk_priority: int, *, bulk: bool) -> sqlite3.Cursor:
    """Give sequence, id and bytes of what waits, the most urgent and then the oldest first."""
    condition = "priority >= ?" if bulk else "priority < ?"
    return connection.execute(
        f"SELECT sequence, id, bytes FROM messages WHERE reason IS NULL AND {condition} ORDER BY priority, sequence",  # noqa: S608 - one of two constants
        (bulk_priority,),
    )


def read(connection: sqlite3.Connection, sequence: int) -> tuple[str, str, str, str, int, int, int, bytes]:
    """Give id, camera, plugin, kind, priority, captured_at_ns, sequence and payload of a message."""
    row: tuple[str, str, str, str, int, int, int, bytes] = connection.execute(
        "SELECT id, camera, plugin, kind, priority, captured_at_ns, sequence, payload FROM messages WHERE sequence = ?",
        (sequence,),
    ).fetchone()
    return row


def payload(connection: sqlite3.Connection, message_id: str) -> bytes:
    """Give the packed payload of a message that is there."""
    found: bytes = connection.execute("SELECT payload FROM messages WHERE id = ?", (message_id,)).fetchone()[
        0
    ]
    return found


def delete(connection: sqlite3.Connection, message_id: str) -> int:
    """Remove a message, and give the bytes it had; 0 where it was not there."""
    found = connection.execute("SELECT bytes FROM messages WHERE id = ?", (message_id,)).fetchone()
    if found is None:
        return 0
    connection.execute("DELETE FROM messages WHERE id = ?", (message_id,))
    return int(found[0])


def set_aside(connection: sqlite3.Connection, message_id: str, reason: str) -> None:
    """Mark a message as never to be sent."""
    connection.execute("UPDATE messages SET reason = ? WHERE id = ?", (reason, message_id))


def least_valuable(connection: sqlite3.Connection) -> Iterator[Row]:
    """Give what may be given up, first what is the smallest loss; rows may be deleted while this runs."""
    conditions = (
        "reason IS NOT NULL",
        "reason IS NULL AND priority = 2",
        "reason IS NULL AND priority = 1",
    )
    for condition in conditions:
        last = -1
        while True:
            rows = connection.execute(
                "SELECT sequence, id, camera, plugin, from_ns, to_ns, bytes FROM messages"  # noqa: S608 - constants
                f" WHERE {condition} AND sequence > ? ORDER BY sequence LIMIT {_BATCH}",
                (last,),
            ).fetchall()
            yield from (Row(*row) for row in rows)
            if len(rows) < _BATCH:
                break
            last = rows[-1][0]


def count(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Count the messages that wait, their bytes, and the messages set aside."""
    messages, size = connection.execute(
        "SELECT count(*), coalesce(sum(bytes), 0) FROM messages INDEXED BY waiting WHERE reason IS NULL"
    ).fetchone()
    (aside,) = connection.execute("SELECT count(*) FROM messages WHERE reason IS NOT NULL").fetchone()
    return messages, size, aside


def total_bytes(connection: sqlite3.Connection) -> int:
    """Sum up the bytes of everything, what was set aside included."""
    (size,) = connection.execute("SELECT coalesce(sum(bytes), 0) FROM messages").fetchone()
    return int(size)


def shrink(connection: sqlite3.Connection, *, disk_low: bool) -> None:
    """Give free pages back to the disk: some of them where there are many, or where the disk is nearly full.

    Not to be called in a transaction.
    """
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if free <= _SHRINK_FROM_PAGES and not disk_low:
        return
    # `execute` would take one step of it, and so free one page only.
    vacuum = f"PRAGMA incremental_vacuum({_SHRINK_PAGES})"
    for script in ("PRAGMA wal_checkpoint(TRUNCATE)", vacuum, "PRAGMA wal_checkpoint(TRUNCATE)"):
        # On a full disk each of them may fail, and is still worth a try: what one frees, the next one may need.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.executescript(script)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=1, isolation_level=None)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has an effect on a new file only
        # One process owns the file: no second node can spoil it, and no shared memory is needed beside it.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # Debian's SQLite overwrites with zeros what it deletes: as much writing again, and no way out of a full disk.
        connection.execute("PRAGMA secure_delete = FAST")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise SpoolError(
                f"the spool {path} is of version {version}, this picctv knows version {VERSION}: "
                "a newer picctv made it; install that again, or move the file away"
            )
        if version == 0:
            with transaction(connection):
                for statement in _statements():
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            # Raised as SQLite itself would on meeting the damage.
            damage = sqlite3.DatabaseError(verdict)
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage
    except BaseException:
        connection.close()
        raise
    return connection


def _statements() -> Iterator[str]:
    """Split the schema; `executescript` would commit in between."""
    statement = ""
    for line in _SCHEMA.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
