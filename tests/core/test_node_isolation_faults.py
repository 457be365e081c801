"""What a plugin in a process of its own can do to itself, and what the node makes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from picctv_core.testing import FakeClock
from tests.core.isolation import IsolationBench, configured, exists

S = 1_000_000_000


@pytest.fixture
def bench(isolation_bench: IsolationBench) -> IsolationBench:
    return isolation_bench


def lives(bench: IsolationBench) -> list[int]:
    """Give the process ids of all lives of the plugin, those that did not come far, too."""
    return [int(line) for line in (bench.folder / "data" / "lives").read_text().splitlines()]


SEGFAULT = "ended by SIGSEGV (segmentation fault)"
LATE = "took longer than its time budget of 1 s in analyze_frame"


@pytest.mark.parametrize(
    ("fault", "reason", "run"),
    [
        ("segfault", SEGFAULT, {}),
        ("write_raw", SEGFAULT, {}),
        ("exit", "ended with exit code 3", {}),
        ("sleep", LATE, {"time_budget_s": 1}),
        ("hold", LATE, {"time_budget_s": 1}),
        ("regex", LATE, {"time_budget_s": 1}),
        ("close", "closed its lines to the node", {}),
        ("leak_shared", "more than its memory_max of 120 MB", {"memory_max": "120 MB"}),
        ("leak", "more than its memory_max of 120 MB", {"memory_max": "120 MB"}),
    ],
)
def test_process_that_ends_is_started_again(
    bench: IsolationBench, fault: str, reason: str, run: dict[str, Any]
) -> None:
    bench.start(configured(settings={"fault": fault, "lives": 1}, **run), pauses=(0.3, 0.3))
    bench.frames(4)
    first = bench.pid()
    bench.feed_until(lambda: bench.report()["status"] == "restarting")
    assert reason in bench.report()["detail"]
    assert not exists(first)
    bench.feed_until(lambda: bench.results[-1].data["life"] == 2)
    report = bench.report()
    assert (report["status"], report["detail"], report["restarts"]) == ("enabled", "", 1)
    assert bench.changes[:2] == ["restarting", "enabled"]
    (note,) = bench.sent("notification")
    assert (note["level"], note["title"]) == ("warning", "faulty is started again on Door")
    assert reason in note["text"]
    bench.stop()
    assert not any(map(exists, lives(bench)))


def test_process_killed_from_outside_while_idle_is_started_again(bench: IsolationBench) -> None:
    bench.start(configured())
    first = bench.pid()
    os.kill(first, signal.SIGKILL)
    bench.wait(lambda: len(bench.sent("life")) == 2)
    assert "ended by SIGKILL (killed)" in bench.sent("notification")[0]["text"]
    bench.frames(2)
    assert bench.results[-1].data["life"] == 2
    bench.stop()


def test_stopped_process_is_ended_when_its_time_is_over(bench: IsolationBench) -> None:
    bench.start(configured(time_budget_s=1))
    bench.frames(1)
    os.kill(bench.pid(), signal.SIGSTOP)
    bench.feed_until(lambda: len(bench.sent("life")) == 2)
    assert LATE in bench.sent("notification")[0]["text"]
    bench.stop()


def test_signals_for_the_whole_group_leave_it_to_the_node(bench: IsolationBench) -> None:
    bench.start(configured())
    pid = bench.pid()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    bench.frames(3)
    assert bench.report()["restarts"] == 0
    bench.stop()


def test_five_ends_in_a_row_end_in_quarantine(bench: IsolationBench, caplog: Any) -> None:
    bench.start(configured(settings={"fault": "segfault", "at": 1}))
    bench.feed_until(lambda: bench.report()["status"] == "quarantined")
    bench.wait(bench.worker.inbox._items.empty)
    report = bench.report()
    assert report["detail"] == f"it ended 5 times in a row; the last time it {SEGFAULT}"
    assert (report["restarts"], len(lives(bench))) == (4, 5)
    bench.stop()
    notes = [(note["level"], note["title"]) for note in bench.sent("notification")]
    assert notes == [
        ("warning", "faulty is started again on Door"),
        ("error", "faulty is quarantined on Door"),
    ]
    assert sum("it is started again in" in line for line in caplog.messages) == 4


def test_end_after_a_steady_minute_counts_as_the_first(bench: IsolationBench) -> None:
    bench.clock = clock = FakeClock(100 * S)  # type: ignore[assignment]
    bench.start(configured())
    for life in range(1, 6):
        bench.wait(lambda life=life: len(bench.sent("life")) == life)  # type: ignore[misc]
        clock.advance(61)
        os.kill(bench.pid(), signal.SIGKILL)
    bench.wait(lambda: len(bench.sent("life")) == 6)
    assert bench.report()["restarts"] == 5
    bench.stop()
    # one for each ten minutes
    assert len(bench.sent("notification")) == 1


@pytest.mark.parametrize("where", ["started", "health", "unit"])
def test_process_may_end_in_any_hook(bench: IsolationBench, where: str) -> None:
    worker = bench.start(configured(settings={"fault": "exit", "where": where, "at": 1, "lives": 1}))
    if where != "started":
        bench.pid()
    worker.inbox.ask_health()
    bench.unit(1, key=True)
    bench.wait(lambda: any(life["life"] == 2 for life in bench.sent("life")))
    bench.stop()
    assert worker.report()["restarts"] == 1
    assert [stopped["life"] for stopped in bench.sent("stopped")] == [2]


def test_process_that_does_not_start_in_time_is_ended(
    bench: IsolationBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTY_IMPORT", "hang")
    monkeypatch.setattr("picctv_core.node.remote.START_S", 0.6)
    bench.start(configured(time_budget_s=0.2), pauses=(0.01, 0.01))
    bench.wait(lambda: bench.report()["status"] == "quarantined")
    detail = bench.report()["detail"]
    assert detail == "it ended 5 times in a row; the last time it did not start within 0.6 s"
    bench.stop()


@pytest.mark.parametrize(
    ("where", "detail"),
    [("made", "RuntimeError: frame 0"), ("started", "camera_started: RuntimeError: frame 0")],
)
def test_plugin_that_can_not_start_is_failing(bench: IsolationBench, where: str, detail: str) -> None:
    bench.start(configured(settings={"fault": "raise", "where": where, "at": 1}))
    bench.wait(lambda: bench.report()["status"] == "failing")
    assert bench.report()["detail"] == detail
    bench.wait(lambda: not exists(lives(bench)[0]))
    assert bench.report()["restarts"] == 0
    bench.stop()
    assert [note["text"] for note in bench.sent("notification")] == [detail]


def test_plugin_that_can_be_imported_in_the_node_only_is_failing(
    bench: IsolationBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTY_IMPORT", "raise")
    bench.start(configured())
    bench.wait(lambda: bench.report()["status"] == "failing")
    assert bench.report()["detail"] == "RuntimeError: no model found"
    bench.stop()


def test_units_lost_with_a_process_leave_a_gap(bench: IsolationBench) -> None:
    bench.start(configured(settings={"fault": "exit", "where": "unit", "at": 4, "lives": 1}))
    for at_s in range(1, 21):
        bench.unit(at_s, key=at_s in {1, 8, 15})
    bench.wait(lambda: len(bench.sent("first")) == 2)
    bench.stop()
    (gap,) = bench.sent("gap")
    assert gap == {
        "from_ns": 4 * S,
        "to_ns": 8 * S,
        "cause": "plugin faulty ended with exit code 3",
        "bytes": 40,
    }
    assert [first["at_ns"] // S for first in bench.sent("first")] == [1, 8]
    (stopped,) = bench.sent("stopped")
    assert stopped["units"] == 13


def test_units_lost_for_good_leave_a_gap_to_the_last(bench: IsolationBench) -> None:
    worker = bench.start(
        configured(settings={"fault": "exit", "where": "unit", "at": 4, "lives": 1}), pauses=(60, 60)
    )
    for at_s in range(1, 21):
        bench.unit(at_s, key=at_s == 1)
    bench.wait(lambda: worker.report()["status"] == "restarting")
    began = time.monotonic()
    bench.stop()
    assert time.monotonic() - began < 5  # and not the pause of 60 s
    (gap,) = bench.sent("gap")
    assert (gap["from_ns"], gap["to_ns"], gap["bytes"]) == (4 * S, 20 * S, 170)


def test_units_that_no_process_ever_had_leave_a_gap(bench: IsolationBench) -> None:
    worker = bench.start(configured(settings={"fault": "exit", "where": "started"}), pauses=(60, 60))
    bench.wait(lambda: worker.report()["status"] == "restarting")
    for at_s in range(1, 4):
        bench.unit(at_s, key=at_s == 1)
    bench.stop()
    (gap,) = bench.sent("gap")
    assert gap == {
        "from_ns": S,
        "to_ns": 3 * S,
        "cause": "plugin faulty ended with exit code 3",
        "bytes": 30,
    }


def test_hang_when_the_node_stops_is_ended_in_time(bench: IsolationBench, caplog: Any) -> None:
    bench.start(configured(settings={"fault": "hold", "where": "stopped"}))
    pid = bench.pid()
    began = time.monotonic()
    bench.stop(timeout_s=0.5)
    assert time.monotonic() - began < 5
    assert not exists(pid)
    assert not bench.worker._thread.is_alive()
    assert "plugin faulty did not stop in time and was ended" in caplog.text


def test_hang_in_units_when_the_node_stops_leaves_a_gap(bench: IsolationBench) -> None:
    bench.start(configured(settings={"fault": "sleep", "where": "unit", "at": 2}))
    pid = bench.pid()
    for at_s in range(1, 5):
        bench.unit(at_s, key=at_s == 1)
    bench.wait(lambda: bench.sent("first"))
    bench.stop(timeout_s=0.2)
    assert not exists(pid)
    covered = sorted((gap["from_ns"] // S, gap["to_ns"] // S) for gap in bench.sent("gap"))
    assert covered == [(2, 2), (3, 4)]


def test_node_that_stops_while_a_process_starts_leaves_nothing(
    bench: IsolationBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTY_IMPORT", "hang")
    worker = bench.start(configured())
    bench.wait(lambda: getattr(worker._host, "_process", None) is not None)
    pid: int = worker._host._process.pid  # type: ignore[union-attr]
    bench.stop(timeout_s=0.1)
    assert not worker._thread.is_alive()
    assert not exists(pid)


@pytest.mark.parametrize("ends", [True, False])
def test_what_a_plugin_has_started_ends_with_it(bench: IsolationBench, ends: bool) -> None:
    bench.start(configured(settings={"fault": "child", "at": 1, "where": "frame" if ends else "started"}))
    bench.feed_until(lambda: bench.sent("child"))
    bench.stop()
    children = [child["pid"] for child in bench.sent("child")]
    assert children
    bench.wait(lambda: not any(_runs(pid) for pid in children))


def _runs(pid: int) -> bool:
    """Say whether a process that is no child of ours runs; whoever has adopted it may not have seen it off yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_process_ends_with_a_node_that_is_killed(bench: IsolationBench, tmp_path: Path) -> None:
    """Both the plugin that waits, and the one that holds the interpreter's lock for ever."""
    script = f"""
        import sys, time
        sys.path[:] = {sys.path!r}
        from pathlib import Path
        from tests.core.isolation import IsolationBench, configured
        settings = {{"fault": "hold", "at": int(sys.argv[1])}}
        bench = IsolationBench(Path(sys.argv[2]))
        bench.start(configured(settings=settings))
        bench.frames(1)
        bench.frame()
        print(bench.pid(), flush=True)
        time.sleep(600)
    """
    for at in (2, 1000):
        folder = tmp_path / str(at)
        folder.mkdir()
        command = [sys.executable, "-c", textwrap.dedent(script), str(at), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
            assert node.stdout is not None
            pid = int(node.stdout.readline())
            assert _runs(pid)
            node.kill()
        bench_ends_s = time.monotonic() + 5
        while _runs(pid):
            assert time.monotonic() < bench_ends_s
            time.sleep(0.01)
    bench.start(configured())
    bench.frames(1)
    bench.stop()
