"""What is told of events: on generated scenes whose truth is known, and on real footage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
import pytest

from picctv_core.frames import Frame
from picctv_core.testing import AnalyzerRunner, run_analyzer, scene
from picctv_plugins_motion.analyzer import MotionAnalyzer
from picctv_plugins_motion.details import EventDetails

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECOND = 1_000_000_000
WIDTH, HEIGHT, RATE = 320, 240, 10.0


def pictures(path: Path) -> Iterator[tuple[int, Frame]]:
    """Give the frames of a file as a node would analyse them, with their numbers in it."""
    due_s = 0.0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        for number, frame in enumerate(container.decode(stream)):
            at_s = number / float(stream.average_rate)
            if at_s + 1e-6 >= due_s:
                due_s = max(due_s, at_s) + 1 / RATE
                luma = frame.reformat(WIDTH, HEIGHT, "yuv420p", interpolation="AREA").to_ndarray()[:HEIGHT]
                luma.flags.writeable = False
                yield number, Frame(luma, round(at_s * SECOND), number)


def truth_of(path: Path) -> dict[int, np.ndarray]:
    """Give where something certainly moves in each frame whose truth is known, (240, 320) bool."""
    known = {}
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            marks = frame.to_ndarray(format="gray")
            if (marks != 85).any():
                moving = (marks == 255).astype(np.uint8)
                known[number] = cv2.resize(moving, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST) > 0
    return known


def inside(mask: np.ndarray, box: list[float]) -> np.ndarray:
    """Give the part of a mask that lies within a box."""
    rows, columns = mask.shape
    x, y, w, h = box
    part: np.ndarray = mask[
        int(y * rows) : int(np.ceil((y + h) * rows)), int(x * columns) : int(np.ceil((x + w) * columns))
    ]
    return part


def picture_of(event: dict[str, Any]) -> np.ndarray:
    found: np.ndarray = cv2.imdecode(
        np.frombuffer(event["details"]["picture"], np.uint8), cv2.IMREAD_UNCHANGED
    )
    return found


def test_event_tells_who_walked_where_and_shows_the_walker() -> None:
    played = scene("walking", duration_s=12.0)
    run = run_analyzer(MotionAnalyzer, played)
    shots = {shot.frame.captured_at_ns: shot for shot in played}
    assert run.events
    for event in run.events:
        details = event["details"]
        best = details["best"]
        shot = shots[best["at_ns"]]
        assert np.abs(picture_of(event).astype(int) - shot.frame.luma).mean() < 3
        x, y, w, h = best["box"]
        moving = [box for box in shot.boxes if box.moving]
        middles = [((box.left + box.right) / 2, (box.top + box.bottom) / 2) for box in moving]
        assert any(x <= right <= x + w and y <= down <= y + h for right, down in middles)
        results = {result.captured_at_ns: result.data for result in run.results}
        for track in details["tracks"]:
            for at_ns, *box in track["boxes"]:
                seen = results[at_ns]
                assert box == seen["boxes"][seen["ids"].index(track["id"])]


def test_details_begin_anew_with_each_event() -> None:
    runner = AnalyzerRunner(MotionAnalyzer)
    with runner:
        for index in range(200):
            luma = np.full((120, 160), 90, np.uint8)
            into = index % 100 - 50
            if 0 <= into < 20:
                luma[40:70, 20 + 3 * into : 40 + 3 * into] = 200
            runner.frame(luma)
    first, second = runner.run.events
    for event in (first, second):
        (track,) = event["details"]["tracks"]
        assert track["id"] == 1
        assert track["from_ns"] == event["started_at_ns"]
        assert track["to_ns"] == event["ended_at_ns"]


def test_zones_are_told_in_the_order_in_which_they_were_touched() -> None:
    polygons = {
        "Road": [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)],
        "Door": [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)],
        "Sky": [(0.0, 0.0), (1.0, 0.0), (1.0, 0.1), (0.0, 0.1)],
    }
    zones = [{"name": name, "polygon": polygon} for name, polygon in polygons.items()]
    with AnalyzerRunner(MotionAnalyzer, settings={"zones": zones}) as runner:
        for index in range(70):
            luma = np.full((120, 160), 90, np.uint8)
            if index >= 30:
                luma[40:70, 10 + 3 * (index - 30) : 30 + 3 * (index - 30)] = 200
            runner.frame(luma)
    (event,) = runner.run.events
    assert event["details"]["zones"] == ["Door", "Road"]


def test_nothing_seen_is_nothing_told_and_without_a_picture_there_is_none() -> None:
    details = EventDetails()
    assert details.take() is None
    runner = AnalyzerRunner(MotionAnalyzer)
    with runner:
        for index in range(40):
            luma = np.full((120, 160), 90, np.uint8)
            if index >= 30:
                luma[40:70, 20 + 3 * index : 40 + 3 * index] = 200
            found = runner.plugin._detector.apply(luma, index * SECOND // 10)
            details.see(found, index * SECOND // 10, None)
    told = details.take()
    assert told is not None
    assert sorted(told) == ["tracks", "zones"]
    assert details.take() is None


def test_each_of_six_persons_is_an_event_whose_picture_shows_them(footage: Path) -> None:
    still = json.loads((footage / "truth.json").read_text())["one-by-one.mp4"]["still"]
    frames = dict(pictures(footage / "one-by-one.mp4"))
    empty = np.median(
        [frames[number].luma for first, last in still for number in range(first, last, 7)], axis=0
    )
    run = run_analyzer(MotionAnalyzer, frames=frames.values())
    assert len(run.events) == 6
    for event in run.events:
        best = event["details"]["best"]
        other = np.abs(picture_of(event) - empty) > 30
        person = inside(other, best["box"])
        # All of the person is in the box, and much of the box is the person; it is as tall as one, though head or feet may touch the edge.
        assert person.sum() > 0.8 * other.sum()
        assert person.mean() > 0.25
        x, y, w, h = best["box"]
        assert h > 0.6
        assert 0.02 < x < x + w < 0.98
        assert 0.0 <= y < y + h <= 1.0
        longest = max(event["details"]["tracks"], key=lambda track: len(track["boxes"]))
        assert longest["id"] == best["id"]
        seconds = (event["ended_at_ns"] - event["started_at_ns"]) / SECOND
        assert (longest["to_ns"] - longest["from_ns"]) / SECOND > 0.9 * seconds


@pytest.mark.parametrize(("name", "covered"), [("highway", 0.9), ("office", 0.9)])
def test_tracks_lie_where_the_truth_says_that_something_moves(
    footage: Path, name: str, covered: float
) -> None:
    truth = truth_of(footage / f"{name}-truth.mkv")
    frames = dict(pictures(footage / f"{name}.avi"))
    run = run_analyzer(MotionAnalyzer, frames=frames.values())
    numbers = {frame.captured_at_ns: number for number, frame in frames.items()}
    hit = [
        inside(truth[number], box).any()
        for event in run.events
        for track in event["details"]["tracks"]
        for at_ns, *box in track["boxes"]
        if (number := numbers[at_ns]) in truth
    ]
    assert len(hit) > 150
    assert sum(hit) > covered * len(hit)
    for event in run.events:
        best = event["details"]["best"]
        if (number := numbers[best["at_ns"]]) in truth:
            assert inside(truth[number], best["box"]).mean() > 0.3


def test_cars_on_a_highway_are_followed_all_the_way(footage: Path) -> None:
    run = run_analyzer(MotionAnalyzer, frames=[frame for _, frame in pictures(footage / "highway.avi")])
    (event,) = run.events
    tracks = event["details"]["tracks"]
    ways = [
        track["boxes"][-1][2] + track["boxes"][-1][4] - track["boxes"][0][2] - track["boxes"][0][4]
        for track in tracks
    ]
    # About thirty cars come down the picture. One track each; what else there is are leaves and the video's end.
    assert 20 <= sum(way > 0.5 for way in ways) <= 32
    assert len(tracks) < 50
