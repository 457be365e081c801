"""What plugin authors test with; it comes with the install.

- `scene`, `SCENES`: synthetic video with known truth; it begins at `START_NS`, UTC nanoseconds since the epoch.
- `FakeCamera`, `FakeClock`: a camera that keeps what a plugin emits, and a clock that is wound by hand.
- `run_analyzer`, `AnalyzerRunner`, `Run`: run an analyzer at once, or step by step.
- `make_message`: messages for tests of processors and pages.
- `AnalyzerConformance`, `check_analyzer`, `ConformanceError`: whether an analyzer keeps its contract.

pytest finds the fixtures of `picctv_core.testing.pytest_plugin` by itself.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from picctv_core.testing.camera import FakeCamera
    from picctv_core.testing.clock import FakeClock
    from picctv_core.testing.conformance import AnalyzerConformance, ConformanceError, check_analyzer
    from picctv_core.testing.messages import make_message
    from picctv_core.testing.run import Run, Timing
    from picctv_core.testing.runner import AnalyzerRunner, installed, run_analyzer
    from picctv_core.testing.scenes import SCENES, START_NS, Scene, Shot, scene

__all__ = [
    "SCENES",
    "START_NS",
    "AnalyzerConformance",
    "AnalyzerRunner",
    "ConformanceError",
    "FakeCamera",
    "FakeClock",
    "Run",
    "Scene",
    "Shot",
    "Timing",
    "check_analyzer",
    "installed",
    "make_message",
    "run_analyzer",
    "scene",
]

_HOMES = {
    "SCENES": "scenes",
    "START_NS": "scenes",
    "AnalyzerConformance": "conformance",
    "AnalyzerRunner": "runner",
    "ConformanceError": "conformance",
    "FakeCamera": "camera",
    "FakeClock": "clock",
    "Run": "run",
    "Scene": "scenes",
    "Shot": "scenes",
    "Timing": "run",
    "check_analyzer": "conformance",
    "installed": "runner",
    "make_message": "messages",
    "run_analyzer": "runner",
    "scene": "scenes",
}


def __getattr__(name: str) -> Any:
    # Every pytest of an environment with picctv in it imports this package, for the fixtures: what is heavy (numpy, PyAV)
    # is imported by who uses it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
