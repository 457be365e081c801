"""The demo as a user runs it: the real command, its real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DEMO = [sys.executable, "-m", "picctv_core", "demo"]
STOP_S = 10


def processes_naming(text: str) -> list[str]:
    """List the command lines of the running processes that name a text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # it has ended meanwhile
                continue
            if text in line:
                found.append(line)
    return found


def check(*arguments: str, data: Path) -> dict[str, Any]:
    done = subprocess.run(
        [*DEMO, "--check", "--data", str(data), *arguments], capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes_naming(str(data)) == []
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.timeout(180)
def test_check_of_the_synthetic_cameras_succeeds(tmp_path: Path) -> None:
    report = check(data=tmp_path / "data")
    assert sorted(report["cameras"]) == ["demo/room", "demo/street"]
    assert report["failures"] == []


@pytest.mark.timeout(180)
def test_check_of_real_footage_succeeds(tmp_path: Path, footage: Path) -> None:
    report = check(str(footage / "vtest.avi"), str(footage / "one-by-one.mp4"), data=tmp_path / "data")
    assert sorted(report["cameras"]) == ["demo/one-by-one", "demo/vtest"]


@pytest.fixture
def running_demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start a demo, and give it once it has printed its address."""
    data = tmp_path / "data"
    with subprocess.Popen(
        [*DEMO, "--data", str(data)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as demo:
        try:
            assert demo.stdout is not None
            for line in demo.stdout:
                if "password" in line:
                    break
            yield demo, data
        finally:
            if demo.poll() is None:
                demo.terminate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_of_the_demo(
    running_demo: tuple[subprocess.Popen[str], Path], number: signal.Signals
) -> None:
    demo, data = running_demo
    assert len(processes_naming(str(data))) >= 4  # MongoDB, server, node and web, beside the supervisor
    before = time.monotonic()
    demo.send_signal(number)
    assert demo.wait(30) == 0
    assert time.monotonic() - before < STOP_S  # the bound is part of what the demo promises
    assert processes_naming(str(data)) == []


def test_a_second_demo_on_the_same_data_is_refused(
    running_demo: tuple[subprocess.Popen[str], Path],
) -> None:
    _, data = running_demo
    done = subprocess.run([*DEMO, "--data", str(data)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"another demo is running on {data}" in done.stderr


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("nowhere.mp4", "camera nowhere.mp4: there is no such file or device"),
        (".", "camera .: this is a folder"),
    ],
)
def test_a_camera_that_can_not_be_is_refused_in_one_line(tmp_path: Path, argument: str, message: str) -> None:
    done = subprocess.run(
        [*DEMO, "--data", str(tmp_path / "data"), argument], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"picctv: error: {message}")
    assert len(done.stderr.splitlines()) == 1
