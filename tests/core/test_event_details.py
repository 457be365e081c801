"""An event's details on a node: the analyzer is asked for them when one of its events has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core.frames import Frame
from picctv_core.hookspecs import hookimpl
from tests.core.isolation import HEIGHT, WIDTH, IsolationBench, configured
from tests.core.test_node_workers import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

S = 1_000_000_000


@pytest.fixture
def bench(tmp_path: Path, cameras: Any) -> Iterator[Bench]:
    made = Bench(tmp_path, cameras)
    yield made
    made.spool.close()


def ended(sent: list[Any]) -> list[tuple[int, Any]]:
    """Give start and details of the events that ended."""
    return [
        (event["started_at_ns"] // S, event["details"]) for event in sent if event["ended_at_ns"] is not None
    ]


class Teller:
    """Triggers on each frame, and tells which it has seen since the last event."""

    def __init__(self, settings: Any, camera: Any) -> None:
        self.seen: list[int] = []

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> dict[str, Any]:
        self.seen.append(frame.captured_at_ns // S)
        return {"triggered": True}

    @hookimpl
    def picctv_event_ended(self, event: Any) -> dict[str, Any]:
        seen, self.seen = self.seen, []
        return {"seen": tuple(seen)}

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        assert not self.seen  # whatever was open has ended before


def feed(bench: Bench, cameras: Any, seconds: tuple[int, ...]) -> None:
    """Give frames of these times, and wait for each result: an inbox keeps the newest frame only."""
    assert bench.worker is not None
    for number, at_s in enumerate(seconds):
        bench.worker.inbox.put_frame(cameras.frame(number, at_s * S))
        while len(bench.published) <= number:
            bench.worker._thread.join(0.001)
            assert bench.worker._thread.is_alive()


def test_what_was_gathered_belongs_to_the_event_that_ended(bench: Bench, cameras: Any) -> None:
    worker = bench.start(Teller)
    feed(bench, cameras, (5, 6, 7, 20, 21, 40))
    bench.stop()
    assert ended(bench.sent("event")) == [
        (5, {"seen": [5, 6, 7]}),
        (20, {"seen": [20, 21]}),
        (40, {"seen": [40]}),
    ]
    assert worker.report()["counts"]["failures"] == 0


def test_event_ends_with_its_details_when_no_frame_comes(bench: Bench, cameras: Any) -> None:
    bench.start(Teller)
    feed(bench, cameras, (5,))
    bench.clock.advance(11)
    while not ended(found := bench.sent("event")):
        continue
    assert ended(found) == [(5, {"seen": [5]})]
    bench.stop()


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        (RuntimeError("no"), "event_ended: RuntimeError: no"),
        ([1], "event_ended: the details of an event are a dict or None, not a list"),
        ({"thing": object()}, "event_ended: "),
        ({"picture": bytes(2**20)}, "event_ended: the details of an event take 1048"),
    ],
)
def test_failure_is_counted_and_the_event_ends_without_details(
    bench: Bench, cameras: Any, caplog: Any, returned: Any, error: str
) -> None:
    class Failing(Teller):
        @hookimpl
        def picctv_event_ended(self) -> Any:
            self.seen.clear()
            if isinstance(returned, Exception):
                raise returned
            return returned

    worker = bench.start(Failing)
    feed(bench, cameras, (5, 20))
    bench.stop()
    assert ended(bench.sent("event")) == [(5, None), (20, None)]
    report = worker.report()
    assert (report["status"], report["counts"]["failures"]) == ("failing", 2)
    assert report["detail"].startswith(error)
    assert error in caplog.text


def test_plugin_that_only_fails_is_quarantined_and_its_last_event_ends(bench: Bench, cameras: Any) -> None:
    class Failing(Teller):
        @hookimpl
        def picctv_event_ended(self) -> Any:
            raise RuntimeError("no")

    worker = bench.start(Failing)
    feed(bench, cameras, tuple(range(0, 110, 10)))
    # The last one ends without waiting for the node to stop, and without asking again.
    while len(found := ended(bench.sent("event"))) < 11:
        assert worker._thread.is_alive()
    assert found == [(at_s, None) for at_s in range(0, 110, 10)]
    assert worker.report()["status"] == "quarantined"
    assert worker.report()["counts"]["failures"] == 10
    bench.stop()


def put(bench: IsolationBench, at_s: int) -> None:
    """Give the faulty plugin, wherever it lives, a frame."""
    luma = np.zeros((HEIGHT, WIDTH), np.uint8)
    bench.worker.inbox.put_frame(bench.arena.keep(Frame(luma, at_s * S, 0)))


def triggers(bench: IsolationBench, at_s: int) -> None:
    """Give it a frame that triggers, and wait for its result."""
    have = len(bench.results)
    put(bench, at_s)
    bench.wait(lambda: len(bench.results) > have)


@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_details_are_the_same_from_a_thread_and_from_a_process(
    isolation_bench: IsolationBench, isolation: str
) -> None:
    isolation_bench.start(configured(isolation=isolation))
    for at_s in (5, 6, 20):
        triggers(isolation_bench, at_s)
    isolation_bench.stop()
    sent = isolation_bench.sent("event")
    ids = [event["event_id"] for event in sent if event["ended_at_ns"] is not None]
    assert ended(sent) == [
        (5, {"event": ids[0], "peak": [5 * S, 0], "life": 1}),
        (20, {"event": ids[1], "peak": [20 * S, 0], "life": 1}),
    ]


@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_what_it_raises_in_a_process_is_told_as_from_a_thread(
    isolation_bench: IsolationBench, isolation: str
) -> None:
    settings = {"fault": "raise", "where": "event", "at": 1}
    isolation_bench.start(configured(settings=settings, isolation=isolation))
    triggers(isolation_bench, 5)
    isolation_bench.stop()
    assert ended(isolation_bench.sent("event")) == [(5, None)]
    assert isolation_bench.report()["detail"] == "event_ended: RuntimeError: frame 1"


@pytest.mark.parametrize("fault", ["exit", "sleep"])
def test_process_that_ends_at_an_event_is_started_again_and_the_event_ends(
    isolation_bench: IsolationBench, fault: str
) -> None:
    settings = {"fault": fault, "where": "event", "at": 1, "lives": 1}
    isolation_bench.start(configured(settings=settings, time_budget_s=1))
    triggers(isolation_bench, 5)
    put(isolation_bench, 20)
    isolation_bench.wait(lambda: isolation_bench.report()["restarts"] == 1)
    triggers(isolation_bench, 40)
    isolation_bench.stop()
    (first, none), *later = ended(isolation_bench.sent("event"))
    assert (first, none) == (5, None)
    assert [(at_s, details["life"]) for at_s, details in later] == [(40, 2)]


def test_event_that_a_process_did_not_live_to_see_ends_without_details(
    isolation_bench: IsolationBench,
) -> None:
    isolation_bench.start(configured(settings={"fault": "exit", "at": 2}), pauses=(60.0, 60.0))
    triggers(isolation_bench, 5)
    put(isolation_bench, 6)
    isolation_bench.wait(lambda: isolation_bench.report()["status"] == "restarting")
    isolation_bench.stop()
    assert ended(isolation_bench.sent("event")) == [(5, None)]
