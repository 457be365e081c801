"""A whole node: from a camera through plugins and the spool to a server, in one process."""

from __future__ import annotations

import threading
from typing import Any

from picctv_core.hookspecs import hookimpl


class Flip:
    """Is triggered on frames 10 to 19.

    Attributes:
        seen: has a permit for each frame that came, of all objects of the class.
    """

    seen = threading.Semaphore(0)

    def __init__(self, settings: Any, camera: Any) -> None:
        self.camera = camera

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> dict[str, Any]:
        self.seen.release()
        return {"triggered": 10 <= frame.sequence < 20, "score": frame.sequence}

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        self.camera.emit("note", {"text": "bye"})


class Listener:
    """Says what it heard."""

    def __init__(self, settings: Any, camera: Any) -> None:
        self.camera = camera
        self.heard = 0
        self.bytes = 0

    @hookimpl
    def picctv_result(self, result: Any) -> None:
        self.heard += result.triggered is True

    @hookimpl
    def picctv_access_unit(self, unit: Any) -> None:
        self.bytes += len(unit.annexb)

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        return {"heard": self.heard}

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        self.camera.emit("heard", {"triggers": self.heard, "bytes": self.bytes})


def play_with_patience(cameras: Any, count: int) -> tuple[Any, threading.Event]:
    """Give a script of so many frames that waits for the analysis of each, and what is set after that of the last."""
    left, over = iter(range(count - 1, -1, -1)), threading.Event()

    def after_each() -> None:
        assert Flip.seen.acquire(timeout=10)
        if next(left) == 0:
            over.set()

    return cameras.play(count, after_each=after_each), over


def test_node_delivers_results_events_and_last_words(run_node: Any, uplink_server: Any, cameras: Any) -> None:
    script, over = play_with_patience(cameras, 60)
    config = cameras.config(script, cameras.plugin("flip", Flip), cameras.plugin("listener", Listener))
    end = run_node(config)
    uplink_server.wait_for(lambda: len(uplink_server.of_kind("event")) == 2)
    assert over.wait(60)
    end()

    results = [item for message in uplink_server.of_kind("results") for item in message.payload["items"]]
    assert [data["score"] for _, data in results] == list(range(60))
    started, ended = (message.payload for message in uplink_server.of_kind("event"))
    assert started["ended_at_ns"] is None
    assert ended["event_id"] == started["event_id"]
    assert ended["ended_at_ns"] - ended["started_at_ns"] == 9 * 100_000_000
    assert (ended["peak_score"], ended["peak"]) == (19, {"triggered": True, "score": 19})
    assert [message.payload for message in uplink_server.of_kind("heard")] == [
        {"triggers": 10, "bytes": 6000}
    ]
    assert [message.camera for message in uplink_server.of_kind("note")] == ["garage/door"]
    sequences = [message.sequence for message in uplink_server.messages]
    assert sorted(sequences) == list(range(1, len(sequences) + 1))


def test_node_tells_its_status(run_node: Any, uplink_server: Any, cameras: Any) -> None:
    run_node(cameras.config(cameras.play(5), cameras.plugin("listener", Listener)))
    uplink_server.wait_for(
        lambda: any(
            status["cameras"]["garage/door"]["state"] == "running" for status in uplink_server.statuses
        )
    )
    camera = uplink_server.statuses[-1]["cameras"]["garage/door"]
    assert (camera["title"], camera["width"], camera["height"], camera["rate"]) == ("Door", 64, 48, 10.0)
    assert camera["plugins"]["listener"]["status"] == "enabled"
    assert uplink_server.hellos[0] == {
        "type": "hello",
        "protocol": 1,
        "node": "garage",
        "version": "0.1.0",
        "checked": True,
    }
    assert uplink_server.paths == ["/uplink"]


def test_node_sends_after_an_outage_what_it_kept(run_node: Any, uplink_server: Any, cameras: Any) -> None:
    uplink_server.stop()  # its port stays the same
    script, over = play_with_patience(cameras, 30)
    end = run_node(cameras.config(script, cameras.plugin("flip", Flip)))
    assert over.wait(60)
    end()
    assert uplink_server.messages == []

    uplink_server.start()
    run_node(cameras.config(cameras.play(0)))
    uplink_server.wait_for(lambda: uplink_server.of_kind("note"))
    uplink_server.wait_for(lambda: len(uplink_server.of_kind("event")) == 2)
    results = [item for message in uplink_server.of_kind("results") for item in message.payload["items"]]
    assert [data["score"] for _, data in results] == list(range(30))
