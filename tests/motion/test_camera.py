"""What happens to the camera itself: it shakes, is nudged, is turned, or is covered; and what a quiet frame allocates."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest

from picctv_plugins_motion.align import Aligner, moved_back
from picctv_plugins_motion.background import Background
from picctv_plugins_motion.detector import Detection, MotionDetector
from picctv_plugins_motion.settings import MotionSettings
from picctv_plugins_motion.view import View
from picctv_plugins_motion.zones import Zones

SECOND = 1_000_000_000
ROWS, COLUMNS = 240, 320


def place(seed: int = 1) -> np.ndarray:
    """A place with edges everywhere, larger than the picture by 60 on each side: float32."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(50, 200, ((ROWS + 120) // 12, (COLUMNS + 120) // 12)).astype(np.float32)
    whole: np.ndarray = cv2.resize(coarse, (COLUMNS + 120, ROWS + 120), interpolation=cv2.INTER_NEAREST)
    return whole


def shot(scene: np.ndarray, right: float, down: float, seed: int) -> np.ndarray:
    """What a camera sees that is shifted: the picture moves right and down."""
    matrix = np.array([[1, 0, right - 60], [0, 1, down - 60]], np.float32)
    picture = cv2.warpAffine(scene, matrix, (COLUMNS, ROWS))
    noise = np.random.default_rng(seed).normal(0, 2.0, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def watch(pictures: list[np.ndarray]) -> list[Detection]:
    detector = MotionDetector(MotionSettings())
    return [detector.apply(picture, index * SECOND // 10) for index, picture in enumerate(pictures)]


@pytest.mark.parametrize(("right", "down"), [(4, -3), (-7, 5), (0, 8)])
def test_shift_is_found_and_undone(right: int, down: int) -> None:
    scene = place()
    background = Background(shot(scene, 0, 0, 1), MotionSettings(), Zones(MotionSettings()))
    moved = shot(scene, right, down, 2)
    found = Aligner((ROWS, COLUMNS)).shift(moved, background)
    assert found == pytest.approx((right, down), abs=0.7)
    back = moved_back(moved, right, down, background.value)
    assert np.abs(back.astype(int) - background.value).mean() < 3


@pytest.mark.parametrize(("rows", "columns"), [(16, 400), (300, 17), (16, 16)])
def test_picture_of_any_shape_may_shake(rows: int, columns: int) -> None:
    detector = MotionDetector(MotionSettings())
    rng = np.random.default_rng(2)
    scene = rng.integers(0, 255, (rows, columns)).astype(np.uint8)
    for index in range(100):
        shift = tuple(rng.integers(-6, 7, 2)) if index > 20 else (0, 0)
        found = detector.apply(np.roll(scene, shift, (0, 1)), index * SECOND // 10)
        assert all(0 <= value <= 1 for box in found.boxes for value in box)


def test_shaking_camera_is_no_motion() -> None:
    scene = place()
    rng = np.random.default_rng(5)
    shifts = [(0.0, 0.0)] * 30 + [(rng.uniform(-5, 5), rng.uniform(-5, 5)) for _ in range(60)]
    found = watch([shot(scene, right, down, seed) for seed, (right, down) in enumerate(shifts)])
    assert not any(detection.triggered or detection.scene_changed for detection in found)


def test_thing_before_a_shaking_camera_is_found_where_it_is() -> None:
    scene = place()
    rng = np.random.default_rng(6)
    pictures = [shot(scene, 0, 0, seed) for seed in range(30)]
    for step in range(40):
        picture = shot(scene, rng.uniform(-5, 5), rng.uniform(-5, 5), 100 + step)
        picture[100:150, 20 + 6 * step : 50 + 6 * step] = 255
        picture[115:135, 28 + 6 * step : 42 + 6 * step] = 0
        pictures.append(picture)
    found = watch(pictures)[32:]
    assert sum(detection.triggered for detection in found) >= 36
    for step, detection in enumerate(found, 2):
        if detection.triggered:
            x, y, w, h = detection.boxes[0]
            assert x - 0.04 <= (35 + 6 * step) / COLUMNS <= x + w + 0.04
            assert y - 0.04 <= 125 / ROWS <= y + h + 0.04


def test_nudged_camera_is_quiet_and_learns_its_new_place() -> None:
    scene = place()
    pictures = [shot(scene, 0, 0, seed) for seed in range(30)]
    pictures += [shot(scene, 6, 4, 100 + seed) for seed in range(200)]
    found = watch(pictures)
    assert not any(detection.triggered for detection in found)


def test_turned_camera_is_told_once_and_is_no_endless_motion() -> None:
    before, after = place(1), np.roll(place(2), (5, 7), (0, 1))
    pictures = [shot(before, 0, 0, seed) for seed in range(60)]
    pictures += [shot(after, 0, 0, 100 + seed) for seed in range(100)]
    found = watch(pictures)
    told = [index for index, detection in enumerate(found) if detection.scene_changed]
    assert len(told) == 1
    assert 60 <= told[0] <= 80
    assert not any(detection.triggered for detection in found[80:])


def test_covered_camera_is_told_once() -> None:
    scene = place()
    pictures = [shot(scene, 0, 0, seed) for seed in range(60)]
    for step in range(100):
        picture = shot(scene, 0, 0, 100 + step)
        noise = np.random.default_rng(step).normal(20, 2, (ROWS, COLUMNS))
        covered = min(COLUMNS, 40 * (step + 1))
        picture[:, :covered] = noise[:, :covered]
        pictures.append(picture)
    found = watch(pictures)
    assert sum(detection.scene_changed for detection in found) == 1
    assert not any(detection.triggered for detection in found[90:])


@pytest.mark.parametrize("gain", [0.35, 0.6, 1.5])
def test_light_is_no_other_view(gain: float) -> None:
    scene = place() * np.float32(0.7)
    pictures = [shot(scene, 0, 0, seed) for seed in range(60)]
    pictures += [shot(scene * np.float32(gain), 0, 0, 100 + seed) for seed in range(60)]
    assert not any(detection.scene_changed or detection.triggered for detection in watch(pictures))


def test_view_that_is_not_known_or_has_no_edges_says_nothing() -> None:
    view = View((ROWS, COLUMNS))
    black = np.zeros((ROWS, COLUMNS), np.uint8)
    assert not view.differs(black)
    view.learn(shot(place(), 0, 0, 1), 1.0)
    assert view.differs(black)
    view.forget()
    assert not view.differs(black)
    plain = View((ROWS, COLUMNS))
    plain.learn(np.full((ROWS, COLUMNS), 90, np.uint8), 1.0)
    assert not plain.differs(shot(place(), 0, 0, 1))


@pytest.mark.parametrize(("rows", "columns"), [(480, 640), (1080, 1920)])
def test_quiet_frames_allocate_no_pictures(rows: int, columns: int) -> None:
    detector = MotionDetector(MotionSettings())
    scene = cv2.resize(place()[60:-60, 60:-60], (columns, rows))
    noise = np.random.default_rng(3).normal(0, 2, (4, rows, columns))
    pictures = [np.clip(scene + part, 0, 255).astype(np.uint8) for part in noise]
    for index in range(60):
        detector.apply(pictures[index % 4], index * SECOND // 10)
    tracemalloc.start()
    try:
        for index in range(60, 90):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            assert not detector.apply(pictures[index % 4], index * SECOND // 10).triggered
            _, peak = tracemalloc.get_traced_memory()
            # what is left is the detection itself and some numbers; a row of the smallest array alone would be more
            assert peak - before < 1_000
    finally:
        tracemalloc.stop()
