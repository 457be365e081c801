"""A receiver on loopback that does what a test tells it, and notifications to send to it."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from picctv_notifier.settings import NotifierSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANG = -1


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """A web server.

    Attributes:
        answers: given one after another, then 200 for ever; `HANG` holds the answer until the test ends.
        hang_from: the request of each path, counted from 1, from which on it hangs; 0 for none.
    """

    port: int = 0
    hang_from: int = 0
    answers: list[int] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/SECRET-PATH?key=SECRET-QUERY"

    @property
    def apprise_url(self) -> str:
        return f"json://127.0.0.1:{self.port}/SECRET-PATH?+X-Token=SECRET-HEADER"

    def take(self, request: Request) -> int:
        with self.arrived:
            self.requests.append(request)
            answer = self.answers.pop(0) if self.answers else 200
            if 0 < self.hang_from <= sum(other.path == request.path for other in self.requests):
                answer = HANG
            self.arrived.notify_all()
        if answer == HANG:
            self.over.wait(30)
        return answer

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[Request]:
        with self.arrived:
            came = self.arrived.wait_for(lambda: len(self.requests) >= count, timeout_s)
            assert came, f"{len(self.requests)} of {count} requests came"
            return list(self.requests)


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.receiver.take(Request(self.path, dict(self.headers), body))
        if answer == HANG:
            self.close_connection = True
            return
        self.send_response(answer)
        if 300 <= answer < 400:
            self.send_header("Location", self.receiver.url + "&redirected=1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    handler = type("Handler", (_Handler,), {"receiver": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def settings() -> Callable[..., NotifierSettings]:
    """Make settings as they come out of a file."""
    return lambda **keys: NotifierSettings.model_validate(keys)
