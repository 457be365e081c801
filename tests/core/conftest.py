"""What the core's tests share: a server that speaks the uplink's protocol, and a camera source made of a script."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from picctv_core import codec
from picctv_core.config import Settings
from picctv_core.declarations import declared
from picctv_core.frames import AccessUnit, AnalysisFormat, Frame, VideoInfo
from picctv_core.messages import Message
from picctv_core.node.app import Node
from picctv_core.node.config import CameraConfig, NodeConfig
from picctv_core.node.plugin_tables import PluginConfig
from picctv_core.plugins import NODE, Plugin, Status
from tests.core.replays import Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.http11 import Request, Response

TOKEN = "a-token-of-the-tests"


class UplinkServer:
    """A server that keeps what a node sends, on a thread of its own; `messages` has what it acknowledged.

    Attributes:
        wire: type and id of every ``data`` that came, in order, parts counted singly.
        more: what a newer server says beside what is known, in all its messages.
        acks: whether it acknowledges; set to False, it is a server that has stored nothing yet.
    """

    def __init__(self, window_bytes: int = 8 * 2**20) -> None:
        self.window_bytes = window_bytes
        self.messages: list[Message] = []
        self.statuses: list[dict[str, Any]] = []
        self.hellos: list[dict[str, Any]] = []
        self.wire: list[tuple[str, str, int]] = []
        self.paths: list[str] = []
        self.acks = True
        self.reject: Callable[[Message], str | None] = lambda _: None
        self.refuse: str | None = None
        self.more: dict[str, Any] = {}
        self.takes_from: dict[str, int] = {}
        self.port = 0
        self._changed = threading.Condition()
        self._stop: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def start(self) -> None:
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        self._thread.start()
        ready.result(10)

    def stop(self) -> None:
        if self._thread is not None:
            self._stop()
            self._thread.join()
            self._thread = None

    def wait_for(self, condition: Callable[[], Any], timeout_s: float = 15.0) -> None:
        """Wait until something is so that changes with what arrives."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), (
                f"it did not come: {self.wire[-5:]}, {len(self.messages)}"
            )

    def of_kind(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message.kind == kind]

    async def _serve(self, ready: Future[None]) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with serve(
            self._talk, "127.0.0.1", self.port, compression=None, process_request=self._check, max_size=2**20
        ) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
            ready.set_result(None)
            await stopped.wait()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        with self._changed:
            self.paths.append(request.path)
            self._changed.notify_all()
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return connection.respond(401, "no\n")
        return None

    async def _talk(self, connection: ServerConnection) -> None:
        with self._changed:
            self.hellos.append(codec.unpack(await connection.recv()))
            self._changed.notify_all()
        if self.refuse is not None:
            await connection.send(codec.pack({"type": "refuse", "reason": self.refuse}))
            return
        welcome = {"type": "welcome", "protocol": 1, "version": "0", "window_bytes": self.window_bytes}
        await connection.send(codec.pack(welcome | self.more))
        if self.more:
            await connection.send(codec.pack({"type": "advice", "text": "of a newer server"}))
        parts: dict[str, list[bytes]] = {}
        try:
            async for data in connection:
                assert isinstance(data, bytes)
                await self._take(connection, codec.unpack(data), parts)
        except ConnectionClosed:
            pass  # nodes of these tests end as they like

    async def _take(
        self, connection: ServerConnection, said: dict[str, Any], parts: dict[str, list[bytes]]
    ) -> None:
        answer: dict[str, Any] | None = None
        with self._changed:
            if said["type"] == "status":
                self.statuses.append(said)
            else:
                self.wire.append((said["kind"], said["id"], said["part"]))
                got = parts.setdefault(said["id"], [b""] * self.takes_from.get(said["id"], 0))
                assert said["part"] == len(got)
                got.append(said["bytes"])
                if len(got) == said["parts"] and said["id"] not in self.takes_from:
                    answer = self._answer(said, codec.unpack(b"".join(parts.pop(said["id"]))))
            self._changed.notify_all()
        if answer is not None:
            await connection.send(codec.pack(answer | self.more))

    def _answer(self, said: dict[str, Any], payload: Any) -> dict[str, Any] | None:
        fields = ("id", "node", "camera", "plugin", "kind", "captured_at_ns", "sequence")
        message = Message(*(said[field] for field in fields), payload=payload)
        if (reason := self.reject(message)) is not None:
            return {"type": "reject", "id": message.id, "reason": reason}
        if not self.acks:
            return None
        if message.id not in {known.id for known in self.messages}:
            self.messages.append(message)
        return {"type": "ack", "ids": [message.id]}


@pytest.fixture
def uplink_server() -> Iterator[UplinkServer]:
    """A running server."""
    server = UplinkServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def token() -> str:
    """The token that the server of the tests takes."""
    return TOKEN


class ScriptedSource:
    """A camera that gives pictures as fast as its script says; the script is the test's."""

    class Settings(Settings):
        """It needs none."""

    script: ClassVar[Any] = None

    def __init__(self, settings: Any, analysis: AnalysisFormat, clock: Any) -> None:
        self.analysis = analysis
        self.clock = clock

    def run(self, sink: Any, stop: threading.Event) -> None:
        type(self).script(sink, stop, self.clock)


@dataclass
class Cameras:
    """Makes cameras' configurations for tests."""

    video: VideoInfo = field(default_factory=lambda: VideoInfo(64, 48, 10.0))
    frame_ns: int = 100_000_000
    made: list[CameraConfig] = field(default_factory=list)

    def plugin(self, name: str, analyzer: type[Any], **settings: Any) -> PluginConfig:
        """Give a plugin as if it had been installed."""
        declaration = declared(analyzer)
        record = Plugin(name, NODE, f"picctv-plugins-{name}", "1.0", "tests:x", Status.ENABLED, "", analyzer)
        return PluginConfig(record, declaration.settings(**settings), declaration)

    def config(self, script: Any, *plugins: PluginConfig, name: str = "door") -> CameraConfig:
        """Give a camera that runs a script: a function of sink, stop and clock."""
        source = type("Source", (ScriptedSource,), {"script": staticmethod(script)})
        config = CameraConfig(
            name=name,
            title=name.capitalize(),
            analysis=AnalysisFormat(64, 48, 10.0),
            driver="scripted",
            source=source,
            source_settings=ScriptedSource.Settings(),
            plugins={plugin.plugin.name: plugin for plugin in plugins},
            idle={},
        )
        self.made.append(config)
        return config

    def frame(self, number: int, at_ns: int) -> Frame:
        """Give a frame."""
        luma = np.full((48, 64), number % 256, dtype=np.uint8)
        luma.flags.writeable = False
        return Frame(luma, at_ns, number)

    def unit(self, number: int, at_ns: int, size: int = 100, key_every: int = 10) -> AccessUnit:
        """Give an access unit; it holds no real picture."""
        return AccessUnit(at_ns, number % key_every == 0, bytes(size))

    def play(self, count: int, *, after_each: Callable[[], Any] = lambda: None) -> Any:
        """Give a script: so many frames and units, ten a second in capture time; then it waits for the stop.

        What is done after each may wait for its analysis: a newer frame replaces one that nobody has come to yet.
        """

        def script(sink: Any, stop: threading.Event, clock: Any) -> None:
            sink.started(self.video)
            start_ns = clock.now_ns()
            for number in range(count):
                if stop.is_set():
                    return
                at_ns = start_ns + number * self.frame_ns
                sink.frame(self.frame(number, at_ns))
                sink.access_unit(self.unit(number, at_ns))
                after_each()
            stop.wait()

        return script


@pytest.fixture
def cameras() -> Cameras:
    """What makes cameras for tests."""
    return Cameras()


@pytest.fixture
def replay(
    make_distribution: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Replay:
    """The command ``picctv replay``, and plugins for it."""
    return Replay(make_distribution, capsys, tmp_path)


@pytest.fixture
def isolation_bench(tmp_path: Path, make_distribution: Any, caplog: Any) -> Iterator[Any]:
    """A plugin of the tests in a process of its own; see `tests.core.isolation`. It must leave nothing behind."""
    from tests.core.isolation import IsolationBench, install

    install(make_distribution)
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    made = IsolationBench(tmp_path)
    yield made
    made.close()
    caplog.get_records("call").clear()  # errors that were logged hold on to what they came through
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors
    assert not [thread.name for thread in threading.enumerate() if "faulty" in thread.name]


@pytest.fixture
def run_node(tmp_path: Path, uplink_server: Any, token: str) -> Iterator[Callable[..., Callable[[], None]]]:
    """Start nodes on threads; what is given ends one, as a signal would."""
    ends: list[Callable[[], None]] = []

    def run(*configs: Any, urls: tuple[str, ...] = ()) -> Callable[[], None]:
        config = NodeConfig(
            path=tmp_path / "node.toml",
            name="garage",
            data=tmp_path / "data",
            spool_max_bytes=10**9,
            spool_min_free_bytes=0,
            urls=urls or (uplink_server.url,),
            token=SecretStr(token),
            cameras=configs,
            plugins=(),
        )
        stopped = threading.Event()
        thread = threading.Thread(target=Node(config).run_until, args=(stopped,))
        thread.start()

        def end() -> None:
            stopped.set()
            thread.join(10)
            assert not thread.is_alive()

        ends.append(end)
        return end

    yield run
    for end in ends:
        end()
