"""What the demo takes of a machine, and how fast `picctv` says what it can.

They measure and print. That the figures are good is for readers to say: no assert here is about time.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from picctv_web.demo.client import Client
from picctv_web.demo.plan import USER
from tests.bench import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.bench

PARTS = ("supervisor", "mongod", "server", "node", "web")
RUNS = 10
UP_S = 60


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """Start the demo with its two synthetic cameras; give it once both run, with a session of its web interface."""
    log = tmp_path / "stderr"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "picctv_core", "demo", "--data", str(tmp_path / "data")],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            greeting = ""
            for line in process.stdout:
                greeting += line
                if "password" in line:
                    break
            said = dict(re.findall(r"^ +(address|password) +(\S+)", greeting, re.MULTILINE))
            assert said.keys() == {"address", "password"}, log.read_text()
            client = Client(said["address"])
            client.log_in(USER, said["password"])
            # the node is still importing when the address is printed; its start is not to be measured
            deadline = time.monotonic() + UP_S
            while states(client) != ["running", "running"]:
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
            yield process, client
        finally:
            if process.poll() is None:
                process.terminate()


def states(client: Client) -> list[str]:
    return [camera["state"] for camera in client.json("/api/cameras")["cameras"]]


def test_demo(
    demo: tuple[subprocess.Popen[str], Client], tmp_path: Path, seconds: int, figures: dict[str, Any]
) -> None:
    supervisor, client = demo
    data = tmp_path / "data"
    pids = processes.of_demo(data)
    assert sorted(pids) == sorted(PARTS)

    began = time.monotonic()
    began_s = {name: processes.cpu_s(pids[name]) for name in PARTS}
    time.sleep(seconds)
    used_s = {name: processes.cpu_s(pids[name]) - began_s[name] for name in PARTS}
    elapsed_s = time.monotonic() - began
    memory = {name: processes.memory(pids[name]) for name in PARTS}

    assert processes.of_demo(data) == pids, "one was started anew while it was measured"
    assert processes.descendants(supervisor.pid) <= set(pids.values()), "some processes were not measured"
    assert states(client) == ["running", "running"]

    stopped = time.monotonic()
    supervisor.terminate()
    assert supervisor.wait(60) == 0
    stop_s = time.monotonic() - stopped
    assert processes.of_demo(data) == {}

    rows = {
        name: {
            "rss_bytes": memory[name].rss_bytes,
            "pss_bytes": memory[name].pss_bytes,
            "cpu_percent": round(100 * used_s[name] / elapsed_s, 1),
        }
        for name in PARTS
    }
    figures["demo"] = {
        "seconds": round(elapsed_s, 1),
        "processes": rows,
        "sum": {
            "rss_bytes": sum(found.rss_bytes for found in memory.values()),
            "pss_bytes": sum(found.pss_bytes for found in memory.values()),
            "cpu_percent": round(100 * sum(used_s.values()) / elapsed_s, 1),
        },
        "stop_s": round(stop_s, 2),
    }
    print(f"\n{'':12}{'RSS MB':>9}{'PSS MB':>9}{'CPU %':>9}   over {elapsed_s:.1f} s")
    for name, row in [*rows.items(), ("sum", figures["demo"]["sum"])]:
        megabytes = f"{row['rss_bytes'] / 1e6:9.1f}{row['pss_bytes'] / 1e6:9.1f}"
        print(f"{name:12}{megabytes}{row['cpu_percent']:9.1f}")
    print(f"SIGTERM to end: {stop_s:.2f} s")


def test_help(figures: dict[str, Any]) -> None:
    commands = {
        "picctv": [str(Path(sys.executable).with_name("picctv")), "--help"],
        "python": [sys.executable, "-c", "pass"],
    }
    took_ms: dict[str, list[float]] = {name: [] for name in commands}
    # in turns, so that what else the machine does meets both alike; the first of each only fills the caches
    for _ in range(1 + RUNS):
        for name, command in commands.items():
            began = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True)
            took_ms[name].append(1000 * (time.perf_counter() - began))
            assert done.returncode == 0, done.stderr
            assert done.stdout.startswith("usage: picctv") == (name == "picctv")
    medians_ms = {name: statistics.median(times[1:]) for name, times in took_ms.items()}
    figures["help"] = {
        "runs": RUNS,
        "picctv_ms": round(medians_ms["picctv"], 1),
        "python_ms": round(medians_ms["python"], 1),
        "ratio": round(medians_ms["picctv"] / medians_ms["python"], 2),
    }
    print(
        f"\npicctv --help {medians_ms['picctv']:.1f} ms, python -c pass {medians_ms['python']:.1f} ms: "
        f"{figures['help']['ratio']} times (medians of {RUNS})"
    )
