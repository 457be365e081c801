"""New settings while the node runs: SIGHUP, on a real process with a driver that can change."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from picctv_core.node.config import read
from picctv_core.node.reload import changes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRIVER = '''
import sys
from typing import ClassVar
from picctv_core.config import Settings


class LampSettings(Settings):
    watts: int = 40


class Lamp:
    """Gives nothing, and says what it is told."""

    Settings: ClassVar = LampSettings

    def __init__(self, settings, analysis, clock):
        pass

    def change(self, settings):
        print("lamp", settings.watts, flush=True)

    def run(self, sink, stop):
        print("lamp is on", flush=True)
        stop.wait()
'''

NODE = """
[node]
name = "garage"
data = "data"

[server]
urls = ["ws://127.0.0.1:9"]
token = "{token}"

[cameras.door.source]
driver = "lamp"
watts = {watts}

[cameras.yard.source]
driver = "synthetic"
rate = {rate}
{more}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the driver, as pip would have installed it."""
    folder = tmp_path / "site"
    info = folder / "picctv_lamp-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "picctv_lamp.py").write_text(DRIVER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: picctv-lamp\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[picctv.sources]\nlamp = picctv_lamp:Lamp\n")
    return folder


@pytest.fixture
def node(tmp_path: Path, site: Path, token: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A node that runs, with its output and log in one."""
    path = tmp_path / "node.toml"
    write(path, token)
    process = subprocess.Popen(
        [sys.executable, "-m", "picctv_core", "node", "run", "--config", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(site)},
    )
    yield process, path
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest


def write(path: Path, token: str, watts: object = 40, rate: int = 2, more: str = "") -> None:
    path.write_text(NODE.format(token=token, watts=watts, rate=rate, more=textwrap.dedent(more)))


def until(process: subprocess.Popen[str], wanted: str) -> str:
    assert process.stdout is not None
    passed = ""
    for line in process.stdout:
        passed += line
        if wanted in line:
            return line
    raise AssertionError(f"{wanted!r} did not come, but:\n{passed}")


def test_sighup_changes_what_can_be_changed_and_names_the_rest(
    node: tuple[subprocess.Popen[str], Path], token: str
) -> None:
    process, path = node
    until(process, "lamp is on")
    write(path, token, watts=60, rate=3, more="[cameras.shed.source]\ndriver = 'synthetic'")
    process.send_signal(signal.SIGHUP)
    until(process, "lamp 60")
    until(process, "camera garage/door: goes over to its new source settings")
    line = until(process, "only from the next start on")
    assert line.rstrip().endswith(
        "cameras.yard: source; the driver synthetic can't change while it runs; cameras.shed: is new"
    )
    # faults leave all as it was, and name themselves
    write(path, token, watts="'many'")
    process.send_signal(signal.SIGHUP)
    until(process, "the settings stay as they were")
    assert "cameras.door.source.watts" in until(process, "watts")
    # what was gone over to is not news any more
    write(path, token, watts=60)
    process.send_signal(signal.SIGHUP)
    until(process, "the settings were read again; nothing has changed")


def test_each_difference_is_named(tmp_path: Path, token: str) -> None:
    path = tmp_path / "node.toml"
    lamp = '[cameras.door.source]\ndriver = "lamp"\nwatts = 40\n'

    def config(text: str) -> object:
        write(path, token)
        path.write_text(path.read_text().replace(lamp, "") + text)
        return read(path)

    running = config('[cameras.a.source]\ndriver = "synthetic"\n[plugins.motion]\nsensitivity = 0.5\n')
    wanted = config(
        '[cameras.a]\nanalysis = "160x120@5"\n[cameras.a.source]\ndriver = "synthetic"\n'
        "[plugins.motion]\nsensitivity = 0.6\n[plugins.live]\nenabled = false\n"
    )
    found = changes(running, wanted)  # type: ignore[arg-type]
    assert found.sources == {}
    assert found.waiting == ["cameras.yard: plugins", "cameras.a: analysis", "cameras.a: plugins"]
    motion = config('[cameras.a.source]\ndriver = "synthetic"\n[plugins.motion]\nsensitivity = 0.7\n')
    assert changes(running, motion).waiting == [  # type: ignore[arg-type]
        "cameras.yard: plugins.motion",
        "cameras.a: plugins.motion",
    ]
    assert changes(running, running).waiting == []  # type: ignore[arg-type]
    assert changes(wanted, config("")).waiting[-1] == "cameras.a: is gone"  # type: ignore[arg-type]
