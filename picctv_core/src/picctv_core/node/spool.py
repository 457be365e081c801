"""The node's store of messages that no server has acknowledged yet: one SQLite file.

A message is on the disk when `Spool.append` returns, or with durability on delay (`Delay`) in memory: then it is on the disk, or
acknowledged, when the delay is over. One thread owns the database; what several threads ask of it at
the same time goes into one transaction, and so they share one fsync. Whoever can't wait gets a future. Nothing leaves the
spool without a word: what is given up for want of room, and what can't be read any more, leaves a gap in its place.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from picctv_core import codec
from picctv_core.errors import SpoolError
from picctv_core.messages import new_id
from picctv_core.node import _spool_file, _spool_held
from picctv_core.node._spool_opening import Lock, mend, open_spool
from picctv_core.node._spool_schema import is_damage, transaction
from picctv_core.node._spool_store import DISK_FULL_CAUSE, FLOOR_CAUSE, QUOTA_CAUSE, Delay, Store, row_of
from picctv_core.node.losses import span_of
from picctv_core.node.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from picctv_core.clock import Clock

__all__ = [
    "BULK",
    "DISK_FULL_CAUSE",
    "FLOOR_CAUSE",
    "QUOTA_CAUSE",
    "Beat",
    "Delay",
    "Spool",
    "Stats",
    "Stored",
]

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""So long may a deletion wait for a message to be written: both change the same pages of the file."""

DEFAULT_MAX_BYTES = 10 * 10**9

URGENT, SMALL, BULK = (0, 0), (1, 1), (2, 2)
"""The classes that are taken one apart from the other, as the lowest and the highest priority in them: gaps and
notifications, results and whatever plugins make up, and video."""

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
    """What waits in the spool.

    Attributes:
        messages: how many messages.
        bytes: of their payloads.
        set_aside: how many were set aside.
        memory_messages: how many of those that wait are in memory only.
        memory_bytes: of their payloads.
    """

    messages: int
    bytes: int
    set_aside: int
    memory_messages: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life of the spool.

    Attributes:
        sequence: the largest number that the file knows: what it had of the messages up to there must not be missing.
        given: the number of the newest message, on the disk or not.
        waiting_from_ns: from when on something in the file waits; None where nothing does.
        is_losing: whether something is lost at the moment that is no gap yet, for there is no room for that either.
    """

    sequence: int
    given: int
    waiting_from_ns: int | None
    is_losing: bool


@dataclass(frozen=True, slots=True)
class _Job:
    """Something to do.

    Attributes:
        work: what.
        done: its outcome.
        is_patient: whether it may wait for others to share their transaction.
        is_alone: whether it takes no such others along: it writes nothing that they could share.
    """

    work: Callable[[Store], Any]
    done: Future[Any]
    is_patient: bool = False
    is_alone: bool = False


class Spool:
    """The spool of one node.

    Args:
        path: the database file; made where it is not there.
        clock: gives the time of notifications about the spool itself.
        max_bytes: how many bytes of payload may wait. Beyond it the oldest video goes first, then the oldest of the
            rest; gaps and notifications stay.
        min_free_bytes: how much room the disk shall keep; where it is less, the same goes, but for the newest message.
            None for 200 MB, or a tenth of the disk where that is less.
        delay: what may be in memory only until it is acknowledged; nothing, where it is not given.
        witness: what the spool held when the node was last alive; what is missing of it becomes gaps.
        on_append: called after each commit that added messages, on the spool's thread; must not block.

    Attributes:
        delay_s: for how many seconds a message may be in memory only; 0 where it never is.
        is_held_back: whether `take` gives nothing, for the times of what waits are not known to be right.

    Raises:
        SpoolError: the file can't be made or opened, another node uses it, or a newer picctv made it.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        min_free_bytes: int | None = 0,
        delay: Delay = Delay(),  # noqa: B008 - frozen
        witness: Witness | None = None,
        on_append: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.on_append = on_append
        self.delay_s = delay.delay_s
        self.is_held_back = False
        self._clock = clock
        self._witness = witness or Witness()
        self._store = Store(path, clock, max_bytes, min_free_bytes, delay)
        self._closed = False
        self._failing = False
        self._data_version = 0
        self._patient: list[_Job] = []
        self._patient_until_s = 0.0
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="spool", daemon=True)
        self._thread.start()
        ready.result()

    # What the node asks of it ------------------------------------------------------------------------------------

    def append(
        self,
        *,
        camera: str,
        plugin: str,
        kind: str,
        payload: Any,
        captured_at_ns: int,
        message_id: str | None = None,
    ) -> str:
        """Store a message, and give its id: it is durable when this returns, or will be when the delay is over.

        Raises:
            CodecError: the payload is no plain data.
            SpoolError: the disk is full, or broken. The message is lost then, and a gap will say so.
        """
        return self.post(
            camera=camera,
            plugin=plugin,
            kind=kind,
            payload=payload,
            captured_at_ns=captured_at_ns,
            message_id=message_id,
        ).result()

    def post(
        self,
        *,
        camera: str,
        plugin: str,
        kind: str,
        payload: Any,
        captured_at_ns: int,
        message_id: str | None = None,
    ) -> Future[str]:
        """Store a message without waiting for the disk; the future gives its id, or raises as `append` does.

        One with an id that waits already is the same message, and is not stored twice.
        """
        from_ns, to_ns = span_of(kind, payload, captured_at_ns)
        packed = codec.pack(payload)
        row = row_of(message_id or new_id(), camera, plugin, kind, captured_at_ns, from_ns, to_ns, packed)

        def account(done: Future[str]) -> None:
            if done.exception() is not None:
                self._store.losses.add((camera, plugin), from_ns, to_ns, len(packed))
            else:
                self._store.losses.kept((camera, plugin))

        future = self._submit(lambda store: store.add(row))
        future.add_done_callback(account)
        return future

    def take(
        self, limit_bytes: int, *, priorities: tuple[int, int], at_least_one: bool = True
    ) -> Future[list[Stored]]:
        """Give messages that wait to be sent, the most urgent first, and in the order of their making.

        What was taken is not given again until `release`.

        Args:
            limit_bytes: how many bytes of payload they may have in all.
            priorities: the lowest and the highest priority that is meant.
            at_least_one: whether a single message may be larger than the limit.
        """

        def work(store: Store) -> list[Stored]:
            if self.is_held_back:
                return []
            rows = store.take(limit_bytes, priorities, at_least_one=at_least_one)
            return [
                Stored(
                    id=row.id,
                    camera=row.camera,
                    plugin=row.plugin,
                    kind=row.kind,
                    priority=row.priority,
                    captured_at_ns=row.captured_at_ns,
                    sequence=row.sequence,
                    payload=row.payload,
                )
                for row in rows
            ]

        return self._submit(work, is_alone=True)

    def release(self) -> Future[None]:
        """Let `take` give everything again: the connection is gone, and nobody knows what arrived."""
        return self._submit(Store.release)

    def delete(self, ids: Iterable[str], *, is_patient: bool = False) -> Future[None]:
        """Forget messages that a server has stored; they stay where the future raises a `SpoolError`.

        Args:
            ids: the messages.
            is_patient: whether that may wait for `PATIENCE_S`. It costs the disk less then, and after a kill in between the
                messages are sent once more.
        """
        acknowledged = list(ids)
        return self._submit(lambda store: store.delete(acknowledged), is_patient=is_patient)

    def set_aside(self, message_id: str, reason: str) -> Future[None]:
        """Keep a message that no server will ever accept, and don't send it again."""
        return self._submit(lambda store: store.set_aside(message_id, reason))

    def correct(self, step_ns: int, *, sequence: int, began_ns: int, ended_ns: int) -> Future[int]:
        """Add a step of the clock to the times of messages, and give how many there were.

        Args:
            step_ns: what to add, in nanoseconds.
            sequence: only messages with larger numbers are meant.
            began_ns: only times from here on are wrong,
            ended_ns: and up to here.
        """
        return self._submit(lambda store: store.correct(step_ns, sequence, began_ns, ended_ns))

    def stats(self) -> Future[Stats]:
        """Count what waits."""

        def work(store: Store) -> Stats:
            messages, size, aside = _spool_file.count(store.connection)
            held, held_bytes = _spool_held.count(store.connection)
            return Stats(messages + held, size + held_bytes, aside, held, held_bytes)

        return self._submit(work)

    def beat(self, cameras: Iterable[str] = ()) -> Future[Beat]:
        """Give a sign of life; the spool keeps it as its own witness, for damage that it meets while it runs."""
        known = tuple(cameras)

        def work(store: Store) -> Beat:
            beat = Beat(
                sequence=_spool_file.last_sequence(store.connection),
                given=store.given,
                waiting_from_ns=_spool_file.oldest_ns(store.connection),
                is_losing=bool(store.losses),
            )
            self._witness = Witness(
                beat.sequence, beat.given, beat.waiting_from_ns, self._clock.now_ns(), known
            )
            return beat

        return self._submit(work)

    def newest_results(self) -> Future[dict[tuple[str, str], int]]:
        """Give until when results are here or were sent, of each camera and plugin, in UTC nanoseconds."""
        return self._submit(lambda store: _spool_file.newest(store.connection))

    def end_open_events(self) -> Future[int]:
        """End the events that were open when the node was killed, and say how many there were.

        They end with the newest results that the spool knows of their plugin: what came later is in a gap.
        """
        return self._submit(Store.end_open_events)

    def flush(self) -> None:
        """Write what is in memory only to the disk; raises a SpoolError where that fails."""
        self._submit(Store.write_held).result()

    def close(self) -> None:
        """Write what is open, and close the file. Whoever asks anything afterwards gets a `SpoolError`."""
        if self._closed:
            return
        written = self._submit(Store.write_held)
        self._closed = True
        self._jobs.put(None)
        self._thread.join()
        if (error := written.exception()) is not None:
            log.error("what was in memory only is lost: %s", error)

    # The thread that owns the database ---------------------------------------------------------------------------

    def _submit(
        self, work: Callable[[Store], T], *, is_patient: bool = False, is_alone: bool = False
    ) -> Future[T]:
        done: Future[T] = Future()
        if self._closed:
            done.set_exception(SpoolError(f"the spool {self.path} is closed"))
        else:
            self._jobs.put(_Job(work, done, is_patient, is_alone))
        return done

    def _run(self, ready: Future[None]) -> None:
        try:
            lock = Lock(self.path)
        except SpoolError as error:
            ready.set_exception(error)
            return
        try:
            self._store.adopt(open_spool(self.path, self._witness))
        except (SpoolError, sqlite3.Error) as error:
            lock.release()
            ready.set_exception(self._explain(error))
            return
        ready.set_result(None)
        self._work()
        self._store.connection.close()
        lock.release()
        self._refuse_the_rest()

    def _work(self) -> None:
        last = False
        while not last:
            jobs, last = self._next_jobs()
            self._work_off(jobs)
            self._store.keep_room()
            self._write_due()
            if self._store.write_losses():
                self._failing = False
            if others_wrote := self._others_wrote():
                self._store.look_again()
            if self._store.added or others_wrote:
                self._store.added = False
                self.on_append()

    def _write_due(self) -> None:
        """Write what is in memory only, all at once, when the first of it is due."""
        if self._store.due_in_s() == 0.0:
            writing = _Job(Store.write_held, Future())
            self._work_off([writing])
            if writing.done.exception() is not None:
                self._store.put_off()

    def _next_jobs(self) -> tuple[list[_Job], bool]:
        """Wait for a job, and give all that are there by then; and whether they are the last.

        There may be none, where something that is in memory only is due before one comes.
        """
        jobs: list[_Job] = []
        is_last = is_time = False
        while not is_last:
            try:
                job = self._jobs.get(timeout=0 if jobs else self._pause_s())
            except queue.Empty:
                is_time = not jobs
                break
            if job is None:
                is_last = True
            elif job.done.set_running_or_notify_cancel():
                if job.is_patient and not self._patient:
                    self._patient_until_s = self._clock.monotonic() + PATIENCE_S
                (self._patient if job.is_patient else jobs).append(job)
        if is_last or is_time or not all(job.is_alone for job in jobs) or self._pause_s() == 0.0:
            jobs, self._patient = self._patient + jobs, []
        return jobs, is_last

    def _pause_s(self) -> float | None:
        """Give how long nothing has to be done; None where nothing waits."""
        pauses = [self._store.due_in_s()]
        if self._patient:
            pauses.append(max(0.0, self._patient_until_s - self._clock.monotonic()))
        return min((pause_s for pause_s in pauses if pause_s is not None), default=None)

    def _refuse_the_rest(self) -> None:
        while not self._jobs.empty():
            if (job := self._jobs.get_nowait()) is not None:
                job.done.set_exception(SpoolError(f"the spool {self.path} is closed"))

    def _work_off(self, jobs: list[_Job]) -> None:
        """Do the jobs in one transaction; one by one where that fails, so that one failure is one job's."""
        if not jobs:
            return
        restore = self._store.remember()
        try:
            with transaction(self._store.connection):
                results = [job.work(self._store) for job in jobs]
        except Exception as error:  # noqa: BLE001 - whoever asked for the job gets it
            restore()
            if is_damage(error):
                self._mend(jobs, error)
            elif len(jobs) > 1:
                for job in jobs:
                    self._work_off([job])
            else:
                jobs[0].done.set_exception(self._explain(error))
            return
        for job, result in zip(jobs, results, strict=True):
            job.done.set_result(result)

    def _mend(self, jobs: list[_Job], error: Exception) -> None:
        """Go on with what is sound in a file that turns out to be damaged."""
        held = self._store.held()
        self._store.connection.close()
        try:
            self._store.adopt(mend(self.path, str(error), self._witness), held)
        except (SpoolError, sqlite3.Error) as second:
            for job in jobs:
                job.done.set_exception(self._explain(second))
        else:
            self._work_off(jobs)

    def _others_wrote(self) -> bool:
        """Say whether somebody else has changed the file: `picctv node spool --resend`."""
        (version,) = self._store.connection.execute("PRAGMA data_version").fetchone()
        before, self._data_version = self._data_version, version
        return bool(version != before)

    def _explain(self, error: Exception) -> Exception:
        if not isinstance(error, (sqlite3.Error, SpoolError)):
            return error
        explained = error if isinstance(error, SpoolError) else _spool_file.explain(self.path, error)
        if not self._failing:
            self._failing = True
            log.error("%s", explained)
        return explained
