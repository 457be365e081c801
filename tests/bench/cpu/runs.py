"""Programs that watch a camera, on one core: started, measured for a while, and stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import processes
from tests.bench.cpu.streams import SMALL, VIDEO
from tests.bench.motion.debian_motion import THRESHOLD_PIXELS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
CORE = max(os.sched_getaffinity(0))
NODE, CAMERA = "bench", "street"
ANALYSIS = "320x240@10"
STOP_S = 30


@dataclass(frozen=True)
class Used:
    """What a program took of its core while it was measured.

    Attributes:
        seconds: for how long that was.
        cpu_s: of all its threads, user and system.
        threads: of each, in s, by the thread's name; empty for programs whose threads have none.
    """

    seconds: float
    cpu_s: float
    threads: dict[str, float]

    @property
    def percent(self) -> float:
        """Give the CPU time as % of the core."""
        return 100 * self.cpu_s / self.seconds


@dataclass
class Program:
    """A program that runs on the core.

    Attributes:
        process: itself.
        log: what it has said.
        names: the file into which it writes the names of its threads when asked; None where it can't.
    """

    process: subprocess.Popen[bytes]
    log: Path
    names: Path | None = None

    def measure(self, seconds: float) -> Used:
        """Let it run for a while, and say what that took."""
        pid = self.process.pid
        threads = self._threads()
        began, before = time.monotonic(), {thread: _thread_s(pid, thread) for thread in threads}
        cpu_s = processes.cpu_s(pid)
        time.sleep(seconds)
        cpu_s = processes.cpu_s(pid) - cpu_s
        used = {name: _thread_s(pid, thread) - before[thread] for thread, name in threads.items()}
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        return Used(time.monotonic() - began, cpu_s, used)

    def _threads(self) -> dict[str, str]:
        if self.names is None:
            return {}
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + STOP_S
        while not self.names.exists():
            assert time.monotonic() < deadline, self.log.read_text(errors="replace")
            time.sleep(0.05)
        found: dict[str, str] = json.loads(self.names.read_text(encoding="utf-8"))
        return found


def _thread_s(pid: int, thread: str) -> float:
    """Read how long a thread has run, in s; finer than the ticks of ``stat``, see proc(5)."""
    path = processes.PROC / str(pid) / "task" / thread / "schedstat"
    return int(path.read_text(encoding="ascii").split()[0]) / 1e9


@contextlib.contextmanager
def running(command: list[str], folder: Path, names: Path | None = None) -> Iterator[Program]:
    """Run a program on the core until the block ends; it then has to stop by itself."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", str(CORE), *command], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Program(process, log, names)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextlib.contextmanager
def node(folder: Path, port: int, token: str, video: Path, small: Path | None) -> Iterator[Program]:
    """Run a node with all of picctv's plugins as they are by default.

    Args:
        folder: its own, empty.
        port: where its server listens.
        token: what that knows it by.
        video: what its camera sends.
        small: the camera's stream for analysis; None where the video is analysed.
    """
    folder.mkdir()
    config = folder / "node.toml"
    more = f'analysis_url = "{small}"\n' if small else ""
    config.write_text(
        f'[node]\nname = "{NODE}"\ndata = "data"\n'
        f'[server]\nurls = ["ws://127.0.0.1:{port}"]\ntoken = "{token}"\n'
        f'[cameras.{CAMERA}]\nanalysis = "{ANALYSIS}"\n'
        f'[cameras.{CAMERA}.source]\ndriver = "video"\nurl = "{video}"\n{more}',
        encoding="utf-8",
    )
    names = folder / "threads.json"
    told = [str(names), "node", "run", "--config", str(config)]
    with running([sys.executable, "-m", "tests.bench.cpu.node", *told], folder, names) as program:
        yield program


MOTION: dict[str, str | int] = {
    "daemon": "off",
    "native_language": "off",
    "log_level": 6,
    "framerate": 10,
    "movie_output": "on",
    "movie_passthrough": "on",
    "picture_output": "off",
    "stream_port": 0,
    "webcontrol_port": 0,
}
"""How motion is set, beside where the camera is: it looks ten times a second, and records the stream as it comes."""


@contextlib.contextmanager
def motion(folder: Path, video: Path, small: Path | None) -> Iterator[Program]:
    """Run Debian's motion. Where there is a small stream, it looks at that and records the other."""
    folder.mkdir()
    looked_at = SMALL if small else VIDEO
    settings = {
        **MOTION,
        "target_dir": folder,
        "width": looked_at.width,
        "height": looked_at.height,
        "netcam_url": f"file://{small or video}",
    }
    if small:
        settings["netcam_high_url"] = f"file://{video}"
        # its default is so many pixels whatever their number: here as large a part of the picture as in the video
        settings["threshold"] = THRESHOLD_PIXELS * SMALL.width * SMALL.height // (VIDEO.width * VIDEO.height)
    config = folder / "motion.conf"
    config.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")
    with running(["motion", "-n", "-c", str(config)], folder) as program:
        yield program
