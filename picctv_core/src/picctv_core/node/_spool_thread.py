"""The thread that owns a spool's database: it does what others ask, and all that is there at a time in one transaction."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from picctv_core.errors import SpoolError
from picctv_core.node import _spool_file
from picctv_core.node._spool_opening import Lock, mend, open_spool
from picctv_core.node._spool_schema import is_damage, transaction
from picctv_core.node._spool_store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from picctv_core.clock import Clock
    from picctv_core.node.witness import Witness

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""So long may a deletion wait for a message to be written: both change the same pages of the file."""

T = TypeVar("T")


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


class SpoolThread:
    """Opens the file, and does jobs until it is closed.

    Args:
        path: the database file.
        clock: the time.
        store: what the jobs work on; it gets the connection.
        witness: what the spool held when the node was last alive.
        on_append: called after each commit that added messages; must not block.

    Attributes:
        witness: what the spool held when somebody looked last; what is missing of it, where the file turns out to be
            damaged, becomes gaps.

    Raises:
        SpoolError: the file can't be made or opened.
    """

    def __init__(
        self, path: Path, clock: Clock, store: Store, witness: Witness, on_append: Callable[[], None]
    ) -> None:
        self.witness = witness
        self._path = path
        self._clock = clock
        self._store = store
        self._on_append = on_append
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

    def submit(
        self, work: Callable[[Store], T], *, is_patient: bool = False, is_alone: bool = False
    ) -> Future[T]:
        """Have something done with the store; the future gives what comes of it, or a `SpoolError`.

        Args:
            work: what.
            is_patient: whether it may wait for others to share their transaction, for `PATIENCE_S` at the most.
            is_alone: whether it takes no such others along: it writes nothing that they could share.
        """
        done: Future[T] = Future()
        if self._closed:
            done.set_exception(SpoolError(f"the spool {self._path} is closed"))
        else:
            self._jobs.put(_Job(work, done, is_patient, is_alone))
        return done

    def close(self) -> None:
        """Do what was asked for, write what is in memory only, and end; what is asked afterwards is refused."""
        if self._closed:
            return
        written = self.submit(Store.write_held)
        self._closed = True
        self._jobs.put(None)
        self._thread.join()
        if (error := written.exception()) is not None:
            log.error("what was in memory only is lost: %s", error)

    def _run(self, ready: Future[None]) -> None:
        try:
            lock = Lock(self._path)
        except SpoolError as error:
            ready.set_exception(error)
            return
        try:
            self._store.adopt(open_spool(self._path, self.witness))
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
                self._on_append()

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
                job.done.set_exception(SpoolError(f"the spool {self._path} is closed"))

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
            self._store.adopt(mend(self._path, str(error), self.witness), held)
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
        explained = error if isinstance(error, SpoolError) else _spool_file.explain(self._path, error)
        if not self._failing:
            self._failing = True
            log.error("%s", explained)
        return explained
