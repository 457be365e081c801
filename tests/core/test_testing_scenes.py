"""The scenes are what they say: the same each time, in the size and rate asked for, with the truth of what is drawn."""

from __future__ import annotations

import hashlib
import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from picctv_core.sources.luma import luma_of
from picctv_core.testing import SCENES, FakeClock, Scene, scene
from picctv_core.testing.scenes import START_NS

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

SECOND = 1_000_000_000
every_scene = pytest.mark.parametrize("name", SCENES)


def digest(played: Scene) -> str:
    pictures = hashlib.sha256()
    for shot in played:
        pictures.update(np.ascontiguousarray(shot.frame.luma).tobytes())
        pictures.update(repr((shot.frame.captured_at_ns, shot.boxes, shot.moving)).encode())
    return pictures.hexdigest()


@every_scene
def test_scene_is_the_same_each_time_and_another_with_another_seed(name: str) -> None:
    played = scene(name, 160, 120, duration_s=3.0)
    assert digest(played) == digest(played) == digest(scene(name, 160, 120, duration_s=3.0))
    assert digest(played) != digest(scene(name, 160, 120, duration_s=3.0, seed=2))


@every_scene
def test_one_shot_is_that_of_the_whole(name: str) -> None:
    shots = list(scene(name, 64, 48, duration_s=2.0))
    alone = scene(name, 64, 48).shot(15)
    assert (alone.boxes, alone.frame.sequence) == (shots[15].boxes, 15)
    assert np.array_equal(alone.frame.luma, shots[15].frame.luma)


@every_scene
@pytest.mark.parametrize("size", [(16, 16), (17, 33), (333, 251), (1280, 720)])
def test_frames_have_the_size_asked_for_and_cannot_be_written(name: str, size: tuple[int, int]) -> None:
    played = scene(name, *size, 25.0, duration_s=0.08)
    frames = list(played.frames())
    assert [frame.luma.shape for frame in frames] == [(size[1], size[0])] * 2
    assert {frame.luma.dtype for frame in frames} == {np.dtype(np.uint8)}
    assert not any(frame.luma.flags.writeable for frame in frames)
    assert [frame.captured_at_ns - START_NS for frame in frames] == [0, SECOND // 25]
    assert str(played.analysis) == f"{size[0]}x{size[1]}@25"
    assert (played.video.width, played.video.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)


def test_scenes_begin_where_a_fake_clock_does_or_where_they_are_told() -> None:
    assert FakeClock().now_ns() == START_NS == next(scene("still").frames()).captured_at_ns
    [first, second] = scene("still", rate=30.0, start_ns=7, duration_s=2 / 30).frames()
    assert (first.captured_at_ns, second.captured_at_ns) == (7, 7 + round(SECOND / 30))


def changed(played: Scene) -> tuple[npt.NDArray[np.bool_], int]:
    """Give where the middle picture differs from the first by more than noise, and the middle's number."""
    middle = len(played) // 2
    first, later = (played.shot(number).frame.luma.astype(int) for number in (0, middle))
    return np.abs(first - later) > 40, middle


@pytest.mark.parametrize("name", ["walking", "parking"])
def test_truth_is_where_the_picture_changed(name: str) -> None:
    played = scene(name, duration_s=14.0)
    different, middle = changed(played)
    boxes = played.shot(middle).boxes
    inside = np.zeros_like(different)
    for box in boxes:
        inside[
            int(box.top * 240) - 4 : int(box.bottom * 240) + 14,
            int(box.left * 320) - 8 : int(box.right * 320) + 30,
        ] = True
    assert len(boxes) == 1
    assert different.sum() > 100
    # what lies outside the box and the shadow beside it is single pixels of noise
    assert (different & ~inside).sum() < 0.02 * different.sum()


def test_walkers_come_after_a_while_and_go() -> None:
    shots = list(scene("walking"))
    moving = [shot.moving for shot in shots]
    assert moving[:20] == [False] * 20
    assert moving[40]
    assert len({len(shot.boxes) for shot in shots} & {0, 1, 2}) == 3
    assert all(box.kind == "person" for shot in shots for box in shot.boxes)
    assert all(
        0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1
        for shot in shots
        for box in shot.boxes
    )


def test_car_comes_parks_and_leaves() -> None:
    states = ["moving" if shot.moving else "there" if shot.boxes else "empty" for shot in scene("parking")]
    stretches = [state for number, state in enumerate(states) if number == 0 or states[number - 1] != state]
    assert stretches == ["empty", "moving", "there", "moving", "empty"]
    assert 140 <= states.count("there") <= 160


@pytest.mark.parametrize("name", ["light switched", "rain", "dark noise", "camera shake", "still"])
def test_nothing_is_there_where_only_the_picture_is_disturbed(name: str) -> None:
    assert all((shot.boxes, shot.moving) == ((), False) for shot in scene(name, 64, 48))


def test_light_goes_off_and_on_when_the_scene_says() -> None:
    played = scene("light switched")
    levels = [float(shot.frame.luma.mean()) for shot in played]
    off, on = (round(second * 10) for second in played.changes_s)
    assert min(levels[:off]) > 1.8 * max(levels[off + 10 : on])
    assert np.mean(levels[on + 20 :]) == pytest.approx(np.mean(levels[:off]), rel=0.1)


def test_disturbances_are_strong() -> None:
    def unrest(name: str) -> float:
        lumas = [frame.luma.astype(float) for frame in scene(name, duration_s=8.0).frames()]
        return float(np.mean([np.abs(a - b).mean() for a, b in itertools.pairwise(lumas[60:])]))

    still = unrest("still")
    assert unrest("rain") > 1.1 * still
    assert unrest("dark noise") > 2 * still
    assert unrest("camera shake") > 2 * still


@pytest.mark.parametrize("size", [(160, 120), (97, 65)])
def test_access_units_are_the_frames_as_video(size: tuple[int, int]) -> None:
    played = scene("walking", *size, duration_s=5.0)
    units = list(played.access_units())
    assert [unit.captured_at_ns for unit in units] == [frame.captured_at_ns for frame in played.frames()]
    assert [number for number, unit in enumerate(units) if unit.is_key] == [0, 20, 40]
    assert units == list(played.access_units())
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    decoded = [frame for unit in units for frame in decoder.decode(av.Packet(unit.annexb))]
    decoded += decoder.decode(None)
    assert len(decoded) == len(units)
    assert (decoded[0].width, decoded[0].height) == (played.video.width, played.video.height)
    for shot, picture in zip(played, decoded, strict=True):
        luma = luma_of(picture)[: size[1], : size[0]].astype(int)
        assert np.abs(luma - shot.frame.luma).mean() < 4


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_written_file_has_the_pictures_and_times(tmp_path: Path, ending: str) -> None:
    played = scene("walking", 160, 120, 12.5, duration_s=4.0)
    played.write(tmp_path / f"walk.{ending}")
    with av.open(tmp_path / f"walk.{ending}") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 50
    precision = Fraction(1, 900) if ending == "mkv" else Fraction(1, 100_000)  # Matroska counts milliseconds
    for number, (shot, frame) in enumerate(zip(played, frames, strict=True)):
        assert frame.pts is not None
        assert abs(frame.pts * frame.time_base - Fraction(number * 2, 25)) <= precision
        assert np.abs(luma_of(frame).astype(int) - shot.frame.luma).mean() < 3


def test_scene_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="there is no scene 'walkings'; did you mean 'walking'"):
        scene("walkings")
    with pytest.raises(ValueError, match="there is no scene 'xyz'; there are walking, parking"):
        scene("xyz")
    with pytest.raises(ValueError, match="at least 16x16"):
        scene("still", 15, 100)
    with pytest.raises(ValueError, match="its rate more than 0"):
        scene("still", rate=0)
