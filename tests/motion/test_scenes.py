"""Motion on the scenes of the testing kit: what it finds, and what it does not see that is not there.

The scenes were not made for it: the bounds say what it does today.
"""

from __future__ import annotations

import pytest

from picctv_core.testing import run_analyzer, scene


@pytest.mark.parametrize("seed", [1, 2])
def test_walkers_are_found_while_they_walk_and_only_then(seed: int) -> None:
    shots = list(scene("walking", seed=seed))
    run = run_analyzer("motion", frames=[shot.frame for shot in shots])
    marks = [(data["triggered"], shot.moving) for data, shot in zip(run.data, shots, strict=True)]
    walking = sum(moving for _, moving in marks)
    assert marks.count((True, True)) >= 0.95 * walking
    assert marks.count((True, False)) <= 3
    assert len(run.events) == 2


def test_car_is_seen_as_it_comes_and_as_it_leaves_and_not_while_it_is_parked() -> None:
    shots = list(scene("parking"))
    run = run_analyzer("motion", frames=[shot.frame for shot in shots])
    boxes = [shot.boxes for shot in shots]
    drives = [bool(own) and own != boxes[number - 1] for number, own in enumerate(boxes)]
    said = [bool(data["triggered"]) for data in run.data]
    first, last = drives.index(True), len(drives) - 1 - drives[::-1].index(True)
    [parked, leaves] = [
        number
        for number in range(first + 1, last)
        if drives[number] is not drives[number - 1] and all(drives[number : number + 5]) is drives[number]
    ]
    assert sum(said[number] is not True for number in range(first, parked)) <= 3
    # for some seconds it may yet be somebody who only stands still
    assert not any(said[parked + 60 : leaves])
    assert sum(said[number] is not True for number in range(leaves, last + 1)) <= 6
    assert not any(said[:first] + said[last + 3 :])
    assert len(run.events) == 2


@pytest.mark.parametrize("name", ["light switched", "rain", "dark noise", "camera shake", "still"])
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_seen_where_nothing_is(name: str, seed: int) -> None:
    run = run_analyzer("motion", scene(name, seed=seed))
    assert [data["triggered"] for data in run.data] == [False] * len(run.data)
    assert not any(data["scene_changed"] for data in run.data)
