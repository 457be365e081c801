"""Stretches of time, made of results."""

from __future__ import annotations

from typing import Any

import pytest
from picctv_onnx_detector.seen import SECOND, Sighting, sightings

START_NS = 1_767_225_600 * SECOND


def result(*seen: tuple[str, float]) -> dict[str, Any]:
    return {"labels": [label for label, _ in seen], "scores": [score for _, score in seen]}


def at(seconds: float, *seen: tuple[str, float]) -> tuple[int, Any]:
    return START_NS + round(seconds * SECOND), result(*seen)


def test_results_become_stretches() -> None:
    found = sightings(
        [
            at(0.5, ("car", 0.5)),
            at(1.0, ("person", 0.25), ("car", 0.75)),
            at(1.5, ("car", 0.5), ("car", 0.5)),
            at(2.0),
            at(6.0, ("car", 0.5)),
        ],
        START_NS,
    )
    assert found == [
        Sighting("car", 0.5, 1.5, 1.0, 75.0, 2),
        Sighting("person", 1.0, 1.0, 1.0, 25.0, 1),
        Sighting("car", 6.0, 6.0, 6.0, 50.0, 1),
    ]


@pytest.mark.parametrize(("pause", "count"), [(3.0, 1), (3.1, 2)])
def test_short_pauses_are_gone_over(pause: float, count: int) -> None:
    assert len(sightings([at(0.0, ("car", 0.5)), at(pause, ("car", 0.5))], START_NS)) == count


def test_results_of_another_form_are_left_out() -> None:
    assert sightings([(START_NS, None), (START_NS, [1]), (START_NS, {"boxes": []})], START_NS) == []
