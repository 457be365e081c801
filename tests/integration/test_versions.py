"""Nodes one version older and newer than this server, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picctv_core import codec
from picctv_server import queries
from picctv_server.models import Message

if TYPE_CHECKING:
    from tests.integration.wire_node import RunningServer

ID = "0f3b5c7d9e1f40a2b4c6d8e0f1a3b5c7"


def data(payload: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": "data",
        "id": ID,
        "node": "garage",
        "camera": "garage/door",
        "plugin": "people",
        "kind": "note",
        "captured_at_ns": 1_767_225_600_000_000_000,
        "sequence": 1,
        "part": 0,
        "parts": 1,
        "bytes": codec.pack(payload),
        **more,
    }


def test_older_node_says_less_and_is_served(server: RunningServer, token: str) -> None:
    with server.connection(token, hello=False) as node:
        node.connection.send(codec.pack({"type": "hello", "protocol": 1, "node": "garage"}))
        assert node.receive()["type"] == "welcome"
        node.connection.send(codec.pack(data({"text": "hello"})))
        assert node.receive() == {"type": "ack", "ids": [ID]}
        node.connection.send(codec.pack({"type": "status", "at_ns": 1}))
    assert queries.message_payload(Message.objects.get(id=ID)) == {"text": "hello"}


def test_newer_node_says_more_and_what_is_in_payloads_is_kept(server: RunningServer, token: str) -> None:
    with server.connection(token, hello=False) as node:
        welcome = node.hello(version="0.2.0", features=["zstd"], region={"name": "north"})
        assert welcome["type"] == "welcome"
        node.connection.send(codec.pack({"type": "advice", "text": "this server knows no such message"}))
        payload = {"text": "hello", "new_in_0_2": [1, {"deep": None}]}
        node.connection.send(codec.pack(data(payload, lens="wide", retention_s=3600)))
        assert node.receive() == {"type": "ack", "ids": [ID]}
        status = {"type": "status", "at_ns": 1, "spool": {"messages": 0, "new": 7}, "power": "battery"}
        node.connection.send(codec.pack(status))
        # The next message is read after the status.
        node.connection.send(codec.pack(data(payload)))
        assert node.receive() == {"type": "ack", "ids": [ID]}
    assert queries.message_payload(Message.objects.get(id=ID)) == payload
