"""`picctv sources list`: every driver, what it needs, and whether it can run here."""

from __future__ import annotations

import json
import subprocess
import sys

from picctv_core.sources.cli import entries


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "picctv_core", "sources", "list", *arguments], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_driver_is_listed_with_what_it_needs() -> None:
    found = {entry["name"]: entry for entry in json.loads(run("--json"))}
    assert list(found) == ["picamera", "picamera2", "synthetic", "video"]
    assert {name: entry["runs_here"] for name, entry in found.items()} == {
        "picamera": False,
        "picamera2": False,
        "synthetic": True,
        "video": True,
    }
    assert all(entry["needs"] and entry["distribution"] == "picctv-core" for entry in found.values())
    assert found["picamera2"]["detail"] == (
        "there is no module picamera2: apt install python3-picamera2, and make the environment with --system-site-packages"
    )
    assert list(found.values()) == entries()


def test_people_read_lines() -> None:
    lines = run().splitlines()
    assert lines[-2:] == [
        "video      runs here",
        "           needs a video file, a network camera, or a V4L2 device",
    ]
    assert "picamera2  does not run here" in lines
