"""The analyzer as a node runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from picctv_onnx_detector.analyzer import ObjectsAnalyzer
from picctv_onnx_detector.result import Objects
from picctv_onnx_detector.settings import ObjectsSettings

from picctv_core import codec
from picctv_core.frames import Frame
from picctv_core.hookspecs import node
from picctv_core.plugins import bind
from picctv_core.testing import FakeCamera
from picctv_core.typed import fields_of, plain

from .conftest import luma

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def make(write: Callable[..., Path], tmp_path: Path) -> Callable[..., tuple[Any, FakeCamera]]:
    """Make an analyzer of a tiny model, and its camera."""

    def make(**settings: Any) -> tuple[Any, FakeCamera]:
        camera = FakeCamera(tmp_path / "data")
        keys = {"model": write(), "confidence": 0.6, "every_s": 0.0, **settings}
        analyzer = ObjectsAnalyzer(ObjectsSettings.model_validate(keys), camera)
        return bind(analyzer, "objects", node), camera

    return make


def look(hooks: Any, camera: FakeCamera, *spots: tuple[int, int, int]) -> Objects | None:
    found: Objects | None = hooks.picctv_analyze_frame(frame=Frame(luma(*spots), camera.clock.now_ns(), 0))
    return found


def test_objects_are_said_in_the_typed_result(make: Callable[..., Any]) -> None:
    result = look(*make(), (32, 16, 255), (96, 32, 10))
    assert result is not None
    assert plain(Objects, result) == {
        "triggered": True,
        "score": 1.0,
        "count": 2,
        "boxes": [[0.25, 0.25, 0.125, 0.25], [0.75, 0.5, 0.125, 0.25]],
        "labels": ["lamp", "hole"],
        "scores": [1.0, 0.9608],
    }
    assert codec.unpack(codec.pack(plain(Objects, result))) == plain(Objects, result)


def test_nothing_is_a_result_too(make: Callable[..., Any]) -> None:
    expected = Objects(triggered=False, score=0.0, count=0, boxes=[], labels=[], scores=[])
    assert look(*make()) == expected


def test_only_trigger_on_triggers(make: Callable[..., Any]) -> None:
    hooks, camera = make(trigger_on=["hole"])
    lamp = look(hooks, camera, (32, 16, 255))
    both = look(hooks, camera, (32, 16, 255), (96, 32, 10))
    assert lamp is not None
    assert both is not None
    assert (lamp.triggered, lamp.score, lamp.count) == (False, 1.0, 1)
    assert (both.triggered, both.score, both.count) == (True, 0.9608, 2)


def test_numbers_and_booleans_become_charts() -> None:
    assert [(field.name, field.type, field.unit) for field in fields_of(Objects)] == [
        ("triggered", "boolean", ""),
        ("score", "number", ""),
        ("count", "number", "objects"),
    ]


@pytest.mark.parametrize(("every_s", "looks"), [(0.0, 31), (0.25, 13), (0.5, 7), (1.0, 4)])
def test_frames_in_between_are_left_out(make: Callable[..., Any], every_s: float, looks: int) -> None:
    """Three seconds at ten a second; a look that a frame comes late for does not put off the next."""
    hooks, camera = make(every_s=every_s)
    found = []
    for _ in range(31):
        found.append(look(hooks, camera))
        camera.clock.advance(0.1)
    assert sum(one is not None for one in found) == looks
    assert hooks.picctv_health()["looks"] == looks


def test_pause_of_the_camera_is_not_made_up_for(make: Callable[..., Any]) -> None:
    hooks, camera = make(every_s=1.0)
    assert look(hooks, camera) is not None
    camera.clock.advance(60)
    assert look(hooks, camera) is not None
    camera.clock.advance(0.5)
    assert look(hooks, camera) is None


def test_health_says_what_the_model_is(make: Callable[..., Any]) -> None:
    hooks, camera = make()
    look(hooks, camera, (32, 16, 255))
    assert hooks.picctv_health() == {"looks": 1, "objects": 1, "layout": "yolov8", "input": "64x64"}
