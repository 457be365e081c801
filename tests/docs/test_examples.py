"""The examples of the tutorials: the settings are accepted, the plugin is found, runs, and charts what it said."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core import plugins
from picctv_core.errors import SettingsError
from picctv_core.frames import Frame
from picctv_core.hookspecs import node, web
from picctv_core.messages import Message, new_id
from picctv_core.node import config as node_config
from picctv_core.testing import FakeCamera, FakeClock
from picctv_server import config as server_config
from picctv_server.models import Clip
from picctv_server.store import Store
from picctv_web import config as web_config

if TYPE_CHECKING:
    from types import ModuleType

    from picctv_server.database import Connection

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "docs" / "examples"
NETWORK = EXAMPLES / "first-network"
BRIGHTNESS = EXAMPLES / "brightness"
SECOND = 1_000_000_000


# The first network ----------------------------------------------------------------------------------------------------


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Copy the example's files to a folder, as the tutorial does."""
    for path in NETWORK.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_node_check_accepts_the_example(network: Path) -> None:
    (network / "token").write_text("secret\n", encoding="utf-8")
    command = [sys.executable, "-m", "picctv_core", "node", "check", "--config", "node.toml"]
    done = subprocess.run(command, cwd=network, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "node.toml is fine: 2 cameras (street, room), plugins live, motion, recording"
    )


def test_node_check_misses_the_token(network: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"token_file: there is no file .*picctv server token create garage"
    ):
        node_config.load(network / "node.toml")


def test_server_and_web_of_the_example_use_the_same_store(network: Path) -> None:
    server = server_config.load(network / "server.toml")
    site = web_config.load_settings(network / "web.toml")
    assert (server.mongodb, server.clips) == (site.mongodb, site.clips)
    assert server.mongodb.embedded == network / "data" / "mongodb"
    (network / "token").write_text("secret\n", encoding="utf-8")
    assert node_config.load(network / "node.toml").urls == (f"ws://127.0.0.1:{server.server.port}",)


# The first plugin -----------------------------------------------------------------------------------------------------


@pytest.fixture
def brightness(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the example's node part from where it lies."""
    monkeypatch.syspath_prepend(str(BRIGHTNESS / "src"))
    from picctv_brightness import analyzer  # type: ignore[import-not-found] # it is in no environment

    module: ModuleType = analyzer
    return module


def frame(value: int, at_ns: int, sequence: int) -> Frame:
    return Frame(np.full((240, 320), value, np.uint8), at_ns, sequence)


def test_brightness_triggers_when_the_light_changes(brightness: ModuleType, tmp_path: Path) -> None:
    camera = FakeCamera(tmp_path)
    analyzer = brightness.BrightnessAnalyzer(brightness.BrightnessSettings(), camera)
    hooks = plugins.bind(analyzer, "brightness", node)
    results = [
        hooks.picctv_analyze_frame(frame=frame(value, camera.clock.now_ns() + index, index))
        for index, value in enumerate((20, 22, 120, 20))
    ]
    assert [result["triggered"] for result in results] == [False, False, True, True]
    assert results[2] == {"triggered": True, "score": 98.0, "brightness": 120.0}
    titles = [message.payload["title"] for message in camera.messages]
    assert titles == ["The light went on at Camera", "The light went off at Camera"]


def test_code_of_the_tutorial_runs(brightness: ModuleType, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tutorial" / "first-plugin.md").read_text(encoding="utf-8")
    [code] = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def test_" in block]
    namespace: dict[str, Any] = {}
    exec(code, namespace)  # noqa: S102 - our own page
    namespace["test_light_that_goes_on_triggers"](tmp_path)


def test_tutorial_shows_the_example(brightness: ModuleType) -> None:
    """Lines of code that the page shows stand in the files too, apart from annotations."""
    page = (ROOT / "docs" / "tutorial" / "first-plugin.md").read_text(encoding="utf-8")
    blocks = [
        block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def test_" not in block
    ]
    files = "".join(path.read_text(encoding="utf-8") for path in (BRIGHTNESS / "src").rglob("*.py"))
    code = {plain(line) for line in files.splitlines()}
    missing = [
        line
        for block in blocks
        for line in block.splitlines()
        if plain(line) not in code and "..." not in line
    ]
    assert missing == []


def plain(line: str) -> str:
    """Give a line of code without annotations."""
    line = re.sub(r"\) -> [^:]+:$", "):", line.strip())
    return re.sub(r"(\w): (?:[\w.]+(?:\[.*\])?(?: \| None)?)(?=[,)]| =)", r"\1", line)


def test_brightness_is_found_when_it_is_installed(tmp_path: Path) -> None:
    build = (
        "import os, sys\nfrom hatchling.build import build_wheel\n"
        "os.chdir(sys.argv[1])\nprint(build_wheel(sys.argv[2]))"
    )
    built = subprocess.run(
        [sys.executable, "-c", build, BRIGHTNESS, tmp_path], capture_output=True, text=True, timeout=60
    )
    assert built.returncode == 0, built.stderr
    # What pip does with a wheel of pure Python, without asking an index for its requirements.
    with zipfile.ZipFile(tmp_path / built.stdout.split()[-1]) as wheel:
        wheel.extractall(tmp_path / "site")
    listed = subprocess.run(
        [sys.executable, "-m", "picctv_core", "plugins", "list", "--json"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert listed.returncode == 0, listed.stderr
    [found] = [entry for entry in json.loads(listed.stdout) if entry["name"] == "brightness"]
    assert found == {
        "name": "brightness",
        "distribution": "picctv-brightness",
        "version": "0.1.0",
        "node": "enabled",
        "server": None,
        "web": "enabled",
        "status": "enabled",
        "detail": "",
    }


def test_brightness_charts_what_is_stored(brightness: ModuleType, database: Connection) -> None:
    from picctv_brightness.apps import BrightnessConfig  # type: ignore[import-not-found] # as above

    clock = FakeClock()
    start_ns = clock.now_ns()
    items = [
        [start_ns + index * SECOND // 2, {"triggered": False, "score": 0.0, "brightness": 100.0 + index}]
        for index in range(4)
    ]
    clip = Clip(id="clip", camera="garage/street", started_at_ns=start_ns, ended_at_ns=start_ns + 2 * SECOND)
    hooks = plugins.bind(object.__new__(BrightnessConfig), "brightness", web)
    assert hooks.picctv_charts(clip=clip) == []
    message = Message(
        new_id(), "garage", "garage/street", "brightness", "results", start_ns, 1, {"items": items}
    )
    Store(clips=None, clock=clock).add_results(message)  # type: ignore[arg-type] # results need no clip store
    [chart] = hooks.picctv_charts(clip=clip)
    assert list(chart.columns) == ["seconds", "brightness"]
    assert list(chart.rows) == [(0.0, 100.0), (0.5, 101.0), (1.0, 102.0), (1.5, 103.0)]


def test_entry_points_of_the_tutorial_are_the_examples() -> None:
    page = (ROOT / "docs" / "tutorial" / "first-plugin.md").read_text(encoding="utf-8")
    shown = tomllib.loads(re.findall(r"```toml\n(# pyproject.*?)```", page, re.DOTALL)[0])
    real = tomllib.loads((BRIGHTNESS / "pyproject.toml").read_text(encoding="utf-8"))
    del real["project"]["description"]
    assert shown == real
