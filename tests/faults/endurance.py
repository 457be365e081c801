"""``./run endurance``: a node with twelve cameras, a server and MongoDB run for an hour, and nothing of them may grow.

Two cameras of 25 pictures a second and ten slow ones, drawn, encoded, analysed for motion, recorded and offered live: about
what two small cores can do. Memory, file descriptors, threads and the time from capture to stored are looked at all along.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import shutil
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picctv_core.clock import SystemClock
from picctv_core.timing import quantile
from picctv_server import database, tokens
from picctv_server.config import MongoSettings
from picctv_server.embedded import ensure
from tests.bench import processes
from tests.bench.conftest import machine
from tests.faults.daemons import Daemon, Keeper, wait_until
from tests.faults.network import new_folder
from tests.faults.proxy import LOOPBACK
from tests.integration.wire_node import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

log = logging.getLogger(__name__)

FIGURES = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks" / "endurance.json"

NODE = "garage"
FAST, SLOW = 2, 10
LONG_MINUTES, SHORT_MINUTES = 60.0, 2.0
EVERY_S = 5.0
WARM_UP = 0.25
"""The share of the time that is not looked at: caches fill, MongoDB's own above all."""

MEMORY_GROWTH, SHORT_MEMORY_GROWTH = 0.05, 0.25
"""How much more memory may be in use at the end than after the warm-up; a process of two minutes is still filling caches."""

MONGOD_BYTES = 450_000_000
"""MongoDB's memory grows until its cache of 256 MB is full, which takes days here: it has a bound, and not a rate."""

MORE = 4
"""So many more descriptors or threads are those of pools that had not met their busiest second before the warm-up was over."""

LATENCY_GROWTH, LATENCY_MORE_MS = 0.5, 250.0
"""A latency grows when it is longer by this share, and by this much: two busy cores have their moods."""

UP_S = 90.0


@dataclass
class Samples:
    """What was seen of one process, one value for each look.

    Attributes:
        memory_bytes: memory that is of no file.
        fds: open file descriptors.
        threads: threads.
    """

    memory_bytes: list[int] = field(default_factory=list)
    fds: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def take(self, pid: int) -> None:
        """Look at the process now."""
        self.memory_bytes.append(processes.memory(pid).own_bytes)
        self.fds.append(processes.descriptors(pid))
        self.threads.append(processes.threads(pid))


def run(minutes: float, *, short: bool) -> dict[str, Any]:
    """Run everything for so long, and give the report."""
    folder = new_folder()
    mongodb = MongoSettings(embedded=folder / "mongo")
    with ensure(folder / "mongo"), database.connect(mongodb):
        database.make_indexes()
        _configure(folder, tokens.create(NODE, SystemClock()))
        command = [sys.executable, "-m", "picctv_core"]
        daemons = [
            Daemon("server", [*command, "server", "run", "--config", "server.toml"], folder),
            Daemon("node", [*command, "node", "run", "--config", "node.toml"], folder),
        ]
        with Keeper(daemons):
            for daemon in daemons:
                daemon.start()
            wait_until(lambda: _cameras_seen() == FAST + SLOW, UP_S, "results of all cameras are stored")
            log.info("all cameras are seen; looking for %g minutes, in %s", minutes, folder)
            pids = {daemon.name: daemon.pid for daemon in daemons} | {"mongod": _mongod_pid(folder)}
            samples, latencies, cpu = _look(pids, minutes)
            ends = {daemon.name: daemon.ended_by_itself for daemon in daemons if daemon.ended_by_itself}
    shutil.rmtree(folder)
    return judge(samples, latencies, cpu, ends, minutes, short=short)


def _configure(folder: Path, token: str) -> None:
    port = free_port()
    (folder / "server.toml").write_text(
        f'[server]\nhost = "{LOOPBACK}"\nport = {port}\n\n[mongodb]\nembedded = "mongo"\n'
    )
    cameras = [(f"fast-{number}", 640, 480, 25) for number in range(FAST)]
    cameras += [(f"slow-{number}", 160, 120, 1) for number in range(SLOW)]
    tables = "".join(
        f'[cameras.{name}]\n[cameras.{name}.source]\ndriver = "synthetic"\nwidth = {width}\nheight = {height}\n'
        f"rate = {rate}\nseed = {number}\n\n"
        for number, (name, width, height, rate) in enumerate(cameras)
    )
    (folder / "node.toml").write_text(
        f'[node]\nname = "{NODE}"\ndata = "node"\n\n[server]\nurls = ["ws://{LOOPBACK}:{port}"]\n'
        f'token = "{token}"\n\n{tables}[plugins.recording]\nsegment_s = 20\n'
    )


def _mongod_pid(folder: Path) -> int:
    return int((folder / "mongo" / "db" / "mongod.lock").read_text())


def _cameras_seen() -> int:
    return len(database.database().messages.distinct("camera", {"kind": "results"}))


def _look(pids: dict[str, int], minutes: float) -> tuple[dict[str, Samples], list[float], dict[str, float]]:
    """Look at the processes again and again; give what was seen, the latency of each look in ms, and the CPU in %."""
    samples = {name: Samples() for name in pids}
    latencies: list[float] = []
    began_s = time.monotonic()
    before = {name: processes.cpu_s(pid) for name, pid in pids.items()}
    number = 0
    while time.monotonic() - began_s < 60 * minutes:
        number += 1
        time.sleep(max(0.0, began_s + number * EVERY_S - time.monotonic()))
        for name, pid in pids.items():
            with contextlib.suppress(
                FileNotFoundError, ProcessLookupError
            ):  # it ended, which the report says
                samples[name].take(pid)
        if (latency := _latency_ms()) is not None:
            latencies.append(latency)
    took_s = time.monotonic() - began_s
    cpu = {}
    for name, pid in pids.items():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            cpu[name] = round(100 * (processes.cpu_s(pid) - before[name]) / took_s, 1)
    return samples, latencies, cpu


def _latency_ms() -> float | None:
    """Give how old the results of the last seconds were when they were stored: the 95th percentile, in ms.

    A message holds a second of results and has the time of the first of them, so a second of it is their waiting for others.
    """
    since = {"$gt": time.time_ns() - round(2 * EVERY_S * 1e9)}
    found = database.database().messages.find(
        {"kind": "results", "captured_at_ns": since}, {"captured_at_ns": 1, "stored_at": 1}
    )
    ages = sorted(one["stored_at"].timestamp() * 1000 - one["captured_at_ns"] / 1e6 for one in found)
    return quantile(ages, 0.95) if ages else None


def judge(
    samples: dict[str, Samples],
    latencies: list[float],
    cpu: dict[str, float],
    ends: dict[str, list[int]],
    minutes: float,
    *,
    short: bool,
) -> dict[str, Any]:
    """Make the report; its ``faults`` say what has grown."""
    growth = SHORT_MEMORY_GROWTH if short else MEMORY_GROWTH
    rows: dict[str, Any] = {}
    faults = [f"{name} ended by itself: {codes}" for name, codes in ends.items()]
    for name, own in samples.items():
        rows[name] = {"cpu_percent": cpu.get(name)}
        for what in ("memory_bytes", "fds", "threads"):
            first, last = thirds(getattr(own, what))
            rows[name][what] = {"first": round(first), "last": round(last)}
        memory = rows[name]["memory_bytes"]
        most = MONGOD_BYTES if name == "mongod" else (1 + growth) * memory["first"]
        if memory["last"] > most:
            faults.append(f"{name} has {memory['last']} bytes of memory at the end, {memory['first']} before")
        faults += [
            f"{name} has {rows[name][what]['last']} {what} at the end, {rows[name][what]['first']} before"
            for what in ("fds", "threads")
            if rows[name][what]["last"] > rows[name][what]["first"] + MORE
        ]
    first, last = thirds(latencies)
    if last > (1 + LATENCY_GROWTH) * first and last > first + LATENCY_MORE_MS:
        faults.append(f"from capture to stored it takes {last:.0f} ms at the end, {first:.0f} ms before")
    return {
        "minutes": minutes,
        "looks": len(latencies),
        "cameras": {"fast": FAST, "slow": SLOW},
        "processes": rows,
        "latency_ms": {"first": round(first), "last": round(last)},
        "faults": faults,
        "over_time": _thinned({name: own.memory_bytes for name, own in samples.items()}, latencies),
    }


def thirds(values: Sequence[float]) -> tuple[float, float]:
    """Give the medians of the first and the last third of what comes after the warm-up."""
    looked = list(values[int(WARM_UP * len(values)) :])
    third = max(1, len(looked) // 3)
    return statistics.median(looked[:third]), statistics.median(looked[-third:])


def _thinned(memory: dict[str, list[int]], latencies: list[float], points: int = 60) -> dict[str, Any]:
    def thin(values: Sequence[float]) -> Iterator[int]:
        step = max(1, len(values) // points)
        return (round(value) for value in values[::step])

    return {
        "memory_bytes": {name: list(thin(values)) for name, values in memory.items()},
        "latency_ms": list(thin(latencies)),
    }


def main() -> int:
    """Run and print the report; 1 where something grew."""
    parser = argparse.ArgumentParser(prog="./run endurance", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--short", action="store_true", help="two minutes, judged less hard; leaves the figures in docs"
    )
    parser.add_argument("--minutes", type=float, help="how long")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    minutes = args.minutes or (SHORT_MINUTES if args.short else LONG_MINUTES)
    report = run(minutes, short=args.short)
    print(json.dumps({name: part for name, part in report.items() if name != "over_time"}, indent=2))
    if not args.short:
        FIGURES.write_text(json.dumps({"machine": machine(), **report}) + "\n", encoding="utf-8")
        print(f"wrote {FIGURES}")
    for fault in report["faults"]:
        print(f"grown: {fault}")
    return int(bool(report["faults"]))


if __name__ == "__main__":
    sys.exit(main())
