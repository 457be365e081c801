"""What a server says of its plugins, for the web; and that a wrong plugin never keeps it from starting."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from picctv_core.cli import main
from picctv_core.config import Settings
from picctv_core.errors import CodecError
from picctv_core.hookspecs import hookimpl
from picctv_core.plugins import SERVER, Plugin, Status
from picctv_core.testing import FakeClock
from picctv_server import app, clips, config, models, own_status, processors
from picctv_server import database as database_module
from picctv_server.database import connect
from picctv_server.embedded import ensure
from picctv_server.processing import Processing
from picctv_server.processors import Figures
from tests.integration.wire_node import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.messages import Message
    from picctv_server.config import MongoSettings, ServerConfig
    from picctv_server.database import Connection
    from picctv_server.store import Store

S = 1_000_000_000
FIGURES = {"calls", "failures", "ms_mean", "ms_p50", "ms_p95", "ms_max"}


def plugin_of(made: type) -> Plugin:
    """Give a class as an installed plugin, under its name in lower case."""
    name = made.__name__.lower()
    return Plugin(
        name, SERVER, f"{name}-plugin", "1.0", f"{name}:{made.__name__}", Status.ENABLED, object=made
    )


def status_once(condition: Callable[[dict[str, Any]], bool]) -> models.ServerStatus:
    """Wait for a status whose plugins are so; it is written by the server under test."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        found = models.ServerStatus.objects.first()
        if found is not None and condition(found.plugins):
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"no such status came; the last is {found and found.to_mongo()}")


def test_server_says_how_its_plugins_do(
    database: Connection,
    make_config: Callable[..., ServerConfig],
    token: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_status, "INTERVAL_S", 0.05)

    class People:
        def __init__(self, settings: Settings, store: Store) -> None: ...

        @hookimpl
        def picctv_process_message(self, message: Message, store: Store) -> None:
            if message.payload == "never":
                raise CodecError("this is nothing")

        @hookimpl
        def picctv_message_stored(self, message: Message) -> None:
            if message.payload == "bad":
                raise ValueError("oh no")

    people = Plugin("people", SERVER, "people-plugin", "1.0", "people:People", Status.ENABLED, object=People)
    wrong = Plugin(
        "wrong", SERVER, "wrong-plugin", "2.0", "wrong:X", Status.SETTINGS_ERROR, "server.toml:3: no"
    )
    with serving(make_config(processors=((people, Settings()),), idle=(wrong,))) as server:
        first = status_once(bool)
        assert first.online()
        assert first.plugins["people"] == {
            "status": "enabled",
            "detail": "",
            "distribution": "people-plugin",
            "version": "1.0",
            "core": "",
            "health": {},
            "calls": 0,
            "failures": 0,
            **dict.fromkeys(FIGURES - {"calls", "failures"}),
        }
        assert (first.plugins["wrong"]["status"], first.plugins["wrong"]["detail"]) == (
            "settings error",
            "server.toml:3: no",
        )
        assert set(first.plugins["wrong"]) == set(first.plugins["people"])
        with server.connection(token) as node:
            # One by one: of messages that wait together, a processor may be given some twice.
            node.until_answered(node.send("note", "never"))
            node.until_answered(node.send("note", "bad"))
        failing = status_once(lambda plugins: plugins["people"]["failures"] == 1).plugins["people"]
        assert (failing["status"], failing["detail"]) == (
            "failing",
            "picctv_message_stored: ValueError: oh no",
        )
        with server.connection(token) as node:
            node.until_answered(node.send("note", "fine"))
        healed = status_once(lambda plugins: plugins["people"]["status"] == "enabled").plugins["people"]
    assert (healed["detail"], healed["calls"], healed["failures"]) == ("", 5, 1)
    assert 0 <= healed["ms_p50"] <= healed["ms_p95"] <= healed["ms_max"]


def test_server_tells_the_health_of_its_plugins(
    database: Connection, make_config: Callable[..., ServerConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_status, "INTERVAL_S", 0.05)
    monkeypatch.setattr(processors, "HEALTH_SECONDS", 0.1)
    over = threading.Event()

    class Well:
        def __init__(self, settings: Settings, store: Store) -> None: ...

        @hookimpl
        def picctv_health(self) -> Any:
            return {"sent": 3, "last": "Löwe", "odd": Path("x")}

    class Sulking(Well):
        @hookimpl
        def picctv_health(self) -> Any:
            raise ValueError("leave me alone")

    class Wrong(Well):
        @hookimpl
        def picctv_health(self) -> Any:
            return ["sent"]

    class Hanging(Well):
        @hookimpl
        def picctv_health(self) -> Any:
            over.wait(30)
            return {"at": "last"}

    made = (Well, Sulking, Wrong, Hanging)
    plugins = tuple((plugin_of(one), Settings()) for one in made)
    with serving(make_config(processors=plugins)):
        told = status_once(lambda plugins: plugins.get("sulking", {}).get("status") == "failing").plugins
        assert {name: (own["status"], own["detail"], own["health"]) for name, own in told.items()} == {
            "well": ("enabled", "", {"sent": 3, "last": "Löwe", "odd": "x"}),
            "sulking": ("failing", "picctv_health: ValueError: leave me alone", {}),
            "wrong": ("failing", "picctv_health: TypeError: it gave a list, not a dict", {}),
            "hanging": ("failing", "picctv_health has not returned yet", {}),
        }
        assert {own["calls"] for own in told.values()} == {0}
        over.set()
        healed = status_once(lambda plugins: plugins["hanging"]["status"] == "enabled").plugins
        assert healed["hanging"]["health"] == {"at": "last"}


def test_plugins_are_told_when_the_server_stops(
    database: Connection,
    make_config: Callable[..., ServerConfig],
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(app, "STOP_SECONDS", 0.5)
    over, begun = threading.Event(), threading.Event()
    told: list[str] = []

    class Slow:
        def __init__(self, settings: Settings, store: Store) -> None: ...

        @hookimpl
        def picctv_process_message(self, message: Message) -> None:
            begun.set()
            time.sleep(0.2)
            told.append("processed")

        @hookimpl
        def picctv_server_stopped(self) -> None:
            told.append("stopped")

    class Broken(Slow):
        @hookimpl
        def picctv_server_stopped(self) -> None:
            raise ValueError("oh no")

    class Hanging(Slow):
        @hookimpl
        def picctv_server_stopped(self) -> None:
            over.wait(30)

    plugins = tuple((plugin_of(one), Settings()) for one in (Broken, Hanging, Slow))
    with serving(make_config(processors=plugins)) as server, server.connection(token) as node:
        node.send("note", "long", plugin="slow")
        assert begun.wait(10)
        assert told == []
        server_ends = time.monotonic()
    took_s = time.monotonic() - server_ends
    over.set()
    assert told == ["processed", "stopped"]
    assert 0.5 <= took_s < 10
    assert [text for text in caplog.messages if "server_stopped" in text] == [
        "plugin broken (broken-plugin 1.0) failed in picctv_server_stopped",
        (
            "plugin hanging (hanging-plugin 1.0): picctv_server_stopped takes longer than 0.5 s; the server ends without it"
        ),
    ]


def test_servers_on_one_machine_have_a_status_each(
    database: Connection, make_config: Callable[..., ServerConfig]
) -> None:
    with serving(make_config()), serving(make_config()):
        deadline = time.monotonic() + 15
        while models.ServerStatus.objects.count() < 2:
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
    assert models.ServerStatus.objects.count() == 2
    indexes = models.ServerStatus._get_collection().index_information()
    assert [found["expireAfterSeconds"] for found in indexes.values() if "expireAfterSeconds" in found] == [
        86400
    ]


def test_figures_tell_of_the_newest_calls() -> None:
    figures = Figures()
    for number in range(1, 1001):
        figures.add(float(number), "no" if number % 2 else "")
    assert figures.summary() == {
        "calls": 1000,
        "failures": 500,
        "ms_mean": 750.5,
        "ms_p50": 750.0,
        "ms_p95": 975.0,
        "ms_max": 1000.0,
    }


BAD = """
from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl

class Count:
    class Settings(Settings):
        level: int = 3
    def __init__(self, settings, store): ...

class Hook(Count):
    @hookimpl
    def picctv_proces_message(self, message): ...

class Unmade(Count):
    def __init__(self, settings, store):
        raise OSError("no model file")
"""


@pytest.fixture
def wrong_file(tmp_path: Path, make_distribution: Any, mongo_settings: MongoSettings) -> Path:
    """A server.toml that tells an installed plugin nonsense, and names one that nobody brings; two more are broken."""
    make_distribution(
        "picctv-plugins-count",
        {SERVER: {"count": "count_mod:Count", "hook": "count_mod:Hook", "unmade": "count_mod:Unmade"}},
        {"count_mod.py": BAD},
    )
    path = tmp_path / "server.toml"
    path.write_text(
        f'[server]\nport = {free_port()}\n[mongodb]\nuri = "{mongo_settings.uri}"\n'
        f'database = "{mongo_settings.database}"\n[plugins.count]\nlevel = "high"\n[plugins.people]\n'
    )
    return path


STATUSES = {"count": "settings error", "hook": "unknown hook", "unmade": "failing", "people": "not installed"}


def test_server_starts_whatever_is_wrong_with_its_plugins(
    wrong_file: Path, database: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(config.load(wrong_file)) as server:
        answer = httpx.get(server.url.replace("ws://", "http://").replace("/uplink", "/healthz"))
        assert answer.json()["mongodb"] == "ok"
        told = status_once(bool).plugins
    assert {name: told[name]["status"] for name in STATUSES} == STATUSES
    assert told["motion"]["status"] == "enabled"
    said = [
        message
        for message in caplog.messages
        if message.startswith("plugin ") and not message.endswith(": enabled")
    ]
    assert said == [
        (
            "plugin count (picctv-plugins-count 1.0): settings error: server.toml:7: plugins.count.level: input should be a "
            "valid integer, unable to parse string as an integer"
        ),
        (
            "plugin hook (picctv-plugins-count 1.0): unknown hook: there is no hook 'picctv_proces_message' (did you mean "
            "'picctv_process_message'?); mend, update or uninstall picctv-plugins-count"
        ),
        (
            "plugin people: not installed: server.toml:8: plugins.people: no plugin of this name with a server part is "
            "installed; install it, or set enabled = false in its table"
        ),
        (
            "plugin unmade (picctv-plugins-count 1.0): failing: it can't be made: OSError: no model file; mend its settings, "
            "or update or uninstall picctv-plugins-count"
        ),
    ]


def test_strict_server_names_every_wrong_plugin_and_does_not_start(wrong_file: Path, capsys: Any) -> None:
    assert main(["server", "run", "--config", str(wrong_file), "--strict-plugins"]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("picctv: error: ")]
    assert [line.split()[3].rstrip(":") for line in lines] == ["count", "hook", "people", "unmade"]


@pytest.mark.parametrize(
    ("notify", "tries", "told"),
    [
        (
            True,
            2,
            ["It did not answer from 1970-01-01 00:01:50 to 1970-01-01 00:02:10 UTC."],
        ),
        (True, 1, []),  # as long as a failover
        (False, 2, []),
    ],
)
def test_people_are_told_that_mongodb_was_away_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notify: bool, tries: int, told: list[str]
) -> None:
    monkeypatch.setattr(database_module, "SELECTION_SECONDS", 0.2)
    clock = FakeClock(100 * S)
    embedded = ensure(tmp_path / "db")
    settings = config.ServerConfig(
        server=config.ServerSettings(name="yard", notify_database_away=notify),
        mongodb=config.MongoSettings(uri=embedded.uri),
        clips=config.ClipSettings(path=tmp_path / "clips"),
    )
    try:
        with connect(settings.mongodb):
            processing = Processing(settings, clips.open_store(settings.clips), clock)
            status = own_status.OwnStatus(settings.server, processing, clock)
            status.write()
            embedded.stop()
            for _ in range(tries):
                clock.advance(10)
                status.write()
            embedded = ensure(tmp_path / "db")
            clock.advance(10)
            for _ in range(2):
                status.write()
            notifications = models.Notification.objects()
            assert [found.text.partition(" Nodes")[0] for found in notifications] == told
            assert {found.title for found in notifications} <= {"MongoDB was away from server yard"}
    finally:
        embedded.stop()
