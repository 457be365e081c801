"""A plugin in a process of its own works as it does on a thread."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from picctv_core.declarations import RunOptions
from picctv_core.frames import Result, VideoInfo
from tests.core.isolation import HEIGHT, WIDTH, IsolationBench, configured, exists


@pytest.fixture
def bench(isolation_bench: IsolationBench) -> IsolationBench:
    return isolation_bench


def test_plugin_lives_in_a_process_of_its_own(bench: IsolationBench) -> None:
    bench.start(configured())
    bench.frames(3)
    pid = bench.pid()
    (life,) = bench.sent("life")
    assert life == {
        "life": 1,
        "pid": pid,
        "in_process": True,
        "nice": os.nice(0) + 5,
        "video": [640, 480, 10.0],
        "thread": True,
    }
    assert pid != os.getpid()
    report = bench.report()
    assert (report["status"], report["isolation"], report["restarts"]) == ("enabled", "process", 0)
    assert report["counts"]["frames"] == 3
    bench.wait(lambda: bench.report()["memory_bytes"])
    assert 10e6 < bench.report()["memory_bytes"] < 300e6
    bench.stop()
    assert not exists(pid)
    assert bench.sent("stopped") == [{"life": 1, "frames": 3, "units": 0}]
    assert bench.report()["memory_bytes"] is None


def test_the_same_plugin_runs_on_a_thread_where_the_node_says_so(bench: IsolationBench) -> None:
    bench.start(configured(isolation="thread"))
    bench.frames(2)
    assert bench.pid() == os.getpid()
    bench.stop()
    assert (bench.report()["isolation"], bench.report()["memory_bytes"]) == ("thread", None)


def test_frames_of_any_shape_and_stride_come_through(bench: IsolationBench) -> None:
    bench.start(configured())
    whole = np.arange(100 * 100, dtype=np.uint8).reshape(100, 100)
    shown = [whole[:HEIGHT, :WIDTH], whole[:7, :9], whole[::2, ::-1], np.asfortranarray(whole)]
    for count, luma in enumerate(shown, 1):
        bench.frame(luma)
        bench.wait(lambda count=count: len(bench.results) == count)  # type: ignore[misc]
    bench.stop()
    assert [(found.data["shape"], found.data["pixel"]) for found in bench.results] == [
        (list(luma.shape), int(luma[-1, -1])) for luma in shown
    ]


def test_plugin_may_keep_as_many_frames_as_it_likes(bench: IsolationBench) -> None:
    worker = bench.start(configured(settings={"fault": "keep"}))
    bench.frames(500)
    bench.stop()
    assert [found.data["pixel"] for found in bench.results] == [number % 256 for number in range(500)]
    assert worker.report()["counts"]["failures"] == 0


def test_frame_in_shared_memory_is_given_back_when_the_plugin_lets_go_of_it(bench: IsolationBench) -> None:
    worker = bench.start(configured())
    bench.frames(100)
    host: Any = worker._host
    assert host._lent == {}
    # one is in the worker's hands until it has the next
    assert len(bench.arena._free) + len(bench.arena._returned) >= 31
    bench.stop()


def test_results_units_health_and_video_come_through(bench: IsolationBench) -> None:
    worker = bench.start(configured())
    worker.inbox.put_result(Result("garage/door", "other", 5, {"a": np.arange(3), "b": (1, 2.5)}))
    bench.unit(7, key=True)
    worker.inbox.ask_health()
    bench.wait(lambda: bench.report()["health"])
    assert bench.report()["health"] == {"life": 1, "kept": 0}
    (heard,) = bench.sent("heard")
    assert heard["plugin"] == "other"
    assert heard["data"]["a"].tolist() == [0, 1, 2]
    assert heard["data"]["b"] == [1, 2.5]
    assert bench.sent("first") == [{"at_ns": 7_000_000_000, "key": True, "life": 1}]
    timing = bench.report()["timing"]["access_unit"]
    assert timing["calls"] == 1
    assert timing["ms_p50"] == timing["ms_max"]
    bench.stop()


def test_video_that_changes_is_known_at_the_next_call(bench: IsolationBench) -> None:
    bench.video = None
    worker = bench.start(configured(settings={"fault": "exit", "where": "unit", "at": 1, "lives": 1}))
    bench.pid()
    bench.video = VideoInfo(320, 200, 5.0)
    bench.unit(1, key=True)
    bench.wait(lambda: len(bench.sent("life")) == 2)
    bench.stop()
    assert [life["video"] for life in bench.sent("life")] == [None, [320, 200, 5.0]]
    assert worker.report()["restarts"] == 1


def test_plugins_own_threads_can_emit_at_the_same_time(bench: IsolationBench) -> None:
    bench.start(configured(settings={"fault": "threads", "at": 1}))
    bench.frames(20)
    bench.wait(lambda: len(bench.sent("numbered")) == 100)
    bench.stop()
    for name in "abcd":
        numbers = [sent["number"] for sent in bench.sent("numbered") if sent["thread"] == name]
        assert numbers == list(range(25))


def test_plugin_that_prints_disturbs_nothing(bench: IsolationBench, capfd: Any) -> None:
    bench.start(configured(settings={"fault": "print", "at": 1}))
    bench.frames(5)
    bench.stop()
    assert bench.report()["status"] == "enabled"
    assert capfd.readouterr().out.count("a line from the plugin") == 5


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("raise", "RuntimeError: frame 5"),
        ("exit_politely", "SystemExit: 3"),
        ("write", "ValueError: assignment destination is read-only"),
        ("bad_result", "value['what'] is a object, which is no plain data"),
        (
            "bad_gap",
            "a message of kind 'gap' has another payload than this kind must have: KeyError: 'from_ns'",
        ),
        ("bad_level", "ValueError: there is no level 'loud'; levels are info, warning, error"),
        ("allocate", "MemoryError"),
    ],
)
def test_what_a_hook_raises_is_counted_as_on_a_thread(
    bench: IsolationBench, caplog: Any, fault: str, error: str
) -> None:
    bench.start(configured(settings={"fault": fault}))
    bench.frames(4)
    pid = bench.pid()
    bench.feed_until(lambda: bench.report()["status"] == "quarantined")
    bench.wait(lambda: not exists(pid))
    report = bench.report()
    assert report["restarts"] == 0
    assert report["counts"]["failures"] == 10
    first = next(line for line in caplog.messages if "analyze_frame: " in line)
    assert f"analyze_frame: {error}" in first
    # errors of picctv's own say all that there is to say
    assert caplog.text.count("Traceback") == (0 if fault in {"bad_result", "bad_gap"} else 1)
    bench.stop()


def test_full_disk_is_no_fault_of_the_plugin(bench: IsolationBench, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = bench.start(configured(settings={"fault": "threads", "where": "health"}))
    bench.frames(1)
    monkeypatch.setattr("picctv_core.node._spool_store.RESERVE_BYTES", 2**62)
    worker.inbox.put_result(Result("garage/door", "other", 5, {"full": True}))
    bench.frames(1)
    monkeypatch.undo()

    def heard() -> list[Any]:
        worker.inbox.put_result(Result("garage/door", "other", 6, {"full": False}))
        bench.frames(1)
        return bench.sent("heard")

    bench.wait(heard)
    bench.stop()
    assert worker.report()["counts"]["failures"] == 0
    assert not [said for said in bench.sent("heard") if said["data"]["full"]]
    assert [gap["cause"] for gap in bench.sent("gap")] == ["the node's disk was full"]


def test_run_options_of_the_node_count(bench: IsolationBench) -> None:
    config = configured(isolation="process", time_budget_s=1.5, memory_max="100 MB")
    assert config.run == RunOptions(isolation="process", time_budget_s=1.5, memory_max=100_000_000)
    bench.start(config)
    bench.frames(1)
    bench.stop()


TYPED = """
from picctv_core.hookspecs import hookimpl
from picctv_core.typed import ResultModel


class Count(ResultModel):
    people: int


class Typed:
    Result = Count

    def __init__(self, settings, camera): ...

    @hookimpl
    def picctv_analyze_frame(self, frame):
        return Count(people=frame.sequence) if frame.sequence < 2 else {"people": "many"}
"""


@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_typed_results_are_checked_where_they_are_made(
    bench: IsolationBench, make_distribution: Any, isolation: str
) -> None:
    points = {"picctv.node": {"typed": "typed_plugin:Typed"}}
    make_distribution("picctv-plugins-typed", points, {"typed_plugin.py": TYPED})
    bench.start(configured("typed", isolation=isolation))
    bench.frames(2)
    bench.feed_until(lambda: bench.report()["status"] == "quarantined")
    assert (
        "the result does not fit Count: people: Input should be a valid integer" in bench.report()["detail"]
    )
    assert [found.data for found in bench.results] == [{"people": 0}, {"people": 1}]
    bench.stop()
    assert bench.report()["counts"]["failures"] == 10
