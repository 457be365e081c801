"""What is on its way over one connection: cut into parts, the most urgent part first, within the server's window."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from picctv_core import codec
from picctv_core.node.spool import BULK_PRIORITY, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from picctv_core.node.spool import Spool

PART_BYTES = 256 * 1024
"""The largest piece of a payload in one wire message: so long at the most does a small message wait behind video."""


@dataclass(order=True)
class _Parcel:
    """A message on its way; parcels sort by urgency, then by age."""

    priority: int
    sequence: int
    stored: Stored = field(compare=False)
    part: int = field(default=0, compare=False)

    @property
    def parts(self) -> int:
        return max(1, -(-len(self.stored.payload) // PART_BYTES))


@dataclass
class _Lane:
    """Video, or all the rest: each has its share of the window, so that neither waits for the other's acks."""

    bulk: bool
    limit_bytes: int
    in_flight: dict[str, int] = field(default_factory=dict)

    @property
    def room_bytes(self) -> int:
        return self.limit_bytes - sum(self.in_flight.values())


class Outbox:
    """The messages of one connection, from taking them out of the spool to their acks. Used on the event loop only.

    Args:
        node: the node's name.
        spool: where messages come from.
        window_bytes: how many bytes of payload may be without an ack. A message that is larger than its share, three
            quarters for video and one for all the rest, goes when nothing else of its lane is on its way.
    """

    def __init__(self, node: str, spool: Spool, window_bytes: int) -> None:
        self._node = node
        self._spool = spool
        self._lanes = (
            _Lane(bulk=False, limit_bytes=window_bytes // 4),
            _Lane(bulk=True, limit_bytes=window_bytes - window_bytes // 4),
        )
        self._parcels: list[_Parcel] = []

    async def fill(self) -> None:
        """Take from the spool what the window has room for."""
        for lane in self._lanes:
            if lane.room_bytes <= 0:
                continue
            taking = self._spool.take(lane.room_bytes, bulk=lane.bulk, at_least_one=not lane.in_flight)
            for stored in await asyncio.wrap_future(taking):
                lane.in_flight[stored.id] = len(stored.payload)
                heapq.heappush(self._parcels, _Parcel(stored.priority, stored.sequence, stored))

    def next_part(self) -> bytes | None:
        """Give the wire message to send next; None when all that was taken is sent."""
        while self._parcels:
            parcel = self._parcels[0]
            if parcel.part < parcel.parts and parcel.stored.id in self._lane(parcel.stored).in_flight:
                parcel.part += 1
                return self._data(parcel.stored, parcel.part - 1, parcel.parts)
            heapq.heappop(self._parcels)
        return None

    def settled(self, ids: Iterable[str]) -> None:
        """Note that the server has answered for messages: they leave the window."""
        for message_id in ids:
            for lane in self._lanes:
                lane.in_flight.pop(message_id, None)

    def _lane(self, stored: Stored) -> _Lane:
        return self._lanes[stored.priority >= BULK_PRIORITY]

    def _data(self, stored: Stored, part: int, parts: int) -> bytes:
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
                "parts": parts,
                "bytes": stored.payload[part * PART_BYTES : (part + 1) * PART_BYTES],
            }
        )
