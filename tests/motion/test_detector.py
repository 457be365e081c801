"""The detector on pictures made here, where every answer is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from picctv_plugins_motion.detector import MotionDetector
from picctv_plugins_motion.persistence import STEP_S, Persistence
from picctv_plugins_motion.settings import MotionSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from picctv_plugins_motion.detector import Detection

SECOND = 1_000_000_000
ROWS, COLUMNS = 240, 320


def background(rows: int = ROWS, columns: int = COLUMNS) -> npt.NDArray[np.float64]:
    """A scene with some texture: a slope, a few bright blocks."""
    y, x = np.mgrid[0:rows, 0:columns]
    scene = 60.0 + 60.0 * x / columns + 20.0 * y / rows
    scene[rows // 4 : rows // 3, columns // 8 : columns // 3] += 60
    scene[rows // 2 : rows // 2 + 8] -= 30
    return scene


def noisy(scene: npt.NDArray[np.float64], seed: int, sigma: float = 2.5) -> npt.NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, sigma, scene.shape)
    return np.clip(scene + noise, 0, 255).astype(np.uint8)


def with_square(scene: npt.NDArray[np.float64], x: int, y: int, side: int = 30) -> npt.NDArray[np.float64]:
    scene = scene.copy()
    scene[y : y + side, x : x + side] = 220.0
    scene[y + 8 : y + side - 8, x + 8 : x + side - 8] = 20.0
    return scene


def watch(
    detector: MotionDetector,
    pictures: Iterable[npt.NDArray[np.uint8]],
    rate: float = 10.0,
    start_s: float = 0.0,
) -> list[Detection]:
    return [
        detector.apply(picture, round((start_s + index / rate) * SECOND))
        for index, picture in enumerate(pictures)
    ]


def test_moving_square_is_found_where_it_is() -> None:
    detector = MotionDetector(MotionSettings())
    scene = background()
    watch(detector, [noisy(scene, seed) for seed in range(30)])
    for step in range(20):
        x = 40 + 6 * step
        found = detector.apply(noisy(with_square(scene, x, 150), 100 + step), (30 + step) * SECOND // 10)
        if step == 0:
            continue  # a thing counts from its second picture on
        assert found.triggered
        assert len(found.boxes) == 1
        expected = [x / COLUMNS, 150 / ROWS, 30 / COLUMNS, 30 / ROWS]
        assert found.boxes[0] == pytest.approx(expected, abs=8 / ROWS)
        assert 0.0 < found.score <= 1.0
        assert found.area == pytest.approx(30 * 30 / (ROWS * COLUMNS), rel=0.5)
        assert found.mask[(150 + 15) // 2 - 5, (x + 3) // 2]


def test_two_squares_give_two_boxes() -> None:
    detector = MotionDetector(MotionSettings())
    scene = background()
    watch(detector, [noisy(scene, seed) for seed in range(20)])
    pictures = [
        noisy(with_square(with_square(scene, 30 + 4 * i, 170), 250 - 4 * i, 30, 20), i) for i in range(5)
    ]
    assert [len(found.boxes) for found in watch(detector, pictures, start_s=2.0)[1:]] == [2] * 4


def test_noise_alone_is_silent() -> None:
    detector = MotionDetector(MotionSettings())
    found = watch(detector, (noisy(background(), seed, sigma=5.0) for seed in range(300)))
    assert [detection.triggered for detection in found] == [False] * 300


def test_light_switch_settles_within_two_seconds() -> None:
    detector = MotionDetector(MotionSettings())
    scene = background()
    dark = (noisy(scene * 0.4, seed) for seed in range(50))
    bright = (noisy(scene, seed) for seed in range(50, 150))
    found = watch(detector, [*dark, *bright])
    assert not any(detection.triggered for detection in found[:50] + found[70:])


def test_slow_dusk_is_silent() -> None:
    detector = MotionDetector(MotionSettings())
    found = watch(detector, (noisy(background() * (1 - index / 900), index) for index in range(600)))
    assert not any(detection.triggered for detection in found)


def test_soft_shadow_is_no_thing() -> None:
    detector = MotionDetector(MotionSettings())
    scene = background()
    watch(detector, [noisy(scene, seed) for seed in range(30)])
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    pictures = []
    for index in range(30):
        shade = 1 - 0.4 * np.exp(-(((x - 60 - 5 * index) / 35) ** 2) - ((y - 120) / 30) ** 2)
        pictures.append(noisy(scene * shade, index))
    assert not any(detection.triggered for detection in watch(detector, pictures, start_s=3.0))


def test_thing_that_stops_is_no_motion_soon_and_background_later() -> None:
    detector = MotionDetector(MotionSettings(settle_s=10.0))
    scene = background()
    watch(detector, [noisy(scene, seed) for seed in range(20)])
    coming = [noisy(with_square(scene, 50 + 5 * step, 150), step) for step in range(10)]
    assert all(found.triggered for found in watch(detector, coming, start_s=2.0)[1:])
    parked = (noisy(with_square(scene, 100, 150), seed) for seed in range(200))
    found = [detection.triggered for detection in watch(detector, parked, start_s=3.0)]
    assert all(found[:25])
    assert not any(found[45:])
    # it has been learnt: the place that it leaves is a ghost, and no motion
    gone = [
        detection.triggered
        for detection in watch(detector, [noisy(scene, i) for i in range(30)], start_s=23.0)
    ]
    assert not any(gone)


def test_clock_in_the_picture_is_no_motion() -> None:
    detector = MotionDetector(MotionSettings())
    scene = background()

    def digit(number: int) -> npt.NDArray[np.float64]:
        shown = scene.copy()
        shown[10:26, 20:30] = 0.0
        shown[12 + number % 7 : 18 + number % 7, 21:29] = 255.0
        return shown

    # The minutes change after five seconds, then each ten.
    pictures = [noisy(digit((index + 50) // 100), index) for index in range(600)]
    assert not any(found.triggered for found in watch(detector, pictures))


def test_caller_may_write_into_the_picture_afterwards() -> None:
    scene = background()
    pictures = [noisy(with_square(scene, 20 + 5 * i, 100), i) for i in range(30)]
    expected = [found.boxes for found in watch(MotionDetector(MotionSettings()), pictures)]
    buffer = np.empty_like(pictures[0])
    detector = MotionDetector(MotionSettings())
    for index, picture in enumerate(pictures):
        buffer[:] = picture
        assert detector.apply(buffer, index * SECOND // 10).boxes == expected[index]
        buffer[:] = 0


def test_thing_of_half_the_smallest_size_is_left_out() -> None:
    scene = background()
    small = [noisy(with_square(scene, 60 + 3 * i, 150, 20), i) for i in range(20)]
    seen = {}
    for smallest in (0.002, 0.02):
        detector = MotionDetector(MotionSettings(smallest=smallest))
        watch(detector, [noisy(scene, seed) for seed in range(20)])
        seen[smallest] = any(found.triggered for found in watch(detector, small, start_s=2.0))
    assert seen == {0.002: True, 0.02: False}


def test_ignored_polygon_is_left_out() -> None:
    scene = background()
    moving = [noisy(with_square(scene, 40 + 4 * i, 150), i) for i in range(20)]
    settings = MotionSettings(ignore=[[(0.0, 0.55), (1.0, 0.55), (1.0, 1.0), (0.0, 1.0)]])
    detector = MotionDetector(settings)
    watch(detector, [noisy(scene, seed) for seed in range(20)])
    assert not any(found.triggered for found in watch(detector, moving, start_s=2.0))
    above = [noisy(with_square(scene, 40 + 4 * i, 30), i) for i in range(20)]
    assert all(found.triggered for found in watch(detector, above, start_s=4.0)[2:])


def test_polygon_with_two_corners_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least three corners, this one has 2"):
        MotionSettings.model_validate({"ignore": [[[0.0, 0.0], [1.0, 1.0]]]})


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (97, 131), (480, 640), (1080, 1920)])
@pytest.mark.parametrize("rate", [2.0, 25.0])
def test_any_size_and_rate_is_served(rows: int, columns: int, rate: float) -> None:
    detector = MotionDetector(MotionSettings())
    scene = background(rows, columns)
    count = int(rate * 2) + 1
    assert not any(found.triggered for found in watch(detector, [noisy(scene, 1)] * count, rate))
    side = rows // 4
    pictures = [
        noisy(with_square(scene, columns // 8 + i * (side // 8), rows // 2, side), 1) for i in range(4)
    ]
    if side > 16:
        assert all(found.triggered for found in watch(detector, pictures, rate, start_s=3.0)[2:])


def test_picture_is_left_unchanged_and_may_be_read_only_and_padded() -> None:
    scene = background()
    plain = [noisy(with_square(scene, 40 + 5 * max(0, i - 20), 150), i) for i in range(40)]
    padded = []
    for picture in plain:
        buffer = np.zeros((ROWS, COLUMNS + 64), np.uint8)
        buffer[:, :COLUMNS] = picture
        view = buffer[:, :COLUMNS]
        view.flags.writeable = False
        padded.append(view)
    first = watch(MotionDetector(MotionSettings()), plain)
    second = watch(MotionDetector(MotionSettings()), padded)
    assert [found.boxes for found in first] == [found.boxes for found in second]
    assert all(np.array_equal(a, b) for a, b in zip(plain, padded, strict=True))


def test_same_pictures_give_the_same_detections() -> None:
    scene = background()
    pictures = [noisy(with_square(scene, 20 + 5 * i, 100), i) for i in range(40)]
    runs = [watch(MotionDetector(MotionSettings()), pictures) for _ in range(2)]
    for one, other in zip(*runs, strict=True):
        assert (one.triggered, one.score, one.area, one.boxes) == (
            other.triggered,
            other.score,
            other.area,
            other.boxes,
        )
        assert np.array_equal(one.mask, other.mask)


def test_time_that_stands_still_or_jumps_is_survived() -> None:
    detector = MotionDetector(MotionSettings())
    scene = background()
    watch(detector, [noisy(scene, seed) for seed in range(20)])
    for now in (2 * SECOND, 2 * SECOND, SECOND, 3600 * SECOND, 3601 * SECOND):
        assert not detector.apply(noisy(scene, 7), now).triggered


def test_picture_of_another_form_is_refused() -> None:
    detector = MotionDetector(MotionSettings())
    with pytest.raises(ValueError, match=r"\(240, 320, 3\) uint8"):
        detector.apply(np.zeros((240, 320, 3), np.uint8), 0)
    with pytest.raises(ValueError, match="float64"):
        detector.apply(background(), 0)  # type: ignore[arg-type]


def test_change_of_size_begins_anew() -> None:
    detector = MotionDetector(MotionSettings())
    watch(detector, [noisy(background(), seed) for seed in range(20)])
    found = watch(detector, [noisy(background(120, 160), seed) for seed in range(20)], start_s=2.0)
    assert not any(detection.triggered for detection in found)


def test_age_goes_with_what_moves_and_begins_anew_elsewhere() -> None:
    persistence = Persistence((40, 60))
    for step in range(5):
        cells = np.zeros((40, 60), np.uint8)
        cells[10:14, 5 + 2 * step : 9 + 2 * step] = 255
        if step == 4:
            cells[30, 50] = 255
        persistence.see(cells, 0.1)
    assert persistence.ages[12, 14] == 1 + round(0.4 / STEP_S)
    assert persistence.ages[30, 50] == 1
    assert np.count_nonzero(persistence.ages) == 17
    persistence.see(cells, 60.0)
    assert persistence.ages[12, 14] == 1 + round(0.5 / STEP_S)  # a pause is one chance, however long
    persistence.forget()
    assert not persistence.ages.any()


def lit(scene: npt.NDArray[np.float64], x: float) -> npt.NDArray[np.float64]:
    """A lamp that shines on a part of a dark place and fades out around it."""
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    away = np.hypot(columns - x, rows - 150) / 30
    return scene * (1 + 2.5 * np.exp(-(away**2)))


def textured(seed: int = 3) -> npt.NDArray[np.float64]:
    """A dark place with a texture that noise cannot be taken for."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(15, 55, (ROWS // 5, COLUMNS // 5))
    return np.kron(coarse, np.ones((5, 5)))


def test_lamp_that_sweeps_over_a_texture_is_no_thing() -> None:
    detector = MotionDetector(MotionSettings())
    watch(detector, [noisy(textured(), seed, 1.5) for seed in range(30)])
    swept = [noisy(lit(textured(), 30 + 8 * step), step, 1.5) for step in range(30)]
    assert not any(found.triggered for found in watch(detector, swept, start_s=3.0))


def test_thing_that_hides_a_texture_in_the_dark_is_found() -> None:
    detector = MotionDetector(MotionSettings())
    watch(detector, [noisy(textured(), seed, 1.5) for seed in range(30)])
    found = []
    for step in range(20):
        scene = textured()
        scene[130:170, 40 + 6 * step : 56 + 6 * step] = 50.0
        found.append(detector.apply(noisy(scene, step, 1.5), (30 + step) * SECOND // 10))
    assert sum(detection.triggered for detection in found) >= 14


def test_glow_out_of_focus_is_no_thing_at_night() -> None:
    detector = MotionDetector(MotionSettings())
    dark = np.full((ROWS, COLUMNS), 30.0)
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    watch(detector, [noisy(dark, seed) for seed in range(30)])
    pictures = [
        noisy(dark + 90 * np.exp(-((np.hypot(columns - 60 - 5 * step, rows - 90) / 14) ** 2)), step)
        for step in range(30)
    ]
    assert sum(found.triggered for found in watch(detector, pictures, start_s=3.0)) <= 1


def test_faint_thing_is_found_in_the_noise_of_the_night() -> None:
    detector = MotionDetector(MotionSettings())
    dark = background() * 0.3
    watch(detector, [noisy(dark, seed) for seed in range(50)])
    found = []
    for step in range(30):
        scene = dark.copy()
        scene[100:145, 40 + 4 * step : 56 + 4 * step] -= 14.0
        found.append(detector.apply(noisy(scene, 100 + step), (50 + step) * SECOND // 10))
    assert sum(detection.triggered for detection in found) >= 27


def test_place_that_something_left_is_no_thing_for_long() -> None:
    detector = MotionDetector(MotionSettings())
    scene = background()
    # It is there from the first picture on, and learnt; then it is gone.
    watch(detector, [noisy(with_square(scene, 100, 120), seed) for seed in range(30)])
    left = watch(detector, [noisy(scene, seed) for seed in range(30, 100)], start_s=3.0)
    assert not any(found.triggered for found in left)


def test_what_moves_is_reported_while_the_light_is_switched() -> None:
    detector = MotionDetector(MotionSettings())
    scene = background()
    watch(detector, [noisy(scene * 0.4, seed) for seed in range(30)])
    pictures = []
    for step in range(40):
        gain = 0.4 if step < 20 else 1.0
        pictures.append(noisy(with_square(scene, 20 + 5 * step, 150) * gain, step))
    found = watch(detector, pictures, start_s=3.0)
    assert all(detection.triggered for detection in found[2:])
