"""What the tests of plugins in processes share: one worker of an installed plugin, with a real spool behind it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from picctv_core import codec, plugins
from picctv_core.clock import SystemClock
from picctv_core.declarations import RunOptions, declared
from picctv_core.frames import AccessUnit, AnalysisFormat, Frame, VideoInfo
from picctv_core.node.arena import Arena
from picctv_core.node.backoff import Backoff
from picctv_core.node.plugin_camera import PluginCamera
from picctv_core.node.plugin_tables import PluginConfig
from picctv_core.node.spool import Spool
from picctv_core.node.workers import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.frames import Result

FAULTY = Path(__file__).with_name("faulty.py")
WIDTH, HEIGHT = 64, 48
S = 1_000_000_000


def install(make_distribution: Callable[..., None], name: str = "faulty") -> None:
    """Install the faulty plugin."""
    points = {"picctv.node": {name: f"{name}_plugin:Faulty"}}
    make_distribution(f"picctv-plugins-{name}", points, {f"{name}_plugin.py": FAULTY.read_text("utf-8")})


def configured(name: str = "faulty", settings: dict[str, Any] | None = None, **run: Any) -> PluginConfig:
    """Give an installed plugin as a node.toml would have it run."""
    (plugin,) = [found for found in plugins.discover(plugins.NODE) if found.name == name]
    assert plugin.status is plugins.Status.ENABLED, plugin.detail
    declaration = declared(plugin.object)
    return PluginConfig(plugin, declaration.settings(**(settings or {})), declaration, RunOptions(**run))


class IsolationBench:
    """One worker; the test is its camera."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SystemClock()
        self.spool = Spool(folder / "spool.db", self.clock)
        self.arena = Arena(WIDTH, HEIGHT)
        self.results: list[Result] = []
        self.changes: list[str] = []
        self.video: VideoInfo | None = VideoInfo(640, 480, 10.0)
        self.worker: Worker
        self.number = 0

    def start(self, config: PluginConfig, *, pauses: tuple[float, float] = (0.02, 0.05)) -> Worker:
        """Begin with the plugin."""
        camera = PluginCamera(
            "garage",
            SimpleNamespace(name="door", title="Door", analysis=AnalysisFormat(WIDTH, HEIGHT, 10.0)),
            config.plugin.name,
            data=self.folder / "data",
            clock=self.clock,
            spool=self.spool,
            video=lambda: self.video,
        )
        self.worker = Worker(
            config,
            camera,
            self.results.append,
            lambda: self.changes.append(self.report()["status"]),
            arena=self.arena,
            backoff=Backoff(*pauses),
        )
        self.worker.start()
        self.worker.inbox.put_started()
        return self.worker

    def frame(self, luma: np.ndarray[Any, Any] | None = None) -> Frame:
        """Give it the next frame, its number in every pixel."""
        if luma is None:
            luma = np.full((HEIGHT, WIDTH), self.number % 256, np.uint8)
        frame = self.arena.keep(Frame(luma, self.clock.now_ns(), self.number))
        self.number += 1
        self.worker.inbox.put_frame(frame)
        return frame

    def frames(self, count: int) -> None:
        """Give it frames, and wait for its result to each."""
        for _ in range(count):
            have = len(self.results)
            self.frame()
            self.wait(lambda have=have: len(self.results) > have)  # type: ignore[misc]

    def feed_until(self, condition: Callable[[], Any], timeout_s: float = 30.0) -> None:
        """Give it frames until something is so."""
        until_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < until_s, self.report()
            self.frame()
            time.sleep(0.005)

    def unit(self, at_s: float, *, key: bool = False) -> None:
        """Give it an access unit of ten bytes."""
        self.worker.inbox.put_unit(AccessUnit(round(at_s * S), key, bytes(10)))

    def wait(self, condition: Callable[[], Any], timeout_s: float = 30.0) -> None:
        """Wait until something is so."""
        until_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < until_s, self.report()
            time.sleep(0.001)

    def report(self) -> dict[str, Any]:
        return self.worker.report()

    def sent(self, kind: str) -> list[Any]:
        """Give the payloads of a kind that are in the spool."""
        found = [
            *self.spool.take(10**9, priorities=(0, 1)).result(),
            *self.spool.take(10**9, priorities=(2, 2)).result(),
        ]
        self.spool.release().result()
        return [codec.unpack(stored.payload) for stored in found if stored.kind == kind]

    def pid(self) -> int:
        """Give the id of the plugin's newest process, once that has begun."""
        self.wait(lambda: self.sent("life"))
        return int(self.sent("life")[-1]["pid"])

    def stop(self, timeout_s: float = 10.0) -> None:
        self.worker.inbox.stop()
        self.worker.join(timeout_s)

    def close(self) -> None:
        if self.worker._thread.is_alive():
            self.stop(0.0)
        self.arena.close()
        self.spool.close()
        del self.worker, self.arena


def exists(pid: int) -> bool:
    """Say whether there is a process of ours, or a zombie, of this id."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(stat.rpartition(")")[2].split()[1]) == os.getpid()  # else it is another's by now
