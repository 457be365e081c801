"""The server's end of the uplink: nodes connect, hand over their messages, and hear when these are stored.

A message is acknowledged when it is stored for good, and in no other case. So whatever goes wrong here, the node still
has it:

* MongoDB is away, or a disk is full: the message is tried again here until it can be stored. The node's window fills
  and it waits. The log says so once, and once when it is over.
* A processor fails: the message is tried again a few times, then it is kept aside, whole, until somebody has it processed
  again (`picctv_server.aside`). That is stored for good, too.
* The message can never be stored: it is rejected with the reason, and the node sets it aside.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import heapq
import importlib.metadata
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from pymongo.errors import PyMongoError
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from picctv_core.checksums import Checked
from picctv_core.errors import CodecError
from picctv_server import tokens, wire
from picctv_server.database import describe
from picctv_server.halves import Halves
from picctv_server.lanes import PROCESSOR_TRIES, Lanes
from picctv_server.processors import in_thread, join_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.checksums import Connection
    from picctv_server.failures import ProcessorError
    from picctv_server.presence import Presence
    from picctv_server.processing import Processing

log = logging.getLogger(__name__)

WINDOW_BYTES = 16 * 2**20
"""How many bytes of payload a node may have on their way without an answer, beside messages larger than that.

So that a node which has much to catch up on keeps all threads of a processor busy with clips of some megabytes."""

HELLO_SECONDS = 10.0
RETRY_SECONDS = 1.0

_THREADS = 8
_PROCESSOR_THREADS = 4
_CLOSE_POLICY, _CLOSE_LATER = 1008, 1013

_Result = TypeVar("_Result")


class Ingest:
    """Takes in what all nodes send to this server.

    Args:
        processing: what is done with a message.
        presence: where statuses go.
        retry_s: the first pause before something is tried again, in seconds.
    """

    def __init__(self, processing: Processing, presence: Presence, *, retry_s: float = RETRY_SECONDS) -> None:
        self.processing = processing
        self.presence = presence
        self.retry_s = retry_s
        self.version = importlib.metadata.version("picctv-server")
        # A processor has threads of its own: one that hangs uses up no one else's.
        self._threads = {
            "": ThreadPoolExecutor(_THREADS, thread_name_prefix="ingest"),
            **{
                name: ThreadPoolExecutor(_PROCESSOR_THREADS, thread_name_prefix=f"ingest {name}")
                for name in processing.processors.names()
            },
        }
        self._halves = Halves()
        self._away: dict[str, str] = {}
        self._failing: set[str] = set()

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve one node's connection, from its handshake to its end."""
        scheme, _, secret = websocket.headers.get("authorization", "").partition(" ")
        try:
            node = await self.in_thread(tokens.verify, secret) if scheme.lower() == "bearer" else None
        except PyMongoError as error:
            self.store_is_away(describe(error))
            await websocket.accept()
            await websocket.close(_CLOSE_LATER, "the server's database does not answer")
            return
        if node is None:
            log.warning("a node at %s was not let in: its token is unknown or revoked", _peer(websocket))
            denial = PlainTextResponse(
                "the token is unknown or revoked\n", 401, {"WWW-Authenticate": "Bearer"}
            )
            await websocket.send_denial_response(denial)
            return
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            assembler = self._halves.take(node)
            try:
                if (hello := await self._greet(websocket, node, assembler)) is not None:
                    messages = Checked(websocket) if hello.checked else websocket
                    await _Session(self, websocket, messages, node, secret, assembler).run()
            finally:
                self._halves.ended(node, assembler)

    async def in_thread(self, function: Callable[..., _Result], *arguments: Any, lane: str = "") -> _Result:
        """Call a function that waits for MongoDB or disks on one of the server's threads.

        Args:
            function: the function.
            arguments: its arguments.
            lane: the processor whose threads are meant; the server's own without it.
        """
        call = functools.partial(function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads[lane], call)

    def lane_of(self, plugin: str) -> str:
        """Give the lane of a plugin's messages: its own where its processor runs here, else the one of the rest."""
        return plugin if plugin in self._threads else ""

    def tries_of(self, plugin: str) -> int:
        """Say how often to try a message: one that fails with each message is not waited for each time."""
        return 1 if plugin in self._failing else PROCESSOR_TRIES

    @property
    def away(self) -> str:
        """Say why something can't be stored at the moment; empty where all can be."""
        return "; ".join(sorted(set(self._away.values())))

    def store_is_away(self, why: str, *, lane: str = "") -> None:
        """Note that nothing of a lane can be stored; said once."""
        if lane not in self._away:
            log.error("%s; nodes keep what they have until it goes on", why)
        self._away[lane] = why

    def went_well(self, plugin: str, *, lane: str = "") -> None:
        """Note that a message was stored."""
        if self._away.pop(lane, None) is not None:
            log.info("storing goes on")
        self._failing.discard(plugin)

    def went_aside(self, plugin: str, failure: ProcessorError) -> None:
        """Note that a message was set aside; said once until one of the plugin's is stored again."""
        if plugin not in self._failing:
            log.error("%s; it is set aside, as are those that fail like it from now on", failure)
        self._failing.add(plugin)

    def close(self, budget_s: float) -> None:
        """Start nothing more, and wait for what runs, but no longer than so many seconds.

        What is left behind then is no loss: no node was told that it is stored.
        """
        ends = [
            functools.partial(pool.shutdown, wait=True, cancel_futures=True)
            for pool in self._threads.values()
        ]
        join_all([in_thread("ingest ends", end) for end in ends], budget_s)

    async def _greet(self, websocket: WebSocket, node: str, assembler: wire.Assembler) -> wire.Hello | None:
        """Hear who it is and welcome it; None when it was refused."""
        try:
            hello = wire.read(await asyncio.wait_for(websocket.receive_bytes(), HELLO_SECONDS))
            reason = _refusal(hello, node)
        except TimeoutError:
            reason = f"no hello came within {HELLO_SECONDS:g} s"
        except (CodecError, KeyError) as error:
            # KeyError: starlette's way to say that it was text.
            reason = f"what came is no hello: {error}"
        if reason:
            log.warning("node %s at %s was refused: %s", node, _peer(websocket), reason)
            await websocket.send_bytes(wire.refuse(reason))
            await websocket.close(_CLOSE_POLICY)
            return None
        assert isinstance(hello, wire.Hello)
        with contextlib.suppress(
            PyMongoError
        ):  # the next status says the same, and what can't be stored is told then
            await self.in_thread(self.presence.arrived, node, hello.version)
        held = assembler.held()
        await websocket.send_bytes(wire.welcome(self.version, WINDOW_BYTES, checked=hello.checked, held=held))
        log.info("node %s is connected from %s", node, _peer(websocket))
        return hello


class _CloseError(Exception):
    """The connection has to end, with a code and a reason for the node."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class _Session:
    """One node's connection, after the welcome."""

    def __init__(
        self,
        ingest: Ingest,
        websocket: WebSocket,
        messages: Connection,
        node: str,
        secret: str,
        assembler: wire.Assembler,
    ) -> None:
        self._ingest = ingest
        self._websocket = websocket
        self._messages = messages
        self._node = node
        self._secret = secret
        self._assembler = assembler
        self._sizes = {message_id: size for message_id, (_, _, size) in assembler.held().items()}
        self._size = sum(self._sizes.values())
        self._answers: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._status: wire.Status | None = None
        self._status_came = asyncio.Event()

    async def run(self) -> None:
        """Serve the connection until either side ends it."""
        fault: _CloseError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                lanes = Lanes(self._ingest, self, group)
                group.create_task(self._receive(lanes))
                group.create_task(self._answer())
                group.create_task(self._keep_status())
        except* WebSocketDisconnect:
            log.info("node %s has left", self._node)
        except* _CloseError as errors:
            fault = _first(errors)
        if fault is not None:
            log.error("the connection of node %s is closed: %s", self._node, fault)
            await self._websocket.close(fault.code, str(fault)[:100])

    def stored(self, message_id: str) -> None:
        """Tell the node that a message is stored."""
        self._size -= self._sizes.pop(message_id, 0)
        self._answers.put_nowait(message_id)

    def reject(self, message_id: str, reason: str) -> None:
        """Tell the node that a message can never be stored."""
        log.error(
            "message %s of node %s can't be stored, the node sets it aside: %s",
            message_id,
            self._node,
            reason,
        )
        self._size -= self._sizes.pop(message_id, 0)
        self._answers.put_nowait(wire.reject(message_id, reason))

    async def _receive(self, lanes: Lanes) -> None:
        while True:
            try:
                frame = wire.read(await self._messages.receive_bytes())
                if isinstance(frame, wire.Data):
                    self._take(frame, lanes)
                elif isinstance(frame, wire.Status):
                    self._status = frame
                    self._status_came.set()
            except (CodecError, KeyError) as error:
                raise _CloseError(_CLOSE_POLICY, f"it sends what this server can't read: {error}") from error

    def _take(self, data: wire.Data, lanes: Lanes) -> None:
        before = self._sizes.get(data.id, 0)
        self._sizes[data.id] = size = (before if data.part else 0) + len(data.bytes)
        self._size += size - before
        # Twice the window, and without the two largest: the node's window has two lanes, and in each of them one message
        # may be larger than all of it.
        most = 2 * WINDOW_BYTES
        if self._size > most and self._size - sum(heapq.nlargest(2, self._sizes.values())) > most:
            raise _CloseError(
                _CLOSE_POLICY, f"it sends more than the {WINDOW_BYTES} bytes that it may before an answer"
            )
        arrived = self._assembler.add(data)
        if arrived is None:
            return
        if reason := _not_its_own(arrived, self._node):
            self.reject(data.id, reason)
        else:
            lanes.put(arrived)

    async def _answer(self) -> None:
        """Send what is to be said; acknowledgements that wait go together."""
        while True:
            answers = [await self._answers.get()]
            while not self._answers.empty():
                answers.append(self._answers.get_nowait())
            if ids := [answer for answer in answers if isinstance(answer, str)]:
                await self._messages.send_bytes(wire.ack(ids))
            for answer in answers:
                if isinstance(answer, bytes):
                    await self._messages.send_bytes(answer)

    async def _keep_status(self) -> None:
        while True:
            await self._status_came.wait()
            self._status_came.clear()
            status, self._status = self._status, None
            if status is None:
                continue
            try:
                if await self._ingest.in_thread(tokens.verify, self._secret) != self._node:
                    raise _CloseError(_CLOSE_POLICY, "its token was revoked")
                await self._ingest.in_thread(self._ingest.presence.update, self._node, status)
            except PyMongoError as error:
                # The next one is as good; it comes within seconds.
                self._ingest.store_is_away(describe(error))


def _first(errors: BaseExceptionGroup[_CloseError]) -> _CloseError:
    """Give one error of a group, however deep it is in it."""
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, _CloseError)
    return found


def _refusal(hello: object, node: str) -> str:
    """Say why a hello is refused; empty where it is not."""
    if not isinstance(hello, wire.Hello):
        return "the first message is no hello"
    if hello.protocol != wire.PROTOCOL:
        return (
            f"it speaks protocol {hello.protocol}, this server {wire.PROTOCOL}; update the older of the two"
        )
    if hello.node != node:
        return f"it says that it is node {hello.node}, its token is node {node}'s"
    return ""


def _not_its_own(arrived: wire.Arrived, node: str) -> str:
    """Say why a message can't be this node's; empty where it can."""
    envelope = arrived.envelope
    if envelope.node != node:
        return f"the message is of node {envelope.node}, the connection is node {node}'s"
    if envelope.camera and not envelope.camera.startswith(f"{node}/"):
        return f"the camera {envelope.camera} is none of node {node}'s"
    return ""


def _peer(websocket: WebSocket) -> str:
    return websocket.client.host if websocket.client else "an unknown address"
