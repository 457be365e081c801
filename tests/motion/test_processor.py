"""The server part over a real MongoDB: each message counts once, in whatever order, from however many servers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picctv_core.errors import CodecError
from picctv_core.messages import EVENT, RESULTS
from picctv_plugins_motion.masks import packed_mask
from picctv_plugins_motion.minutes import MINUTE_NS
from picctv_plugins_motion.models import MotionCamera, MotionMinute, zone_key, zone_name
from picctv_plugins_motion.processor import MotionProcessor
from picctv_server import queries
from picctv_server.models import Notification

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.messages import Message
    from picctv_server.testing.runner import ProcessorRunner

SECOND = 1_000_000_000
START = 29_000_000 * MINUTE_NS


@pytest.fixture
def processor(picctv_processor: Callable[..., ProcessorRunner]) -> ProcessorRunner:
    return picctv_processor(MotionProcessor)


@pytest.fixture
def make(picctv_message: Callable[..., Message]) -> Callable[..., Message]:
    def made(kind: str, payload: Any, at_ns: int = START, camera: str = "door") -> Message:
        return picctv_message(
            kind, payload, plugin="motion", node="garage", camera=camera, captured_at_ns=at_ns
        )

    return made


def results(start_ns: int, count: int = 10, **more: Any) -> dict[str, Any]:
    said = {"triggered": True, "score": 0.5, "area": 0.02, "boxes": [[0.1, 0.1, 0.2, 0.2]], **more}
    return {"items": [[start_ns + index * SECOND // 10, said] for index in range(count)], "version": 1}


def kept() -> list[tuple[Any, ...]]:
    return [
        (minute.id, minute.frames, minute.moving, minute.moving_ms, minute.area, minute.peak, minute.zones, minute.cells)
        for minute in MotionMinute.objects.order_by("id")
    ]  # fmt: skip


def test_results_are_counted_in_their_minute_and_stored_as_ever(
    processor: ProcessorRunner, make: Callable[..., Message]
) -> None:
    mask = np.zeros((120, 160), bool)
    mask[:6, :6] = True
    quiet = {"triggered": False, "score": 0.01, "area": 0.0, "boxes": []}
    processor.process(
        [
            make(RESULTS, results(START, mask=packed_mask(mask), zones=["Door 1.5$"])),
            make(RESULTS, results(START + SECOND, zones=["Yard"], score=0.875)),
            make(RESULTS, {"items": [[START + 2 * SECOND, quiet]]}),
        ]
    )
    [minute] = MotionMinute.objects
    assert (minute.id, minute.camera, minute.minute_ns) == ("garage/door|29000000", "garage/door", START)
    assert (minute.frames, minute.moving, minute.moving_ms, minute.scenes) == (21, 20, 2000, 0)
    assert (minute.area, minute.peak) == (400_000, 0.875)
    assert {zone_name(key): ms for key, ms in minute.zones.items()} == {"Door 1.5$": 1000, "Yard": 1000}
    # The mask's 6x6 of 120x160 cells touch 2x2 of ours; the box those around it.
    assert {minute.cells[key] for key in ("0", "1", "32", "33")} == {1000}
    assert len(minute.cells) == 4 + 7 * 6
    assert len(queries.results_between("garage/door", "motion", START, START + MINUTE_NS)) == 21


def test_same_message_from_several_servers_at_once_counts_once(
    processor: ProcessorRunner, make: Callable[..., Message]
) -> None:
    messages = [make(RESULTS, results(START + second * SECOND)) for second in range(12)]
    together = threading.Barrier(8)

    def serve(_: int) -> None:
        together.wait()
        for message in messages:
            # The hook by itself: the server recognises what it has stored, one that died before that does not.
            processor.plugin.picctv_process_message(message=message, store=processor.store)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(serve, range(8)))
    [minute] = MotionMinute.objects
    assert (minute.frames, minute.moving_ms, len(minute.messages)) == (120, 12_000, 12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.lists(st.integers(0, 4), max_size=12).map(lambda more: [*more, 4, 2, 0, 1, 3]),
    shuffle=st.randoms(),
)
def test_order_and_repetition_change_nothing(
    processor: ProcessorRunner, make: Callable[..., Message], order: list[int], shuffle: Any
) -> None:
    MotionMinute.objects.delete()
    # Scores and areas that floats would not add up to the same in another order; over the turn of a minute.
    messages = [
        make(RESULTS, results(START + (57 + index) * SECOND, score=0.1 * index, area=0.1 / (index + 1), zones=[f"{index}"]))
        for index in range(5)
    ]  # fmt: skip
    for message in messages:
        processor.plugin.picctv_process_message(message=message, store=processor.store)
    expected = kept()
    MotionMinute.objects.delete()
    shuffle.shuffle(order)
    for index in order:
        processor.plugin.picctv_process_message(message=messages[index], store=processor.store)
    assert kept() == expected
    assert len(expected) == 2


def test_minute_can_not_be_told_from_one_of_another_camera_only_by_time(
    processor: ProcessorRunner, make: Callable[..., Message]
) -> None:
    processor.process([make(RESULTS, results(START)), make(RESULTS, results(START), camera="yard")])
    assert [(minute.camera, minute.frames) for minute in MotionMinute.objects.order_by("id")] == [
        ("garage/door", 10),
        ("garage/yard", 10),
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"score": 1.5}, r"items\.0\.1\.score: Input should be less than or equal to 1"),
        ({"triggered": "yes"}, r"items\.0\.1\.triggered: Input should be a valid boolean"),
        ({"boxes": [[0.1, 0.2]]}, r"items\.0\.1\.boxes\.0\.2: Field required"),
        ({"boxes": [[0.1, float("nan"), 0, 0]]}, r"items\.0\.1\.boxes\.0\.1: Input should be a finite number"),
        ({"zones": [""]}, r"items\.0\.1\.zones\.0: String should have at least 1 character"),
        ({"zones": ["z"] * 201}, r"items\.0\.1\.zones: List should have at most 200 items"),
        ({"mask": [1]}, r"items\.0\.1\.mask: Value error, a packed mask is a map, not list"),
        ({"mask": {"rows": 2, "columns": 2, "bits": b"x"}}, r"items\.0\.1\.mask: Value error, the bits of a packed"),
        ({"mask": {"rows": 2}}, r"items\.0\.1\.mask: Value error, this is no packed mask: columns: Field required"),
    ],
)  # fmt: skip
def test_results_of_another_form_are_refused_with_the_reason(
    processor: ProcessorRunner, make: Callable[..., Message], said: dict[str, Any], why: str
) -> None:
    message = make(RESULTS, results(START, **said))
    with pytest.raises(CodecError, match=why) as caught:
        processor.process(message)
    assert f"the results message {message.id} of motion at garage/door" in str(caught.value)
    assert MotionMinute.objects.count() == 0


@pytest.mark.parametrize(
    "payload", [None, [], {"items": []}, {"items": [[-1, {}]]}, {"items": [["now", {}]]}]
)
def test_payload_that_is_no_batch_is_refused(
    processor: ProcessorRunner, make: Callable[..., Message], payload: Any
) -> None:
    with pytest.raises(CodecError, match=r"is not of its form: (the payload|items)"):
        processor.process(replace(make(RESULTS, results(START)), payload=payload))


def test_results_of_older_nodes_count_too(processor: ProcessorRunner, make: Callable[..., Message]) -> None:
    said = {"triggered": True, "boxes": np.array([[0.0, 0.0, 1.0, 1.0]]), "speed": 7}
    processor.process(make(RESULTS, {"items": [[START, said]]}))
    [minute] = MotionMinute.objects
    assert (minute.moving, minute.area, minute.peak, len(minute.cells)) == (1, 0, 0.0, 32 * 24)


CORNERS = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]


def zones(*names: str) -> dict[str, Any]:
    told = [{"name": name, "polygon": CORNERS, "sensitivity": 0.7, "ignore": False} for name in names]
    return {"zones": told, "ignore": [CORNERS]}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0, 2)])
def test_zones_told_last_count_in_whatever_order_they_come(
    processor: ProcessorRunner, make: Callable[..., Message], order: tuple[int, ...]
) -> None:
    messages = [make("zones", zones("Door", str(index)), START + index) for index in range(3)]
    for index in order:
        processor.process(messages[index])
    [camera] = MotionCamera.objects
    assert (camera.id, camera.told_at_ns, camera.ignore) == ("garage/door", START + 2, [CORNERS])
    assert [zone["name"] for zone in camera.zones] == ["Door", "2"]
    assert camera.zones[0] == {"name": "Door", "polygon": CORNERS, "sensitivity": 0.7, "ignore": False}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({"zones": []}, "ignore: Field required"),
        ({"zones": [{"name": "x", "polygon": CORNERS[:2]}], "ignore": []}, r"zones\.0\.polygon: Value error, a polygon has"),
        ({"zones": [], "ignore": [[[0, 0], [2, 0], [1, 1]]]}, r"ignore\.0\.1\.0: Input should be less than or equal to 1"),
    ],
)  # fmt: skip
def test_zones_of_another_form_are_refused_with_the_reason(
    processor: ProcessorRunner, make: Callable[..., Message], payload: Any, why: str
) -> None:
    with pytest.raises(CodecError, match=f"the zones message .* of motion at garage/door .*: {why}"):
        processor.process(make("zones", payload))
    assert MotionCamera.objects.count() == 0


@pytest.mark.parametrize("name", ["Door", "a.b", "$x", "100 %2E", "%", "\0", ""])
def test_name_of_a_zone_is_a_key_and_back(name: str) -> None:
    key = zone_key(name)
    assert zone_name(key) == name
    assert not set(key) & {".", "$", "\0"}


def test_minutes_expire_when_they_are_over(processor: ProcessorRunner, make: Callable[..., Message]) -> None:
    processor.process([make(RESULTS, results(START)), make(RESULTS, results(START + MINUTE_NS))])
    processor.plugin.picctv_expire(before=START + MINUTE_NS - 1)
    assert MotionMinute.objects.count() == 2
    processor.plugin.picctv_expire(before=START + MINUTE_NS)
    assert [minute.minute_ns for minute in MotionMinute.objects] == [START + MINUTE_NS]


def test_indexes_are_those_that_the_pages_read_through(processor: ProcessorRunner) -> None:
    keys = [list(index["key"]) for index in MotionMinute.objects._collection.index_information().values()]
    assert [("camera", 1), ("minute_ns", 1)] in [[tuple(part) for part in key] for key in keys]


@pytest.mark.parametrize(("seconds", "notified"), [(0.5, 0), (12, 1), (None, 0)])
def test_event_that_is_over_and_long_enough_is_notified(
    processor: ProcessorRunner, make: Callable[..., Message], seconds: float | None, notified: int
) -> None:
    ended_at_ns = None if seconds is None else START + round(seconds * SECOND)
    processor.process(make(EVENT, {"event_id": "e1", "started_at_ns": START, "ended_at_ns": ended_at_ns}))
    assert Notification.objects.count() == notified
    assert all(note.title == "Motion at garage/door, 12 s" for note in Notification.objects)
