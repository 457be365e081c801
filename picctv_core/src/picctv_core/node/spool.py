"""The node's store of messages that no server has acknowledged yet: one SQLite file.

A message is on the disk when `Spool.append` returns, or with durability on delay (`Delay`) in memory: then it is on the disk, or
acknowledged, when the delay is over. One thread owns the database (`_spool_thread`); what several threads
ask of it at the same time goes into one transaction, and so they share one fsync. Whoever can't wait gets a future. Nothing leaves the
spool without a word: what is given up for want of room, and what can't be read any more, leaves a gap in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_core import codec
from picctv_core.messages import new_id
from picctv_core.node import _spool_file, _spool_held
from picctv_core.node._spool_store import DISK_FULL_CAUSE, FLOOR_CAUSE, QUOTA_CAUSE, Delay, Store, row_of
from picctv_core.node._spool_thread import SpoolThread
from picctv_core.node.losses import span_of
from picctv_core.node.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future
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

DEFAULT_MAX_BYTES = 10 * 10**9

URGENT, SMALL, BULK = (0, 0), (1, 1), (2, 2)
"""The classes that are taken one apart from the other, as the lowest and the highest priority in them: gaps and
notifications, results and whatever plugins make up, and video."""


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
        self._store = Store(path, clock, max_bytes, min_free_bytes, delay)
        self._thread = SpoolThread(
            path,
            clock,
            self._store,
            witness or Witness(),
            lambda: self.on_append(),  # noqa: PLW0108 - whoever is to be woken may be set later
        )

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

        future = self._thread.submit(lambda store: store.add(row))
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

        return self._thread.submit(work, is_alone=True)

    def release(self) -> Future[None]:
        """Let `take` give everything again: the connection is gone, and nobody knows what arrived."""
        return self._thread.submit(Store.release)

    def delete(self, ids: Iterable[str], *, is_patient: bool = False) -> Future[None]:
        """Forget messages that a server has stored; they stay where the future raises a `SpoolError`.

        Args:
            ids: the messages.
            is_patient: whether that may wait for a second or two. It costs the disk less then, and after a kill in between the
                messages are sent once more.
        """
        acknowledged = list(ids)
        return self._thread.submit(lambda store: store.delete(acknowledged), is_patient=is_patient)

    def set_aside(self, message_id: str, reason: str) -> Future[None]:
        """Keep a message that no server will ever accept, and don't send it again."""
        return self._thread.submit(lambda store: store.set_aside(message_id, reason))

    def correct(self, step_ns: int, *, sequence: int, began_ns: int, ended_ns: int) -> Future[int]:
        """Add a step of the clock to the times of messages, and give how many there were.

        Args:
            step_ns: what to add, in nanoseconds.
            sequence: only messages with larger numbers are meant.
            began_ns: only times from here on are wrong,
            ended_ns: and up to here.
        """
        return self._thread.submit(lambda store: store.correct(step_ns, sequence, began_ns, ended_ns))

    def stats(self) -> Future[Stats]:
        """Count what waits."""

        def work(store: Store) -> Stats:
            messages, size, aside = _spool_file.count(store.connection)
            held, held_bytes = _spool_held.count(store.connection)
            return Stats(messages + held, size + held_bytes, aside, held, held_bytes)

        return self._thread.submit(work)

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
            self._thread.witness = Witness(
                beat.sequence, beat.given, beat.waiting_from_ns, self._clock.now_ns(), known
            )
            return beat

        return self._thread.submit(work)

    def newest_results(self) -> Future[dict[tuple[str, str], int]]:
        """Give until when results are here or were sent, of each camera and plugin, in UTC nanoseconds."""
        return self._thread.submit(lambda store: _spool_file.newest(store.connection))

    def end_open_events(self) -> Future[int]:
        """End the events that were open when the node was killed, and say how many there were.

        They end with the newest results that the spool knows of their plugin: what came later is in a gap.
        """
        return self._thread.submit(Store.end_open_events)

    def flush(self) -> None:
        """Write what is in memory only to the disk; raises a SpoolError where that fails."""
        self._thread.submit(Store.write_held).result()

    def close(self) -> None:
        """Write what is open, and close the file. Whoever asks anything afterwards gets a `SpoolError`."""
        self._thread.close()
