"""The fixtures that arrive with the install: pytest finds them through the entry-point group ``pytest11``.

Nothing heavy is imported here, and no code of a plugin: pytest reads this before a coverage tool has begun to count, and
also where a project only has picctv in its environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from picctv_core.messages import Message
    from picctv_core.testing import AnalyzerRunner, FakeCamera, FakeClock, Run, Scene


@pytest.fixture
def picctv_clock() -> FakeClock:
    """A clock that stands still until the test winds it: `FakeClock`."""
    from picctv_core.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def picctv_camera(tmp_path: Path, picctv_clock: FakeClock) -> FakeCamera:
    """A camera that keeps what a plugin emits, with a folder of its own and `picctv_clock` as its clock: `FakeCamera`."""
    from picctv_core.testing.camera import FakeCamera

    return FakeCamera(tmp_path / "picctv-camera", picctv_clock)


@pytest.fixture
def picctv_scene() -> Callable[..., Scene]:
    """Give the function that makes scenes, synthetic video with known truth: ``picctv_scene("walking", 640, 480)``."""
    from picctv_core.testing.scenes import scene

    return scene


@pytest.fixture
def picctv_run(tmp_path: Path) -> Callable[..., Run]:
    """Give the function that runs an analyzer over a scene: ``picctv_run(MyAnalyzer, "walking")``; see `run_analyzer`.

    The analyzer's folder lies in the test's ``tmp_path``, another one for each run, so that a test can look into it.
    """
    from picctv_core.testing.runner import run_analyzer

    runs = 0

    def run(analyzer: Any, scene: Any = None, **options: Any) -> Run:
        nonlocal runs
        runs += 1
        if "camera" not in options:
            options.setdefault("data", tmp_path / f"picctv-run-{runs}")
        return run_analyzer(analyzer, scene, **options)

    return run


@pytest.fixture
def picctv_runner(picctv_camera: FakeCamera) -> Iterator[Callable[..., AnalyzerRunner]]:
    """Give a function that starts an analyzer, to be fed step by step; it is stopped at the test's end by itself.

    ``runner = picctv_runner(MyAnalyzer, settings={"limit": 3})``; see `AnalyzerRunner`. It runs on `picctv_camera`.
    """
    from contextlib import ExitStack

    from picctv_core.testing.runner import AnalyzerRunner

    with ExitStack() as stack:

        def start(analyzer: Any, **options: Any) -> AnalyzerRunner:
            options.setdefault("camera", picctv_camera)
            return stack.enter_context(AnalyzerRunner(analyzer, **options))

        yield start


@pytest.fixture
def picctv_plugin() -> Callable[..., Any]:
    """Give the function that finds an installed plugin's class: ``picctv_plugin("motion")``.

    A second argument names another group than ``picctv.node``. It raises where pip does not have the plugin, or where it
    can't be loaded: so a test of it shows that the entry points are right.
    """
    from picctv_core.testing.runner import installed

    return installed


@pytest.fixture
def picctv_message() -> Callable[..., Message]:
    """Give the function that makes messages as a node sends them: ``picctv_message("note", {"text": "hello"})``."""
    from picctv_core.testing.messages import make_message

    return make_message
