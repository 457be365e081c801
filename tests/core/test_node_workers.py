"""A plugin's worker: it feeds, measures, and keeps failures where they belong."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core import codec
from picctv_core.config import Settings
from picctv_core.errors import PluginError
from picctv_core.frames import AccessUnit, Result
from picctv_core.hookspecs import hookimpl
from picctv_core.node.inbox import Inbox
from picctv_core.node.plugin_camera import PluginCamera
from picctv_core.node.spool import Spool
from picctv_core.node.workers import Worker
from picctv_core.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

S = 1_000_000_000


class Bench:
    """One worker with a spool behind it."""

    def __init__(self, folder: Path, cameras: Any) -> None:
        self.clock = FakeClock(100 * S)
        self.spool = Spool(folder / "spool.db", self.clock)
        self.cameras = cameras
        self.folder = folder
        self.published: list[Result] = []
        self.changes = 0
        self.worker: Worker | None = None

    def start(
        self, analyzer: type[Any], *, inbox: Inbox | None = None, notify_failing: bool = True, **settings: Any
    ) -> Worker:
        plugin = self.cameras.plugin("probe", analyzer, **settings)
        camera = PluginCamera(
            "n",
            self.cameras.config(None, plugin),
            "probe",
            data=self.folder / "probe",
            clock=self.clock,
            spool=self.spool,
            video=lambda: None,
        )
        self.worker = Worker(
            plugin, camera, self.published.append, self._changed, inbox, notify_failing=notify_failing
        )
        self.worker.start()
        self.worker.inbox.put_started()
        return self.worker

    def _changed(self) -> None:
        self.changes += 1

    def stop(self, timeout_s: float = 10.0) -> None:
        assert self.worker is not None
        self.worker.inbox.stop()
        self.worker.join(timeout_s)

    def sent(self, kind: str) -> list[Any]:
        found = self.spool.take(10**9, priorities=(0, 1)).result()
        self.spool.release().result()
        return [codec.unpack(stored.payload) for stored in found if stored.kind == kind]


@pytest.fixture
def bench(tmp_path: Path, cameras: Any) -> Iterator[Bench]:
    made = Bench(tmp_path, cameras)
    yield made
    made.spool.close()


def units(count: int) -> Iterator[AccessUnit]:
    return (AccessUnit(number * S, number % 10 == 0, b"x" * 10) for number in range(count))


def test_hooks_are_called_in_order_on_one_thread_of_their_own(bench: Any, cameras: Any) -> None:
    calls: list[tuple[str, int]] = []

    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None:
            self.note("made")

        def note(self, what: str) -> None:
            calls.append((what, threading.get_ident()))

        @hookimpl
        def picctv_camera_started(self, camera: Any) -> None:
            self.note(f"started {camera.id}")

        @hookimpl
        def picctv_analyze_frame(self, frame: Any) -> None:
            self.note(f"frame {frame.sequence}")

        @hookimpl
        def picctv_access_unit(self, unit: Any) -> None:
            self.note(f"unit {unit.captured_at_ns}")

        @hookimpl
        def picctv_result(self, result: Any) -> None:
            self.note(f"result {result.data}")

        @hookimpl
        def picctv_camera_stopped(self) -> None:
            self.note("stopped")

    worker = bench.start(Probe)
    worker.inbox.put_unit(AccessUnit(7, True, b""))
    worker.inbox.put_frame(cameras.frame(3, 8))
    worker.inbox.put_result(Result("n/door", "other", 8, "hi"))
    bench.stop()
    assert [what for what, _ in calls] == [
        "made",
        "started n/door",
        "unit 7",
        "frame 3",
        "result hi",
        "stopped",
    ]
    assert {thread for _, thread in calls}.isdisjoint({threading.get_ident()})
    assert len({thread for _, thread in calls}) == 1


def test_plugin_is_fed_only_what_it_implements(bench: Any) -> None:
    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_result(self) -> None: ...

    worker = bench.start(Probe)
    assert (worker.takes_frames, worker.takes_units, worker.takes_results) == (False, False, True)
    bench.stop()


def test_plugin_gets_its_settings(bench: Any) -> None:
    seen: list[Any] = []

    class Probe:
        class Settings(Settings):
            level: int = 1

        def __init__(self, settings: Any, camera: Any) -> None:
            seen.append((settings.level, camera.data.is_dir(), camera.title, str(camera.analysis)))

    bench.start(Probe, level=5)
    bench.stop()
    assert seen == [(5, True, "Door", "64x48@10")]


def test_results_go_to_the_others_as_the_server_reads_them(bench: Any, cameras: Any) -> None:
    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None:
            self.said: dict[str, Any] = {}

        @hookimpl
        def picctv_analyze_frame(self, frame: Any) -> Any:
            self.said["box"] = (1, np.float32(0.5))
            self.said["at"] = frame.captured_at_ns
            return self.said  # always the same object: others must not see it change

    worker = bench.start(Probe)
    for number in range(3):
        worker.inbox.put_frame(cameras.frame(number, number))
        while worker.inbox._newest:  # the newest replaces what waits
            pass
    bench.stop()
    assert [result.data for result in bench.published] == [
        {"box": [1, 0.5], "at": number} for number in range(3)
    ]
    (batch,) = bench.sent("results")
    assert batch["items"] == [[number, {"box": [1, 0.5], "at": number}] for number in range(3)]


def test_ten_failures_in_a_row_end_in_quarantine(bench: Any, caplog: Any) -> None:
    class Probe:
        calls = 0

        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_access_unit(self) -> None:
            type(self).calls += 1
            raise RuntimeError(f"number {type(self).calls}")

    worker = bench.start(Probe)
    for unit in units(15):
        worker.inbox.put_unit(unit)
    bench.clock.advance(60)
    bench.stop()
    assert Probe.calls == 10
    report = worker.report()
    assert report["status"] == "quarantined"
    assert report["detail"] == "10 failures in a row; the last: access_unit: RuntimeError: number 10"
    (note,) = bench.sent("notification")
    assert (note["level"], note["title"]) == ("error", "probe is quarantined on Door")
    (gap,) = bench.sent("gap")
    assert gap["cause"].startswith("plugin probe is quarantined: 10 failures in a row")
    assert gap["to_ns"] == 160 * S
    assert caplog.text.count("Traceback") == 1
    assert "(for the 10th time)" in caplog.text
    assert bench.changes >= 1


def test_nobody_is_told_of_a_quarantine_where_that_is_switched_off(bench: Any) -> None:
    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_access_unit(self) -> None:
            raise RuntimeError("never")

    worker = bench.start(Probe, notify_failing=False)
    for unit in units(15):
        worker.inbox.put_unit(unit)
    bench.clock.advance(60)
    bench.stop()
    assert worker.report()["status"] == "quarantined"
    assert (bench.sent("notification"), len(bench.sent("gap"))) == ([], 1)


def test_a_call_that_goes_well_begins_the_count_anew(bench: Any) -> None:
    class Probe:
        calls = 0

        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_access_unit(self, unit: Any) -> None:
            type(self).calls += 1
            if not unit.is_key:
                raise RuntimeError("no")

    worker = bench.start(Probe)
    for unit in units(51):
        worker.inbox.put_unit(unit)
    bench.stop()
    assert (Probe.calls, worker.report()["status"]) == (51, "enabled")


def test_hook_that_always_raises_is_not_saved_by_others_that_go_well(bench: Any, cameras: Any) -> None:
    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_analyze_frame(self) -> None:
            raise RuntimeError("no")

        @hookimpl
        def picctv_access_unit(self) -> None: ...

    worker = bench.start(Probe)
    number = 0
    while worker.report()["status"] != "quarantined":
        worker.inbox.put_frame(cameras.frame(number, number))
        worker.inbox.put_unit(AccessUnit(number, True, b"x"))
        number += 1
    bench.stop()
    assert worker.report()["counts"]["failures"] == 10


def test_result_that_can_not_be_packed_is_the_plugins_failure(bench: Any, cameras: Any, caplog: Any) -> None:
    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_analyze_frame(self) -> Any:
            return {"what": object()}

    worker = bench.start(Probe)
    number = 0
    while worker.report()["status"] != "quarantined":
        worker.inbox.put_frame(cameras.frame(number, number))
        number += 1
    bench.stop()
    assert "analyze_frame: value['what'] is a object, which is no plain data" in worker.report()["detail"]
    assert bench.published == []
    assert "Traceback" not in caplog.text


def test_plugin_that_can_not_start_is_failing_with_its_one_line(bench: Any, caplog: Any) -> None:
    class Probe:
        units = 0

        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_camera_started(self) -> None:
            raise PluginError("port 8600 is taken; choose another one with plugins.live.port")

        @hookimpl
        def picctv_access_unit(self) -> None:
            type(self).units += 1

    worker = bench.start(Probe)
    for unit in units(3):
        worker.inbox.put_unit(unit)
    bench.stop()
    line = "camera_started: port 8600 is taken; choose another one with plugins.live.port"
    assert (worker.report()["status"], worker.report()["detail"]) == ("failing", line)
    assert Probe.units == 0
    assert "Traceback" not in caplog.text
    assert [note["text"] for note in bench.sent("notification")] == [line]


def test_plugin_that_can_not_be_made_is_failing(bench: Any) -> None:
    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None:
            raise KeyError("model.onnx")

    worker = bench.start(Probe)
    bench.stop()
    assert (worker.report()["status"], worker.report()["detail"]) == ("failing", "KeyError: 'model.onnx'")


def test_plugin_that_exits_does_not_take_the_node_along(bench: Any) -> None:
    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_access_unit(self) -> None:
            raise SystemExit(3)

    worker = bench.start(Probe)
    worker.inbox.put_unit(AccessUnit(1, True, b""))
    bench.stop()
    assert worker.report()["detail"] == "access_unit: SystemExit: 3"


def test_slow_plugin_gets_a_gap_for_what_it_missed(bench: Any) -> None:
    go_on = threading.Event()
    seen: list[int] = []

    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_access_unit(self, unit: Any) -> None:
            seen.append(unit.captured_at_ns // S)
            go_on.wait(10)

    worker = bench.start(Probe, inbox=Inbox(max_bytes=35))
    for unit in units(12):
        worker.inbox.put_unit(unit)
        while not seen:  # the first is in the plugin's hands, not in the inbox
            pass
    go_on.set()
    bench.stop()
    (gap,) = bench.sent("gap")
    assert (seen, gap["from_ns"], gap["to_ns"], gap["bytes"]) == ([0, 1, 2, 3], 4 * S, 11 * S, 80)
    assert gap["cause"] == "plugin probe was too slow for the video"


def test_plugin_that_hangs_is_left_behind_and_told(bench: Any, caplog: Any) -> None:
    go_on = threading.Event()

    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_access_unit(self) -> None:
            go_on.wait(10)

    worker = bench.start(Probe)
    for unit in units(3):
        worker.inbox.put_unit(unit)
    bench.stop(timeout_s=0.05)
    (gap,) = bench.sent("gap")
    assert gap["cause"] == "plugin probe did not finish in time when the node stopped"
    assert gap["to_ns"] == 2 * S
    assert "plugin probe did not stop in time and is left behind" in caplog.text
    go_on.set()
    worker._thread.join(10)


def test_report_holds_the_plugins_own_words_and_the_figures(bench: Any, cameras: Any) -> None:
    asked = threading.Event()

    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_analyze_frame(self) -> None: ...

        @hookimpl
        def picctv_health(self) -> dict[str, Any]:
            asked.set()
            return {"mood": "good"}

    worker = bench.start(Probe)
    worker.inbox.put_frame(cameras.frame(1, 1))
    worker.inbox.ask_health()
    assert asked.wait(10)
    bench.stop()
    report = worker.report()
    assert report["health"] == {"mood": "good"}
    assert report["counts"] == {"failures": 0, "frames": 1, "frames_dropped": 0}
    timing = report["timing"]["analyze_frame"]
    assert timing["calls"] == 1
    assert timing["ms_mean"] <= timing["ms_max"]


def test_health_that_raises_does_not_count_towards_quarantine(bench: Any, caplog: Any) -> None:
    caplog.set_level(logging.CRITICAL)

    class Probe:
        asked = 0

        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_health(self) -> None:
            type(self).asked += 1
            raise RuntimeError("no")

    worker = bench.start(Probe)
    while Probe.asked < 12:
        worker.inbox.ask_health()
    bench.stop()
    assert worker.report()["status"] == "enabled"


def test_event_that_is_open_at_the_stop_is_ended(bench: Any, cameras: Any) -> None:
    class Probe:
        def __init__(self, settings: Any, camera: Any) -> None: ...

        @hookimpl
        def picctv_analyze_frame(self) -> dict[str, Any]:
            return {"triggered": True, "score": 1}

    worker = bench.start(Probe)
    worker.inbox.put_frame(cameras.frame(0, 5 * S))
    bench.stop()
    events = bench.sent("event")
    assert [(event["started_at_ns"], event["ended_at_ns"]) for event in events] == [
        (5 * S, None),
        (5 * S, 5 * S),
    ]
