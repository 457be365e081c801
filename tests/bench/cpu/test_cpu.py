"""What a node takes of one core for a camera of 1920x1080, beside Debian's `motion` on the same video.

They measure and print. That the figures are good is for readers to say: no assert here is about time. The figures go to
`docs/benchmarks/cpu.json`, if motion is there.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.clock import SystemClock
from picctv_server import queries, tokens
from tests.bench.conftest import machine
from tests.bench.cpu import pictures, runs, streams
from tests.bench.motion import debian_motion
from tests.integration.server_process import server_process, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from picctv_server.config import MongoSettings

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

FIGURES = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "cpu.json"
PARTS = {"peer", "video", "cases", "ratios", "stages", "pictures"}

SCENE_S, SHORT_SCENE_S = 30, 10
WARM_UP_S, SHORT_WARM_UP_S = 12, 6
ROUNDS = 3
STORED_S = 30

NODE, PEER = "picctv", "motion"
SMALL, WHOLE = "small stream", "video itself"
"""What is analysed: a small stream that the camera sends beside the video, or the video."""


@pytest.fixture(scope="module")
def found(short: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The figures of this run by part, as in the other benchmarks."""
    load = os.getloadavg()[0]
    figures: dict[str, Any] = {}
    yield figures
    if figures.keys() >= PARTS:
        path = tmp_path_factory.mktemp("figures") / FIGURES.name if short else FIGURES
        about = {**machine(), "load_before": round(load, 2)}
        path.write_text(json.dumps({"machine": about, **figures}, indent=1) + "\n", encoding="utf-8")
        print(f"\nwrote {path}")


@pytest.fixture(scope="module")
def camera(short: bool, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The video and the small stream of a camera, for one scene's length."""
    return streams.make(tmp_path_factory.mktemp("camera"), SHORT_SCENE_S if short else SCENE_S)


def test_cpu(
    short: bool,
    seconds: int,
    found: dict[str, Any],
    camera: tuple[Path, Path],
    mongo_settings: MongoSettings,
    database: Any,
    tmp_path: Path,
) -> None:
    """Node and motion in turns, each alone on the core, for as long."""
    scene_s = SHORT_SCENE_S if short else SCENE_S
    warm_up_s = SHORT_WARM_UP_S if short else WARM_UP_S
    times = (warm_up_s + seconds) // scene_s + 2
    video, small = (streams.repeated(path, times) for path in camera)
    config = tmp_path / "server.toml"
    port = write_config(config, mongo_settings, tmp_path / "clips")
    version = debian_motion.available()
    cases = [
        (program, looks) for looks in (SMALL, WHOLE) for program in (NODE, PEER) if program == NODE or version
    ]
    used: dict[tuple[str, str], list[runs.Used]] = {case: [] for case in cases}
    with server_process(config, port):
        for number in range(1 if short else ROUNDS):
            for program, looks in cases:
                folder = tmp_path / f"{program}-{looks}-{number}".replace(" ", "-")
                started: AbstractContextManager[runs.Program]
                if program == NODE:
                    token = tokens.create(runs.NODE, SystemClock())
                    started = runs.node(folder, port, token, video, small if looks == SMALL else None)
                else:
                    started = runs.motion(folder, video, small if looks == SMALL else None)
                began_ns = SystemClock().now_ns()
                with started as running:
                    time.sleep(warm_up_s)
                    one = running.measure(seconds)
                used[program, looks].append(one)
                print(f"\n{program}, {looks}: {one.percent:.2f} % of the core")
                if program == NODE:
                    assert_stored(began_ns, seconds, running)
                else:
                    assert_recorded(folder, seconds)
    found["peer"] = {"version": version, "settings": runs.MOTION}
    found["video"] = {
        "scene": streams.SCENE,
        "seconds": round(used[NODE, SMALL][0].seconds),
        "rounds": len(used[NODE, SMALL]),
        "analysis": runs.ANALYSIS,
        "video": vars(streams.VIDEO),
        "small": vars(streams.SMALL),
    }
    found["cases"] = {
        f"{program}, {looks}": [round(one.percent, 2) for one in rounds]
        for (program, looks), rounds in used.items()
    }
    found["stages"] = {looks: stages(used[NODE, looks]) for looks in (SMALL, WHOLE)}
    if version:
        peer = used[PEER, WHOLE]
        found["ratios"] = {
            looks: round(
                statistics.median(
                    a.percent / b.percent for a, b in zip(used[NODE, looks], peer, strict=True)
                ),
                3,
            )
            for looks in (SMALL, WHOLE)
        }
        print(f"of what motion takes for the video: {found['ratios']}")
    for looks, rows in found["stages"].items():
        print(f"{looks}: {rows}")


def assert_stored(began_ns: int, seconds: int, running: runs.Program) -> None:
    """Make sure that the node has done its work: what was measured is in the store, results and video."""
    deadline = time.monotonic() + STORED_S
    camera = f"{runs.NODE}/{runs.CAMERA}"
    while True:
        times = [
            at_ns for at_ns, _ in queries.results_between(camera, "motion", began_ns, SystemClock().now_ns())
        ]
        clips = queries.clips_between(camera, began_ns, SystemClock().now_ns())
        recorded_s = sum(clip.duration_s for clip in clips)
        if recorded_s >= seconds and len(times) >= 0.9 * 10 * seconds:
            return
        assert time.monotonic() < deadline, (len(times), recorded_s, running.log.read_text(errors="replace"))
        time.sleep(0.2)


def assert_recorded(folder: Path, seconds: int) -> None:
    """Make sure that motion has seen what moves, and has recorded as much."""
    log = (folder / "log").read_text(errors="replace")
    assert "Motion detected" in log, log
    size = sum(path.stat().st_size for path in folder.glob("*.mp4"))
    assert size > 0.5 * seconds * streams.VIDEO.kbps * 1000 / 8, log


def stages(rounds: list[runs.Used]) -> dict[str, float]:
    """Give the median of what each thread of the node takes, in % of the core."""
    return {
        stage: round(statistics.median(100 * _of(one, stage) / one.seconds for one in rounds), 2)
        for stage in sorted({_stage(name) for one in rounds for name in one.threads})
    }


def _of(used: runs.Used, stage: str) -> float:
    return sum(cpu_s for name, cpu_s in used.threads.items() if _stage(name) == stage)


def _stage(thread: str) -> str:
    """Give what a thread of the node is there for: a camera's are named after it."""
    name = thread.replace(f"{runs.NODE}/{runs.CAMERA}", "").strip()
    return (
        name
        if name in {"source", "(analysis) source", "motion", "recording", "live", "spool", "uplink", "health"}
        else "rest"
    )


def test_pictures(found: dict[str, Any], camera: tuple[Path, Path], tmp_path: Path) -> None:
    """What each step takes for one picture, alone and one after the other, so with warm caches."""
    video, small = camera
    rows = {SMALL: pictures.steps_ms(small, tmp_path), WHOLE: pictures.steps_ms(video, tmp_path)}
    found["pictures"] = rows
    for looks, row in rows.items():
        print(f"\n{looks}, ms a picture: {row}")
