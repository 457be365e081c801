"""What a node writes to its disk, with durability always and on delay: a real node with two cameras, and a real server.

It measures and prints. What wears a card is more than that, for its file system keeps a journal of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core import plugins
from picctv_core.clock import SystemClock
from picctv_server import tokens
from picctv_server.config import ClipSettings, ServerConfig, ServerSettings
from picctv_server.models import Clip, Message
from tests.bench import processes
from tests.bench.conftest import FIGURES, machine
from tests.integration.wire_node import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from picctv_server.config import MongoSettings

pytestmark = pytest.mark.bench

MINUTES = 5
"""The spool's journal is written back every few clips: that has to come in as often as it does."""

MODES = ("always", "on-delay")
CAMERAS = ("yard", "door")
NODE = "garage"

NODE_TOML = """
[node]
name = "{node}"
data = "data"
[server]
urls = ["{url}"]
token = "{token}"
[spool]
durability = "{mode}"
{cameras}
"""

CAMERA = """
[cameras.{name}]
analysis = "320x240@10"
[cameras.{name}.source]
driver = "synthetic"
"""


@pytest.fixture(scope="module")
def wear_figures(short: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The figures by durability; they are written at the end if all are there."""
    load = round(os.getloadavg()[0], 2)
    found: dict[str, Any] = {}
    yield found
    if found.keys() == set(MODES):
        path = FIGURES.with_name("wear.json")
        path = tmp_path_factory.mktemp("figures") / path.name if short else path
        path.write_text(
            json.dumps({"machine": {**machine(), "load_before": load}, "wear": found}, indent=2) + "\n",
            encoding="utf-8",
        )
        print(f"\nwrote {path}")


def counts_writes(folder: Path) -> bool:
    """Say whether the kernel counts what is written here: not on a file system in memory."""
    before = processes.written_bytes(os.getpid())
    probe = folder / "probe"
    with probe.open("wb") as file:
        file.write(os.urandom(2**20))
        os.fsync(file.fileno())
    probe.unlink()
    return processes.written_bytes(os.getpid()) - before >= 2**20


@pytest.mark.parametrize("mode", MODES)
def test_wear(
    mode: str,
    short: bool,
    seconds: int,
    tmp_path: Path,
    database: Any,
    mongo_settings: MongoSettings,
    wear_figures: dict[str, Any],
) -> None:
    if not counts_writes(tmp_path):
        pytest.skip(
            f"{tmp_path} is on a file system whose writes the kernel does not count; name a disk by --basetemp"
        )
    config = ServerConfig(
        server=ServerSettings(port=free_port()),
        mongodb=mongo_settings,
        clips=ClipSettings(path=tmp_path / "clips"),
        processors=tuple(
            (found, found.object.Settings() if hasattr(found.object, "Settings") else None)
            for found in plugins.discover(plugins.SERVER)
            if found.distribution.startswith("picctv-plugins-")
        ),
    )
    measured_s = seconds if short else MINUTES * seconds
    token = tokens.create(NODE, SystemClock())
    (tmp_path / "node.toml").write_text(
        NODE_TOML.format(
            node=NODE,
            url=f"ws://127.0.0.1:{config.server.port}",
            token=token,
            mode=mode,
            cameras="".join(CAMERA.format(name=name) for name in CAMERAS),
        )
    )
    command = [sys.executable, "-m", "picctv_core", "node", "run", "--config", str(tmp_path / "node.toml")]
    with serving(config), subprocess.Popen(command, stderr=subprocess.DEVNULL) as node:
        try:
            # the start is not in it
            deadline = time.monotonic() + 60
            while set(Message.objects(kind="results").distinct("camera")) != {
                f"{NODE}/{name}" for name in CAMERAS
            }:
                assert time.monotonic() < deadline, "no results came"
                time.sleep(0.2)
            began = time.monotonic()
            written = processes.written_bytes(node.pid)
            time.sleep(measured_s)
            written = processes.written_bytes(node.pid) - written
            elapsed_s = time.monotonic() - began
        finally:
            node.send_signal(signal.SIGTERM)
            assert node.wait(30) == 0
    per_hour = 3600 / elapsed_s
    video = sum(clip.bytes for clip in Clip.objects)
    video_s = sum((clip.ended_at_ns - clip.started_at_ns) / 1e9 for clip in Clip.objects) / len(CAMERAS)
    assert video_s > 0
    messages = Message.objects.count()
    wear_figures[mode] = {
        "seconds": round(elapsed_s, 1),
        "written_bytes_per_hour": round(written * per_hour),
        "video_bytes_per_hour": round(video * 3600 / video_s),
        "messages": messages,
    }
    print(
        f"\n{mode:9} {written * per_hour / 1e6:9.1f} MB an hour written, of {video * 3600 / video_s / 1e6:.1f} MB of video"
    )
