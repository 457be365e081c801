"""The form of a spool's file: its tables, its versions, how it is opened, and how its damage is seen."""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
from typing import TYPE_CHECKING

from picctv_core.durable import sync_folder
from picctv_core.errors import SpoolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 3

# Whose file it is, and its version a second time: where the two differ, it is no newer version but a flipped bit.
APPLICATION = 0x5043_0000

_FIELDS = """
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
    checksum INTEGER,          -- see `_spool_file.checksum`; NULL in what version 1 wrote
    payload BLOB NOT NULL      -- last, so that reading the rest of a row does not read it
"""

_MESSAGES = f"""
CREATE TABLE messages (
    -- AUTOINCREMENT, so that a number is never given twice, also when the table was empty in between.
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,{_FIELDS})"""

# Answers what to send next and what to give up, without touching the rows. It also knows of each message whose it is and
# when: where a row is damaged, the gap is exact.
_WAITING = """
CREATE INDEX waiting ON messages (priority, sequence, id, bytes, camera, plugin, from_ns, to_ns) WHERE reason IS NULL
"""

_ASIDE = "CREATE INDEX aside ON messages (sequence, bytes) WHERE reason IS NOT NULL"

# Until when results are here or were sent: what came after that was only in memory when the node was killed.
_NEWEST = """
CREATE TABLE newest (
    camera TEXT NOT NULL,
    plugin TEXT NOT NULL,
    to_ns INTEGER NOT NULL,
    PRIMARY KEY (camera, plugin)
) WITHOUT ROWID"""

# Events that have begun and not ended, with the payload that was sent last: a killed node's next start ends them.
_OPEN_EVENTS = """
CREATE TABLE open_events (
    event_id TEXT PRIMARY KEY,
    camera TEXT NOT NULL,
    plugin TEXT NOT NULL,
    payload BLOB NOT NULL
) WITHOUT ROWID"""

_STEPS = {
    0: (_MESSAGES, _WAITING, _ASIDE, _NEWEST, _OPEN_EVENTS),
    1: (
        "ALTER TABLE messages ADD COLUMN checksum INTEGER",
        "DROP INDEX waiting",
        _WAITING,
        _NEWEST,
        _OPEN_EVENTS,
    ),
    2: (_OPEN_EVENTS,),
}
"""What leads from each version to this one."""

# What is not on the disk yet, with `spool.durability = "on-delay"`. It is a database of SQLite's own in memory, and so in the
# same transactions; the view has both. What is set aside goes to the disk first.
_HELD = f"""
CREATE TABLE held.messages (
    sequence INTEGER PRIMARY KEY,{_FIELDS},
    until_s REAL NOT NULL      -- by when it is to be acknowledged or on the disk, in monotonic seconds
)"""
_HELD_WAITING = "CREATE INDEX held.waiting ON messages (priority, sequence, id, bytes)"
_HELD_UNTIL = "CREATE INDEX held.until ON messages (until_s)"
_COLUMNS = "sequence, id, camera, plugin, kind, priority, captured_at_ns, from_ns, to_ns, bytes, reason, checksum, payload"
_EVERYTHING = f"""
CREATE TEMP VIEW everything AS
SELECT {_COLUMNS} FROM main.messages UNION ALL SELECT {_COLUMNS} FROM held.messages"""  # noqa: S608 - constants

_CHECK_BYTES = 10**9
"""A larger file is not read as a whole when the node starts: on an SD card that would take longer than ten seconds."""


def open_file(path: Path) -> sqlite3.Connection:
    """Open the spool's file, making it where there is none, or bringing it up to this version; check it.

    Raises:
        SpoolError: a newer picctv made it.
        sqlite3.Error: it can't be opened; `is_damage` says whether the file itself is broken.
    """
    is_new = not path.exists()
    connection = connect(path)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has an effect on a new file only
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # On Linux an fsync waits for the disk itself; macOS does that only where it is asked so.
        connection.execute("PRAGMA fullfsync = ON")
        # Debian's SQLite overwrites with zeros what it deletes: as much writing again, and no way out of a full disk.
        connection.execute("PRAGMA secure_delete = FAST")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_journal_pages(path)}")
        _bring_up(connection, path)
        _check(connection)
        _hold(connection)
        if is_new:
            sync_folder(path.parent)
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            # All that was asked is right: what SQLite does not know of its own file is damage, too.
            raise damage(str(error)) from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _journal_pages(path: Path) -> int:
    """Give how long the journal gets before it is written back into the file, in pages of 4 KiB.

    Pages that a clip had and the next one has again are written back once, not for each of them: 64 MB of journal save up to
    a third of all writing. A small disk has no room for that; there it is SQLite's own measure.
    """
    disk = os.statvfs(path.parent)
    return max(1000, min(16384, disk.f_blocks * disk.f_frsize // 100 // 4096))


def _hold(connection: sqlite3.Connection) -> None:
    """Make room for what is in memory only."""
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("ATTACH ':memory:' AS held")
    for statement in (_HELD, _HELD_WAITING, _HELD_UNTIL, _EVERYTHING):
        connection.execute(statement)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a file as it is; what is no UTF-8 in it is read all the same, and found by its checksum."""
    if read_only:
        address = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=5, isolation_level=None)
    else:
        connection = sqlite3.connect(path, timeout=5, isolation_level=None)
    connection.text_factory = functools.partial(str, encoding="utf-8", errors="replace")
    return connection


def damage(what: str) -> sqlite3.DatabaseError:
    """Give the error that SQLite itself would raise on meeting damage."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def is_damage(error: BaseException) -> bool:
    """Say whether an error means that the file itself is broken."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


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


def is_small(connection: sqlite3.Connection) -> bool:
    """Say whether the file may be read as a whole when the node starts."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    return bool(pages * page_bytes <= _CHECK_BYTES)


def version_of(connection: sqlite3.Connection) -> int:
    """Give the version of a file, 0 for an empty one; raises damage where it has none that can be."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    # Version 1 did not say it twice.
    if application != (APPLICATION | version if version > 1 else 0):
        raise damage(f"its header says version {version} and application {application:#x}")
    return int(version)


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    version = version_of(connection)
    if version > VERSION:
        raise SpoolError(
            f"the spool {path} is of version {version}, this picctv knows version {VERSION}: "
            "a newer picctv made it; install that again, or move the file away"
        )
    if version == VERSION:
        return
    with transaction(connection):
        for statement in _STEPS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION | VERSION}")


def _check(connection: sqlite3.Connection) -> None:
    """Read the whole file, where that does not take too long; raises damage."""
    if not is_small(connection):
        return
    # Not only `quick_check`: a message that an index does not know would never be sent.
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise damage(str(verdict).replace("\n", " "))
