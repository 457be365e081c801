"""A server in this process, and a node's end of the wire that does just what a test tells it."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect

from picctv_core import codec
from picctv_core.messages import new_id
from picctv_server import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

    from picctv_server.config import ServerConfig

_sequence = itertools.count(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class WireNode:
    """A node's connection: says what it is told to, and keeps the answers."""

    connection: ClientConnection
    node: str = "garage"
    acked: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)

    def hello(self, **other: Any) -> dict[str, Any]:
        """Introduce itself, with other values where given; give the answer."""
        hello = {"type": "hello", "protocol": 1, "node": self.node, "version": "0.1.0", **other}
        self.connection.send(codec.pack(hello))
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """Take one answer."""
        answer: dict[str, Any] = codec.unpack(self.connection.recv(timeout=30, decode=False))
        if answer["type"] == "ack":
            self.acked += answer["ids"]
        elif answer["type"] == "reject":
            self.rejected[answer["id"]] = answer["reason"]
        return answer

    def parts(self, kind: str, payload: Any, *, part_bytes: int = 256 * 1024, **envelope: Any) -> list[bytes]:
        """Make the wire messages of one message."""
        packed = payload if isinstance(payload, bytes) else codec.pack(payload)
        pieces = [packed[start : start + part_bytes] for start in range(0, len(packed), part_bytes)] or [b""]
        values = {
            "type": "data",
            "id": new_id(),
            "node": self.node,
            "camera": "garage/door",
            "plugin": "people",
            "kind": kind,
            "captured_at_ns": time.time_ns(),
            "sequence": next(_sequence),
            **envelope,
        }
        return [
            codec.pack({**values, "part": number, "parts": len(pieces), "bytes": piece})
            for number, piece in enumerate(pieces)
        ]

    def send(self, kind: str, payload: Any, **envelope: Any) -> str:
        """Send a message, and give its id."""
        own_id = envelope.pop("id", None) or new_id()
        for part in self.parts(kind, payload, id=own_id, **envelope):
            self.connection.send(part)
        return own_id

    def until_answered(self, *ids: str) -> None:
        """Take answers until there is one to each of these messages."""
        while not set(ids) <= {*self.acked, *self.rejected}:
            self.receive()


@dataclass
class RunningServer:
    """A server on a port of its own, and the way in."""

    config: ServerConfig

    @property
    def url(self) -> str:
        """Give the address of the uplink."""
        return f"ws://127.0.0.1:{self.config.server.port}/uplink"

    @contextlib.contextmanager
    def connection(self, token: str, *, hello: bool = True) -> Iterator[WireNode]:
        """Connect with a token, and be welcomed unless told otherwise."""
        headers = {"Authorization": f"Bearer {token}"}
        with connect(self.url, additional_headers=headers, compression=None) as connection:
            node = WireNode(connection)
            if hello:
                assert node.hello()["type"] == "welcome"
            yield node


@contextlib.contextmanager
def serving(config: ServerConfig) -> Iterator[RunningServer]:
    """Run a server on a thread; the process is connected already."""
    server = app.make_server(config, retry_s=0.02)
    with app.listen(config.server) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield RunningServer(config)
        finally:
            server.should_exit = True
            thread.join()
