"""The server's end of the uplink: nodes connect, hand over their messages, and hear when these are stored.

A message is acknowledged when it is stored for good, and in no other case. So whatever goes wrong here, the node still
has it:

* MongoDB is away, or a disk is full: the message is tried again here until it can be stored. The node's window fills
  and it waits. The log says so once, and once when it is over.
* A processor fails: the message is tried again a few times, then the connection is closed. The node connects again
  after a pause that grows, and sends it again.
* The message can never be stored: it is rejected with the reason, and the node sets it aside.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.metadata
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from pymongo.errors import PyMongoError
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from picctv_core.errors import CodecError
from picctv_server import tokens, wire
from picctv_server.database import describe
from picctv_server.processing import NotNowError, ProcessorError
from picctv_server.processors import in_thread, join_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_server.presence import Presence
    from picctv_server.processing import Processing

log = logging.getLogger(__name__)

WINDOW_BYTES = 8 * 2**20
"""How many bytes of payload a node may have on their way without an answer, beside messages larger than that."""

HELLO_SECONDS = 10.0
RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 2.0
PROCESSOR_TRIES = 3

_THREADS = 8
_WORKERS_PER_NODE = 4
_CLOSE_POLICY, _CLOSE_BROKEN, _CLOSE_LATER = 1008, 1011, 1013

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
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ingest")
        self._away: str | None = None

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
            if await self._greet(websocket, node):
                await _Session(self, websocket, node, secret).run()

    async def in_thread(self, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """Call a function that waits for MongoDB or disks on one of the server's threads."""
        call = functools.partial(function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def store_is_away(self, why: str) -> None:
        """Note that nothing can be stored; said once."""
        if self._away is None:
            log.error("%s; nodes keep what they have until it goes on", why)
        self._away = why

    def store_is_back(self) -> None:
        """Note that something was stored."""
        if self._away is not None:
            log.info("storing goes on")
        self._away = None

    def close(self, budget_s: float) -> None:
        """Start nothing more, and wait for what runs, but no longer than so many seconds.

        What is left behind then is no loss: no node was told that it is stored.
        """
        end = functools.partial(self._threads.shutdown, wait=True, cancel_futures=True)
        join_all([in_thread("ingest ends", end)], budget_s)

    async def _greet(self, websocket: WebSocket, node: str) -> bool:
        """Hear who it is and welcome it; False when it was refused."""
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
            return False
        assert isinstance(hello, wire.Hello)
        with contextlib.suppress(
            PyMongoError
        ):  # the next status says the same, and what can't be stored is told then
            await self.in_thread(self.presence.arrived, node, hello.version)
        await websocket.send_bytes(wire.welcome(self.version, WINDOW_BYTES))
        log.info("node %s is connected from %s", node, _peer(websocket))
        return True


class _CloseError(Exception):
    """The connection has to end, with a code and a reason for the node."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class _Session:
    """One node's connection, after the welcome."""

    def __init__(self, ingest: Ingest, websocket: WebSocket, node: str, secret: str) -> None:
        self._ingest = ingest
        self._websocket = websocket
        self._node = node
        self._secret = secret
        self._assembler = wire.Assembler()
        self._arrived: asyncio.Queue[wire.Arrived] = asyncio.Queue()
        self._sizes: dict[str, int] = {}
        self._answers: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._status: wire.Status | None = None
        self._status_came = asyncio.Event()

    async def run(self) -> None:
        """Serve the connection until either side ends it."""
        jobs = [self._receive(), self._answer(), self._keep_status()]
        jobs += [self._work() for _ in range(_WORKERS_PER_NODE)]
        tasks = [asyncio.create_task(job) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except WebSocketDisconnect:
            log.info("node %s has left", self._node)
        except _CloseError as error:
            log.error("the connection of node %s is closed: %s", self._node, error)  # noqa: TRY400 - said, not broken
            await self._websocket.close(error.code, str(error)[:100])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        while True:
            try:
                frame = wire.read(await self._websocket.receive_bytes())
                if isinstance(frame, wire.Data):
                    self._take(frame)
                elif isinstance(frame, wire.Status):
                    self._status = frame
                    self._status_came.set()
            except (CodecError, KeyError) as error:
                raise _CloseError(_CLOSE_POLICY, f"it sends what this server can't read: {error}") from error

    def _take(self, data: wire.Data) -> None:
        self._sizes[data.id] = self._sizes.get(data.id, 0) + len(data.bytes)
        # Twice the window, and without the two largest: the node's window has two lanes, and in each of them one message
        # may be larger than all of it.
        if sum(sorted(self._sizes.values())[:-2]) > 2 * WINDOW_BYTES:
            raise _CloseError(
                _CLOSE_POLICY, f"it sends more than the {WINDOW_BYTES} bytes that it may before an answer"
            )
        arrived = self._assembler.add(data)
        if arrived is None:
            return
        if reason := _not_its_own(arrived, self._node):
            self._reject(data.id, reason)
        else:
            self._arrived.put_nowait(arrived)

    async def _work(self) -> None:
        while True:
            arrived = await self._arrived.get()
            pause_s, tries = self._ingest.retry_s, 0
            while True:
                try:
                    await self._ingest.in_thread(
                        self._ingest.processing.process, arrived.envelope, arrived.packed
                    )
                except NotNowError as error:
                    self._ingest.store_is_away(str(error))
                except ProcessorError as error:
                    tries += 1
                    if tries == PROCESSOR_TRIES:
                        raise _CloseError(_CLOSE_BROKEN, f"{error} ({tries} times)") from error
                    log.warning("%s; trying again", error)
                except CodecError as error:
                    self._reject(arrived.envelope.id, str(error))
                    break
                else:
                    self._ingest.store_is_back()
                    self._sizes.pop(arrived.envelope.id, None)
                    self._answers.put_nowait(arrived.envelope.id)
                    break
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LAST_RETRY_SECONDS)

    def _reject(self, message_id: str, reason: str) -> None:
        log.error(
            "message %s of node %s can't be stored, the node sets it aside: %s",
            message_id,
            self._node,
            reason,
        )
        self._sizes.pop(message_id, None)
        self._answers.put_nowait(wire.reject(message_id, reason))

    async def _answer(self) -> None:
        """Send what is to be said; acknowledgements that wait go together."""
        while True:
            answers = [await self._answers.get()]
            while not self._answers.empty():
                answers.append(self._answers.get_nowait())
            if ids := [answer for answer in answers if isinstance(answer, str)]:
                await self._websocket.send_bytes(wire.ack(ids))
            for answer in answers:
                if isinstance(answer, bytes):
                    await self._websocket.send_bytes(answer)

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
