"""When a node did not run: a gap of each camera, from the last thing that is durable to the first picture after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.node.runs import (
    INTERVAL_S,
    KILLED_CAUSE,
    POWER_CAUSE,
    STOPPED_CAUSE,
    Away,
    Boot,
    Heartbeat,
    Record,
)
from picctv_core.node.spool import Spool
from picctv_core.testing import FakeClock
from tests.core.node_process import NodeProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

S = 1_000_000_000
DOOR = "garage/door"
BEAT_NS = round(INTERVAL_S * S)


def record(*, stopped: bool = False, away: Away | None = None) -> Record:
    return Record(100 * S, "boot-1", stopped, 7, None, {DOOR: away or Away(100 * S, "")})


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "alive.json"
    assert Record.read(path) is None
    written = record(away=Away(5 * S, "camera away: unplugged"))
    written.write(path)
    assert Record.read(path) == written


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at_ns": 1}', '{"cameras": 3}', "\x00" * 300])
def test_record_that_is_damaged_is_told_and_no_error(tmp_path: Path, caplog: Any, text: str) -> None:
    path = tmp_path / "alive.json"
    path.write_text(text)
    assert Record.read(path) is None
    assert "can't be read, so it is not known when the node ran last" in caplog.text


def test_cause_tells_a_stop_from_a_kill_and_from_lost_power() -> None:
    assert record(stopped=True).away(DOOR, {}, Boot("boot-2", 0)) == Away(100 * S, STOPPED_CAUSE)
    assert record().away(DOOR, {}, Boot("boot-1", 0)) == Away(100 * S, KILLED_CAUSE, 100 * S + BEAT_NS)
    assert record().away(DOOR, {}, Boot("boot-2", 0)) == Away(100 * S, POWER_CAUSE, 100 * S + BEAT_NS)
    assert record().away("garage/new", {}, Boot("boot-1", 0)) is None


def test_a_node_may_have_gone_on_after_its_last_record_for_as_long_as_the_machine_has() -> None:
    """While something is being lost no record is written; and the wall clock may have been set back since."""
    before = replace(record(), up_ns=40 * S)
    assert before.away(DOOR, {}, Boot("boot-1", 47 * S)) == Away(100 * S, KILLED_CAUSE, 107 * S)
    assert before.away(DOOR, {}, Boot("boot-2", 47 * S)) == Away(100 * S, POWER_CAUSE, 100 * S + BEAT_NS)


def test_gap_begins_with_the_results_that_were_in_memory() -> None:
    newest = {
        (DOOR, "motion"): 103 * S,
        (DOOR, "slow"): 102 * S,
        (DOOR, "seldom"): 50 * S,
        ("garage/yard", "x"): 104 * S,
    }
    assert record().away(DOOR, newest, Boot("boot-1", 0)) == Away(102 * S, KILLED_CAUSE, 103 * S + BEAT_NS)


def test_camera_that_was_away_when_the_node_ended_stays_away() -> None:
    away = Away(60 * S, "camera away: unplugged")
    killed = record(away=away).away(DOOR, {}, Boot("boot-1", 0))
    assert killed == Away(60 * S, f"camera away: unplugged; then {KILLED_CAUSE}")
    assert record(away=killed).away(DOOR, {}, Boot("boot-1", 0)) == killed
    assert record(away=killed).away(DOOR, {}, Boot("boot-2", 0)) == Away(
        60 * S, f"camera away: unplugged; then {KILLED_CAUSE}; then {POWER_CAUSE}"
    )


def test_gap_of_what_was_in_memory_reaches_back_as_far_as_the_delay() -> None:
    lazy = replace(record(), delay_s=30.0, interval_s=10.0, began_ns=20 * S)
    assert lazy.away(DOOR, {}, Boot("boot-1", 0)) == Away(70 * S, KILLED_CAUSE, 110 * S)
    assert lazy.away(DOOR, {(DOOR, "motion"): 104 * S}, Boot("boot-1", 0)) == Away(
        74 * S, KILLED_CAUSE, 114 * S
    )
    # Never into the run before: that one has told its own end.
    assert replace(lazy, began_ns=90 * S).away(DOOR, {}, Boot("boot-1", 0)) == Away(
        90 * S, KILLED_CAUSE, 110 * S
    )
    assert replace(lazy, is_stopped=True).away(DOOR, {}, Boot("boot-1", 0)) == Away(100 * S, STOPPED_CAUSE)


def test_clip_of_a_camera_that_had_just_gone_may_have_been_in_memory() -> None:
    lazy = replace(record(away=Away(95 * S, "unplugged")), delay_s=30.0)
    assert lazy.away(DOOR, {}, Boot("boot-1", 0)) == Away(60 * S, f"unplugged; then {KILLED_CAUSE}")
    long_ago = replace(record(away=Away(5 * S, "unplugged")), delay_s=30.0)
    assert long_ago.away(DOOR, {}, Boot("boot-1", 0)) == Away(5 * S, f"unplugged; then {KILLED_CAUSE}")


def test_beat_says_until_when_all_is_known(tmp_path: Path) -> None:
    clock = FakeClock(200 * S)
    spool = Spool(tmp_path / "spool.db", clock)
    away: Away | None = Away(150 * S, "camera away: unplugged")
    beats = Heartbeat(tmp_path / "alive.json", spool, clock, {DOOR: lambda: away})
    spool.append(camera=DOOR, plugin="p", kind="note", payload=1, captured_at_ns=190 * S)
    beats.beat()
    found = Record.read(tmp_path / "alive.json")
    assert found is not None
    assert (found.at_ns, found.is_stopped, found.sequence, found.waiting_from_ns) == (
        200 * S,
        False,
        1,
        190 * S,
    )
    assert found.cameras == {DOOR: away}
    away = None
    clock.advance(5)
    beats.beat(is_stopped=True)
    found = Record.read(tmp_path / "alive.json")
    assert found is not None
    assert (found.is_stopped, found.cameras) == (True, {DOOR: Away(205 * S, "")})
    spool.close()


def test_beat_does_not_pass_over_what_is_being_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(200 * S)
    spool = Spool(tmp_path / "spool.db", clock)
    beats = Heartbeat(tmp_path / "alive.json", spool, clock, {DOOR: lambda: None})
    beats.beat()
    monkeypatch.setattr("picctv_core.node._spool_store.RESERVE_BYTES", 2**62)  # as if the disk were full
    lost = spool.post(camera=DOOR, plugin="p", kind="note", payload=1, captured_at_ns=201 * S)
    assert lost.exception() is not None
    clock.advance(60)
    beats.beat()
    found = Record.read(tmp_path / "alive.json")
    assert found is not None
    assert found.cameras == {DOOR: Away(200 * S, "")}
    spool.close()


@pytest.fixture
def node(tmp_path: Path, uplink_server: Any, token: str) -> Iterator[NodeProcess]:
    """A node with one synthetic camera and motion, in a process of its own."""
    made = NodeProcess(tmp_path, uplink_server.url, token, "[plugins.recording]\nenabled = false\n")
    yield made
    made.close()


def results(server: Any) -> list[int]:
    """Give the times of all results that arrived."""
    return sorted(at_ns for message in server.of_kind("results") for at_ns, _ in message.payload["items"])


def test_time_of_a_killed_node_is_one_gap_that_touches_what_arrived(
    node: NodeProcess, uplink_server: Any
) -> None:
    node.start()
    uplink_server.wait_for(lambda: len(results(uplink_server)) > 30, 30)
    node.kill()
    before = results(uplink_server)
    node.start()
    uplink_server.wait_for(lambda: uplink_server.of_kind("gap"), 30)
    uplink_server.wait_for(lambda: len(results(uplink_server)) > len(before) + 15, 30)
    node.stop()
    (gap,) = uplink_server.of_kind("gap")
    from_ns, to_ns = gap.payload["from_ns"], gap.payload["to_ns"]
    assert (gap.camera, gap.plugin, gap.payload["cause"]) == ("garage/street", "", KILLED_CAUSE)
    found = results(uplink_server)
    assert len(set(found)) == len(found)
    assert not [at_ns for at_ns in found if from_ns < at_ns < to_ns]
    # Nothing is missing before it nor after it: the pictures stand a tenth of a second apart.
    assert max(at_ns for at_ns in found if at_ns <= from_ns) == from_ns
    assert min(at_ns for at_ns in found if at_ns >= to_ns) - to_ns < S


def test_event_that_is_open_at_a_kill_is_ended_by_the_next_start(
    tmp_path: Path, run_node: Any, uplink_server: Any, cameras: Any
) -> None:
    (tmp_path / "data").mkdir()
    spool = Spool(tmp_path / "data" / "spool.db", FakeClock())
    event = {"event_id": "e", "started_at_ns": 5 * S, "ended_at_ns": None, "peak_at_ns": 6 * S}
    spool.append(camera=DOOR, plugin="flip", kind="event", payload=event, captured_at_ns=5 * S)
    spool.close()
    run_node(cameras.config(cameras.play(0)))
    uplink_server.wait_for(lambda: len(uplink_server.of_kind("event")) == 2)
    assert uplink_server.of_kind("event")[1].payload == event | {"ended_at_ns": 6 * S}


def test_time_of_a_stopped_node_is_a_gap_too(node: NodeProcess, uplink_server: Any) -> None:
    node.start()
    uplink_server.wait_for(lambda: len(results(uplink_server)) > 15, 30)
    node.stop()
    last_ns = results(uplink_server)[-1]
    node.start()
    uplink_server.wait_for(lambda: uplink_server.of_kind("gap"), 30)
    node.stop()
    (gap,) = uplink_server.of_kind("gap")
    assert gap.payload["cause"] == STOPPED_CAUSE
    assert last_ns <= gap.payload["from_ns"] < last_ns + 3 * S
    assert gap.payload["to_ns"] > gap.payload["from_ns"]


def test_clip_in_the_making_survives_a_kill_and_what_is_missing_is_a_gap(
    tmp_path: Path, uplink_server: Any, token: str
) -> None:
    node = NodeProcess(tmp_path, uplink_server.url, token)
    folder = node.data / "plugins" / "street" / "recording"
    try:
        node.start()
        uplink_server.wait_for(
            lambda: any(path.stat().st_size > 100_000 for path in folder.glob("*.open")), 60
        )
        node.kill()
        assert uplink_server.of_kind("clip") == []
        node.start()
        uplink_server.wait_for(lambda: uplink_server.of_kind("clip"), 30)
        uplink_server.wait_for(lambda: len(uplink_server.of_kind("gap")) == 2, 30)
        node.stop()
    finally:
        node.close()
    clip, after = uplink_server.of_kind("clip")[:2]
    gaps = {gap.plugin: gap.payload for gap in uplink_server.of_kind("gap")}
    assert set(gaps) == {"", "recording"}
    # Video, then the recording's gap until the restart, then the camera's until its first picture, then video.
    assert gaps["recording"]["from_ns"] == clip.payload["ended_at_ns"]
    assert gaps["recording"]["to_ns"] > gaps[""]["from_ns"]
    assert gaps[""]["to_ns"] == after.payload["started_at_ns"]
