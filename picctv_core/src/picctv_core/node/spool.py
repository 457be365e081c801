"""The node's store of messages that no server has acknowledged yet: one SQLite file.

A message is on the disk when `Spool.append` returns. One thread owns the database; what several threads ask of it at
the same time goes into one transaction, and so they share one fsync. Whoever can't wait gets a future. Nothing leaves the spool without a word: what is
given up for want of room leaves a gap in its place.
"""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from picctv_core import codec
from picctv_core.errors import SpoolError
from picctv_core.messages import GAP, NOTIFICATION, gap_payload, new_id, notification_payload, priority
from picctv_core.node import _spool_file
from picctv_core.node.losses import Losses, span_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from picctv_core.clock import Clock

log = logging.getLogger(__name__)

DEFAULT_MAX_BYTES = 10 * 10**9

QUOTA_CAUSE = "the node's spool was full: the server was away for too long, or is too slow"
DISK_FULL_CAUSE = "the node's disk was full"

RESERVE_BYTES = 16 * 2**20
"""Room on the disk that the spool leaves free: SQLite needs some to delete, and so does whoever is to make more."""

BULK_PRIORITY = 2
"""Messages of this priority (video) are taken apart from the small ones, so that these need not wait for them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in the spool; the payload is packed."""

    id: str
    camera: str
    plugin: str
    kind: str
    priority: int
    captured_at_ns: int
    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Stats:
    """What waits in the spool: how many messages, how many bytes of payload, how many were set aside."""

    messages: int
    bytes: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    done: Future[Any]


@dataclass(frozen=True, slots=True)
class _New:
    """A message on its way into the spool."""

    id: str
    camera: str
    plugin: str
    kind: str
    captured_at_ns: int
    from_ns: int
    to_ns: int
    payload: bytes


class Spool:
    """The spool of one node.

    Args:
        path: the database file; made where it is not there.
        clock: gives the time of notifications about the spool itself.
        max_bytes: how many bytes of payload may wait. Beyond it the oldest video goes first, then the oldest of the
            rest; gaps and notifications stay.
        on_append: called after each commit that added messages, on the spool's thread; must not block.

    Raises:
        SpoolError: the file can't be made or opened, another node uses it, or a newer picctv made it.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        on_append: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.on_append = on_append
        self._clock = clock
        self._losses = Losses()
        self._taken: set[str] = set()
        self._quota_gaps: dict[tuple[str, str], str] = {}
        self._bytes = 0
        self._added = False
        self._closed = False
        self._failing = False
        self._disk_low = False
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="spool", daemon=True)
        self._thread.start()
        ready.result()

    # What the node asks of it ------------------------------------------------------------------------------------

    def append(self, *, camera: str, plugin: str, kind: str, payload: Any, captured_at_ns: int) -> str:
        """Store a message durably, and give its id.

        Raises:
            CodecError: the payload is no plain data.
            SpoolError: the disk is full, or broken. The message is lost then, and a gap will say so.
        """
        return self.post(
            camera=camera, plugin=plugin, kind=kind, payload=payload, captured_at_ns=captured_at_ns
        ).result()

    def post(self, *, camera: str, plugin: str, kind: str, payload: Any, captured_at_ns: int) -> Future[str]:
        """Store a message without waiting for the disk; the future gives its id, or raises as `append` does."""
        from_ns, to_ns = span_of(kind, payload, captured_at_ns)
        new = _New(new_id(), camera, plugin, kind, captured_at_ns, from_ns, to_ns, codec.pack(payload))

        def work(connection: sqlite3.Connection) -> str:
            # Twice, for it is written into the journal first. What is small and urgent may use the reserve.
            full = self._disk_low or not self._has_room(2 * len(new.payload))
            if full and priority(kind) > 0:
                self._disk_low = True
                raise _spool_file.disk_full(self.path)
            self._insert(connection, new)
            self._keep_quota(connection)
            return new.id

        def account(done: Future[str]) -> None:
            if done.exception() is not None:
                self._losses.add((camera, plugin), from_ns, to_ns, len(new.payload))

        future = self._submit(work)
        future.add_done_callback(account)
        return future

    def take(self, limit_bytes: int, *, bulk: bool, at_least_one: bool = True) -> Future[list[Stored]]:
        """Give messages that wait to be sent, the most urgent first, and in the order of their making.

        What was taken is not given again until `release`.

        Args:
            limit_bytes: how many bytes of payload they may have in all.
            bulk: whether video is meant, or all the rest.
            at_least_one: whether a single message may be larger than the limit.
        """

        def work(connection: sqlite3.Connection) -> list[Stored]:
            left, found = limit_bytes, list[Stored]()
            for sequence, message_id, size in _spool_file.waiting(connection, BULK_PRIORITY, bulk=bulk):
                if message_id in self._taken:
                    continue
                if size > left and not (at_least_one and not found):
                    break
                found.append(Stored(*_spool_file.read(connection, sequence)))
                left -= size
            self._taken.update(stored.id for stored in found)
            # What is on its way can't be widened any more.
            self._quota_gaps = {key: gap for key, gap in self._quota_gaps.items() if gap not in self._taken}
            return found

        return self._submit(work)

    def release(self) -> Future[None]:
        """Let `take` give everything again: the connection is gone, and nobody knows what arrived."""
        return self._submit(lambda _: self._taken.clear())

    def delete(self, ids: Iterable[str]) -> Future[None]:
        """Forget messages that a server has stored; they stay where the future raises a `SpoolError`."""
        acknowledged = list(ids)

        def work(connection: sqlite3.Connection) -> None:
            for message_id in acknowledged:
                self._bytes -= _spool_file.delete(connection, message_id)
            self._taken.difference_update(acknowledged)

        return self._submit(work)

    def set_aside(self, message_id: str, reason: str) -> Future[None]:
        """Keep a message that no server will ever accept, and don't send it again."""

        def work(connection: sqlite3.Connection) -> None:
            _spool_file.set_aside(connection, message_id, reason)
            self._taken.discard(message_id)

        return self._submit(work)

    def stats(self) -> Future[Stats]:
        """Count what waits."""
        return self._submit(lambda connection: Stats(*_spool_file.count(connection)))

    def close(self) -> None:
        """Write what is open, and close the file. Whoever asks anything afterwards gets a `SpoolError`."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    # The thread that owns the database ---------------------------------------------------------------------------

    def _submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        done: Future[T] = Future()
        if self._closed:
            done.set_exception(SpoolError(f"the spool {self.path} is closed"))
        else:
            self._jobs.put(_Job(work, done))
        return done

    def _run(self, ready: Future[None]) -> None:
        try:
            connection, damage = _spool_file.open_or_replace(self.path)
            self._adopt(connection, damage)
        except SpoolError as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        last = False
        while not last:
            jobs, last = self._next_jobs()
            connection = self._work_off(connection, jobs)
            _spool_file.shrink(connection, disk_low=self._disk_low)
            self._disk_low = self._disk_low and not self._has_room(RESERVE_BYTES)
            if not self._disk_low:  # it is to be one gap, and not one for each loss
                self._write_losses(connection)
            if self._added:
                self._added = False
                self.on_append()
        self._write_losses(connection)
        connection.close()
        self._refuse_the_rest()

    def _next_jobs(self) -> tuple[list[_Job], bool]:
        """Wait for a job, and give all that are there by then; and whether they are the last."""
        jobs: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            if job.done.set_running_or_notify_cancel():
                jobs.append(job)
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _refuse_the_rest(self) -> None:
        while not self._jobs.empty():
            if (job := self._jobs.get_nowait()) is not None:
                job.done.set_exception(SpoolError(f"the spool {self.path} is closed"))

    def _work_off(self, connection: sqlite3.Connection, jobs: list[_Job]) -> sqlite3.Connection:
        """Do the jobs in one transaction; one by one where that fails, so that one failure is one job's."""
        if not jobs:
            return connection
        before = self._bytes, self._taken.copy(), self._quota_gaps.copy()
        try:
            results = self._transact(connection, jobs)
        except Exception as error:  # noqa: BLE001 - whoever asked for the job gets it
            self._bytes, self._taken, self._quota_gaps = before
            if _spool_file.is_damage(error):
                return self._start_afresh(connection, jobs, error)
            if len(jobs) > 1:
                for job in jobs:
                    connection = self._work_off(connection, [job])
            else:
                jobs[0].done.set_exception(self._explain(error))
            return connection
        for job, result in zip(jobs, results, strict=True):
            job.done.set_result(result)
        return connection

    def _transact(self, connection: sqlite3.Connection, jobs: list[_Job]) -> list[Any]:
        with _spool_file.transaction(connection):
            return [job.work(connection) for job in jobs]

    def _insert(self, connection: sqlite3.Connection, new: _New) -> None:
        _spool_file.insert(
            connection,
            (
                new.id,
                new.camera,
                new.plugin,
                new.kind,
                priority(new.kind),
                new.captured_at_ns,
                new.from_ns,
                new.to_ns,
                len(new.payload),
                new.payload,
            ),
        )
        self._bytes += len(new.payload)
        self._added = True

    def _has_room(self, size: int) -> bool:
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize >= size + RESERVE_BYTES

    def _keep_quota(self, connection: sqlite3.Connection) -> None:
        """Give up the oldest of the lowest value until the rest fits, and note it as gaps."""
        if self._bytes <= self.max_bytes:
            return
        given_up = Losses()
        for row in _spool_file.least_valuable(connection):
            if self._bytes <= self.max_bytes:
                break
            if row.id not in self._taken:  # it is on its way, and may be stored already
                self._bytes -= _spool_file.delete(connection, row.id)
                given_up.add((row.camera, row.plugin), row.from_ns, row.to_ns, row.bytes)
        for key, (from_ns, to_ns, lost_bytes) in given_up.items():
            self._note_given_up(connection, key, from_ns, to_ns, lost_bytes)

    def _note_given_up(
        self, connection: sqlite3.Connection, key: tuple[str, str], from_ns: int, to_ns: int, lost_bytes: int
    ) -> None:
        """Widen the gap that waits already for this camera and plugin, or make one."""
        if (gap_id := self._quota_gaps.get(key)) is None:
            log.warning("%s: %s; the oldest is given up", key[0] or "the node", QUOTA_CAUSE)
        else:
            gap = codec.unpack(_spool_file.payload(connection, gap_id))
            from_ns, to_ns = min(from_ns, gap["from_ns"]), max(to_ns, gap["to_ns"])
            lost_bytes += gap["bytes"]
            self._bytes -= _spool_file.delete(connection, gap_id)
        new = self._gap(key, from_ns, to_ns, QUOTA_CAUSE, lost_bytes)
        self._insert(connection, new)
        self._quota_gaps[key] = new.id

    def _gap(self, key: tuple[str, str], from_ns: int, to_ns: int, cause: str, lost_bytes: int) -> _New:
        payload = gap_payload(from_ns, to_ns, cause, lost_bytes)
        return _New(new_id(), *key, GAP, from_ns, from_ns, to_ns, codec.pack(payload))

    def _write_losses(self, connection: sqlite3.Connection) -> None:
        """Turn what a full disk has cost into gaps, now that there may be room again."""
        if not (losses := self._losses.items()):
            return
        before = self._bytes
        try:
            with _spool_file.transaction(connection):
                for key, (from_ns, to_ns, lost_bytes) in losses:
                    self._insert(connection, self._gap(key, from_ns, to_ns, DISK_FULL_CAUSE, lost_bytes))
        except sqlite3.Error as error:
            self._bytes = before
            log.debug("gaps could not be written yet: %s", error)
        else:
            self._losses.clear()
            self._failing = False
            log.warning("the spool %s can be written again; what was lost stands as a gap", self.path)

    def _explain(self, error: Exception) -> Exception:
        if not isinstance(error, (sqlite3.Error, SpoolError)):
            return error
        explained = error if isinstance(error, SpoolError) else _spool_file.explain(self.path, error)
        if not self._failing:
            self._failing = True
            log.error("%s", explained)
        return explained

    # Damage ------------------------------------------------------------------------------------------------------

    def _adopt(self, connection: sqlite3.Connection, damage: str) -> None:
        """Take over a database just opened; say what became of the one before, if that was damaged."""
        self._bytes = _spool_file.total_bytes(connection)
        self._taken.clear()
        self._quota_gaps.clear()
        if damage:
            log.error("%s", damage)
            payload = notification_payload("error", "The node's spool was damaged", damage)
            now_ns = self._clock.now_ns()
            new = _New(new_id(), "", "", NOTIFICATION, now_ns, now_ns, now_ns, codec.pack(payload))
            with _spool_file.transaction(connection):
                self._insert(connection, new)

    def _start_afresh(
        self, connection: sqlite3.Connection, jobs: list[_Job], error: Exception
    ) -> sqlite3.Connection:
        connection.close()
        try:
            damage = _spool_file.move_aside(self.path, str(error))
            fresh, _ = _spool_file.open_or_replace(self.path)
            self._adopt(fresh, damage)
        except (SpoolError, sqlite3.Error) as second:
            explained = second if isinstance(second, SpoolError) else _spool_file.explain(self.path, second)
            for job in jobs:
                job.done.set_exception(explained)
            return connection
        return self._work_off(fresh, jobs)
