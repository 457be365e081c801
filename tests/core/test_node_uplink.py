"""The uplink, against a real WebSocket server."""

from __future__ import annotations

import logging
import socket
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from picctv_core.node.backoff import Backoff
from picctv_core.node.spool import Spool
from picctv_core.node.uplink import Uplink
from picctv_core.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db", FakeClock())
    yield made
    made.close()


@pytest.fixture
def connect(spool: Spool, token: str) -> Iterator[Callable[..., Uplink]]:
    """Start uplinks with short pauses."""
    uplinks: list[Uplink] = []

    def start(*urls: str, token: str = token) -> Uplink:
        uplink = Uplink(urls, SecretStr(token), "garage", spool, backoff=Backoff(0.05, 0.1))
        spool.on_append = uplink.wake
        uplink.start()
        uplinks.append(uplink)
        return uplink

    yield start
    for uplink in uplinks:
        uplink.stop(0)


def add(spool: Spool, kind: str = "note", payload: Any = None) -> str:
    return spool.append(camera="garage/door", plugin="p", kind=kind, payload=payload, captured_at_ns=7)


def clip(size: int) -> dict[str, Any]:
    return {"started_at_ns": 0, "ended_at_ns": 1, "units": [[0, True, bytes(size)]]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def said_by_node(caplog: Any) -> str:
    """Give what was logged, but for what the tests' own server said."""
    records = [record for record in caplog.records if record.name != "websockets.server"]
    return "\n".join(record.getMessage() for record in records)


def test_message_arrives_as_it_was_and_is_forgotten(spool: Spool, connect: Any, uplink_server: Any) -> None:
    first = add(spool, payload={"text": "before"})
    uplink = connect(uplink_server.url)
    uplink_server.wait_for(lambda: uplink_server.messages)
    second = add(spool, payload={"text": "after"})
    uplink_server.wait_for(lambda: len(uplink_server.messages) == 2)
    got = uplink_server.messages[0]
    assert (
        got.id,
        got.node,
        got.camera,
        got.plugin,
        got.kind,
        got.captured_at_ns,
        got.sequence,
        got.payload,
    ) == (
        *(first, "garage", "garage/door", "p", "note", 7, 1),
        {"text": "before"},
    )
    assert uplink_server.messages[1].id == second
    uplink.stop(5)
    assert spool.stats().result().messages == 0


def test_large_message_goes_in_parts_with_small_ones_between(
    spool: Spool, connect: Any, uplink_server: Any
) -> None:
    uplink_server.window_bytes = 2**20
    large = add(spool, "clip", clip(40 * 2**20))
    connect(uplink_server.url)
    uplink_server.wait_for(lambda: uplink_server.wire)
    small = add(spool, "notification", {"level": "info", "title": "t", "text": ""})
    uplink_server.wait_for(lambda: len(uplink_server.messages) == 2)
    assert [message.id for message in uplink_server.messages] == [small, large]
    assert uplink_server.messages[1].payload == clip(40 * 2**20)
    ids = [message_id for _, message_id, _ in uplink_server.wire]
    assert 0 < ids.index(small) < len(ids) - 2


def test_window_bounds_what_is_on_its_way(spool: Spool, connect: Any, uplink_server: Any) -> None:
    uplink_server.acks = False
    uplink_server.window_bytes = 40_000
    for _ in range(10):
        add(spool, "clip", clip(9_000))
        add(spool, payload=bytes(4_000))
    connect(uplink_server.url)
    uplink_server.wait_for(
        lambda: Counter(kind for kind, _, _ in uplink_server.wire) == {"note": 2, "clip": 3}
    )


def test_message_larger_than_the_window_still_goes(spool: Spool, connect: Any, uplink_server: Any) -> None:
    uplink_server.window_bytes = 1000
    sent = [add(spool, "clip", clip(5000)) for _ in range(3)]
    connect(uplink_server.url)
    uplink_server.wait_for(lambda: len(uplink_server.messages) == 3)
    assert [message.id for message in uplink_server.messages] == sent


def test_unacknowledged_messages_are_sent_again(spool: Spool, connect: Any, uplink_server: Any) -> None:
    uplink_server.acks = False
    sent = [add(spool) for _ in range(5)]
    connect(uplink_server.url)
    uplink_server.wait_for(lambda: len(uplink_server.wire) == 5)
    uplink_server.stop()
    uplink_server.acks = True
    uplink_server.start()
    uplink_server.wait_for(lambda: len(uplink_server.messages) == 5)
    assert [message.id for message in uplink_server.messages] == sent


def test_rejected_message_is_set_aside_and_the_rest_goes_on(
    spool: Spool, connect: Any, uplink_server: Any, caplog: Any
) -> None:
    uplink_server.reject = lambda message: "it is bad" if message.payload == "bad" else None
    bad, good = add(spool, payload="bad"), add(spool, payload="good")
    uplink = connect(uplink_server.url)
    uplink_server.wait_for(lambda: uplink_server.messages)
    uplink.stop(5)
    assert [message.id for message in uplink_server.messages] == [good]
    stats = spool.stats().result()
    assert (stats.messages, stats.set_aside) == (0, 1)
    assert f"the server can never accept message {bad}, which is set aside: it is bad" in caplog.text


def test_wrong_token_is_one_clear_line_and_never_shown(
    spool: Spool, connect: Any, uplink_server: Any, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    uplink = connect(uplink_server.url, token="hush-hush")
    uplink_server.wait_for(lambda: len(uplink_server.paths) >= 4)  # it went on trying
    uplink.stop(0)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    (line,) = lines
    assert line == (
        f"the server at {uplink_server.url} does not accept this node's token: make one with "
        "`picctv server token create garage` and put it into the node's token or token_file"
    )
    assert "hush-hush" not in said_by_node(caplog)


def test_right_token_is_not_in_the_debug_log(
    spool: Spool, connect: Any, uplink_server: Any, token: str, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    add(spool)
    connect(uplink_server.url)
    uplink_server.wait_for(lambda: uplink_server.messages)
    assert "connected to the server" in said_by_node(caplog)
    assert token not in said_by_node(caplog)


def test_server_that_did_not_hear_of_check_sums_is_not_believed(
    spool: Spool, connect: Any, uplink_server: Any, caplog: Any
) -> None:
    # it knows of them, and so it was the network that took the wish for them out of the hello
    uplink_server.more = {"checked": False}
    add(spool)
    connect(uplink_server.url)
    uplink_server.wait_for(lambda: len(uplink_server.hellos) >= 2)
    assert uplink_server.wire == []
    assert f"what the server at {uplink_server.url} sends is altered on its way" in caplog.text


def test_refusal_is_told_with_its_reason(connect: Any, uplink_server: Any, caplog: Any) -> None:
    uplink_server.refuse = "another node has this name"
    connect(uplink_server.url)
    uplink_server.wait_for(lambda: len(uplink_server.hellos) >= 2)
    assert f"the server at {uplink_server.url} refuses this node: another node has this name" in caplog.text


def test_next_server_is_tried(spool: Spool, connect: Any, uplink_server: Any, caplog: Any) -> None:
    add(spool)
    nobody = f"ws://127.0.0.1:{free_port()}"
    connect(nobody, uplink_server.url)
    uplink_server.wait_for(lambda: uplink_server.messages)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert lines == [f"the server at {nobody} can't be reached: nothing listens there; is it running?"]


def test_something_else_at_the_address_is_told(connect: Any, caplog: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        connect(url)
        peer, _ = listener.accept()
        peer.recv(4096)
        peer.sendall(b"SSH-2.0-OpenSSH\r\n")
        peer.close()
        listener.accept()[0].close()  # it tries again, so its line is written
    assert f"the server at {url} is no picctv server" in caplog.text


def test_newest_status_is_sent(connect: Any, uplink_server: Any) -> None:
    uplink = connect(f"ws://127.0.0.1:{free_port()}", uplink_server.url)
    for number in range(100):
        uplink.send_status({"type": "status", "number": number})
    uplink_server.wait_for(lambda: uplink_server.statuses and uplink_server.statuses[-1]["number"] == 99)


def test_stop_sends_what_waits_first(spool: Spool, connect: Any, uplink_server: Any) -> None:
    uplink = connect(uplink_server.url)
    uplink_server.wait_for(lambda: uplink_server.hellos)
    uplink.send_status({"type": "status"})
    uplink_server.wait_for(lambda: uplink_server.statuses)
    for _ in range(200):
        add(spool)
    uplink.stop(10)
    assert spool.stats().result().messages == 0
    assert len(uplink_server.messages) == 200


def test_newer_server_that_says_more_is_understood(spool: Spool, connect: Any, uplink_server: Any) -> None:
    uplink_server.more = {
        "protocol_minor": 1,
        "regions": ["a", {"b": None}],
        "held": "not what this version knows",
    }
    uplink_server.reject = lambda message: "no" if message.payload == "bad" else None
    add(spool, payload="bad")
    good = add(spool, payload="good")
    uplink = connect(uplink_server.url)
    uplink_server.wait_for(lambda: uplink_server.messages)
    uplink.stop(5)
    assert [message.id for message in uplink_server.messages] == [good]
    assert (spool.stats().result().messages, spool.stats().result().set_aside) == (0, 1)


def test_message_goes_on_where_the_server_says_it_stopped(
    spool: Spool, connect: Any, uplink_server: Any
) -> None:
    message_id = add(spool, "clip", clip(100_000))
    size = len(spool.take(10**6, priorities=(2, 2)).result()[0].payload)
    spool.release().result()
    parts = -(-size // 30_000)
    uplink_server.more = {"held": {message_id: [2, parts, 60_000]}}
    uplink_server.takes_from = {message_id: 2}
    connect(uplink_server.url)
    uplink_server.wait_for(lambda: len(uplink_server.wire) == parts - 2)
    assert [part for _, _, part in uplink_server.wire] == list(range(2, parts))


@pytest.mark.parametrize("held", [[2, 9, 60_001], [0, 4, 0], [4, 4, 100_000], [3, 4, -5], [1, 2, 30_000]])
def test_message_of_which_the_server_has_what_can_not_be_begins_anew(
    spool: Spool, connect: Any, uplink_server: Any, held: list[int]
) -> None:
    message_id = add(spool, "clip", clip(100_000))
    uplink_server.more = {"held": {message_id: held}}
    connect(uplink_server.url)
    uplink_server.wait_for(lambda: uplink_server.messages)
    assert uplink_server.wire[0] == ("clip", message_id, 0)
