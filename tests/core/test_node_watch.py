"""What people are told of without a plugin: cameras that go and come back, and clocks that are set."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core import codec
from picctv_core.errors import SourceError
from picctv_core.node import watch
from picctv_core.node.capture import ENDED, FAILED, RUNNING
from picctv_core.node.spool import Spool
from picctv_core.node.watch import ClockWatch, Notifier, OfflineWatch, Seen, tell_of_clock_before
from picctv_core.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

S = 1_000_000_000
START_NS = 1_767_225_600 * S


class Told:
    """Keeps what people would be told, out of a real spool."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(START_NS)
        self.spool = Spool(folder / "spool.db", self.clock)
        self.notifier = Notifier(self.spool, self.clock)

    def all(self) -> list[tuple[str, str, str, str]]:
        """Give camera, level, title and text of each notification."""
        found = self.spool.take(10**6, priorities=(0, 0)).result()
        self.spool.release().result()
        payloads = [(stored.camera, codec.unpack(stored.payload)) for stored in found]
        return [(camera, said["level"], said["title"], said["text"]) for camera, said in payloads]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    made = Told(tmp_path)
    yield made
    made.spool.close()


class Camera:
    """A camera that gives a picture when the test says so."""

    id = "garage/door"
    title = "Door"

    def __init__(self, clock: FakeClock, rate: float = 10.0) -> None:
        self.clock = clock
        self.state, self.detail, self.rate = RUNNING, "", rate
        self.at_s = clock.monotonic()

    def picture(self) -> None:
        self.at_s = self.clock.monotonic()

    def seen(self) -> Seen:
        return Seen(self.at_s, self.state, self.detail, self.rate)


def test_camera_that_goes_and_comes_back_is_told_once_each(told: Told) -> None:
    camera = Camera(told.clock)
    offline = OfflineWatch(camera, told.clock, told.notifier)
    for _ in range(14):
        told.clock.advance(1)
        offline.look()
    assert told.all() == []
    camera.state, camera.detail = FAILED, "rtsp://door can't be reached"
    for _ in range(300):
        told.clock.advance(1)
        offline.look()
    camera.picture()
    offline.look()
    assert told.all() == [
        (
            "garage/door",
            "warning",
            "Door is offline",
            "Nothing has come for 16 s: rtsp://door can't be reached.",
        ),
        ("garage/door", "info", "Door is back", "It was away for 0:05:14."),
    ]


def test_slow_camera_is_not_offline_between_its_pictures(told: Told) -> None:
    camera = Camera(told.clock, rate=0.1)
    offline = OfflineWatch(camera, told.clock, told.notifier)
    for _ in range(5):
        told.clock.advance(30)
        offline.look()
        camera.picture()
    assert told.all() == []


def test_video_that_is_over_is_not_offline(told: Told) -> None:
    camera = Camera(told.clock)
    camera.state = ENDED
    told.clock.advance(1000)
    OfflineWatch(camera, told.clock, told.notifier).look()
    assert told.all() == []


class Stepped:
    """A clock of which the test says how far the wall clock has moved away."""

    ns = 0

    def step_ns(self) -> int:
        return self.ns


def test_clock_that_is_set_is_told_each_time_and_drift_is_not(told: Told) -> None:
    clock = Stepped()
    clocks = ClockWatch(clock, told.notifier)
    for ns in (0, S, 3600 * S, 3600 * S + S, -5 * S, -5 * S):
        clock.ns = ns
        clocks.look()
    (_, level, title, first), (*_, second) = told.all()
    assert (level, title) == ("warning", "The clock of a node was set")
    assert first.startswith("It was set forward by 3600.0 s.")
    assert first.endswith("the machine's clock is 3600.0 s ahead of it.")
    assert second.startswith("It was set back by 3605.0 s.")
    assert second.endswith("the machine's clock is 5.0 s behind it.")


def test_clock_before_the_end_of_the_last_run_is_told(told: Told) -> None:
    tell_of_clock_before(START_NS - 60 * S, told.clock, told.notifier)
    assert told.all() == []
    tell_of_clock_before(START_NS + 60 * S, told.clock, told.notifier)
    ((_, _, _, text),) = told.all()
    assert text.startswith("It stands 60.0 s before the time at which the node ran last")


def test_node_tells_of_its_camera(
    run_node: Any, uplink_server: Any, cameras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "OFFLINE_S", 1.0)
    back = threading.Event()

    def script(sink: Any, stop: threading.Event, clock: Any) -> None:
        sink.started(cameras.video)
        sink.frame(cameras.frame(0, clock.now_ns()))
        if not back.is_set():
            raise SourceError("it is unplugged")
        while not stop.wait(0.1):
            sink.frame(cameras.frame(1, clock.now_ns()))

    monkeypatch.setattr("picctv_core.node.capture.FIRST_PAUSE_S", 4.0)
    end = run_node(cameras.config(script))
    uplink_server.wait_for(lambda: uplink_server.of_kind("notification"), 30)
    back.set()
    uplink_server.wait_for(lambda: len(uplink_server.of_kind("notification")) == 2, 30)
    end()
    titles = [message.payload["title"] for message in uplink_server.of_kind("notification")]
    assert titles == ["Door is offline", "Door is back"]
