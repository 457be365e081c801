"""What is read of the minutes that the server kept: a day's, and the heat map's sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core.messages import EVENT, RESULTS
from picctv_plugins_motion import history
from picctv_plugins_motion.charts import day_chart
from picctv_plugins_motion.history import Minute
from picctv_plugins_motion.masks import packed_mask
from picctv_plugins_motion.minutes import MINUTE_NS
from picctv_plugins_motion.models import MotionEvent
from picctv_plugins_motion.processor import MotionProcessor

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.messages import Message
    from picctv_server.testing.runner import ProcessorRunner

SECOND = 1_000_000_000
START = 29_000_000 * MINUTE_NS
DOOR = "garage/door"


@pytest.fixture
def processor(picctv_processor: Callable[..., ProcessorRunner]) -> ProcessorRunner:
    return picctv_processor(MotionProcessor)


@pytest.fixture
def make(picctv_message: Callable[..., Message]) -> Callable[..., Message]:
    def made(kind: str, payload: Any, camera: str = "door") -> Message:
        return picctv_message(kind, payload, plugin="motion", node="garage", camera=camera)

    return made


def results(start_ns: int, seconds: int, **said: Any) -> dict[str, Any]:
    mask = np.zeros((24, 32), bool)
    mask[2, 3] = True
    result = {"triggered": True, "score": 0.5, "area": 0.25, "boxes": [], "mask": packed_mask(mask), **said}
    return {"items": [[start_ns + index * SECOND, result] for index in range(seconds)]}


def event(event_id: str, at_s: float, **more: Any) -> dict[str, Any]:
    started_at_ns = START + round(at_s * SECOND)
    return {
        "event_id": event_id,
        "started_at_ns": started_at_ns,
        "ended_at_ns": started_at_ns + SECOND,
        **more,
    }


def test_minutes_are_in_order_and_only_those_of_the_camera_and_the_time(
    processor: ProcessorRunner, make: Callable[..., Message]
) -> None:
    processor.process(
        [
            make(RESULTS, results(START + 2 * MINUTE_NS, 3, score=0.75, area=0.5)),
            make(RESULTS, results(START, 60)),
            make(RESULTS, results(START, 30)),  # clocks that overlap can't make a minute longer
            make(RESULTS, results(START + MINUTE_NS, 5, triggered=False)),
            make(RESULTS, results(START + 3 * MINUTE_NS, 5)),
            make(RESULTS, results(START, 5), camera="yard"),
        ]
    )
    assert history.minutes(DOOR, START + SECOND, START + 3 * MINUTE_NS) == [
        Minute(START, 60.0, 0.5, 0.25),
        Minute(START + MINUTE_NS, 0.0, 0.0, 0.0),
        Minute(START + 2 * MINUTE_NS, 3.0, 0.75, 0.5),
    ]
    assert history.minutes("garage/nosuch", START, START + MINUTE_NS) == []


def test_heat_is_the_sum_of_the_minutes(processor: ProcessorRunner, make: Callable[..., Message]) -> None:
    processor.process(
        [
            make(RESULTS, results(START, 10, zones=["Door 1.5", "Yard"])),
            make(RESULTS, results(START + MINUTE_NS, 5, zones=["Yard"])),
            make(RESULTS, results(START + 2 * MINUTE_NS, 7, zones=["Yard"])),
            make(EVENT, event("e1", 1, details={"zones": ["Yard", "Yard", "Street"], "tracks": [], "best": None})),
            make(EVENT, event("e2", 70, details={"zones": ["Yard"]})),
            make(EVENT, event("e3", 200, details={"zones": ["Yard"]})),
            make(EVENT, event("e4", 5), camera="yard"),
        ]
    )  # fmt: skip
    heat = history.heat(DOOR, START, START + 2 * MINUTE_NS)
    assert heat.moving_s == 15
    assert {cell: seconds for cell, seconds in enumerate(heat.cells) if seconds} == {2 * 32 + 3: 15.0}
    assert heat.zones == {"Door 1.5": 10.0, "Yard": 15.0}
    assert heat.events == {"Yard": 2, "Street": 1}
    assert history.heat(DOOR, START - MINUTE_NS, START).moving_s == 0


def test_figures_are_of_zones_that_are_watched_and_of_those_that_were(
    processor: ProcessorRunner, make: Callable[..., Message]
) -> None:
    corners = [[0, 0], [1, 0], [1, 1]]
    told = [{"name": "Yard", "polygon": corners}, {"name": "Trees", "polygon": corners, "ignore": True}]
    processor.process(
        [
            make("zones", {"zones": told, "ignore": []}),
            make(RESULTS, results(START, 10, zones=["Old name"])),
        ]
    )
    heat = history.heat(DOOR, START, START + MINUTE_NS)
    assert history.zone_figures(heat, history.zones(DOOR)) == [("Yard", 0.0, 0), ("Old name", 10.0, 0)]
    assert history.zone_names() == history.zone_names(DOOR) == ["Yard"]
    assert (history.zone_names("garage/yard"), history.zones("garage/yard").zones) == ([], [])


def test_event_is_kept_once_it_is_over(processor: ProcessorRunner, make: Callable[..., Message]) -> None:
    peak = {"triggered": True, "score": 1.0, "zones": ["Yard"]}
    best = {"at_ns": START, "box": [0.1, 0.2, 0.3, 0.4], "score": 1.0}
    going_on = event("e1", 0, peak=peak) | {"ended_at_ns": None, "details": None}
    over = make(
        EVENT,
        event("e1", 0, peak=peak, details={"zones": ["Street"], "best": best, "picture": b"\xff\xd8\xff"}),
    )
    processor.process(make(EVENT, going_on))
    assert MotionEvent.objects.count() == 0
    # In whatever order, and as often as they come.
    for message in (over, make(EVENT, going_on), over):
        processor.plugin.picctv_process_message(message=message, store=processor.store)
    # One of an older node, which tells no more than the peak.
    processor.process(make(EVENT, event("e2", 9, peak=peak)))
    kept = [
        (own.id, own.camera, own.ended_at_ns, own.zones, own.box)
        for own in MotionEvent.objects.order_by("id")
    ]
    assert kept == [
        ("e1", DOOR, START + SECOND, ["Street"], [0.1, 0.2, 0.3, 0.4]),
        ("e2", DOOR, START + 10 * SECOND, ["Yard"], []),
    ]
    processor.plugin.picctv_expire(before=START + 5 * SECOND)
    assert [own.id for own in MotionEvent.objects] == ["e2"]


def test_day_chart_is_broken_where_a_minute_is_missing() -> None:
    minutes = [Minute(START + at * MINUTE_NS, 15.0, 0.5, 0.1) for at in (0, 1, 4)]
    chart = day_chart(minutes, START - MINUTE_NS)
    assert chart.rows == [(90.0, 25.0, 50.0), (150.0, 25.0, 50.0), (270.0, None, None), (330.0, 25.0, 50.0)]
