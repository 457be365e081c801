"""What is on its way over one connection: cut into parts, the most urgent part first, within the server's window."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from picctv_core import codec
from picctv_core.node.spool import BULK, SMALL, URGENT, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from picctv_core.node.spool import Spool

LEAST_PART_BYTES, MOST_PART_BYTES = 16 * 1024, 256 * 1024
"""Bounds of the piece of a payload in one wire message: so long at the most does a small message wait behind video."""

_MOST_PARTS = 2048
"""What servers take of one message."""

_PARTS_OF_WINDOW = 8


@dataclass(frozen=True, slots=True)
class Held:
    """What a server has of a message from the connection before: so many parts of so many, and their bytes."""

    part: int
    parts: int
    bytes: int


@dataclass(order=True)
class _Parcel:
    """A message on its way; parcels sort by urgency, then by age."""

    priority: int
    sequence: int
    stored: Stored = field(compare=False)
    part_bytes: int = field(compare=False)
    part: int = field(default=0, compare=False)

    @property
    def parts(self) -> int:
        return max(1, -(-len(self.stored.payload) // self.part_bytes))


@dataclass
class _Lane:
    """One class of messages: each has its share of the window, so that none waits for another's acks."""

    priorities: tuple[int, int]
    limit_bytes: int
    in_flight: dict[str, int] = field(default_factory=dict)
    room_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.room_bytes = self.limit_bytes

    def add(self, message_id: str, size: int) -> None:
        self.in_flight[message_id] = size
        self.room_bytes -= size

    def remove(self, message_id: str) -> None:
        self.room_bytes += self.in_flight.pop(message_id, 0)


class Outbox:
    """The messages of one connection, from taking them out of the spool to their acks. Used on the event loop only.

    Args:
        node: the node's name.
        spool: where messages come from.
        window_bytes: how many bytes of payload may be without an ack. A message that is larger than its share, three
            quarters for video and one for all the rest, goes when nothing else of its lane is on its way. What is
            urgent has a sixteenth on top.
        held: what the server has of messages already, by their ids: those go on where they stopped.
    """

    def __init__(
        self, node: str, spool: Spool, window_bytes: int, held: Mapping[str, Held] | None = None
    ) -> None:
        self._node = node
        self._spool = spool
        self._held = dict(held or {})
        self._lanes = (
            _Lane(URGENT, window_bytes // 16),
            _Lane(SMALL, window_bytes // 4),
            _Lane(BULK, window_bytes - window_bytes // 4),
        )
        self._parcels: list[_Parcel] = []

    async def fill(self, pace_bytes: int) -> None:
        """Take from the spool what the window has room for.

        Args:
            pace_bytes: how much the link can have on its way: what begins now is cut into parts that suit it.
        """
        # All are asked for at once: what the spool does at a time costs one wait.
        takings = [
            (
                lane,
                self._spool.take(
                    lane.room_bytes, priorities=lane.priorities, at_least_one=not lane.in_flight
                ),
            )
            for lane in self._lanes
            if lane.room_bytes > 0
        ]
        for lane, taking in takings:
            for stored in await asyncio.wrap_future(taking):
                lane.add(stored.id, len(stored.payload))
                heapq.heappush(self._parcels, self._parcel(stored, pace_bytes))

    def next_part(self, *, urgent_only: bool = False) -> bytes | None:
        """Give the wire message to send next; None when all that was taken, or all of it that is urgent, is sent."""
        while self._parcels:
            parcel = self._parcels[0]
            if parcel.part < parcel.parts and self._is_in_flight(parcel.stored.id):
                if urgent_only and parcel.priority > URGENT[1]:
                    return None
                parcel.part += 1
                return self._data(parcel, parcel.part - 1)
            heapq.heappop(self._parcels)
        return None

    def settled(self, ids: Iterable[str]) -> None:
        """Note that the server has answered for messages: they leave the window."""
        for message_id in ids:
            for lane in self._lanes:
                lane.remove(message_id)

    def _is_in_flight(self, message_id: str) -> bool:
        return any(message_id in lane.in_flight for lane in self._lanes)

    def _parcel(self, stored: Stored, pace_bytes: int) -> _Parcel:
        size = len(stored.payload)
        part_bytes = min(max(pace_bytes // _PARTS_OF_WINDOW, LEAST_PART_BYTES), MOST_PART_BYTES)
        parcel = _Parcel(stored.priority, stored.sequence, stored, max(part_bytes, -(-size // _MOST_PARTS)))
        if (held := self._held.pop(stored.id, None)) is not None and 0 < held.part < held.parts:
            # All parts but the last are of one size. Where that does not come out even, it begins anew.
            before = _Parcel(stored.priority, stored.sequence, stored, held.bytes // held.part, held.part)
            if before.parts == held.parts and before.part_bytes * held.part == held.bytes:
                return before
        return parcel

    def _data(self, parcel: _Parcel, part: int) -> bytes:
        stored, size = parcel.stored, parcel.part_bytes
        return codec.pack(
            {
                "type": "data",
                "id": stored.id,
                "node": self._node,
                "camera": stored.camera,
                "plugin": stored.plugin,
                "kind": stored.kind,
                "captured_at_ns": stored.captured_at_ns,
                "sequence": stored.sequence,
                "part": part,
                "parts": parcel.parts,
                "bytes": stored.payload[part * size : (part + 1) * size],
            }
        )
