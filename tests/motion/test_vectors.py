"""Motion by the encoder's motion vectors: drawn ones, and those of real H.264."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from picctv_core.frames import MotionVectors
from picctv_core.testing import AnalyzerConformance, run_analyzer, scene
from picctv_plugins_motion.analyzer import MotionAnalyzer
from picctv_plugins_motion.settings import MotionSettings
from picctv_plugins_motion.vectors import HELD_S, VectorDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from picctv_plugins_motion.detector import Detection

    Draw = Callable[[int, Any, Any], None]

S = 1_000_000_000
ROWS, COLUMNS = 30, 40
RATE = 10


def drawn(draw: Draw, count: int = 40, *, predicted: Any = None) -> Iterable[MotionVectors]:
    """Give the vectors of ten pictures a second; each is drawn into empty grids."""
    for number in range(count):
        x, y = np.zeros((2, ROWS, COLUMNS), np.int8)
        draw(number, x, y)
        known = None if predicted is None else predicted(number)
        yield MotionVectors(number * S // RATE, x, y, None, known)


def found(told: Iterable[MotionVectors], **given_: Any) -> list[Detection]:
    detector = VectorDetector(MotionSettings(**given_))
    return [detector.apply(vectors) for vectors in told]


def thing(number: int, x: Any, y: Any, *, speed: int = -8, first: int = 15) -> None:
    """Draw a thing of 4x6 blocks that goes right by half a block a picture, from the sixteenth picture on."""
    if number >= first:
        left = 2 + (number - first) * abs(speed) // 16
        x[12:18, left : left + 4] = speed


def nothing(number: int, x: Any, y: Any) -> None:
    """Draw nothing."""


def test_thing_that_travels_is_found_where_it_is() -> None:
    detections = found(drawn(thing))
    assert [one.triggered for one in detections[:16]] == [False] * 16
    assert all(one.triggered for one in detections[17:])
    for number, one in list(enumerate(detections))[20:]:
        left = 2 + (number - 15) * 8 // 16
        x, y, width, height = one.boxes[0]
        assert x * COLUMNS == pytest.approx(left, abs=1.01)
        assert (y * ROWS, height * ROWS) == pytest.approx((12, 6))
        assert width * COLUMNS == pytest.approx(4, abs=1.01)
        assert one.mask.shape == (ROWS, COLUMNS)
        assert one.mask[12:18, left + 1 : left + 3].all()
        assert one.area == one.mask.mean()


def test_what_is_found_is_held_for_a_moment_and_no_longer() -> None:
    detections = found(drawn(lambda number, x, y: thing(number, x, y) if number < 30 else None, 60))
    after = [one.triggered for one in detections[30:]]
    assert after == [True] * (round(HELD_S * RATE) - 1) + [False] * (30 - round(HELD_S * RATE) + 1)


def test_nothing_is_reported_while_it_warms_up_or_after_a_break() -> None:
    told = list(drawn(lambda number, x, y: thing(number, x, y, first=0)))
    first = found(told, warm_up_s=1.0)
    assert [one.triggered for one in first[:10]] == [False] * 10
    assert first[11].triggered
    assert found(told, warm_up_s=0.0)[3].triggered
    detector = VectorDetector(MotionSettings(warm_up_s=1.0))
    for vectors in told:
        detector.apply(vectors)
    later = [MotionVectors(one.captured_at_ns + 100 * S, one.x, one.y) for one in told]
    assert not any(detector.apply(vectors).triggered for vectors in later[:10])


def noise(share: float, most: int) -> Draw:
    chance = np.random.default_rng(4)

    def draw(number: int, x: Any, y: Any) -> None:
        there = chance.random(x.shape) < share
        x[there], y[there] = chance.integers(-most, most + 1, (2, int(there.sum())))

    return draw


@pytest.mark.parametrize(("share", "most"), [(0.02, 60), (0.1, 30), (0.3, 20), (0.6, 40)])
def test_noise_moves_nothing(share: float, most: int) -> None:
    assert not any(one.triggered for one in found(drawn(noise(share, most), 200)))


def test_thing_is_found_in_noise() -> None:
    around = noise(0.1, 30)

    def draw(number: int, x: Any, y: Any) -> None:
        around(number, x, y)
        thing(number, x, y)

    detections = found(drawn(draw))
    assert not any(one.triggered for one in detections[:15])
    assert all(one.triggered for one in detections[18:])


def test_branch_that_sways_moves_nothing() -> None:
    def draw(number: int, x: Any, y: Any) -> None:
        x[4:12, 20:30] = round(4 * np.sin(2 * np.pi * number / RATE / 1.5))

    assert not any(one.triggered for one in found(drawn(draw, 300))[60:])


def test_camera_that_sways_moves_nothing_but_what_moves_in_its_picture() -> None:
    def sway(number: int, x: Any, y: Any) -> None:
        x[5:], y[5:] = 9 * (-1) ** number, 3 * (-1) ** (number // 2)  # the sky above is too even

    def both(number: int, x: Any, y: Any) -> None:
        sway(number, x, y)
        if number >= 15:
            x[12:18, number : number + 4] += np.int8(-8)

    assert not any(one.triggered for one in found(drawn(sway, 60)))
    detections = found(drawn(both, 35))
    assert all(one.triggered for one in detections[18:])
    assert all(len(one.boxes) == 1 for one in detections[18:])


def test_lorry_is_no_camera_that_sways() -> None:
    def lorry(number: int, x: Any, y: Any) -> None:
        if number >= 12:
            x[5:28, 4:26] = -12

    assert found(drawn(lorry, 20))[-1].area > 0.3


def test_picture_that_nothing_predicts_is_no_motion() -> None:
    def light(number: int) -> Any:
        return np.full((ROWS, COLUMNS), number != 20)

    assert not any(one.triggered for one in found(drawn(nothing, predicted=light)))


def test_blocks_that_nothing_predicts_belong_to_a_thing_that_travels() -> None:
    def known(number: int) -> Any:
        predicted = np.ones((ROWS, COLUMNS), np.bool_)
        left = 2 + (number - 15) * 8 // 16
        if number >= 15:
            predicted[8:12, left : left + 4] = False
        return predicted

    assert not any(one.triggered for one in found(drawn(nothing, predicted=known)))
    assert found(drawn(thing, predicted=known))[-1].boxes[0][3] * ROWS == pytest.approx(10)


def test_smallest_thing_is_in_peoples_units() -> None:
    part = 24 / (ROWS * COLUMNS)
    assert found(drawn(thing), smallest=0.8 * part)[-1].triggered
    assert not found(drawn(thing), smallest=1.5 * part)[-1].triggered


def test_sensitivity_says_how_fast_a_thing_must_be() -> None:
    def slow(number: int, x: Any, y: Any) -> None:
        thing(number, x, y, speed=-1)

    assert not any(one.triggered for one in found(drawn(slow)))
    assert any(one.triggered for one in found(drawn(slow), sensitivity=0.9))
    whole = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    zone = {"name": "All", "polygon": whole, "sensitivity": 0.9}
    assert any(one.triggered for one in found(drawn(slow), zones=[zone]))


def test_zones_are_named_and_ignored_parts_left_out() -> None:
    left = [[0.0, 0.0], [0.3, 0.0], [0.3, 1.0], [0.0, 1.0]]
    right = [[0.3, 0.0], [1.0, 0.0], [1.0, 1.0], [0.3, 1.0]]
    zones = [{"name": "Left", "polygon": left}, {"name": "Right", "polygon": right}]
    detections = found(drawn(thing, 60), zones=zones)
    assert detections[20].zones == ["Left"]
    assert detections[-1].zones == ["Right"]
    detections = found(drawn(thing, 60), ignore=[left])
    assert not any(one.triggered for one in detections[:28])
    assert detections[-1].triggered


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_vectors_are_taken_and_left_unchanged(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    detectors = [VectorDetector(MotionSettings(warm_up_s=0.0)) for _ in range(2)]
    at_ns = 0
    for _ in range(data.draw(st.integers(1, 6))):
        at_ns += data.draw(st.sampled_from([0, 1, S // 30, S // 5, 9 * S]))
        x, y = (data.draw(npst.arrays(np.int8, shape)) for _ in range(2))
        predicted = data.draw(st.none() | npst.arrays(np.bool_, shape))
        for array in (x, y, predicted):
            if array is not None:
                array.flags.writeable = False
        one, same = (detector.apply(MotionVectors(at_ns, x, y, None, predicted)) for detector in detectors)
        assert (one.triggered, one.boxes, one.area) == (same.triggered, same.boxes, same.area)
        assert one.mask.shape == shape
        assert one.triggered == bool(one.boxes) == bool(one.mask.any())
        assert all(0 <= side <= 1 for box in one.boxes for side in box)


@pytest.mark.parametrize(
    "vectors",
    [
        MotionVectors(0, np.zeros((2, 3), np.int16), np.zeros((2, 3), np.int8)),
        MotionVectors(0, np.zeros((2, 3), np.int8), np.zeros((3, 3), np.int8)),
        MotionVectors(0, np.zeros((0, 3), np.int8), np.zeros((0, 3), np.int8)),
        MotionVectors(0, *np.zeros((2, 2, 3), np.int8), None, np.zeros((2, 2), np.bool_)),
    ],
)
def test_what_are_no_vectors_is_an_error(vectors: Any) -> None:
    with pytest.raises(ValueError, match=r"int8|bool"):
        VectorDetector(MotionSettings()).apply(vectors)


# Of real encoders ----------------------------------------------------------------------------------------------------


def seen(name: str, seed: int = 1) -> tuple[float, float]:
    """Give the part of a scene's pictures that trigger: of those in which something moves, and of the others."""
    shots = list(scene(name, 640, 480, seed=seed))
    run = run_analyzer(MotionAnalyzer, scene(name, 640, 480, seed=seed), settings={"source": "vectors"})
    said = {result.captured_at_ns: result.data["triggered"] for result in run.results}
    parts = {
        moving: [
            said[at]
            for shot in shots[30:]
            if shot.moving is moving and (at := shot.frame.captured_at_ns) in said
        ]
        for moving in (True, False)
    }
    return tuple(sum(part) / max(1, len(part)) for part in (parts[True], parts[False]))  # type: ignore[return-value]


def test_walkers_are_found_in_real_video() -> None:
    right, wrong = seen("walking")
    assert right > 0.7
    assert wrong < 0.3  # held for a moment


@pytest.mark.parametrize("name", ["still", "camera shake", "dark noise", "rain"])
def test_quiet_scenes_stay_quiet(name: str) -> None:
    assert seen(name)[1] < 0.02


def test_analyzer_looks_at_what_it_is_told_to() -> None:
    walking = scene("walking", 640, 480, duration_s=12)
    by_vectors = run_analyzer(MotionAnalyzer, walking, settings={"source": "vectors"})
    assert "picctv_analyze_frame" not in by_vectors.timing
    assert by_vectors.events
    details = by_vectors.events[0]["details"]
    assert details["tracks"]
    assert "picture" not in details  # there was none to look at
    assert by_vectors.health["frames"] == len(by_vectors.results)
    assert "picctv_motion_vectors" not in run_analyzer(MotionAnalyzer, walking).timing


class TestContractWithVectors(AnalyzerConformance):
    """The analyzer keeps its contract when it looks at vectors."""

    plugin = "motion"
    settings = {"source": "vectors"}  # noqa: RUF012 - as the kit's own
