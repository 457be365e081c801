"""The fixtures arrive with the install, stop what they started, and cost a test run that does not use them nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_ANALYZER = """
from picctv_core.hookspecs import hookimpl

class Counter:
    stopped = 0

    def __init__(self, settings, camera):
        self.camera, self.frames = camera, 0

    @hookimpl
    def picctv_analyze_frame(self, frame):
        self.frames += 1
        return {"frames": self.frames}

    @hookimpl
    def picctv_camera_stopped(self):
        Counter.stopped += 1
"""


def pytest_in(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as a plugin's author does: in a folder of his own, warnings being errors."""
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_fixtures_serve_an_authors_tests(tmp_path: Path) -> None:
    done = pytest_in(
        tmp_path,
        _ANALYZER
        + """
def test_run(picctv_run, picctv_scene, tmp_path):
    run = picctv_run(Counter, picctv_scene("still", 64, 48, duration_s=0.5))
    assert run.data[-1] == {"frames": 5}
    assert (tmp_path / "picctv-run-1").is_dir()

def test_steps(picctv_runner, picctv_camera, picctv_clock, picctv_scene):
    runner = picctv_runner(Counter)
    shot = picctv_scene("still").shot(3)
    assert runner.frame(shot.frame) == {"frames": 1}
    assert picctv_clock.now_ns() == shot.frame.captured_at_ns
    assert runner.camera is picctv_camera
    assert Counter.stopped == 1

def test_it_was_stopped_by_itself():
    assert Counter.stopped == 2

def test_plugin_and_message(picctv_plugin, picctv_message):
    assert picctv_plugin("motion").__name__ == "MotionAnalyzer"
    assert picctv_message("note", (1,)).payload == [1]
""",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_every_fixture_is_listed_with_what_it_does(tmp_path: Path) -> None:
    listed = pytest_in(tmp_path, "", "--fixtures").stdout
    found = [line.split(" ")[0] for line in listed.splitlines() if line.startswith("picctv_")]
    assert found == [
        "picctv_clock", "picctv_camera", "picctv_scene", "picctv_run", "picctv_runner", "picctv_plugin", "picctv_message",
        "picctv_mongod", "picctv_mongodb", "picctv_database", "picctv_clips", "picctv_store", "picctv_processor",
        "picctv_site", "picctv_client",
    ]  # fmt: skip
    assert "no docstring available" not in listed.partition("picctv_clock")[2]


@pytest.mark.parametrize("plugin", ["picctv_core.testing", "picctv_server.testing", "picctv_web.testing"])
def test_plugin_of_pytest_imports_nothing_heavy(plugin: str) -> None:
    heavy = ["numpy", "av", "pydantic", "msgpack", "mongoengine", "pymongo", "django", "pluggy._hooks"][:-1]
    code = f"import sys, pytest, {plugin}.pytest_plugin; print(sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
