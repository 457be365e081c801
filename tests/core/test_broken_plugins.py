"""Every kind of broken plugin at once, really installed: each is told apart, and none stops anything."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.cli import main
from picctv_core.node.app import Node
from picctv_core.node.config import load

if TYPE_CHECKING:
    from pathlib import Path

PLUGINS = """
from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl

class Good:
    class Settings(Settings):
        level: int = 3

    def __init__(self, settings, camera): ...

    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"level": 3}

class Hook(Good):
    @hookimpl
    def picctv_analyse_frame(self, frame): ...

class Argument(Good):
    @hookimpl
    def picctv_access_unit(self, frame): ...

class Declaration(Good):
    Result = dict
    uses = "good"

class User(Good):
    uses = ("toldwrong",)

NOCLASS = Good(None, None)
"""

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
[plugins.toldwrong]
level = "high"
[plugins.runwrong]
isolation = "procs"
[plugins.nobody]
[plugins.switchedoff]
enabled = false
"""

STATUSES = {
    "declaration": "load error",
    "good": "enabled",
    "import": "load error",
    "noclass": "load error",
    "wronghook": "unknown hook",
    "argument": "unknown argument",
    "incompatible": "incompatible",
    "twice": "name conflict",
    "trigger": "name conflict",
    "toldwrong": "settings error",
    "runwrong": "settings error",
    "user": "waiting",
    "nobody": "not installed",
    "switchedoff": "disabled",
}

FAULTS = (
    (
        "node.toml:12: plugins.toldwrong.level: plugin toldwrong (broken 1.0): input should be a valid integer, unable to "
        "parse string as an integer"
    ),
    "node.toml:14: plugins.runwrong.isolation: plugin runwrong (broken 1.0): input should be 'thread' or 'process'",
    (
        "node.toml:15: plugins.nobody: no plugin of this name with a node part is installed; install it, or set enabled = "
        "false in its table"
    ),
    (
        "plugin argument (broken 1.0): unknown argument: its picctv_access_unit takes 'frame', which that hook does not "
        "give; it gives 'unit'; mend, update or uninstall broken"
    ),
    (
        "plugin declaration (broken 1.0): load error: Declaration: its Result is no picctv_core.typed.ResultModel; its uses "
        'is no tuple of names, such as ("motion",); mend, update or uninstall broken'
    ),
    "plugin import (unloadable 1.0): load error: ModuleNotFoundError: No module named 'no_such_module' (",
    "plugin incompatible (ancient 1.0): incompatible: it needs picctv-core<0.0.1, installed is ",
    "plugin noclass (broken 1.0): load error: broken_mod:NOCLASS is no class; mend, update or uninstall broken",
    "plugin trigger (broken 1.0): name conflict: the name 'trigger' is picctv's own; mend, update or uninstall broken",
    "plugin twice (broken 1.0): name conflict: ancient 1.0 and broken 1.0 bring a plugin of this name; uninstall all",
    "plugin user (broken 1.0): waiting: on street: it uses toldwrong (settings error); see to that, or disable this one",
    (
        "plugin wronghook (broken 1.0): unknown hook: there is no hook 'picctv_analyse_frame' (did you mean "
        "'picctv_analyze_frame'?); mend, update or uninstall broken"
    ),
)


@pytest.fixture
def broken(make_distribution: Any) -> None:
    make_distribution(
        "broken",
        {
            "picctv.node": {
                "argument": "broken_mod:Argument",
                "declaration": "broken_mod:Declaration",
                "good": "broken_mod:Good",
                "noclass": "broken_mod:NOCLASS",
                "runwrong": "broken_mod:Good",
                "switchedoff": "broken_mod:Hook",
                "toldwrong": "broken_mod:Good",
                "trigger": "broken_mod:Good",
                "twice": "broken_mod:Good",
                "user": "broken_mod:User",
                "wronghook": "broken_mod:Hook",
            }
        },
        {"broken_mod.py": PLUGINS},
    )
    make_distribution(
        "unloadable",
        {"picctv.node": {"import": "unloadable_mod:X"}},
        {"unloadable_mod.py": "import no_such_module"},
    )
    make_distribution(
        "ancient",
        {"picctv.node": {"incompatible": "ancient_mod:X", "twice": "ancient_mod:X"}},
        {"ancient_mod.py": "raise SystemExit('nobody may import this')"},
        requires=("picctv-core<0.0.1",),
    )


def write(folder: Path, url: str = "ws://127.0.0.1:1", token: str = "abc") -> Path:
    path = folder / "node.toml"
    path.write_text(NODE.format(url=url, token=token), encoding="utf-8")
    return path


def test_help_and_list_work(broken: None, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert main(["plugins", "list"]) == 0
    assert capsys.readouterr().err == ""


def test_list_of_a_node_gives_each_its_status(broken: None, tmp_path: Path, capsys: Any) -> None:
    assert main(["plugins", "list", "--config", str(write(tmp_path))]) == 0
    shown = {
        line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line and line[0] != " "
    }
    for name, status in STATUSES.items():
        assert f"  {status.replace('enabled', 'yes')}  " in shown[name] + "  ", shown[name]


@pytest.mark.parametrize("command", [("check",), ("run", "--strict-plugins")])
def test_check_and_strict_run_tell_every_fault_in_one_line_each(
    broken: None, tmp_path: Path, capsys: Any, command: tuple[str, ...]
) -> None:
    assert main(["node", *command, "--config", str(write(tmp_path))]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("picctv: error: ")]
    said = [line.removeprefix("picctv: error: ").removeprefix(f"{tmp_path}/") for line in lines]
    assert [line[: len(begin)] for line, begin in zip(said, FAULTS, strict=True)] == list(FAULTS)


def test_node_runs_what_it_can_and_tells_the_rest(
    broken: None, tmp_path: Path, uplink_server: Any, token: str
) -> None:
    stopped = threading.Event()
    node = Node(load(write(tmp_path, uplink_server.url, token)))
    thread = threading.Thread(target=node.run_until, args=(stopped,))
    thread.start()
    try:
        uplink_server.wait_for(lambda: uplink_server.of_kind("results"), 30)
    finally:
        stopped.set()
        thread.join()
    plugins = uplink_server.statuses[-1]["cameras"]["garage/street"]["plugins"]
    assert {name: plugins[name]["status"] for name in STATUSES} == STATUSES
    assert {message.plugin for message in uplink_server.of_kind("results")} >= {"good"}
    assert plugins["toldwrong"]["detail"].startswith("node.toml:12: plugins.toldwrong.level: input should be")
    assert (plugins["toldwrong"]["distribution"], plugins["toldwrong"]["version"]) == ("broken", "1.0")


def test_commands_of_a_fresh_process_print_no_traceback(broken: None, tmp_path: Path) -> None:
    path = write(tmp_path)
    environment = {
        "PYTHONPATH": ":".join(part for part in sys.path if "/sites/" in part),
        "PATH": "/usr/bin:/bin",
    }
    for words, code in (
        (["plugins", "list"], 0),
        (["node", "check", "--config", str(path)], 1),
        (["--version"], 0),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "picctv_core", *words],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
        )
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
