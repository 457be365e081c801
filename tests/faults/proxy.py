"""A bad network between a node and a server: a TCP proxy on loopback that does to bytes what a test asks for.

It works below the WebSocket and knows nothing of messages. What a TCP connection never shows to a program, it doesn't
show either: bytes arrive in their order and once. So a lost segment is a stall of all that follows it, until the
retransmission; and a message comes twice when the answer to it was lost with the connection (`Proxy.lose_answers`).

    with Proxy(server_port, seed=1) as proxy:
        node.connect(f"ws://127.0.0.1:{proxy.port}")
        proxy.set_lines(Line(delay_s=1.0, bytes_per_s=32_000, loss=0.05))
        proxy.cut("rst")
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future
    from types import TracebackType

LOOPBACK = "127.0.0.1"

SEGMENT_BYTES = 1448
"""The payload of a TCP segment on Ethernet: what is lost, or sent, at once."""

MIN_RTO_S = 0.2
"""What Linux adds to the round trip before it sends a segment again (its TCP_RTO_MIN), where the round trip is steady."""

MIN_FLIGHT_BYTES, MAX_FLIGHT_BYTES = 64 * 1024, 4 * 2**20
"""Bounds of what one connection may have on its way: TCP's window follows rate times round trip between them."""

# What waits in the proxy's own buffers would be a longer line than was asked for.
_BUFFER_BYTES = 16 * 1024

Direction = Literal["up", "down"]
"""``up`` is from the node to the server."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Line:
    """How one direction of the link behaves.

    Attributes:
        delay_s: how long a byte takes, in seconds.
        bytes_per_s: how many bytes pass in a second, over all connections.
        loss: the share of segments that get lost on their first way, 0 to 1; those sent again get lost alike.
    """

    delay_s: float = 0.0
    bytes_per_s: float = math.inf
    loss: float = 0.0


CLEAR = Line()


@dataclass
class Counts:
    """What a proxy has done so far."""

    connections: int = 0
    refused_by_target: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    bytes_swallowed: int = 0
    segments_lost: int = 0
    bits_flipped: int = 0
    connections_cut: int = 0


class _Way:
    """One direction of the link: what all connections share of it."""

    def __init__(self) -> None:
        self.line = CLEAR
        self.swallows = False
        self.flips = 0
        self._free_s = 0.0

    def sent_s(self, now_s: float, size: int) -> float:
        """Give the time at which a segment has left, and take the line until then."""
        self._free_s = max(now_s, self._free_s) + size / self.line.bytes_per_s
        return self._free_s


class _Pipe:
    """One direction of one connection: segments on their way, in order."""

    def __init__(self, proxy: Proxy, direction: Direction) -> None:
        self._proxy = proxy
        self._direction: Direction = direction
        self._way = proxy._ways[direction]
        self._under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._flight_bytes = 0
        self._landed = asyncio.Event()
        self._due_s = 0.0

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry everything from one end to the other, the end of the stream too."""
        taking = asyncio.create_task(self._take(reader))
        try:
            await self._deliver(writer)
        finally:
            taking.cancel()
            await asyncio.wait([taking])
        taking.result()

    async def _take(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # segments matter only where something happens to them
            data = await reader.read(_BUFFER_BYTES if self._way.line == CLEAR else SEGMENT_BYTES)
            while self._flight_bytes and self._flight_bytes + len(data) > self._proxy._window_bytes():
                self._landed.clear()
                await self._landed.wait()
            self._flight_bytes += len(data)
            arrives_s = self._way.sent_s(loop.time(), len(data)) + self._way.line.delay_s
            arrives_s += self._proxy._lost_s(self._way)
            # TCP gives nothing to the program before what was sent earlier
            self._due_s = max(self._due_s, arrives_s)
            self._under_way.put_nowait((self._due_s, data))
            if not data:
                return

    async def _deliver(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s, data = await self._under_way.get()
            if (wait_s := due_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            await self._proxy._flowing.wait()
            self._flight_bytes -= len(data)
            self._landed.set()
            if not data:
                writer.write_eof()
                return
            if passed := self._proxy._pass(self._direction, data):
                writer.write(passed)
                await writer.drain()


class Proxy:
    """A link from a port of its own to another one on this machine. Its methods are for any thread.

    Args:
        target_port: where the server listens, or will.
        seed: of the chance in it: which segments get lost, which bits are flipped.

    Attributes:
        port: where the node shall connect to.
        counts: what has happened; read it, don't change it.
    """

    def __init__(self, target_port: int, *, seed: int = 0) -> None:
        self.target_port = target_port
        self.counts = Counts()
        self._random = random.Random(seed)
        self._ways: dict[Direction, _Way] = {"up": _Way(), "down": _Way()}
        self._connections: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter | None]] = set()
        # Bound as long as the proxy lives, so that nobody else gets the port while it refuses.
        self._guard = _bound(0)
        self.port = int(self._guard.getsockname()[1])
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"proxy {self.port}", daemon=True)

    # What tests ask of it ----------------------------------------------------------------------------------------

    def set_lines(self, both: Line = CLEAR, *, up: Line | None = None, down: Line | None = None) -> None:
        """Let the link be so from now on; without arguments it is clear again. What is under way is not touched."""
        self._ask(self._set_lines(up or both, down or both))

    def cut(self, how: Literal["fin", "rst"] = "rst") -> int:
        """End all connections, as a program does that ends (``fin``) or a machine that forgot them (``rst``); say how many."""
        return self._ask(self._cut(how))

    def refuse(self) -> None:
        """Let nobody connect until `accept`; connections that are there go on."""
        self._ask(self._refuse())

    def accept(self) -> None:
        """Let nodes connect again."""
        self._ask(self._accept())

    def stall(self) -> None:
        """Let nodes connect, and let not one byte pass either way, until `flow`."""
        self._ask(self._set_flowing(flowing=False))

    def flow(self) -> None:
        """Let bytes pass again, those that waited too."""
        self._ask(self._set_flowing(flowing=True))

    def lose_answers(self, *, lose: bool = True) -> None:
        """Swallow what the server says. Cut the connections before it may talk again, as a real network would have to.

        What the node sends meanwhile is stored, and the node does not hear of it: over the next connection it comes again.
        """
        self._ask(self._set_swallows("down", swallows=lose))

    def corrupt(self, direction: Direction, times: int = 1) -> None:
        """Flip one bit in each of the next `times` pieces that pass."""
        self._ask(self._flip(direction, times))

    def connected(self) -> int:
        """Count the connections that are there."""
        return self._ask(self._count())

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        self.accept()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Cut everything and end."""
        self._ask(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._guard.close()

    def _ask(self, work: Coroutine[Any, Any, _T]) -> _T:
        asked: Future[_T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return asked.result(10)

    # On the proxy's thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._loop.run_forever()
        self._loop.close()

    async def _set_lines(self, up: Line, down: Line) -> None:
        self._ways["up"].line, self._ways["down"].line = up, down

    async def _set_flowing(self, *, flowing: bool) -> None:
        if flowing:
            self._flowing.set()
        else:
            self._flowing.clear()

    async def _set_swallows(self, direction: Direction, *, swallows: bool) -> None:
        self._ways[direction].swallows = swallows

    async def _flip(self, direction: Direction, times: int) -> None:
        self._ways[direction].flips = times

    async def _count(self) -> int:
        return len(self._connections)

    async def _accept(self) -> None:
        if self._server is None:
            listener = _bound(self.port)
            # the buffer's size is the window that the node is offered, so it has to be set before
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._server = await asyncio.start_server(self._serve, sock=listener, limit=_BUFFER_BYTES)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _cut(self, how: str) -> int:
        cut = list(self._connections)
        for connection in cut:
            for writer in connection:
                if writer is None:
                    continue
                if how == "rst":
                    _reset(writer)
                else:
                    writer.close()
        self.counts.connections_cut += len(cut)
        return len(cut)

    async def _close(self) -> None:
        await self._refuse()
        self._flowing.set()
        own = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not own]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts.connections += 1
        waiting = (writer, None)
        self._connections.add(waiting)
        try:
            await self._flowing.wait()
            target = await asyncio.open_connection(LOOPBACK, self.target_port, limit=_BUFFER_BYTES)
        except OSError:
            self.counts.refused_by_target += 1
            _reset(writer)
            return
        except asyncio.CancelledError:
            _reset(writer)
            return
        finally:
            self._connections.discard(waiting)
        connection = (writer, target[1])
        self._connections.add(connection)
        pipes = [
            asyncio.create_task(_Pipe(self, "up").run(reader, target[1])),
            asyncio.create_task(_Pipe(self, "down").run(target[0], writer)),
        ]
        try:
            # one that fails, as the connection was reset or cut, ends both; an end of the stream is one direction's
            await asyncio.gather(*pipes)
        except (OSError, asyncio.CancelledError):
            for end in connection:
                _reset(end)
        finally:
            self._connections.discard(connection)
            for pipe in pipes:
                pipe.cancel()
            await asyncio.gather(*pipes, return_exceptions=True)
            for end in connection:
                end.close()

    def _window_bytes(self) -> float:
        up, down = self._ways["up"].line, self._ways["down"].line
        rate = min(up.bytes_per_s, down.bytes_per_s)
        if math.isinf(rate):
            return MAX_FLIGHT_BYTES
        return min(MAX_FLIGHT_BYTES, max(MIN_FLIGHT_BYTES, rate * (up.delay_s + down.delay_s)))

    def _lost_s(self, way: _Way) -> float:
        """Say how much longer a segment takes for being lost, once or several times."""
        lost_s, rto_s = 0.0, MIN_RTO_S + sum(way.line.delay_s for way in self._ways.values())
        while way.line.loss and self._random.random() < way.line.loss:
            self.counts.segments_lost += 1
            lost_s += rto_s
            rto_s *= 2  # RFC 6298, 5.5
        return lost_s

    def _pass(self, direction: Direction, data: bytes) -> bytes:
        """Give what arrives of a piece."""
        way = self._ways[direction]
        if way.swallows:
            self.counts.bytes_swallowed += len(data)
            return b""
        if way.flips:
            way.flips -= 1
            self.counts.bits_flipped += 1
            bit = self._random.randrange(8 * len(data))
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            data = bytes(flipped)
        if direction == "up":
            self.counts.bytes_up += len(data)
        else:
            self.counts.bytes_down += len(data)
        return data


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((LOOPBACK, port))
    return made


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other end gets an RST: what was under way is lost, and it knows."""
    end = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):  # it is closed already
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
