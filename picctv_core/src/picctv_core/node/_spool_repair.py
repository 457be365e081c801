"""A damaged spool: what is sound in it goes into a fresh file, the old one is kept aside, and the rest is told.

A message is sound when its checksum says so. Of one that is not, the file's index mostly still knows whose it was and
when; where that is unreadable too, the messages before and after it say when, and the gap is one of every camera.
"""

from __future__ import annotations

import bisect
import contextlib
import datetime as dt
import functools
import itertools
import os
import shutil
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from picctv_core.durable import sync_folder
from picctv_core.errors import SpoolError
from picctv_core.node import _spool_file
from picctv_core.node._spool_file import Brief, Row
from picctv_core.node._spool_schema import connect, open_file, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from picctv_core.node.witness import Witness

_BATCH_BYTES = 16 * 2**20
_MAX_PROBES = 1_000_000
_SEGMENT_NS = 60 * 1_000_000_000
_TOUCHING_NS = 2 * 1_000_000_000
"""Losses of one plugin so near to each other are told as one."""

_LATE_NS = 2 * 1_000_000_000
"""A message speaks of a time that is mostly no longer than this before it came: results wait for each other for a second."""


class Lost(NamedTuple):
    """A stretch of time for which messages could not be read."""

    camera: str
    plugin: str
    from_ns: int
    to_ns: int
    bytes: int


@dataclass
class Repair:
    """What became of a damaged spool.

    Attributes:
        why: what SQLite said.
        aside: where the damaged file is now.
        saved: how many messages were sound.
        unread: how many were not.
        is_all: whether it is known of all that were not.
        lost: the stretches that these were of.
    """

    why: str
    aside: Path
    saved: int = 0
    unread: int = 0
    is_all: bool = True
    lost: list[Lost] = field(default_factory=list)

    def describe(self, path: Path) -> str:
        """Give one line for people."""
        unread = f"{self.unread} could not be read" if self.is_all else "others could not be read"
        return (
            f"the spool {path} was damaged ({self.why}): {self.saved} of its messages are saved, {unread}; "
            f"the damaged file is kept as {self.aside}, remove it when you do not need it"
        )


def repair(path: Path, why: str, witness: Witness) -> Repair:
    """Put a spool with what is sound into the damaged one's place.

    A crash on the way is harmless: the damaged file has its name until the fresh one is complete.

    Raises:
        SpoolError: the files can't be made or renamed.
        sqlite3.Error: the fresh file can't be written.
    """
    fresh = path.with_name(f"{path.name}.fresh")
    aside = path.with_name(f"{path.name}.{_now()}.damaged")
    made = Repair(why, aside)
    try:
        _remove(fresh)
        connection = open_file(fresh)
        try:
            _Salvage(path, connection, witness, made).run()
        finally:
            connection.close()
        _swap(path, fresh, aside)
    except OSError as error:
        raise SpoolError(f"the spool {path} is damaged ({why}) and can't be moved aside: {error}") from error
    return made


def kept_aside(path: Path) -> list[Path]:
    """Give the damaged files that were kept, without those that belong to them."""
    return sorted(path.parent.glob(f"{path.name}.*.damaged"))


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _swap(path: Path, fresh: Path, aside: Path) -> None:
    os.link(path, aside)
    # A journal left behind would be replayed into the fresh file.
    with contextlib.suppress(FileNotFoundError):
        path.with_name(f"{path.name}-wal").rename(aside.with_name(f"{aside.name}-wal"))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    fresh.replace(path)
    sync_folder(path.parent)


class _Salvage:
    """One reading of one damaged file."""

    def __init__(self, path: Path, into: sqlite3.Connection, witness: Witness, made: Repair) -> None:
        self._path = path
        self._into = into
        self._witness = witness
        self._made = made
        self._columns = _spool_file.COLUMNS
        self._briefs: dict[int, Brief] = {}
        self._aside: set[int] = set()
        self._index_is_whole = True
        # Sequence, from and to of what was saved; what was not; and numbers near which others may be missing.
        self._saved: list[tuple[int, int, int]] = []
        self._unread: dict[int, Lost] = {}
        self._unknown: set[int] = set()
        self._seen: set[int] = set()
        self._batch: list[Row] = []
        self._last_sequence = 0

    def run(self) -> None:
        with contextlib.ExitStack() as stack:
            damaged = stack.enter_context(self._opened(self._path))
            if not _is_readable(damaged):
                # Its first page is gone, and the first page of every spool is alike: try it with another one's.
                copy = self._path.with_name(f"{self._path.name}.copy")
                stack.callback(copy.unlink, missing_ok=True)
                damaged = stack.enter_context(self._opened(self._with_first_page(copy)))
            if _is_readable(damaged):
                self._read(damaged)
            else:
                self._index_is_whole = False
        self._end()

    @contextlib.contextmanager
    def _opened(self, path: Path) -> Iterator[sqlite3.Connection]:
        connection = connect(path, read_only=True)
        try:
            # A file that is shorter than it says is read all the same.
            connection.execute("PRAGMA writable_schema = ON")
            yield connection
        finally:
            connection.close()

    def _with_first_page(self, copy: Path) -> Path:
        """Copy the damaged file, with the first page of the fresh one."""
        (page_bytes,) = self._into.execute("PRAGMA page_size").fetchone()
        self._into.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (name,) = self._into.execute("SELECT file FROM pragma_database_list").fetchone()
        if _spool_file.free_bytes(copy) > self._path.stat().st_size + _spool_file.RESERVE_BYTES:
            shutil.copyfile(self._path, copy)
            with open(name, "rb") as fresh, copy.open("r+b") as file:  # noqa: PTH123 - SQLite's own word for it
                first = bytearray(fresh.read(page_bytes))
                # How many pages there are, and that none of them is free.
                first[28:32] = (copy.stat().st_size // page_bytes).to_bytes(4, "big")
                first[32:40] = bytes(8)
                file.write(first)
        return copy

    def _read(self, damaged: sqlite3.Connection) -> None:
        try:
            damaged.execute("SELECT checksum FROM messages LIMIT 0")
        except sqlite3.Error:  # it is of version 1
            self._columns = self._columns.replace("checksum", "NULL")
        self._read_index(damaged)
        with contextlib.suppress(sqlite3.Error):
            self._last_sequence = _spool_file.last_sequence(damaged)
        for row in self._rows(damaged):
            self._take(row)
        self._write()
        with contextlib.suppress(sqlite3.Error):
            newest = _spool_file.newest(damaged)
            with transaction(self._into):
                for (camera, plugin), to_ns in newest.items():
                    _spool_file.note_newest(self._into, camera, plugin, to_ns)
        with contextlib.suppress(sqlite3.Error):
            events = damaged.execute("SELECT * FROM open_events").fetchall()
            with transaction(self._into):
                self._into.executemany("INSERT OR IGNORE INTO open_events VALUES (?, ?, ?, ?)", events)
        for brief in self._briefs.values():
            if brief.sequence not in self._seen:
                self._miss(brief.sequence, self._believed(brief))

    def _read_index(self, damaged: sqlite3.Connection) -> None:
        columns = ", ".join(Brief._fields)
        # All of it, from one end to the other: looking something up would trust its inner pages more.
        query = f"SELECT priority, {columns} FROM messages INDEXED BY waiting WHERE reason IS NULL ORDER BY priority, sequence"  # noqa: S608
        last = (-1, 0)
        try:
            for priority, *found in damaged.execute(query):
                brief = Brief(*found)
                if not (
                    isinstance(priority, int)
                    and isinstance(brief.sequence, int)
                    and last < (priority, brief.sequence)
                ):
                    self._index_is_whole = False
                    continue
                last = priority, brief.sequence
                self._briefs[brief.sequence] = brief
        except sqlite3.Error:
            self._index_is_whole = False
        try:
            found = damaged.execute("SELECT sequence FROM messages INDEXED BY aside WHERE reason IS NOT NULL")
            self._aside.update(sequence for (sequence,) in found)
        except sqlite3.Error:
            self._index_is_whole = False

    def _rows(self, damaged: sqlite3.Connection) -> Iterator[Row]:
        """Read the table: from its beginning as far as it can be read, and then message by message."""
        last = 0
        with contextlib.suppress(sqlite3.Error):
            query = f"SELECT {self._columns} FROM messages NOT INDEXED ORDER BY sequence"  # noqa: S608 - constants
            for found in damaged.execute(query):
                row = Row(*found)
                self._seen.add(row.sequence)
                last = row.sequence
                yield row
            return
        for sequence in self._candidates(last):
            try:
                found = damaged.execute(
                    f"SELECT {self._columns} FROM messages NOT INDEXED WHERE sequence = ?",  # noqa: S608
                    (sequence,),
                ).fetchone()
            except sqlite3.Error:
                continue
            if found is not None:
                self._seen.add(sequence)
                yield Row(*found)

    def _candidates(self, last: int) -> Iterable[int]:
        """Give the numbers that messages beyond the last readable one may have."""
        known = {sequence for sequence in (*self._briefs, *self._aside) if sequence > last}
        if self._index_is_whole:
            return sorted(known)
        end = max(self._last_sequence, self._witness.sequence, last)
        return sorted(known | set(range(last + 1, min(end, last + _MAX_PROBES) + 1)))

    def _take(self, row: Row) -> None:
        """Keep a message that is sound; note what is known of one that is not."""
        room = _spool_file.free_bytes(self._path) - sum(len(one.payload) for one in self._batch)
        if row.reason is None and row.sequence not in self._briefs:
            self._index_is_whole = False  # it has lost something without SQLite's seeing it
        if _spool_file.is_whole(row) and room > 2 * len(row.payload) + _spool_file.RESERVE_BYTES:
            self._batch.append(row)
            self._saved.append((row.sequence, row.from_ns, row.to_ns))
            if sum(len(one.payload) for one in self._batch) >= _BATCH_BYTES or len(self._batch) >= 1000:
                self._write()
        elif _spool_file.knows_its_time(row):
            self._miss(row.sequence, Lost(row.camera, row.plugin, row.from_ns, row.to_ns, row.bytes))
        else:
            brief = self._briefs.get(row.sequence)
            self._miss(row.sequence, self._believed(brief) if brief is not None else None)

    def _miss(self, sequence: int, lost: Lost | None) -> None:
        if lost is None:
            self._unknown.add(sequence)
        else:
            self._unread[sequence] = lost

    def _write(self) -> None:
        with transaction(self._into):
            for row in self._batch:
                _spool_file.insert_as_it_was(self._into, row)
        self._batch.clear()

    def _believed(self, brief: Brief) -> Lost | None:
        """Take what the index says, unless it can't be: it has no checksum."""
        lost = Lost(*brief[2:])
        if not all(isinstance(number, int) for number in lost[2:]) or lost.bytes < 0:
            return None
        # Not long after the last sign of life, and not long before.
        near = abs(lost.to_ns - self._witness.alive_at_ns) < 10**18
        known = not self._witness.cameras or lost.camera in {"", *self._witness.cameras}
        return lost if near and known and lost.from_ns <= lost.to_ns else None

    @functools.cached_property
    def _longest_ns(self) -> int:
        """Give how much earlier than when it came a message may begin: it may be a clip."""
        return max([_SEGMENT_NS, *(to_ns - from_ns for _, from_ns, to_ns in self._saved)])

    def _end(self) -> None:
        """Count, and find for each loss its stretch of time."""
        top = max([self._last_sequence, *(sequence for sequence, _, _ in self._saved)])
        with transaction(self._into):
            _spool_file.raise_sequence(self._into, top)
        self._saved.sort()
        self._note_holes(top)
        self._made.saved = len(self._saved)
        self._made.unread = len(self._unread)
        self._made.is_all = not self._unknown
        stretches = {self._around(sequence) for sequence in self._unknown}
        cameras = self._witness.cameras or ("",)
        lost = [Lost(camera, "", *stretch, 0) for stretch in stretches for camera in cameras]
        self._made.lost = merged([*self._unread.values(), *lost])

    def _note_holes(self, top: int) -> None:
        """Note where numbers are missing, if nothing says that what was there had been sent before."""
        saved, witness = self._saved, self._witness
        if top < witness.sequence and witness.waiting_from_ns is not None:
            self._unknown.add(witness.sequence)
        if self._index_is_whole:
            return
        if witness.waiting_from_ns is not None and (not saved or witness.waiting_from_ns < saved[0][1]):
            self._unknown.add(saved[0][0] - 1 if saved else witness.sequence)
        ends = [*(sequence for sequence, _, _ in saved), max(top, witness.sequence) + 1]
        self._unknown.update(before + 1 for before, after in itertools.pairwise(ends) if after > before + 1)

    @functools.cached_property
    def _newest_ns(self) -> list[int]:
        """Give for each number of messages saved, from none on, how far into time the first so many reach."""
        return list(itertools.accumulate((to_ns for _, _, to_ns in self._saved), max, initial=0))

    def _around(self, sequence: int) -> tuple[int, int]:
        """Give a stretch of time for a message of which nothing is known: from the one before to one after it.

        It came before those after it, but they need not speak of a later time: one that speaks of a time before that of
        earlier ones says nothing of when it came.
        """
        place = bisect.bisect(self._saved, (sequence,))
        before, after = self._saved[max(0, place - 1) : place], self._saved[place : place + 1]
        newest_ns = self._newest_ns[place]
        later = (to_ns + _LATE_NS for _, _, to_ns in self._saved[place:] if to_ns >= newest_ns)
        witness = self._witness
        first_ns = witness.alive_at_ns if witness.waiting_from_ns is None else witness.waiting_from_ns
        from_ns = (
            before[0][1] - self._longest_ns if before else min([first_ns, *(saved[1] for saved in after)])
        )
        return from_ns, max(from_ns, next(later, witness.alive_at_ns))


def merged(lost: Iterable[Lost]) -> list[Lost]:
    """Make one stretch of those of one camera and plugin that touch."""
    found: list[Lost] = []
    for one in sorted(lost):
        last = found[-1] if found else None
        if last is not None and last[:2] == one[:2] and one.from_ns <= last.to_ns + _TOUCHING_NS:
            found[-1] = last._replace(to_ns=max(last.to_ns, one.to_ns), bytes=last.bytes + one.bytes)
        else:
            found.append(one)
    return found


def _is_readable(damaged: sqlite3.Connection) -> bool:
    try:
        damaged.execute("SELECT payload FROM messages LIMIT 0")
    except sqlite3.Error:
        return False
    return True
