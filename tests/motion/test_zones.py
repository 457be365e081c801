"""Zones: names, sensitivities of their own, and parts that are left out."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from picctv_plugins_motion.detector import MotionDetector
from picctv_plugins_motion.settings import MotionSettings

SECOND = 1_000_000_000
LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
RIGHT = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]


def touched(settings: MotionSettings, level: int = 200) -> list[list[str] | None]:
    """Let a block go from the left to the right; give the zones of each picture, None where nothing was found."""
    detector = MotionDetector(settings)
    rng = np.random.default_rng(1)
    found = []
    for index in range(60):
        picture = np.clip(rng.normal(90, 1.5, (240, 320)), 0, 255)
        if index >= 20:
            x = 10 + 7 * (index - 20)
            picture[100:130, x : x + 20] += level - 90
        detection = detector.apply(np.clip(picture, 0, 255).astype(np.uint8), index * SECOND // 10)
        if index >= 22:
            found.append(detection.zones if detection.triggered else None)
    return found


def test_zones_are_named_where_something_moves() -> None:
    zones = [{"name": "Door", "polygon": LEFT}, {"name": "Road", "polygon": RIGHT}]
    found = touched(MotionSettings.model_validate({"zones": zones}))
    assert found[0] == ["Door"]
    assert found[-1] == ["Road"]
    assert ["Door", "Road"] in found


def test_motion_outside_of_all_zones_is_reported_without_a_name() -> None:
    found = touched(MotionSettings.model_validate({"zones": [{"name": "Door", "polygon": LEFT}]}))
    assert found[-1] == []


def test_ignored_zone_is_left_out() -> None:
    zones = [{"name": "Trees", "polygon": LEFT, "ignore": True}, {"name": "Road", "polygon": RIGHT}]
    found = touched(MotionSettings.model_validate({"zones": zones}))
    assert found[:18] == [None] * 18
    assert found[-1] == ["Road"]


def test_zone_of_higher_sensitivity_sees_what_is_too_faint_elsewhere() -> None:
    zones = [{"name": "Door", "polygon": LEFT, "sensitivity": 1.0}]
    faint = {"sensitivity": 0.1, "zones": zones}
    found = touched(MotionSettings.model_validate(faint), level=102)
    assert found.count(["Door"]) >= 12
    assert found[26:] == [None] * len(found[26:])


def test_two_zones_of_one_name_are_refused() -> None:
    zones = [{"name": "Door", "polygon": LEFT}, {"name": "Door", "polygon": RIGHT}]
    with pytest.raises(ValidationError, match="two zones are called 'Door'"):
        MotionSettings.model_validate({"zones": zones})


def test_zone_of_two_corners_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least three corners, this one has 2"):
        MotionSettings.model_validate({"zones": [{"name": "Line", "polygon": [(0.0, 0.0), (1.0, 1.0)]}]})
