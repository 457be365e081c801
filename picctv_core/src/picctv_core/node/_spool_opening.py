"""A spool's file as it is found: locked, opened, repaired where it must be, and compared with what is known of it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from picctv_core.errors import SpoolError
from picctv_core.node import _spool_file
from picctv_core.node._spool_repair import Lost, merged, repair
from picctv_core.node._spool_schema import is_damage, is_small, open_file, transaction

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.node.witness import Witness

DAMAGE_CAUSE = "the node's spool was damaged"
_BETWEEN = 2**20
"""More than a node gives numbers from one look at the spool to the next: those are not given again after a kill."""

MISSING_CAUSE = "the node's spool was removed, or what came last to it was damaged"


@dataclass
class OpenSpool:
    """An open spool.

    Attributes:
        connection: to its file.
        lines: what happened to it, a line each; to be told to people.
        lost: what is missing from it and must become gaps, with the cause.
    """

    connection: sqlite3.Connection
    lines: list[str] = field(default_factory=list)
    lost: list[tuple[Lost, str]] = field(default_factory=list)


class Lock:
    """Holds a spool for one process; the operating system gives it back when that ends, however it ends.

    Raises:
        SpoolError: another process holds it, or its folder can't be used.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SpoolError(
                f"the spool {path} can't be opened: {error.strerror}; its directory must be there and writable by the node"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise SpoolError(
                f"the spool {path} is in use by another node; give each node a data directory of its own"
            ) from error

    def release(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)


def open_spool(path: Path, witness: Witness) -> OpenSpool:
    """Open a spool that this process holds; repair it where it is damaged.

    Raises:
        SpoolError: it can't be opened or written, or a newer picctv made it.
    """
    try:
        try:
            found = OpenSpool(open_file(path))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return mend(path, str(error), witness)
        _compare(found, path, witness)
        _pass_over(found.connection, witness)
        _check_rows(found, path)
    except sqlite3.Error as error:
        raise _spool_file.explain(path, error) from error
    return found


def mend(path: Path, why: str, witness: Witness) -> OpenSpool:
    """Repair a spool that nobody has open, and open it.

    Raises:
        SpoolError: it can't be repaired.
        sqlite3.Error: the fresh file can't be written.
    """
    made = repair(path, why, witness)
    mended = OpenSpool(open_file(path), [made.describe(path)], [(lost, DAMAGE_CAUSE) for lost in made.lost])
    with transaction(mended.connection):
        _spool_file.raise_sequence(mended.connection, witness.sequence)
    _pass_over(mended.connection, witness)
    return mended


def lost_with(connection: sqlite3.Connection, row: _spool_file.Row) -> Lost:
    """Give what is lost with a row whose checksum does not fit."""
    if _spool_file.knows_its_time(row):
        return Lost(row.camera, row.plugin, row.from_ns, row.to_ns, row.bytes)
    return Lost(*_spool_file.brief(connection, row.sequence)[2:])


def _compare(found: OpenSpool, path: Path, witness: Witness) -> None:
    """See whether messages are missing that the spool once had: whoever damages the end of its journal leaves no trace."""
    last = _spool_file.last_sequence(found.connection)
    if last >= witness.sequence:
        return
    with transaction(found.connection):
        _spool_file.raise_sequence(found.connection, witness.sequence)
    found.lines.append(
        f"the spool {path} was removed, or what came last to it was damaged: "
        f"it had {witness.sequence} messages over its life, and knows of {last}"
    )
    if witness.waiting_from_ns is not None:
        from_ns = max([witness.waiting_from_ns, *_spool_file.newest(found.connection).values()])
        from_ns, to_ns = min(from_ns, witness.alive_at_ns), witness.alive_at_ns
        cameras = witness.cameras or ("",)
        found.lost += [(Lost(camera, "", from_ns, to_ns, 0), MISSING_CAUSE) for camera in cameras]


def _pass_over(connection: sqlite3.Connection, witness: Witness) -> None:
    """Give no number again that a message may have had which was in memory only."""
    if witness.given > _spool_file.last_sequence(connection):
        with transaction(connection):
            _spool_file.raise_sequence(connection, witness.given + _BETWEEN)


def _check_rows(found: OpenSpool, path: Path) -> None:
    """Set aside what does not fit its checksum, where looking at everything does not take too long."""
    if not is_small(found.connection):
        return
    damaged = [row for row in _spool_file.rows(found.connection) if not _spool_file.is_whole(row)]
    if not damaged:
        return
    lost = merged(lost_with(found.connection, row) for row in damaged)
    with transaction(found.connection):
        for row in damaged:
            _spool_file.set_aside(found.connection, row.sequence, _spool_file.DAMAGED)
    found.lost += [(one, DAMAGE_CAUSE) for one in lost]
    found.lines.append(
        f"{len(damaged)} messages in the spool {path} were damaged on the disk; they are set aside"
    )
