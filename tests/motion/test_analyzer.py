"""Motion as the node runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from picctv_core import codec, typed
from picctv_core.frames import Frame, Result
from picctv_core.hookspecs import node
from picctv_core.plugins import bind
from picctv_core.testing import FakeCamera, run_analyzer
from picctv_plugins_motion.analyzer import MotionAnalyzer
from picctv_plugins_motion.masks import unpacked_mask

if TYPE_CHECKING:
    from pathlib import Path

TENTH = 100_000_000


def test_analyzer_gives_results_that_are_triggers_and_can_be_packed(tmp_path: Path) -> None:
    plugin = MotionAnalyzer(MotionAnalyzer.Settings(), FakeCamera(tmp_path))
    hooks = bind(plugin, "motion", node)
    results = []
    for index in range(30):
        luma = np.full((120, 160), 90, np.uint8)
        if index >= 20:
            luma[40:70, 20 + 2 * index : 40 + 2 * index] = 200
        luma.flags.writeable = False
        results.append(hooks.picctv_analyze_frame(frame=Frame(luma, index * TENTH, index)))
    packed = [codec.pack(typed.plain(MotionAnalyzer.Result, result)) for result in results]
    assert [codec.unpack(each) for each in packed] == results
    assert [(field.name, field.maximum) for field in typed.fields_of(MotionAnalyzer.Result)] == [
        ("triggered", None),
        ("score", 1.0),
        ("area", 1.0),
        ("scene_changed", None),
    ]
    triggered = [Result("node/camera", "motion", 0, result).triggered for result in results]
    assert triggered == [False] * 20 + [True] * 10  # it is large: no second picture is waited for
    assert results[0] == {
        "triggered": False,
        "score": 0.0,
        "area": 0.0,
        "boxes": [],
        "ids": [],
        "zones": [],
        "mask": None,
        "scene_changed": False,
    }
    assert unpacked_mask(results[-1]["mask"]).mean() == pytest.approx(results[-1]["area"], rel=0.3)
    assert len(results[-1]["boxes"]) == 1
    assert [result["ids"] for result in results[20:]] == [[1]] * 10
    assert hooks.picctv_health() == {"frames": 30, "triggered": triggered.count(True), "scenes_changed": 0}


def test_result_of_before_zones_is_still_one() -> None:
    old = {"triggered": True, "score": 0.5, "area": 0.01, "boxes": [[0.1, 0.2, 0.3, 0.4]]}
    assert typed.plain(MotionAnalyzer.Result, old) == {
        **old,
        "ids": [],
        "zones": [],
        "mask": None,
        "scene_changed": False,
    }


def test_masks_can_be_left_out(tmp_path: Path) -> None:
    run = run_analyzer(MotionAnalyzer, "walking", settings={"masks": False}, data=tmp_path)
    triggered = [result for result in run.results if result.triggered]
    assert triggered
    assert {result.data["mask"] for result in triggered} == {None}


def test_server_is_told_where_the_zones_are(tmp_path: Path) -> None:
    corners = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]
    settings = {"zones": [{"name": "Door", "polygon": corners, "sensitivity": 0.7}], "ignore": [corners]}
    (message,) = run_analyzer(MotionAnalyzer, settings=settings, data=tmp_path).messages
    zone = {"name": "Door", "polygon": corners, "sensitivity": 0.7, "ignore": False}
    assert (message.kind, message.payload) == ("zones", {"zones": [zone], "ignore": [corners]})
