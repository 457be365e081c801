"""What a spool does with its file, within the transactions of the thread that owns it: see `spool`."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_core import codec
from picctv_core.errors import CodecError
from picctv_core.messages import EVENT, GAP, NOTIFICATION, gap_payload, new_id, notification_payload, priority
from picctv_core.node import _spool_file, _spool_held
from picctv_core.node._spool_file import DAMAGED, RESERVE_BYTES, Row
from picctv_core.node._spool_held import Held
from picctv_core.node._spool_opening import DAMAGE_CAUSE, OpenSpool, lost_with
from picctv_core.node._spool_schema import transaction
from picctv_core.node.boot_clock import shifted
from picctv_core.node.losses import Losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from picctv_core.clock import Clock
    from picctv_core.node._spool_repair import Lost

log = logging.getLogger(__name__)

QUOTA_CAUSE = "the node's spool was full: the server was away for too long, or is too slow"
FLOOR_CAUSE = "the node's disk was nearly full: less than spool_min_free was left"
DISK_FULL_CAUSE = "the node's disk was full"

_WORTH_GIVING_BACK = 2**20

_AGAIN_S = 5.0
"""When the disk took nothing of what was due, it is tried again so much later."""

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Delay:
    """How long messages may wait for their acknowledgement before they are written to the disk.

    Attributes:
        delay_s: so many seconds after what they are about was captured; 0 for durability always.
        max_bytes: so many bytes of payload may be in memory only; what comes on top is written at once.
    """

    delay_s: float = 0.0
    max_bytes: int = 0


class Store:
    """The messages in an open file, and what is known of them beside it.

    Args:
        path: the file.
        clock: gives the time of notifications.
        max_bytes: the quota.
        min_free_bytes: the floor of free disk; as much as suits the disk, where it is None.
        delay: what may be in memory only.

    Attributes:
        connection: to the file; set by `adopt`.
        losses: what the disk had no room for, and is no gap yet.
        added: whether messages were added since somebody has set it to False.
        disk_low: whether the disk is so full that nothing large is taken.
        given: the largest number that any message has had.
    """

    def __init__(
        self, path: Path, clock: Clock, max_bytes: int, min_free_bytes: int | None, delay: Delay
    ) -> None:
        self.connection: sqlite3.Connection
        self.losses = Losses()
        self.added = False
        self.disk_low = False
        self.given = 0
        self._path = path
        self._clock = clock
        self._max_bytes = max_bytes
        self._min_free_bytes = (
            _spool_file.default_min_free(path) if min_free_bytes is None else min_free_bytes
        )
        # None of these is changed in place: so `remember` need not copy them for each transaction.
        self._taken: frozenset[str] = frozenset()
        self._once: frozenset[str] = frozenset()
        self._taken_to: Mapping[int, int] = {}
        self._open_gaps: Mapping[tuple[str, str, str], str] = {}
        self._bytes = 0
        self._delay = delay
        self._held_bytes = 0
        self._again_s = 0.0

    def adopt(self, found: OpenSpool, held: Sequence[Held] = ()) -> None:
        """Take over a file just opened; say what was damaged in it, if anything. What is on its way stays so.

        Args:
            found: the file.
            held: what was in memory only, beside the file that was open before.
        """
        self.connection = found.connection
        self.given = max(self.given, _spool_file.last_sequence(self.connection))
        self._bytes = _spool_file.total_bytes(self.connection)
        self._held_bytes = 0
        self._taken_to = {}
        self._open_gaps = {}
        with transaction(self.connection):
            for one in held:
                self._hold(one)
            for line in found.lines:
                self._tell(line)
            for lost, cause in found.lost:
                self._insert_gap(lost, cause)

    def remember(self) -> Callable[[], None]:
        """Give what puts everything beside the file back as it is now, for a transaction that is undone."""
        numbers = self._bytes, self._held_bytes, self.given
        before = self._taken, self._once, self._taken_to, self._open_gaps

        def restore() -> None:
            self._bytes, self._held_bytes, self.given = numbers
            self._taken, self._once, self._taken_to, self._open_gaps = before

        return restore

    def keep_room(self) -> None:
        """Keep the disk's floor of free room, and make the file smaller where that is worth it; not in a transaction."""
        lacking = self._min_free_bytes - _spool_file.free_bytes(self._path)
        if lacking > 0 and (more := lacking - _spool_file.spare_bytes(self.connection)) > 0:
            restore = self.remember()
            try:
                with transaction(self.connection):
                    self._give_up(FLOOR_CAUSE, lambda freed: freed < more, on_disk=True)
            except sqlite3.OperationalError as error:
                restore()
                log.debug("no room could be made: %s", error)
        lean = lacking > 0 and _spool_file.spare_bytes(self.connection) >= _WORTH_GIVING_BACK
        _spool_file.shrink(self.connection, disk_low=self.disk_low or lean)
        self.disk_low = self.disk_low and not self._has_room(RESERVE_BYTES)

    def write_losses(self) -> bool:
        """Turn what a full disk has cost into gaps, now that there may be room again; say whether that was done.

        A transaction of its own.
        """
        # While the disk is low, more is to come: it is to be one gap, and not one for each loss.
        if self.disk_low or not (losses := self.losses.items()):
            return False
        restore = self.remember()
        try:
            with transaction(self.connection):
                for (camera, plugin), (from_ns, to_ns, lost_bytes) in losses:
                    self._insert(_gap(camera, plugin, from_ns, to_ns, DISK_FULL_CAUSE, lost_bytes))
        except sqlite3.Error as error:
            restore()
            log.debug("gaps could not be written yet: %s", error)
            return False
        self.losses.clear()
        log.warning("the spool %s can be written again; what was lost stands as a gap", self._path)
        return True

    def due_in_s(self) -> float | None:
        """Give in how many seconds something has to be written that is in memory only; None where nothing is."""
        if not self._held_bytes or (until_s := _spool_held.first_until_s(self.connection)) is None:
            return None
        return max(0.0, max(until_s, self._again_s) - self._clock.monotonic())

    def put_off(self) -> None:
        """Note that what is due could not be written; it is tried again in a while."""
        self._again_s = self._clock.monotonic() + _AGAIN_S

    def held(self) -> list[Held]:
        """Give what is in memory only."""
        return _spool_held.everything(self.connection)

    # In a transaction --------------------------------------------------------------------------------------------

    def add(self, row: Row) -> str:
        """Add a message, and give its id; raises a SpoolError where the disk has no room."""
        # What is small and urgent may use the reserve.
        if row.priority > 0 and self._until_s(row) is None:
            self._need_room(row.bytes)
        self._insert(row)
        if self._bytes > self._max_bytes:
            self._give_up(QUOTA_CAUSE, lambda _: self._bytes > self._max_bytes, newest_too=True)
        return row.id

    def write_held(self) -> None:
        """Write what is in memory only to the disk; raises a SpoolError where that has no room."""
        if self._held_bytes:
            self._need_room(self._held_bytes)
            self._held_bytes -= _spool_held.to_disk(self.connection)
        if self.given > _spool_file.last_sequence(self.connection):
            # What was acknowledged before it was ever written has had a number, too.
            _spool_file.raise_sequence(self.connection, self.given)

    def take(self, limit_bytes: int, priorities: tuple[int, int], *, at_least_one: bool) -> list[Row]:
        """Give messages that wait and are not on their way yet; from now on they are."""
        left, found, damaged = limit_bytes, list[Row](), list[Row]()
        for urgency, sequence, message_id, size in self._not_gone_through(priorities):
            if size > left and not (at_least_one and not found):
                break
            self._taken_to = {**self._taken_to, urgency: sequence}
            if message_id in self._taken:
                continue
            row = _spool_file.read(self.connection, sequence)
            if _spool_file.is_whole(row):
                found.append(row)
                left -= size
            else:
                damaged.append(row)
        for row in damaged:
            self._set_damaged_aside(row)
        if not found:
            return found
        self._taken |= {row.id for row in found}
        # A gap that is on its way can't be widened any more, and none may reach over what is.
        whose = {(row.camera, row.plugin) for row in found}
        self._open_gaps = {
            key: gap
            for key, gap in self._open_gaps.items()
            if gap not in self._taken and key[:2] not in whose
        }
        return found

    def _not_gone_through(self, priorities: tuple[int, int]) -> Iterator[tuple[int, int, str, int]]:
        """Give urgency, sequence, id and bytes of what waits behind what `take` has gone through already.

        It would take longer than all the rest to go each time through the thousands that are on their way.
        """
        least, greatest = priorities
        for urgency in range(least, greatest + 1):
            after = self._taken_to.get(urgency, 0)
            for sequence, message_id, size in _spool_file.waiting(self.connection, urgency, after):
                yield urgency, sequence, message_id, size

    def look_again(self) -> None:
        """Go through all that waits at the next `take`: somebody else may have put messages among those gone through."""
        self._taken_to = {}

    def end_open_events(self) -> int:
        """Add the end of each event that has none; say how many there were."""
        newest, ended = _spool_file.newest(self.connection), 0
        for camera, plugin, packed in _spool_file.open_events(self.connection):
            try:
                event = codec.unpack(packed)
                begun_ns = max(event["started_at_ns"], event.get("peak_at_ns") or 0)
            except (CodecError, KeyError, TypeError) as error:
                log.warning("%s: an open event of plugin %s can't be read: %s", camera, plugin, error)
                continue
            event["ended_at_ns"] = ended_ns = max(begun_ns, newest.get((camera, plugin), 0))
            started_ns = event["started_at_ns"]
            self._insert(
                row_of(new_id(), camera, plugin, EVENT, started_ns, started_ns, ended_ns, codec.pack(event))
            )
            ended += 1
        return ended

    def release(self) -> None:
        """Note that nothing is on its way; of what was, nobody knows whether it has arrived."""
        self._once |= self._taken
        self._taken = frozenset()
        self._taken_to = {}

    def delete(self, ids: Sequence[str]) -> None:
        """Remove messages."""
        for message_id in ids:
            self._delete(message_id)
        self._forget(ids)

    def correct(self, step_ns: int, sequence: int, began_ns: int, ended_ns: int) -> int:
        """Add a step to the times of messages; see `spool.Spool.correct`."""

        def shift(at_ns: int) -> int:
            return at_ns + step_ns if began_ns <= at_ns <= ended_ns else at_ns

        corrected = 0
        for number in _spool_file.numbers_after(self.connection, sequence):
            row = _spool_file.read(self.connection, number)
            if not _spool_file.is_whole(row):
                continue  # it is set aside when it is to be sent
            packed = codec.pack(shifted(codec.unpack(row.payload), shift))
            size, self._bytes = len(packed), self._bytes + len(packed) - row.bytes
            times = [shift(at_ns) for at_ns in (row.captured_at_ns, row.from_ns, row.to_ns)]
            right = row._replace(
                captured_at_ns=times[0], from_ns=times[1], to_ns=times[2], bytes=size, payload=packed
            )
            _spool_file.rewrite(self.connection, right)
            _spool_held.rewrite(self.connection, right)
            corrected += 1
        _, self._held_bytes = _spool_held.count(self.connection)
        return corrected

    def set_aside(self, message_id: str, reason: str) -> None:
        """Mark a message as never to be sent."""
        sequence = _spool_file.sequence_of(self.connection, message_id)
        self._held_bytes -= _spool_held.to_disk(self.connection, sequence)
        _spool_file.set_aside(self.connection, sequence, reason)
        self._forget([message_id])

    # What these are made of -----------------------------------------------------------------------------------------

    def _forget(self, ids: Sequence[str]) -> None:
        self._taken = self._taken.difference(ids)
        self._once = self._once.difference(ids) if self._once else self._once

    def _insert(self, row: Row) -> None:
        row = row._replace(sequence=self.given + 1)
        if (until_s := self._until_s(row)) is not None:
            self._hold(Held(row, until_s))
        elif _spool_file.insert(self.connection, row):
            self._note_added(row)

    def _hold(self, held: Held) -> None:
        if _spool_held.add(self.connection, held):
            self._held_bytes += held.row.bytes
            self._note_added(held.row)

    def _note_added(self, row: Row) -> None:
        self.given = max(self.given, row.sequence)
        self._bytes += row.bytes
        self.added = True

    def _until_s(self, row: Row) -> float | None:
        """Give until when a message may be in memory only, in monotonic seconds; None where it may not."""
        if not self._delay.delay_s or self._held_bytes + row.bytes > self._delay.max_bytes:
            return None
        # Most of a clip is older than the message; only an event has been told of before, when it began.
        age_ns = 0 if row.kind == EVENT else max(0, self._clock.now_ns() - row.from_ns)
        left_s = self._delay.delay_s - age_ns / NS
        return self._clock.monotonic() + left_s if left_s > 0 else None

    def _delete(self, message_id: str) -> int:
        """Remove a message; give the bytes that it had."""
        in_memory = _spool_held.delete(self.connection, message_id)
        size = in_memory or _spool_file.delete(self.connection, message_id)
        self._held_bytes -= in_memory
        self._bytes -= size
        return size

    def _need_room(self, size: int) -> None:
        # Twice, for it is written into the journal first.
        if self.disk_low or not self._has_room(2 * size):
            self.disk_low = True
            raise _spool_file.disk_full(self._path)

    def _has_room(self, size: int) -> bool:
        return _spool_file.free_bytes(self._path) >= size + RESERVE_BYTES

    def _give_up(
        self, cause: str, go_on: Callable[[int], bool], *, newest_too: bool = False, on_disk: bool = False
    ) -> None:
        """Remove the least valuable as long as `go_on` says so of the bytes that this has freed."""
        freed, last = 0, self.given
        # What was on its way when a connection broke may be stored already: it goes when nothing else is left.
        rounds = [(self._taken | self._once, last), (self._taken, last)]
        if newest_too:
            rounds.append((self._taken, 0))
        for kept, newest in rounds:
            given_up = Losses()
            for brief in _spool_file.least_valuable(self.connection, on_disk=on_disk):
                if not go_on(freed):
                    break
                if brief.sequence == newest:
                    continue
                if brief.id in kept:
                    # A gap must not reach over it.
                    self._note_given_up(given_up, cause, (brief.camera, brief.plugin))
                    closed = (brief.camera, brief.plugin, cause)
                    self._open_gaps = {key: gap for key, gap in self._open_gaps.items() if key != closed}
                    continue
                size = self._delete(brief.id)
                freed += size
                given_up.add((brief.camera, brief.plugin), brief.from_ns, brief.to_ns, size)
            for whose, _ in list(given_up.items()):
                self._note_given_up(given_up, cause, whose)

    def _note_given_up(self, given_up: Losses, cause: str, whose: tuple[str, str]) -> None:
        """Widen the gap that waits already for a camera, plugin and cause, or make one."""
        if (stretch := given_up.pop(whose)) is None:
            return
        (camera, plugin), (from_ns, to_ns, lost_bytes) = whose, stretch
        if (gap_id := self._open_gaps.get((camera, plugin, cause))) is None:
            log.warning("%s: %s; the oldest is given up", camera or "the node", cause)
        else:
            gap = codec.unpack(_spool_file.payload(self.connection, gap_id))
            from_ns, to_ns = min(from_ns, gap["from_ns"]), max(to_ns, gap["to_ns"])
            lost_bytes += gap["bytes"]
            self._delete(gap_id)
        row = _gap(camera, plugin, from_ns, to_ns, cause, lost_bytes)
        self._insert(row)
        self._open_gaps = {**self._open_gaps, (camera, plugin, cause): row.id}

    def _set_damaged_aside(self, row: Row) -> None:
        self._insert_gap(lost_with(self.connection, row), DAMAGE_CAUSE)
        _spool_file.set_aside(self.connection, row.sequence, DAMAGED)
        self._tell(
            f"message {row.sequence} in the spool {self._path} was damaged on the disk; it is set aside"
        )

    def _insert_gap(self, lost: Lost, cause: str) -> None:
        self._insert(_gap(*lost[:4], cause, lost.bytes))

    def _tell(self, line: str) -> None:
        log.error("%s", line)
        payload = notification_payload("error", "The node's spool was damaged", line)
        now_ns = self._clock.now_ns()
        self._insert(row_of(new_id(), "", "", NOTIFICATION, now_ns, now_ns, now_ns, codec.pack(payload)))


def row_of(
    message_id: str,
    camera: str,
    plugin: str,
    kind: str,
    captured_at_ns: int,
    from_ns: int,
    to_ns: int,
    packed: bytes,
) -> Row:
    """Make a message that is to be added."""
    return Row(
        sequence=0,
        id=message_id,
        camera=camera,
        plugin=plugin,
        kind=kind,
        priority=priority(kind),
        captured_at_ns=captured_at_ns,
        from_ns=from_ns,
        to_ns=to_ns,
        bytes=len(packed),
        reason=None,
        checksum=None,
        payload=packed,
    )


def _gap(camera: str, plugin: str, from_ns: int, to_ns: int, cause: str, lost_bytes: int) -> Row:
    payload = gap_payload(from_ns, to_ns, cause, lost_bytes)
    return row_of(new_id(), camera, plugin, GAP, from_ns, from_ns, to_ns, codec.pack(payload))
