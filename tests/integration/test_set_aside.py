"""A processor that fails: its messages go aside, nobody else waits, and they are stored when somebody asks."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import Message, new_id
from picctv_core.plugins import SERVER, Plugin, Status
from picctv_server import aside, models, queries
from tests.integration import people_plugin
from tests.integration.server_process import picctv, server_process, write_config
from tests.integration.wire_node import serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from picctv_server.config import MongoSettings, ServerConfig
    from picctv_server.database import Connection
    from picctv_server.store import Store
    from tests.integration.server_process import ServerProcess
    from tests.integration.wire_node import WireNode

T0 = 29_000_000 * models.MINUTE_NS
BROKEN = "[plugins.people]\nbroken = true\n"


def send_results(node: WireNode, count: int) -> list[str]:
    return [node.send("results", {"items": [[T0 + n, {"score": n}]]}) for n in range(count)]


def test_failing_and_hanging_processors_keep_nobody_waiting(
    database: Connection, make_config: Callable[..., ServerConfig], token: str
) -> None:
    hold = threading.Event()

    class Hangs:
        def __init__(self, settings: Settings, store: Store) -> None:
            pass

        @hookimpl
        def picctv_process_message(self) -> None:
            hold.wait()

    calls: Counter[str] = Counter()

    class Fails(Hangs):
        @hookimpl
        def picctv_process_message(self, message: Message) -> None:
            calls[message.id] += 1
            raise ValueError("never")

    processors = tuple(
        (Plugin(name, SERVER, f"{name}-plugin", "1.0", "", Status.ENABLED, object=own), Settings())
        for name, own in (("hangs", Hangs), ("fails", Fails))
    )
    with serving(make_config(processors=processors)) as server, server.connection(token) as node:
        try:
            hanging = [node.send("note", n, plugin="hangs") for n in range(20)]
            failing = [node.send("note", n, plugin="fails") for n in range(20)]
            fine = [node.send("note", n, plugin="others") for n in range(200)]
            node.until_answered(*fine, *failing)
            assert not set(hanging) & set(node.acked)
            assert aside.counts() == {"fails": 20}
            # Two tries more for the first ones only: those that follow one that went aside are not waited for.
            assert {one.id: one.tries for one in aside.messages()} == calls
            assert max(calls.values()) == 3
            assert calls.total() < 3 * 20
        finally:
            hold.set()
        node.until_answered(*hanging)
    assert models.Message.objects.count() == 220


def test_messages_set_aside_are_shown_and_processed_again_from_the_command_line(
    database: Connection, mongo_settings: MongoSettings, tmp_path: Path, token: str
) -> None:
    environment = people_plugin.write(tmp_path / "site")
    config = tmp_path / "server.toml"
    port = write_config(config, mongo_settings, tmp_path / "clips", BROKEN)
    with server_process(config, port, environment) as server:
        with server.running.connection(token) as node:
            sent = send_results(node, 5)
            node.until_answered(*sent)
            assert (sorted(node.acked), node.rejected) == (sorted(sent), {})

        def run(*arguments: str) -> tuple[int, list[str], str]:
            done = picctv("server", *arguments, "--config", config, environment=environment)
            return done.returncode, done.stdout.splitlines(), done.stderr

        code, lines, _ = run("set-aside")
        assert (code, len(lines), lines[-1]) == (0, 6, "5 set aside")
        assert (
            "results of garage/door\tpeople (people-plugin 1.2)\tValueError: the model does not fit"
            in lines[0]
        )
        code, lines, _ = run("set-aside", "--id", sent[0])
        assert (code, lines[-1]) == (0, "")
        assert '    raise ValueError("the model does not fit")' in lines
        shown = json.loads("\n".join(run("set-aside", "--json")[1]))
        assert sorted(one["id"] for one in shown) == sorted(sent)
        assert "set aside of people\t5\t`picctv server set-aside` shows them" in run("status")[1]

        code, lines, _ = run("reprocess", "--all")
        assert (code, lines[-1]) == (1, "0 stored, 5 still set aside")
        assert lines[0].endswith("ValueError: the model does not fit")
        code, lines, complaint = run("reprocess", "--id", "nosuch")
        assert (code, lines) == (1, [])
        assert "not set aside: nosuch; `picctv server set-aside` shows the ids" in complaint
        assert run("reprocess")[0] == 2

        # Mended, beside the server that runs.
        config.write_text(config.read_text().replace("broken = true", "broken = false"))
        code, lines, _ = run("reprocess", "--id", sent[0])
        assert (code, lines) == (0, [f"1 of 1\t{sent[0]}\tstored", "1 stored, 0 still set aside"])
        code, lines, _ = run("reprocess", "--plugin", "people")
        assert (code, lines[-1]) == (0, "4 stored, 0 still set aside")
    assert queries.results_between("garage/door", "people", T0, T0 + 10) == [
        (T0 + n, {"score": n}) for n in range(5)
    ]
    assert [one.title for one in queries.latest_notifications()] == [
        "The server can't process what people sends"
    ]


def test_running_server_processes_again_what_the_web_asked_for(
    database: Connection, mongo_settings: MongoSettings, tmp_path: Path, token: str
) -> None:
    environment = people_plugin.write(tmp_path / "site")
    config = tmp_path / "server.toml"
    port = write_config(config, mongo_settings, tmp_path / "clips", BROKEN)
    with server_process(config, port, environment) as server, server.running.connection(token) as node:
        node.until_answered(*send_results(node, 3))
        assert aside.ask_again(T0, plugin="people") == 3
        until(lambda: asked() == 0)
        assert all("the model does not fit" in one.error and one.tries > 1 for one in aside.messages())
        assert aside.counts() == {"people": 3}
    config.write_text(config.read_text().replace("broken = true", "broken = false"))
    with server_process(config, port, environment):
        assert aside.ask_again(T0, ids=[one.id for one in aside.messages()]) == 3
        until(lambda: aside.counts() == {})
    assert len(queries.results_between("garage/door", "people", T0, T0 + 10)) == 3


def asked() -> int:
    return int(models.SetAside.objects(again_asked_at__ne=None).count())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_servers_on_one_database_store_each_message_once(
    database: Connection, mongo_settings: MongoSettings, tmp_path: Path, token: str, seed: int
) -> None:
    """The same messages, several times each, in an order of its own over each connection."""
    draw = random.Random(seed)
    environment = people_plugin.write(tmp_path / "site")
    ports = {
        name: write_config(tmp_path / f"{name}.toml", mongo_settings, tmp_path / "clips")
        for name in ("first", "second")
    }
    sent = {new_id(): {"items": [[T0 + n, {"score": n}]]} for n in range(60)}
    event = new_id()

    def play(server: ServerProcess, order: list[str]) -> None:
        with server.running.connection(token) as node:
            for own_id in order:
                node.send("results", sent[own_id], id=own_id)
                node.send("event", event_at(event, order.index(own_id)), id=f"{own_id}-event")
            node.until_answered(*sent, *(f"{own_id}-event" for own_id in sent))
            assert node.rejected == {}

    with (
        server_process(tmp_path / "first.toml", ports["first"], environment) as first,
        server_process(tmp_path / "second.toml", ports["second"], environment) as second,
    ):
        threads = []
        for server in (first, second, first, second):
            order = [*sent, *sent]
            draw.shuffle(order)
            threads.append(threading.Thread(target=play, args=(server, order)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert queries.results_between("garage/door", "people", T0, T0 + 100) == [
        (T0 + n, {"score": n}) for n in range(60)
    ]
    (minute,) = queries.chart("garage/door", "people", "score", T0, T0 + 1)
    assert (minute.count, minute.mean) == (60, sum(range(60)) / 60)
    assert models.Message.objects.count() == 120
    assert models.Event.objects.count() == 1


def event_at(event: str, number: int) -> dict[str, object]:
    return {
        "event_id": event,
        "started_at_ns": T0,
        "ended_at_ns": None,
        "peak_score": float(number),
        "peak_at_ns": T0 + number,
        "peak": None,
    }
