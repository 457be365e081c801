"""The line between a node and a plugin's process."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.errors import CodecError
from picctv_core.node.pipe import Pipe, PipeClosed

if TYPE_CHECKING:
    from collections.abc import Iterator

heads = st.lists(st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20), max_size=6)
bodies = st.binary(max_size=200) | st.integers(2**13, 2**20).map(bytes)


@contextlib.contextmanager
def line() -> Iterator[tuple[Pipe, Pipe]]:
    one, other = map(Pipe, socket.socketpair())
    try:
        yield one, other
    finally:
        one.close()
        other.close()


@given(st.lists(st.tuples(heads, bodies), max_size=8))
def test_messages_arrive_as_they_were_sent(messages: list[tuple[list[object], bytes]]) -> None:
    with line() as (one, other):

        def send() -> None:
            for head, body in messages:
                one.send(head, body)

        thread = threading.Thread(target=send)
        thread.start()
        assert [other.receive() for _ in messages] == messages
        thread.join()


@given(st.integers(0, 30))
def test_message_that_breaks_off_is_the_end(size: int) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        pipe = Pipe(ours)
        whole = struct.pack("<IQ", 1, 20) + b"\xc0" + bytes(20)
        theirs.sendall(whole[:size])
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(PipeClosed):
            pipe.receive()
        pipe.close()


@pytest.mark.parametrize(
    "junk", [b"\xff" * 64, struct.pack("<IQ", 4, 2**60) + bytes(64), struct.pack("<IQ", 3, 0) + b"\xc1" * 3]
)
def test_what_is_no_message_is_the_end_and_costs_no_memory(junk: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        pipe = Pipe(ours)
        theirs.sendall(junk)
        with pytest.raises(PipeClosed):
            pipe.receive()
        pipe.close()


def test_who_waits_is_woken_when_the_line_is_shut() -> None:
    with line() as (one, other):
        ended: list[str] = []

        def wait() -> None:
            try:
                one.receive()
            except PipeClosed as error:
                ended.append(str(error))

        thread = threading.Thread(target=wait)
        thread.start()
        one.shut()
        one.shut()  # twice does no harm
        thread.join(10)
        assert ended == ["the other side has closed the line"]
        with pytest.raises(PipeClosed):
            other.send([], bytes(10))


def test_head_that_is_no_plain_data_is_refused_before_anything_is_sent() -> None:
    with line() as (one, other):
        with pytest.raises(CodecError):
            one.send([object()])
        one.send(["next"])
        assert other.receive() == (["next"], b"")
