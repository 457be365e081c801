"""Whatever a plugin does to itself, the recording of its camera and the other plugins never miss a picture by it."""

from __future__ import annotations

import io
import itertools
import os
import signal
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from pydantic import SecretStr

from picctv_core import plugins
from picctv_core.frames import AccessUnit, AnalysisFormat, Frame, VideoInfo
from picctv_core.node.app import Node
from picctv_core.node.config import CameraConfig, NodeConfig
from picctv_plugins_recording.processor import ProcessorSettings, RecordingProcessor
from picctv_server import queries
from picctv_server.clips.filesystem import FilesystemClips
from picctv_server.config import ClipSettings
from picctv_server.models import Message
from tests.core.conftest import ScriptedSource
from tests.core.isolation import FAULTY, configured, exists
from tests.integration.wire_node import RunningServer, serving
from tests.recording.conftest import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from picctv_core.node.plugin_tables import PluginConfig
    from picctv_server.config import ServerConfig

RATE = 20
SECONDS = 14  # at least; a camera goes on for as long as a test waits for something to happen
CYCLE = 40  # pictures, after which the bar in them is where it was
PATIENCE_S = 60
S = 1_000_000_000
CAMERA = "garage/door"

# Each at its own time, so that the recording meets one after another.
FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "raises": ({"fault": "raise", "at": 20}, {}, "quarantined"),
    "segfaults": ({"fault": "segfault", "at": 30}, {}, "SIGSEGV"),
    "exits": ({"fault": "exit", "at": 40}, {}, "exit code 3"),
    "sleeps": ({"fault": "sleep", "at": 50}, {"time_budget_s": 1}, "time budget of 1 s in analyze_frame"),
    "holds": ({"fault": "hold", "at": 60}, {"time_budget_s": 1}, "time budget of 1 s in analyze_frame"),
    "leaks": ({"fault": "leak", "at": 70}, {"memory_max": "150 MB"}, "memory_max of 150 MB"),
    "leaks-fast": ({"fault": "leak_shared", "at": 80}, {"memory_max": "150 MB"}, "memory_max of 150 MB"),
    "hangs-in-units": (
        {"fault": "sleep", "at": 90, "where": "unit"},
        {"time_budget_s": 1},
        "time budget of 1 s in access_unit",
    ),
    "is-killed": ({}, {}, "SIGKILL"),
}


@dataclass
class Camera:
    """A camera that keeps a record of all that it gives, until `enough` is set; then it is `over`."""

    units: list[AccessUnit] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    longest_s: float = 0.0

    def __post_init__(self) -> None:
        self._encoded = encode([number * S // RATE for number in range(CYCLE)], group=RATE)

    def play(self, sink: Any, stop: threading.Event, clock: Any) -> None:
        """Give pictures at their time, and note how long the node ever kept the camera waiting."""
        sink.started(VideoInfo(160, 120, float(RATE)))
        start_ns = clock.now_ns()
        for number, encoded in enumerate(itertools.cycle(self._encoded)):
            if self.enough.is_set():
                break
            at_ns = start_ns + number * S // RATE
            if stop.wait(max(0.0, (at_ns - clock.now_ns()) / S)):
                return
            unit = replace(encoded, captured_at_ns=at_ns)
            luma = np.full((48, 64), number % 256, np.uint8)
            began_s = time.thread_time()
            sink.access_unit(unit)
            sink.frame(Frame(luma, at_ns, number))
            self.longest_s = max(self.longest_s, time.thread_time() - began_s)
            self.units.append(unit)
        self.over.set()
        stop.wait()

    def config(self, configs: list[PluginConfig]) -> CameraConfig:
        source = type("Source", (ScriptedSource,), {"script": staticmethod(self.play)})
        return CameraConfig(
            name="door",
            title="Door",
            analysis=AnalysisFormat(64, 48, float(RATE)),
            driver="scripted",
            source=source,
            source_settings=ScriptedSource.Settings(),
            plugins={config.plugin.name: config for config in configs},
            idle={},
        )


@pytest.fixture
def recording_server(database: Any, make_config: Any) -> Iterator[RunningServer]:
    """A server that makes clips."""
    (found,) = [found for found in plugins.discover(plugins.SERVER) if found.name == "recording"]
    assert found.object is RecordingProcessor
    with serving(make_config(processors=((found, ProcessorSettings()),))) as server:
        yield server


def wait_for(condition: Callable[[], Any]) -> None:
    """Wait until something is so, for as long as a loaded machine may need."""
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until_s, f"it did not come: {told()}"
        time.sleep(0.05)


def run(
    camera: Camera,
    configs: list[PluginConfig],
    server: RunningServer,
    token: str,
    folder: Path,
    happened: Callable[[], bool] = lambda: True,
) -> None:
    """Run a node for `SECONDS` of pictures, and then until something has happened."""
    config = NodeConfig(
        path=folder / "node.toml",
        name="garage",
        data=folder / "data",
        spool_max_bytes=10**9,
        spool_min_free_bytes=0,
        urls=(f"ws://127.0.0.1:{server.config.server.port}",),
        token=SecretStr(token),
        cameras=(camera.config(configs),),
        plugins=(),
    )
    stopped = threading.Event()
    node = threading.Thread(target=Node(config).run_until, args=(stopped,))
    node.start()
    try:
        wait_for(lambda: len(camera.units) >= RATE * SECONDS)
        wait_for(happened)
        camera.enough.set()
        assert camera.over.wait(PATIENCE_S)
    finally:
        stopped.set()
        node.join(15)
    assert not node.is_alive()


def assert_recorded_whole(camera: Camera, config: ServerConfig) -> None:
    """Look at each picture of each clip: all that the camera gave are there, once, at their times."""
    wait_for(lambda: sum(clip.frames for clip in queries.clips(CAMERA)) >= len(camera.units))
    store = FilesystemClips(ClipSettings(path=config.clips.path))
    seen: list[tuple[int, int]] = []
    for clip in queries.clips_between(CAMERA, 0, 2**62):
        with store.open(clip.video_name) as file, av.open(io.BytesIO(file.read()), "r") as video:
            for picture in video.decode(video=0):
                assert picture.pts is not None
                assert picture.time_base is not None
                at_ns = clip.started_at_ns + round(picture.pts * picture.time_base * S)
                columns = picture.to_ndarray(format="gray").mean(axis=0)
                seen.append((at_ns, int(columns.argmax()) // 4))
    given = [(unit.captured_at_ns, number % CYCLE) for number, unit in enumerate(camera.units)]
    assert len(seen) == len(given) >= RATE * SECONDS
    # an MP4 counts in microseconds
    assert max(abs(found[0] - was[0]) for found, was in zip(seen, given, strict=True)) <= 1000
    assert [bar for _, bar in seen] == [bar for _, bar in given]
    assert [gap.cause for gap in queries.gaps_between(CAMERA, 0, 2**62) if gap.plugin == "recording"] == []


def results(plugin: str) -> list[int]:
    return [data["score"] for _, data in queries.results_between(CAMERA, plugin, 0, 2**62)]


def told() -> dict[str, str]:
    """Give all that the notifications say of each plugin."""
    said: dict[str, str] = {}
    for note in queries.latest_notifications(100):
        name = note.title.split()[0]
        said[name] = f"{said.get(name, '')}{note.title} {note.text}\n"
    return said


def install_all(make_distribution: Any, *names: str) -> None:
    points = {"picctv.node": dict.fromkeys(names, "faulty_plugin:Faulty")}
    make_distribution("picctv-plugins-faulty", points, {"faulty_plugin.py": FAULTY.read_text("utf-8")})


def test_recording_is_whole_whatever_the_other_plugins_do(
    make_distribution: Any,
    recording_server: RunningServer,
    token: str,
    tmp_path: Path,
    caplog: Any,
) -> None:
    install_all(make_distribution, "witness", "distant-witness", *FAULTS)
    camera = Camera()
    configs = [
        configured("recording", {"segment_s": 2.0, "mode": "continuous"}),
        configured("motion"),
        configured("witness", isolation="thread"),
        configured("distant-witness"),
        *(configured(name, settings, **options) for name, (settings, options, _) in FAULTS.items()),
    ]
    killer = threading.Thread(
        target=_kill_later, args=(tmp_path / "data" / "plugins" / "door" / "is-killed",)
    )
    killer.start()

    def happened() -> bool:
        """Say whether each fault was told, and whether what was killed goes on."""
        said = told()
        reasons = ((name, reason) for name, (_, _, reason) in FAULTS.items())
        return (
            all(reason in said.get(name, "") for name, reason in reasons) and len(results("is-killed")) > 100
        )

    run(camera, configs, recording_server, token, tmp_path, happened)
    killer.join()

    assert_recorded_whole(camera, recording_server.config)
    assert camera.longest_s < 0.1
    assert told().keys() == FAULTS.keys()
    for name in ("witness", "distant-witness"):
        seen = results(name)
        (stopped,) = (
            queries.message_payload(found) for found in Message.objects(plugin=name, kind="stopped")
        )
        # Frames that it was too late for are missing, and none else; the last one is never replaced by another.
        assert len(seen) == stopped["frames"] > len(camera.units) / 2
        assert seen == sorted(set(seen))
        assert (seen[-1], stopped["units"], stopped["life"]) == (len(camera.units) - 1, len(camera.units), 1)
    pids = [pid for pid in _pids(tmp_path) if pid != os.getpid()]
    assert len(pids) > 2 * len(FAULTS)
    assert not [pid for pid in pids if exists(pid)]


def test_recording_in_a_process_of_its_own_is_whole(
    recording_server: RunningServer, token: str, tmp_path: Path
) -> None:
    camera = Camera()
    configs = [
        configured("recording", {"segment_s": 2.0}, isolation="process"),
        configured("motion", isolation="process"),
    ]
    run(camera, configs, recording_server, token, tmp_path)
    assert_recorded_whole(camera, recording_server.config)


def _pids(folder: Path) -> list[int]:
    return [int(line) for lives in folder.rglob("lives") for line in lives.read_text().splitlines()]


def _kill_later(folder: Path) -> None:
    """Kill the plugin once it has done some of its work; of what is under way then, some 20 results are stored yet."""
    wait_for(lambda: len(results("is-killed")) > 40)
    os.kill(int((folder / "lives").read_text().split()[0]), signal.SIGKILL)
