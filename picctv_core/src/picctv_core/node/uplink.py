"""The way to the server: one WebSocket, on a thread of its own.

At least once on the wire: what was not acknowledged when a connection ends is sent again over the next one. The server
knows it by its id.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.metadata
import logging
import threading
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import ClientConnection, connect

from picctv_core import codec
from picctv_core.checksums import AlteredError, Checked
from picctv_core.errors import CodecError, SpoolError
from picctv_core.node._link_errors import TROUBLES, RefusedError, explain
from picctv_core.node.backoff import Backoff
from picctv_core.node.outbox import LEAST_PART_BYTES, Held, Outbox
from picctv_core.node.pace import Pace, Probe
from picctv_core.node.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import SecretStr

    from picctv_core.checksums import Connection
    from picctv_core.node.spool import Spool

log = logging.getLogger(__name__)

# It would log each header when debugging, and so the token.
_wire_log = logging.getLogger(f"{__name__}.wire")
_wire_log.setLevel(logging.INFO)

PROTOCOL = 1
DEFAULT_WINDOW_BYTES = 8 * 2**20

FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 30.0

_OPEN_S = 10.0
_CLOSE_S = 1.0
_MAX_ANSWER_BYTES = 2**20


class Uplink:
    """Sends what the spool holds, and the newest status, to one of the servers; the next one is tried when it fails.

    Args:
        urls: the servers, without the path.
        token: the node's token.
        node: the node's name.
        spool: where messages come from; call `wake` when there are new ones.
        backoff: the pauses between tries. What seems to be for a person to mend, a server that is none of picctv's, may be a
            bit that was flipped in its first words: it is tried again as soon as all else.
    """

    def __init__(
        self,
        urls: Sequence[str],
        token: SecretStr,
        node: str,
        spool: Spool,
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self._urls = urls
        self._token = token
        self._node = node
        self._spool = spool
        self._backoff = backoff or Backoff(FIRST_PAUSE_S, LAST_PAUSE_S)
        self._repeats = Repeats()
        self._version = importlib.metadata.version("picctv-core")
        self._status: dict[str, Any] | None = None
        self._status_is_new = False
        self._acked: list[str] = []
        self._flush_s = 0.0
        self._loop = asyncio.new_event_loop()
        # All set from outside only through the loop.
        self._work = asyncio.Event()
        self._forgettable = asyncio.Event()
        self._forgot = asyncio.Event()
        self._stop = asyncio.Event()
        self._connected = False
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there are new messages; from any thread, never blocking."""
        self._on_loop(self._work.set)

    def send_status(self, status: dict[str, Any]) -> None:
        """Send a status, now or with the next connection; it takes the place of one that was not sent yet."""

        def keep() -> None:
            self._status, self._status_is_new = status, True
            self._work.set()

        self._on_loop(keep)

    def stop(self, flush_s: float) -> None:
        """End; where there is a connection, what waits is sent first, for `flush_s` seconds at the most."""

        def end() -> None:
            self._flush_s = flush_s
            self._stop.set()

        self._on_loop(end)
        self._thread.join()

    def _on_loop(self, call: Callable[[], None]) -> None:
        # Once stopped, the uplink has no use for what it is told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call)

    # On the uplink's thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        connecting = asyncio.create_task(self._connect_for_ever())
        await self._stop.wait()
        if self._connected:
            try:
                await asyncio.wait_for(self._flushed(), self._flush_s)
            except (TimeoutError, SpoolError):
                log.info("the node stops with messages that wait; they are sent when it runs again")
        await _cancelled(connecting)

    async def _flushed(self) -> None:
        while self._connected and (await asyncio.wrap_future(self._spool.stats())).messages:
            self._forgot.clear()
            await self._forgot.wait()

    async def _connect_for_ever(self) -> None:
        while True:
            for url in self._urls:
                try:
                    await self._talk(url)
                except TROUBLES as error:
                    line = explain(url, self._node, error)
                    if number := self._repeats.count(line):
                        log.warning("%s%s", line, f" (for the {number}th time)" if number > 1 else "")
                except Exception:  # whatever else it is: what waits in the spool must not wait for a restart
                    log.exception("the uplink to %s broke", url)
            await asyncio.sleep(self._backoff.next_s())

    async def _talk(self, url: str) -> None:
        """Connect to a server, and talk to it until the connection ends; that is always an error."""
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        async with connect(
            f"{url}/uplink",
            additional_headers=headers,
            compression=None,  # video does not shrink, and each connection would cost memory for trying
            max_size=_MAX_ANSWER_BYTES,
            open_timeout=_OPEN_S,
            close_timeout=_CLOSE_S,
            logger=_wire_log,
        ) as connection:
            plain = _Plain(connection)
            welcome = await self._welcomed(plain)
            # an older server does not know of sums
            wire = Checked(plain) if welcome.get("checked") is True else plain
            log.info("connected to the server at %s", url)
            await asyncio.wrap_future(self._spool.release())
            self._status_is_new = self._status is not None
            self._connected = True
            outbox = Outbox(self._node, self._spool, _window_bytes(welcome), _held(welcome))
            self._work.set()
            tasks = [
                asyncio.create_task(self._send(wire, outbox, connection)),
                asyncio.create_task(self._receive(wire, outbox)),
                asyncio.create_task(self._forget()),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                self._connected = False
                self._forgot.set()
                for task in tasks:
                    await _cancelled(task)

    async def _welcomed(self, wire: Connection) -> dict[str, Any]:
        """Introduce the node; give what the server says to that."""
        hello = {"type": "hello", "protocol": PROTOCOL, "node": self._node, "version": self._version}
        await wire.send_bytes(codec.pack({**hello, "checked": True}))
        answer = _read(await asyncio.wait_for(wire.receive_bytes(), _OPEN_S))
        if answer["type"] == "refuse":
            raise RefusedError(str(answer.get("reason", "it does not say why")))
        if answer["type"] != "welcome":
            raise CodecError(f"a {answer['type']} in place of a welcome")
        if (protocol := answer.get("protocol")) != PROTOCOL:
            raise RefusedError(
                f"it speaks protocol {protocol}, this node {PROTOCOL}; update the older of the two"
            )
        # An older server says nothing of sums. One that knows of them says what it has heard: else a single flipped bit in
        # the hello could do away with them, and nobody would notice.
        if answer.get("checked", True) is not True:
            raise AlteredError("the hello was altered on its way")
        return answer

    async def _send(self, wire: Connection, outbox: Outbox, connection: ClientConnection) -> None:
        pace = Pace()

        def arrived(answer: asyncio.Future[float], probe: Probe) -> None:
            if not answer.cancelled() and answer.exception() is None:
                pace.arrived(probe, self._loop.time())
                self._work.set()

        while True:
            await self._work.wait()
            self._work.clear()
            if self._status_is_new:
                self._status_is_new = False
                await wire.send_bytes(codec.pack(self._status))
            await outbox.fill(pace.window_bytes)
            sent_bytes = 0
            while (part := outbox.next_part(urgent_only=not pace.has_room)) is not None:
                sent_s = self._loop.time()
                await wire.send_bytes(part)
                if (probe := pace.sent(len(part), sent_s)) is not None:
                    answer = await connection.ping()
                    asyncio.ensure_future(answer).add_done_callback(functools.partial(arrived, probe=probe))
                sent_bytes += len(part)
                if sent_bytes >= LEAST_PART_BYTES and self._work.is_set():
                    break  # what came in the meantime may be more urgent than the rest of this

    async def _receive(self, wire: Connection, outbox: Outbox) -> None:
        while True:
            answer = _read(await wire.receive_bytes())
            if answer["type"] == "ack":
                ids = [message_id for message_id in answer.get("ids", ()) if isinstance(message_id, str)]
                outbox.settled(ids)
                self._acked += ids
                # Only now is it known that the server works, and does not just accept connections.
                self._backoff.reset()
                self._repeats.forget()
                self._forgettable.set()
            elif answer["type"] == "reject":
                message_id, reason = str(answer.get("id")), str(answer.get("reason"))
                log.error(
                    "the server can never accept message %s, which is set aside: %s", message_id, reason
                )
                outbox.settled([message_id])
                await asyncio.wrap_future(self._spool.set_aside(message_id, reason))
                self._forgot.set()
            else:
                log.debug("the server sends a %s, which this node does not know", answer["type"])
            self._work.set()

    async def _forget(self) -> None:
        """Delete what was acknowledged, all of some moment together: each deletion waits for the disk as an `emit` does."""
        while True:
            await self._forgettable.wait()
            self._forgettable.clear()
            ids, self._acked = self._acked, []
            try:
                await asyncio.wrap_future(self._spool.delete(ids, is_patient=not self._stop.is_set()))
            except SpoolError:
                self._acked += ids  # the disk is full, as the spool has said; deleted with the next ones
            self._forgot.set()


def _window_bytes(welcome: Mapping[str, Any]) -> int:
    """Give the server's window."""
    found = welcome.get("window_bytes")
    return found if isinstance(found, int) and found > 0 else DEFAULT_WINDOW_BYTES


def _held(welcome: Mapping[str, Any]) -> dict[str, Held]:
    """Give what the server has of messages from the connection before; an older one does not say."""
    found = welcome.get("held")
    if not isinstance(found, dict):
        return {}
    return {
        message_id: Held(*numbers)
        for message_id, numbers in found.items()
        if isinstance(numbers, list) and len(numbers) == 3 and all(isinstance(one, int) for one in numbers)
    }


class _Plain:
    """The node's WebSocket, with the names that the server's has."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive_bytes(self) -> bytes:
        """Give the next message; what came as text is what it was sent as."""
        return await self._connection.recv(decode=False)

    async def send_bytes(self, data: bytes) -> None:
        """Send a message."""
        await self._connection.send(data)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _read(data: bytes) -> dict[str, Any]:
    """Read what the server sent.

    Raises:
        CodecError: it is no message of ours.
    """
    answer = codec.unpack(data)
    if not isinstance(answer, dict) or not isinstance(answer.get("type"), str):
        raise CodecError("a message without a type")
    return answer
