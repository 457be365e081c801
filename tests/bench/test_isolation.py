"""What it costs to call an analyzer through a worker, on a thread and in a process of its own.

They measure and print. That the figures are good is for readers to say: no assert here is about time.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core.clock import SystemClock
from picctv_core.declarations import RunOptions, declared
from picctv_core.frames import AnalysisFormat, Frame, VideoInfo
from picctv_core.node.arena import Arena
from picctv_core.node.plugin_camera import PluginCamera
from picctv_core.node.plugin_tables import PluginConfig
from picctv_core.node.spool import Spool
from picctv_core.node.workers import Worker
from picctv_core.plugins import NODE, Plugin, Status
from tests.bench import processes
from tests.bench.conftest import FIGURES, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.bench

SIZES = ((320, 240), (1280, 720))
HOW = ("bare", "thread", "process")
FRAMES, SHORT_FRAMES = 1000, 100
ROUNDS, WARM_UP = 4, 10
PACES = {"full": 0.0, "camera": 0.01}
"""The pause before each frame, in s: none, and one that lets whoever waits for frames fall asleep."""

ANALYZER = '''
from picctv_core.hookspecs import hookimpl


class Mean:
    """As little as an analyzer can do that looks at the picture and says what motion says."""

    def __init__(self, settings, camera):
        self.camera = camera

    @hookimpl
    def picctv_analyze_frame(self, frame):
        brightness = int(frame.luma[::16, ::16].mean())
        return {"triggered": brightness > 250, "score": brightness / 255, "area": 0.0, "boxes": [[1, 2, 3, 4]]}
'''


@pytest.fixture
def analyzer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "bench_analyzer.py").write_text(ANALYZER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("bench_analyzer").Mean


@pytest.fixture(scope="module")
def isolation_figures(short: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The figures of this run; written at its end."""
    load = os.getloadavg()[0]
    found: dict[str, Any] = {}
    yield found
    path = FIGURES.with_name("isolation.json")
    if short:
        path = tmp_path_factory.mktemp("figures") / path.name
    whole = {"machine": {**machine(), "load_before": round(load, 2)}, "isolation": found}
    path.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    print(f"\nwrote {path}")


class Running:
    """One way to have frames analysed: `look` gives one, and waits for what is said about it."""

    def __init__(self, how: str, analyzer: Any, size: tuple[int, int], folder: Path) -> None:
        folder.mkdir()
        self._said = threading.Semaphore(0)
        self._clock = SystemClock()
        self._spool = Spool(folder / "spool.db", self._clock)
        self._arena = Arena(*size) if how == "process" else None
        camera = PluginCamera(
            "bench",
            SimpleNamespace(name="camera", title="Camera", analysis=AnalysisFormat(*size, 10.0)),
            "mean",
            data=folder / "data",
            clock=self._clock,
            spool=self._spool,
            video=lambda: VideoInfo(*size, 10.0),
        )
        self._worker: Worker | None = None
        if how == "bare":
            self._analyzer = analyzer(None, camera)
            return
        plugin = Plugin("mean", NODE, "bench", "1", "bench_analyzer:Mean", Status.ENABLED, "", analyzer)
        declaration = declared(analyzer)
        run = RunOptions(isolation="process" if how == "process" else "thread")
        config = PluginConfig(plugin, declaration.settings(), declaration, run)
        self._worker = Worker(config, camera, lambda _: self._said.release(), lambda: None, arena=self._arena)
        self._worker.start()
        self._worker.inbox.put_started()

    def look(self, frame: Frame, pause_s: float) -> float:
        """Give a frame after a pause, and tell how long it took until something was said about it, in s."""
        if pause_s:
            time.sleep(pause_s)
        began_s = time.perf_counter()
        if self._worker is None:
            self._analyzer.picctv_analyze_frame(frame)
        else:
            self._worker.inbox.put_frame(self._arena.keep(frame) if self._arena else frame)
            self._said.acquire()
        return time.perf_counter() - began_s

    def process(self) -> int:
        """Give the id of the plugin's process."""
        host: Any = self._worker and self._worker._host
        return int(host._process.pid)

    def end(self) -> None:
        if self._worker is not None:
            self._worker.inbox.stop()
            self._worker.join(5)
        if self._arena is not None:
            self._arena.close()
        self._spool.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_overhead(
    size: tuple[int, int], analyzer: Any, short: bool, isolation_figures: dict[str, Any], tmp_path: Path
) -> None:
    frames = SHORT_FRAMES if short else FRAMES
    columns, rows = size
    luma = np.random.default_rng(1).integers(0, 255, (rows, columns), dtype=np.uint8)
    running = {how: Running(how, analyzer, size, tmp_path / how) for how in HOW}
    found: dict[str, Any] = {}
    for pace, pause_s in PACES.items():
        took_ms: dict[str, list[float]] = {how: [] for how in HOW}
        # in turns, so that what else the machine does meets all alike
        for _ in range(ROUNDS):
            for how in HOW:
                took = [
                    1000 * running[how].look(Frame(luma, number, number), pause_s)
                    for number in range(WARM_UP + frames // ROUNDS)
                ]
                took_ms[how] += took[WARM_UP:]
        found[pace] = {how: _summary(times) for how, times in took_ms.items()}
        for how in ("thread", "process"):
            found[pace][how]["overhead_ms"] = round(
                found[pace][how]["ms_p50"] - found[pace]["bare"]["ms_p50"], 3
            )
    copy_ms = _time_ms(luma.copy, 200)
    memory = processes.memory(running["process"].process())
    for one in running.values():
        one.end()
    isolation_figures[f"{columns}x{rows}"] = {
        "frames": frames,
        **found,
        "copy_ms": round(copy_ms, 3),
        "process_pss_bytes": memory.pss_bytes,
        "process_rss_bytes": memory.rss_bytes,
    }
    print(f"\n{columns}x{rows}, {frames} frames each, ms from a frame to what is said about it:")
    for pace in PACES:
        for how in HOW:
            row = "  ".join(f"{key} {value:.3f}" for key, value in found[pace][how].items())
            print(f"{pace:8}{how:9}{row}")
    print(
        f"a copy of the frame takes {copy_ms:.3f} ms; the process has {memory.pss_bytes / 1e6:.1f} MB (PSS)"
    )
    sys.modules.pop("bench_analyzer", None)


def _summary(times_ms: list[float]) -> dict[str, float]:
    ordered = sorted(times_ms)
    return {
        "ms_p50": round(statistics.median(ordered), 3),
        "ms_p95": round(ordered[int(0.95 * (len(ordered) - 1))], 3),
        "ms_mean": round(statistics.fmean(ordered), 3),
    }


def _time_ms(function: Callable[[], Any], times: int) -> float:
    began_s = time.perf_counter()
    for _ in range(times):
        function()
    return 1000 * (time.perf_counter() - began_s) / times
