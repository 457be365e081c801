"""From the wire into the store, over real sockets and a real MongoDB."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from picctv_core import codec
from picctv_core.clock import SystemClock
from picctv_core.config import Settings
from picctv_core.errors import CodecError, PluginError
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import Message, new_id
from picctv_core.plugins import SERVER, Plugin, Status
from picctv_server import app, models, queries, tokens
from picctv_server.ingest import WINDOW_BYTES
from tests.integration.wire_node import RunningServer, WireNode, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_server.config import ServerConfig
    from picctv_server.database import Connection
    from picctv_server.store import Store

T0 = 29_000_000 * models.MINUTE_NS


def plugin(factory: Callable[..., Any], name: str = "people") -> tuple[Plugin, Settings]:
    found = Plugin(name, SERVER, "people-plugin", "1.0", "people:People", Status.ENABLED, object=factory)
    return found, Settings()


def test_messages_of_every_kind_reach_the_store(server: RunningServer, token: str) -> None:
    results = {"items": [[T0 + n, {"score": n}] for n in range(10)]}
    event = {
        "event_id": new_id(),
        "started_at_ns": T0,
        "ended_at_ns": T0 + 9,
        "peak_score": 9.0,
        "peak_at_ns": T0 + 9,
    }
    with server.connection(token) as node:
        node.until_answered(
            node.send("results", results),
            node.send("event", {**event, "peak": None}),
            node.send("gap", {"from_ns": 1, "to_ns": 2, "cause": "the disk is full", "bytes": 3}),
            node.send("notification", {"level": "info", "title": "hello", "text": ""}, camera="", plugin=""),
            note := node.send("note", {"text": "as it is"}),
        )
        assert (len(node.acked), node.rejected) == (5, {})
    assert queries.results_between("garage/door", "people", T0, T0 + 10) == [
        (T0 + n, {"score": n}) for n in range(10)
    ]
    assert [one.id for one in queries.events_between("garage/door", T0, T0 + 1)] == [event["event_id"]]
    assert [gap.cause for gap in queries.gaps_between("garage/door", 0, 10)] == ["the disk is full"]
    assert [(one.title, one.node, one.camera) for one in queries.latest_notifications()] == [
        ("hello", "garage", "")
    ]
    assert queries.message_payload(models.Message.objects(id=note).first()) == {"text": "as it is"}
    assert models.Message.objects.count() == 5


def test_wrong_token_is_answered_with_401(server: RunningServer, token: str) -> None:
    tokens.create("yard", SystemClock())
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}, {}):
        with pytest.raises(InvalidStatus) as refused:
            connect(server.url, additional_headers=headers).close()
        assert refused.value.response.status_code == 401
    tokens.revoke("garage", SystemClock())
    with pytest.raises(InvalidStatus) as refused, server.connection(token):
        pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        ({"node": "yard"}, "it says that it is node yard, its token is node garage's"),
        ({"protocol": 2}, "it speaks protocol 2, this server 1; update the older of the two"),
        ({"type": "status", "at_ns": 1}, "the first message is no hello"),
        ({"type": "nonsense"}, "the first message is no hello"),
        ({"protocol": "one"}, "what came is no hello: its hello is not of its form: protocol: "),
    ],
)
def test_wrong_hello_is_refused_with_the_reason(
    server: RunningServer, token: str, hello: dict[str, Any], reason: str
) -> None:
    with server.connection(token, hello=False) as node:
        answer = node.hello(**hello)
        assert (answer["type"], answer["reason"][: len(reason)]) == ("refuse", reason)
        with pytest.raises(ConnectionClosed):
            node.receive()


def test_message_of_another_node_is_rejected_and_the_rest_goes_on(server: RunningServer, token: str) -> None:
    with server.connection(token) as node:
        of_other = node.send("note", 1, node="yard")
        of_its_camera = node.send("note", 1, camera="yard/door")
        own = node.send("note", 1)
        node.until_answered(of_other, of_its_camera, own)
        assert node.acked == [own]
        assert node.rejected == {
            of_other: "the message is of node yard, the connection is node garage's",
            of_its_camera: "the camera yard/door is none of node garage's",
        }
    assert [message.id for message in models.Message.objects] == [own]


def test_message_that_can_never_be_stored_is_rejected_with_the_reason(
    server: RunningServer, token: str
) -> None:
    with server.connection(token) as node:
        damaged = node.send("note", b"\xc1 this is no msgpack")
        formless = node.send("results", {"items": "none"})
        node.until_answered(damaged, formless)
        assert "these bytes are no message of ours" in node.rejected[damaged]
        assert f"the results message {formless} is not of its form: items" in node.rejected[formless]
    assert models.Message.objects.count() == 0


def test_large_message_in_parts_lets_small_ones_pass(server: RunningServer, token: str) -> None:
    large = {"data": bytes(range(256)) * 80_000}  # 20 MB: more than the window
    assert len(large["data"]) > WINDOW_BYTES
    with server.connection(token) as node:
        parts = node.parts("blob", large, id="large-one")
        small = []
        for number, part in enumerate(parts):
            node.connection.send(part)
            if number in {3, 20}:
                small.append(node.send("note", number))
                node.until_answered(*small)
        assert node.acked == small
        node.until_answered("large-one")
    assert queries.message_payload(models.Message.objects(id="large-one").first()) == large


def test_parts_that_do_not_follow_each_other_end_the_connection(server: RunningServer, token: str) -> None:
    with server.connection(token) as node:
        parts = node.parts("blob", {"data": b"x" * 600_000})
        node.connection.send(parts[0])
        node.connection.send(parts[2])
        with pytest.raises(ConnectionClosed, match="it sends what this server can't read: part 2 of 3"):
            node.receive()
    assert models.Message.objects.count() == 0


@pytest.mark.parametrize("frame", [b"\xc1", codec.pack([1]), codec.pack({"type": "data"}), b""])
def test_bytes_that_are_no_message_end_the_connection(
    server: RunningServer, token: str, frame: bytes
) -> None:
    with server.connection(token) as node:
        node.connection.send(frame)
        with pytest.raises(ConnectionClosed, match="it sends what this server can't read"):
            node.receive()


def send_megabytes(node: WireNode, count: int) -> None:
    for _ in range(count):
        node.send("note", {"data": b"x" * 1_000_000})


def test_node_that_ignores_its_window_is_cut_off(
    database: Connection, make_config: Callable[..., ServerConfig], token: str
) -> None:
    hold = threading.Event()

    class Slow:
        def __init__(self, settings: Settings, store: Store) -> None:
            pass

        @hookimpl
        def picctv_process_message(self) -> None:
            hold.wait()

    with serving(make_config(processors=(plugin(Slow),))) as server, server.connection(token) as node:
        try:
            with pytest.raises(ConnectionClosed, match=f"it sends more than the {WINDOW_BYTES} bytes"):
                send_megabytes(node, 100)
        finally:
            hold.set()


def test_repeated_message_is_stored_once_and_acknowledged_each_time(
    server: RunningServer, token: str
) -> None:
    results = {"items": [[T0, {"score": 1.0}]]}
    for _ in range(2):
        with server.connection(token) as node:
            for _ in range(3):
                node.send("results", results, id="results-1")
                node.send("note", "text", id="note-0001")
            while node.acked.count("results-1") < 3 or node.acked.count("note-0001") < 3:
                node.receive()
    assert queries.results_between("garage/door", "people", T0, T0 + 1) == [(T0, {"score": 1.0})]
    assert queries.chart("garage/door", "people", "score", T0, T0 + 1)[0].count == 1
    assert models.Message.objects.count() == 2


def test_connections_that_break_and_servers_that_restart_lose_and_double_nothing(
    database: Connection, make_config: Callable[..., ServerConfig], token: str
) -> None:
    waiting = {new_id(): {"items": [[T0 + n, {"score": n}]]} for n in range(60)}
    expected = [(T0 + n, {"score": n}) for n in range(60)]
    for answers in (3, 7, 5, 60):
        # The node goes away while messages are being stored and answers are on their way, then the server does.
        with serving(make_config()) as server, server.connection(token) as node:
            for own_id, payload in waiting.items():
                node.send("results", payload, id=own_id)
            while len(node.acked) < min(answers, len(waiting)):
                node.receive()
            for own_id in node.acked:
                waiting.pop(own_id)
        if not waiting:
            break
    assert waiting == {}
    assert queries.results_between("garage/door", "people", T0, T0 + 100) == expected
    assert queries.chart("garage/door", "people", "score", T0, T0 + 1)[0].count == 60


def test_status_shows_the_node_and_its_own_cameras(server: RunningServer, token: str) -> None:
    camera = {
        "title": "Front door",
        "state": "running",
        "detail": "",
        "width": 640,
        "height": 480,
        "rate": 10.0,
        "plugins": {"motion": {"status": "enabled", "detail": "", "health": {"late": 2**70, "odd": b"\0"}}},
        "picture": b"jpeg",
        "picture_at_ns": T0,
    }
    status = {
        "type": "status",
        "at_ns": T0,
        "version": "0.1.0",
        "spool": {"messages": 3, "bytes": 4},
        "machine": {"temperature_c": 48.5},
    }
    with server.connection(token) as node:
        node.connection.send(codec.pack({**status, "cameras": {"garage/door": camera, "yard/door": camera}}))
        failed = {**camera, "state": "failed", "detail": "no route", "picture": None, "picture_at_ns": None}
        node.until_answered(node.send("note", 1))
        wait_for(lambda: models.Camera.objects.count() == 1)
        node.connection.send(codec.pack({**status, "cameras": {"garage/door": failed}}))
        wait_for(lambda: models.Camera.objects(state="failed").count() == 1)
    [found] = queries.cameras()
    assert (found.id, found.node, found.title, found.width, found.detail) == (
        "garage/door",
        "garage",
        "Front door",
        640,
        "no route",
    )
    assert (found.picture, found.picture_at_ns) == (b"jpeg", T0)
    assert found.plugins["motion"]["status"] == "enabled"
    assert found.plugins["motion"]["health"] == {"late": float(2**70), "odd": "b'\\x00'"}
    garage = models.Node.objects.get(name="garage")
    assert garage.online()
    assert not garage.online(garage.last_seen_at + models.OFFLINE_AFTER)
    assert garage.status == {
        "at_ns": T0,
        "spool": {"messages": 3, "bytes": 4},
        "machine": {"temperature_c": 48.5},
    }


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_revoked_token_ends_an_open_connection_with_the_next_status(
    server: RunningServer, token: str
) -> None:
    with server.connection(token) as node:
        tokens.revoke("garage", SystemClock())
        node.connection.send(codec.pack({"type": "status", "at_ns": T0}))
        with pytest.raises(ConnectionClosed, match="its token was revoked"):
            node.receive()


def test_processor_hears_its_own_messages_and_listeners_hear_all(
    database: Connection, make_config: Callable[..., ServerConfig], token: str
) -> None:
    stored: list[str] = []
    notified: list[str] = []

    class People:
        def __init__(self, settings: Settings, store: Store) -> None:
            pass

        @hookimpl
        def picctv_process_message(self, message: Message, store: Store) -> bool | None:
            if message.kind == "crowd":
                store.notify(message, "warning", f"{message.payload['people']} people")
                return True
            return None

    class Listener:
        def __init__(self, settings: Settings, store: Store) -> None:
            pass

        @hookimpl
        def picctv_message_stored(self, message: Message) -> None:
            stored.append(message.id)
            raise RuntimeError("listeners can't harm")

        @hookimpl
        def picctv_notification(self, notification: models.Notification) -> None:
            notified.append(notification.title)

    config = make_config(processors=(plugin(People), plugin(Listener, "listener")))
    with serving(config) as server, server.connection(token) as node:
        sent = [
            node.send("crowd", {"people": 7}),
            node.send("crowd", {"people": 8}, plugin="motion"),
            node.send("note", 1),
        ]
        node.until_answered(*sent)
        node.send("crowd", {"people": 7}, id=sent[0])
        while len(node.acked) < 4:
            node.receive()
    assert sorted(stored) == sorted(sent)
    assert notified == ["7 people"]
    payloads = {message.id: queries.message_payload(message) for message in models.Message.objects}
    assert payloads == {sent[0]: None, sent[1]: {"people": 8}, sent[2]: 1}


def test_processor_that_refuses_rejects_and_one_that_fails_is_tried_again(
    database: Connection, make_config: Callable[..., ServerConfig], token: str
) -> None:
    tries: dict[str, int] = {}

    class People:
        def __init__(self, settings: Settings, store: Store) -> None:
            pass

        @hookimpl
        def picctv_process_message(self, message: Message) -> bool | None:
            tries[message.id] = tries.get(message.id, 0) + 1
            if message.payload == "never":
                raise CodecError("this is nothing")
            if message.payload == "later" and tries[message.id] < 3:
                raise ValueError("not yet")
            if message.payload == "broken":
                raise ValueError("oh no")
            return None

    with serving(make_config(processors=(plugin(People),))) as server, server.connection(token) as node:
        never, later = node.send("note", "never"), node.send("note", "later")
        node.until_answered(never, later)
        assert (node.rejected, node.acked, tries[later]) == ({never: "this is nothing"}, [later], 3)
        broken = node.send("note", "broken")
        node.until_answered(broken)
        assert (node.acked, tries[broken]) == ([later, broken], 3)
    # The processor had no word of its own for the first of them; the second one is kept where it can be tried again.
    assert [message.id for message in models.Message.objects] == [later]
    assert [message.id for message in models.SetAside.objects] == [broken]


def test_plugin_that_can_not_be_made_is_passed_over_or_fatal(
    database: Connection,
    make_config: Callable[..., ServerConfig],
    token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(settings: Settings, store: Store) -> object:
        raise ValueError("no model file")

    config = make_config(processors=(plugin(broken),))
    with pytest.raises(
        PluginError,
        match=r"people \(people-plugin 1\.0\): failing: it can't be made: ValueError: no model file; ",
    ):
        app.make_server(config, strict=True)
    with serving(config) as server, server.connection(token) as node:
        clip = node.send("clip", {"units": [[T0, True, b"\0\0\0\1"]]})
        node.until_answered(clip)
        assert node.acked == [clip]
    assert queries.message_payload(models.Message.objects(id=clip).first()) == {
        "units": [[T0, True, b"\0\0\0\1"]]
    }
    assert "failing: it can't be made: ValueError: no model file" in caplog.text


def test_healthz_says_that_the_store_works(server: RunningServer) -> None:
    answer = httpx.get(server.url.replace("ws://", "http://").replace("/uplink", "/healthz"))
    assert (answer.status_code, answer.json()["mongodb"]) == (200, "ok")
