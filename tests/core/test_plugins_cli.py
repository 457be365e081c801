"""The command ``picctv plugins``."""

from __future__ import annotations

import importlib.metadata
import json
import re
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core import codec
from picctv_core.cli import main
from picctv_core.node.app import Node
from picctv_core.node.config import load
from picctv_core.plugins_cli.installed import _home_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CORE = importlib.metadata.version("picctv-core")

ALPHA = """
from typing import ClassVar

from pydantic import Field

from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl
from picctv_core.typed import ResultModel

class Node:
    isolation = "process"

    class Settings(Settings):
        level: int = Field(default=3, ge=0, le=9, description="How much is enough.")

    class Result(ResultModel):
        version: ClassVar[int] = 2
        size: float = Field(ge=0, description="How large.", json_schema_extra={"unit": "px"})
        seen: bool = False

    def __init__(self, settings, camera): ...

    @hookimpl
    def picctv_analyze_frame(self, frame):
        return self.Result(size=3)

class Server:
    def __init__(self, settings, store): ...

    @hookimpl
    def picctv_message_stored(self, message): ...

class User:
    uses = ("alpha", "trigger")
    def __init__(self, settings, camera): ...

class Listener:
    def __init__(self, settings, camera): ...

    @hookimpl
    def picctv_result(self, result): ...

class Wrong:
    @hookimpl
    def picctv_resutl(self, result): ...
"""


@pytest.fixture
def alpha(make_distribution: Any) -> None:
    make_distribution(
        "picctv-plugins-alpha",
        {
            "picctv.node": {
                "alpha": "alpha_mod:Node",
                "user": "alpha_mod:User",
                "listener": "alpha_mod:Listener",
                "wrong": "alpha_mod:Wrong",
            },
            "picctv.server": {"alpha": "alpha_mod:Server"},
        },
        {"alpha_mod.py": ALPHA},
        requires=("picctv-core>=0.1,<9",),
    )


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run ``picctv plugins`` and give what it prints."""

    def run(*words: Any, code: int = 0) -> str:
        assert main(["plugins", *map(str, words)]) == code
        out, err = capsys.readouterr()
        return out if code == 0 else err

    return run


def row(listing: str, name: str) -> tuple[list[str], list[str]]:
    """Give a plugin's line in its columns, and the lines below it."""
    lines = listing.splitlines()
    (number,) = [number for number, line in enumerate(lines) if line.startswith(f"{name} ")]
    below = []
    for line in lines[number + 1 :]:
        if not line.startswith("  "):
            break
        below.append(line.strip())
    return re.split(r"  +", lines[number]), below


def test_list_shows_each_plugin_with_its_parts(alpha: None, said: Callable[..., str]) -> None:
    (found,) = [entry for entry in json.loads(said("list", "--json")) if entry["name"] == "alpha"]
    assert found == {
        "name": "alpha",
        "distribution": "picctv-plugins-alpha",
        "version": "1.0",
        "core": ">=0.1,<9",
        "node": "enabled",
        "server": "enabled",
        "web": None,
        "status": "enabled",
        "problems": [],
    }
    listing = said("list")
    assert row(listing, "name")[0] == ["name", "distribution", "version", "core", "node", "server", "web"]
    assert row(listing, "alpha") == (
        ["alpha", "picctv-plugins-alpha", "1.0", ">=0.1,<9", "yes", "yes", "-"],
        [],
    )


def test_list_shows_what_is_broken_with_its_reason_and_ends_with_0(
    alpha: None, make_distribution: Any, said: Callable[..., str]
) -> None:
    make_distribution("picctv-plugins-bad", {"picctv.node": {"bad": "bad_mod:Bad"}}, {"bad_mod.py": "1 / 0"})
    make_distribution("old", {"picctv.web": {"old": "old_mod:X"}}, requires=("picctv-core<0.0.1",))
    make_distribution("other", {"picctv.node": {"old": "old_mod:X"}}, {"old_mod.py": "class X: ..."})
    make_distribution("rival", {"picctv.server": {"alpha": "old_mod:X"}})
    listing = said("list")
    (bad, why) = row(listing, "bad")
    assert bad == ["bad", "picctv-plugins-bad", "1.0", "any", "load error", "-", "-"]
    assert [line.split(" (")[0] for line in why] == [
        "load error: node part: ZeroDivisionError: division by zero"
    ]
    assert row(listing, "wrong")[1] == [
        (
            "unknown hook: node part: there is no hook 'picctv_resutl' (did you mean 'picctv_result'?); mend, update or "
            "uninstall picctv-plugins-alpha"
        )
    ]
    both = [entry for entry in json.loads(said("list", "--json")) if entry["name"] == "alpha"]
    assert [(entry["distribution"], entry["server"], entry["status"]) for entry in both] == [
        ("picctv-plugins-alpha", "name conflict", "name conflict"),
        ("rival", "name conflict", "name conflict"),
    ]
    old = [entry for entry in json.loads(said("list", "--json")) if entry["name"] == "old"]
    assert [(entry["distribution"], entry["status"]) for entry in old] == [
        ("old", "incompatible"),
        ("other", "enabled"),
    ]


def test_info_tells_all_that_is_known(alpha: None, said: Callable[..., str]) -> None:
    found = json.loads(said("info", "alpha", "--json"))
    (package,) = found["packages"]
    assert (package["name"], package["version"]) == ("picctv-plugins-alpha", "1.0")
    assert (package["core"], package["core_installed"]) == (">=0.1,<9", CORE)
    assert [(part["part"], part["where"], part["status"], part["hooks"]) for part in found["parts"]] == [
        ("node", "alpha_mod:Node", "enabled", ["picctv_analyze_frame"]),
        ("server", "alpha_mod:Server", "enabled", ["picctv_message_stored"]),
    ]
    assert [setting["key"] for setting in found["settings"]["node"]] == [
        "level",
        "enabled",
        "isolation",
        "time_budget_s",
        "memory_max",
    ]
    assert found["settings"]["node"][0] == {
        "key": "level",
        "type": "whole number",
        "default": "`3`",
        "bounds": "at least 0 and at most 9",
        "description": "How much is enough.",
    }
    assert [setting["key"] for setting in found["settings"]["server"]] == ["enabled"]
    assert (found["result"]["model"], found["result"]["version"]) == ("Result", 2)
    assert [(field["name"], field["type"], field["unit"]) for field in found["result"]["fields"]] == [
        ("size", "number", "px"),
        ("seen", "boolean", ""),
    ]
    assert found["isolation"] == "process"
    assert found["used_by"] == {"listener": "all", "recording": "trigger", "user": "name"}
    assert found["on_node"] is None
    text = said("info", "alpha")
    for line in (
        f"  needs      picctv-core >=0.1,<9; installed is {CORE}",
        "  level          whole number, at least 0 and at most 9, default 3",
        "  size  number in px from 0: How large.",
        "  alpha ──▶ user",
        "  alpha ──▶ listener  as it hears all results",
        "  alpha ──▶ recording  where its results are marked as triggers",
    ):
        assert line in text.splitlines()
    assert json.loads(said("info", "user", "--json"))["graph"] == [
        "alpha ──▶ user",
        "whatever is marked as a trigger ──▶ user",
        "user ──▶ listener  as it hears all results",
        "user ──▶ recording  where its results are marked as triggers",
    ]


def test_info_of_a_broken_plugin_says_why(alpha: None, said: Callable[..., str]) -> None:
    found = json.loads(said("info", "wrong", "--json"))
    (part,) = found["parts"]
    assert (part["status"], part["hooks"], found["settings"]) == ("unknown hook", [], {})
    assert "there is no hook 'picctv_resutl'" in said("info", "wrong")


def test_info_of_a_name_that_nobody_has_names_the_nearest(alpha: None, said: Callable[..., str]) -> None:
    assert said("info", "alhpa", code=1) == (
        "picctv: error: no plugin 'alhpa' is installed; did you mean 'alpha'? `picctv plugins list` shows those that are\n"
    )
    assert said("info", "qqq", code=1) == (
        "picctv: error: no plugin 'qqq' is installed; `picctv plugins list` shows those that are\n"
    )


@pytest.mark.parametrize(
    ("home", "urls", "chosen"),
    [
        (["https://a"], ["Homepage, https://b"], "https://a"),
        ([], ["Issues, https://i", "Home Page, https://b", "Source, https://s"], "https://b"),
        ([], ["Issues, https://i", "Source Code, https://s"], "https://s"),
        ([], ["Issues, https://i"], ""),
    ],
)
def test_home_page_is_chosen_from_what_the_package_names(
    home: list[str], urls: list[str], chosen: str
) -> None:
    assert _home_page(home, urls) == chosen


NODE = """
[node]
name = "garage"
data = "data"
[server]
urls = ["{url}"]
token = "{token}"
[cameras.street]
analysis = "80x60@10"
source = {{driver = "synthetic"}}
[cameras.yard]
analysis = "80x60@10"
source = {{driver = "synthetic"}}
[cameras.yard.plugins.alpha]
level = 10
[plugins.alpha]
isolation = "thread"
[plugins.listener]
enabled = false
[plugins.people]
"""


def write(folder: Path, url: str = "ws://127.0.0.1:1", token: str = "abc") -> Path:
    path = folder / "node.toml"
    path.write_text(NODE.format(url=url, token=token), encoding="utf-8")
    return path


TOO_MUCH = "node.toml:15: cameras.yard.plugins.alpha.level: input should be less than or equal to 9"


def test_of_a_node_that_does_not_run_is_shown_what_its_file_says(
    alpha: None, said: Callable[..., str], tmp_path: Path
) -> None:
    path = write(tmp_path)
    listing = said("list", "--config", path)
    assert listing.startswith("node garage does not run; this is what it would do\n\nname ")
    assert row(listing, "alpha") == (
        ["alpha", "picctv-plugins-alpha", "1.0", ">=0.1,<9", "settings error", "yes", "-"],
        [f"settings error: on garage/yard: {TOO_MUCH}"],
    )
    assert row(listing, "listener")[0][4] == "disabled"
    people, why = row(listing, "people")
    assert people == ["people", "-", "-", "any", "not installed", "-", "-"]
    assert why[0].startswith(
        "not installed: on garage/street, garage/yard: node.toml:20: plugins.people: no plugin"
    )
    assert row(listing, "user")[1] == [
        "waiting: on garage/yard: it uses alpha (settings error); see to that, or disable this one"
    ]
    text = said("info", "alpha", "--config", path)
    assert f"on node garage ({path}), which does not run; this is what it would do" in text.splitlines()
    assert "  garage/street  enabled, in a thread" in text.splitlines()
    assert "  garage/yard  settings error" in text.splitlines()


def test_of_a_node_that_runs_is_shown_how_its_plugins_do(
    alpha: None, said: Callable[..., str], tmp_path: Path, uplink_server: Any, token: str
) -> None:
    path = write(tmp_path, uplink_server.url, token)
    stopped = threading.Event()
    thread = threading.Thread(target=Node(load(path)).run_until, args=(stopped,))
    thread.start()
    try:
        uplink_server.wait_for(
            lambda: any(
                status["cameras"]["garage/street"]["plugins"]["alpha"].get("timing", {}).get("analyze_frame")
                for status in uplink_server.statuses
            ),
            30,
        )
        found = json.loads(said("info", "alpha", "--config", path, "--json"))["on_node"]
        listing = said("list", "--config", path)
        text = said("info", "alpha", "--config", path)
    finally:
        stopped.set()
        thread.join()
    assert (found["node"], found["runs"]) == ("garage", True)
    street, yard = found["cameras"]["garage/street"], found["cameras"]["garage/yard"]
    assert (street["status"], street["isolation"]) == ("enabled", "thread")
    assert street["timing"]["analyze_frame"]["calls"] > 0
    assert (yard["status"], yard["detail"]) == ("settings error", TOO_MUCH)
    assert listing.startswith("node garage runs\n")
    assert row(listing, "alpha")[1] == [f"settings error: on garage/yard: {TOO_MUCH}"]
    assert re.search(r"^    analyze_frame  \d+ calls, .*p95 [\d.]+ ms, max [\d.]+ ms$", text, re.MULTILINE)
    assert re.search(r"^    .*frames dropped \d+, .*failures \d+", text, re.MULTILINE)
    assert not (tmp_path / "data" / "status.sock").exists()
    assert "which does not run" in said("info", "alpha", "--config", path)


def test_node_of_another_version_is_shown_as_far_as_it_tells(
    alpha: None, said: Callable[..., str], tmp_path: Path
) -> None:
    path = write(tmp_path)
    (tmp_path / "data").mkdir()
    told = {
        "alpha": {"status": "dreaming", "counts": {"frames": 1234567, "queued_bytes": "?"}, "restarts": 2},
        "user": {},
    }
    status = codec.pack({"cameras": {"garage/street": {"plugins": told}, "garage/old": {}}})
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "data" / "status.sock"))
        listener.listen()

        def answer() -> None:
            for _ in range(3):
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(status)

        thread = threading.Thread(target=answer)
        thread.start()
        alpha_text = said("info", "alpha", "--config", path).splitlines()
        user_text = said("info", "user", "--config", path).splitlines()
        listing = said("list", "--config", path)
        thread.join()
    assert alpha_text[-2:] == ["  garage/street  dreaming", "    frames seen 1,234,567, restarts 2"]
    assert user_text[-1] == "  garage/street  unknown"
    assert row(listing, "alpha")[0][4] == "dreaming"
