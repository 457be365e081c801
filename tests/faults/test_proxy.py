"""The proxy of the fault suite does what it says, and nothing else."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, get_args

import pytest

from tests.faults.proxy import Direction, Line, Proxy
from tests.integration.wire_node import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo:
    """A server that sends back what it gets, and keeps it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.got = b""
        self.changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return  # closed: the test is over
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(2**16):
                    with self.changed:
                        self.got += data
                        self.changed.notify_all()
                    connection.sendall(data)
            except ConnectionError:
                return  # cut, as the test wants it

    def wait_for(self, data: bytes) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.got == data, 10), (self.got[:100], len(self.got))


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.listener.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.port, seed=7) as made:
        yield made


@pytest.fixture
def node(proxy: Proxy) -> Iterator[socket.socket]:
    """A connection through the proxy, and to its far end."""
    with connect(proxy) as made:
        made.sendall(b"hello")
        assert read(made, 5) == b"hello"
        yield made


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        assert piece, f"the connection ended after {data!r}"
        data += piece
    return data


def took_s(connection: socket.socket, data: bytes) -> float:
    """Say how long it takes until bytes are back, which must be the same."""
    began_s = time.monotonic()
    threading.Thread(target=connection.sendall, args=(data,), daemon=True).start()
    assert read(connection, len(data)) == data
    return time.monotonic() - began_s


def test_a_clear_line_passes_all(node: socket.socket, proxy: Proxy) -> None:
    data = bytes(range(256)) * 20_000
    took_s(node, data)
    assert proxy.counts.bytes_up == proxy.counts.bytes_down == len(data) + 5
    node.shutdown(socket.SHUT_WR)
    assert node.recv(1) == b""  # the end of the stream came through, and back


def test_fin_ends_a_connection_and_rst_breaks_it(node: socket.socket, proxy: Proxy) -> None:
    assert proxy.cut("fin") == 1
    assert node.recv(1) == b""
    with connect(proxy) as second:
        second.sendall(b"x")
        assert read(second, 1) == b"x"
        assert proxy.cut("rst") == 1
        with pytest.raises(ConnectionResetError):
            second.recv(1)
    assert proxy.counts.connections_cut == 2


def test_refused_nobody_gets_in_and_who_is_in_stays(node: socket.socket, proxy: Proxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    took_s(node, b"still here")
    proxy.accept()
    with connect(proxy) as second:
        took_s(second, b"in again")


def test_a_server_that_is_away_resets() -> None:
    with Proxy(free_port()) as proxy, pytest.raises(ConnectionResetError), connect(proxy) as node:
        node.recv(1)


def test_delay_is_on_both_ways_and_leaves_the_rate(node: socket.socket, proxy: Proxy) -> None:
    proxy.set_lines(Line(delay_s=0.3))
    assert 0.6 <= took_s(node, b"x") < 2
    assert 0.6 <= took_s(node, bytes(300_000)) < 3
    proxy.set_lines(up=Line(delay_s=1.0))
    assert 1.0 <= took_s(node, b"x") < 2.0
    proxy.set_lines()
    assert took_s(node, b"x") < 1.0


def test_rate_is_shared_by_all_connections(node: socket.socket, proxy: Proxy) -> None:
    proxy.set_lines(up=Line(bytes_per_s=100_000))
    with connect(proxy) as second:
        began_s = time.monotonic()
        for connection in (node, second):
            threading.Thread(target=connection.sendall, args=(bytes(50_000),), daemon=True).start()
        read(node, 50_000)
        read(second, 50_000)
    assert 0.95 <= time.monotonic() - began_s < 3


def test_loss_stalls_what_follows_and_keeps_it_whole(node: socket.socket, proxy: Proxy) -> None:
    proxy.set_lines(up=Line(loss=0.2))
    data = bytes(range(256)) * 400
    # about 14 of 70 segments are lost; their stalls lie over each other, as they are all under way at once
    assert took_s(node, data) >= 0.2
    assert proxy.counts.segments_lost > 3


def test_loss_is_that_of_the_seed(echo: Echo) -> None:
    def lost(seed: int) -> int:
        with Proxy(echo.port, seed=seed) as proxy:
            proxy.set_lines(up=Line(loss=0.3, bytes_per_s=10**9))
            with connect(proxy) as node:
                for _ in range(8):
                    node.sendall(b"x")
                    read(node, 1)
            return proxy.counts.segments_lost

    assert lost(1) == lost(1) > 0
    assert {lost(seed) for seed in range(3)} != {lost(1)}


def test_stalled_nothing_passes_and_nothing_is_lost(node: socket.socket, proxy: Proxy, echo: Echo) -> None:
    proxy.stall()
    node.sendall(b" and on")
    node.settimeout(0.3)
    with pytest.raises(TimeoutError):
        node.recv(1)
    with connect(proxy) as second:  # it gets in, and hears nothing
        second.settimeout(0.3)
        with pytest.raises(TimeoutError):
            second.recv(1)
        assert proxy.connected() == 2
        proxy.flow()
        took_s(second, b"!")
    node.settimeout(10)
    assert read(node, 7) == b" and on"
    assert sorted(echo.got) == sorted(b"hello and on!")


def test_answers_get_lost_while_the_server_has_heard(node: socket.socket, proxy: Proxy, echo: Echo) -> None:
    proxy.lose_answers()
    node.sendall(b" again")
    echo.wait_for(b"hello again")
    proxy.cut("fin")
    proxy.lose_answers(lose=False)
    assert node.recv(1) == b""
    with connect(proxy) as second:
        took_s(second, b", heard")


@pytest.mark.parametrize("direction", get_args(Direction))
def test_one_bit_is_flipped(node: socket.socket, proxy: Proxy, direction: Direction) -> None:
    proxy.corrupt(direction)
    node.sendall(bytes(100))
    assert sum(byte.bit_count() for byte in read(node, 100)) == 1
    assert proxy.counts.bits_flipped == 1
    took_s(node, bytes(100))
