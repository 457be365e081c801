"""A node on a machine whose clock is not set yet: what it saw before gets the right times as soon as NTP has answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.node.boot_clock import CAUSE, shifted
from picctv_core.node.clock_hold import NOT_SET, SET
from picctv_core.node.runs import FILE, KILLED_CAUSE, POWER_CAUSE, Away, Record
from picctv_core.node.spool import Delay, Spool
from picctv_core.testing import FakeClock
from tests.core.node_process import NodeProcess
from tests.faults import shim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

S = 1_000_000_000
STREET = "garage/street"
SINCE_1970_S = -time.time() + 60


class Machine:
    """A machine without a clock that runs while it is off, and a node on it."""

    def __init__(self, folder: Path, library: Path, server: Any, token: str) -> None:
        self.server = server
        self.clock = shim.Control(library, folder / "control")
        self.folder = folder
        self._token = token
        self._node: NodeProcess | None = None

    @property
    def node(self) -> NodeProcess:
        assert self._node is not None
        return self._node

    def start(self, wait_s: float = 300.0) -> None:
        if self._node is None:
            self._node = NodeProcess(
                self.folder,
                self.server.url,
                self._token,
                "[plugins.recording]\nsegment_s = 2\n[plugins.live]\nenabled = false\n",
                env=self.clock.env,
            )
            text = self._node.config.read_text()
            self._node.config.write_text(text.replace("[node]", f"[node]\nclock_wait_s = {wait_s}"))
        self._node.start()

    def boot(self) -> None:
        """Stand at the beginning of 1970, with nothing that keeps the clock."""
        self.clock.step_clock(SINCE_1970_S)
        self.clock.keep_clock(kept=False)

    def ntp_answers(self) -> None:
        self.clock.step_clock(0)
        self.clock.keep_clock(kept=True)

    def close(self) -> None:
        if self._node is not None:
            self._node.close()


@pytest.fixture
def machine(tmp_path: Path, uplink_server: Any, token: str) -> Iterator[Machine]:
    if (library := shim.build(tmp_path)) is None:
        pytest.skip("the clock is set by a library in C, and there is no C compiler")
    made = Machine(tmp_path, library, uplink_server, token)
    yield made
    made.close()


def results(server: Any) -> list[int]:
    """Give the times of all results that arrived, in the order in which they did."""
    return [at_ns for message in server.of_kind("results") for at_ns, _ in message.payload["items"]]


def told(server: Any, title: str) -> list[str]:
    return [one.payload["text"] for one in server.of_kind("notification") if one.payload["title"] == title]


def gaps(server: Any) -> dict[str, tuple[int, int]]:
    return {
        gap.payload["cause"]: (gap.payload["from_ns"], gap.payload["to_ns"])
        for gap in server.of_kind("gap")
        if gap.plugin == ""
    }


def waits(server: Any, count: int) -> Callable[[], bool]:
    return lambda: any(
        status["spool"]["waits_for_clock"] and status["spool"]["messages"] >= count
        for status in server.statuses
    )


def test_what_was_seen_before_ntp_answered_has_the_right_times(machine: Machine, uplink_server: Any) -> None:
    machine.boot()
    began_ns = time.time_ns()
    machine.start()
    uplink_server.wait_for(waits(uplink_server, 5), 60)
    assert uplink_server.messages == []
    machine.ntp_answers()
    set_ns = time.time_ns()
    uplink_server.wait_for(
        lambda: results(uplink_server) and max(results(uplink_server)) > set_ns + 3 * S, 60
    )
    machine.node.stop()
    found = results(uplink_server)
    assert found == sorted(found)
    assert began_ns < found[0] < set_ns
    assert found[-1] < time.time_ns()
    clips = uplink_server.of_kind("clip")
    assert began_ns < clips[0].payload["started_at_ns"] < set_ns
    for clip in clips:
        times = [unit[0] for unit in clip.payload["units"]]
        assert (clip.captured_at_ns, times[0]) == (
            clip.payload["started_at_ns"],
            clip.payload["started_at_ns"],
        )
        assert max(times) < clip.payload["ended_at_ns"] <= max(times) + S
    ((cause, (from_ns, to_ns)),) = gaps(uplink_server).items()
    assert cause == CAUSE
    assert not [at_ns for at_ns in found if from_ns < at_ns < to_ns]
    assert to_ns - from_ns < 10 * S
    (text,) = told(uplink_server, SET)
    assert "The times of " in text
    assert "had gone to the server" not in text


def test_messages_do_not_wait_for_ever(machine: Machine, uplink_server: Any) -> None:
    machine.boot()
    machine.start(wait_s=2.0)
    uplink_server.wait_for(lambda: told(uplink_server, NOT_SET) and results(uplink_server), 60)
    assert max(results(uplink_server)) < 3600 * S
    machine.ntp_answers()
    uplink_server.wait_for(lambda: told(uplink_server, SET), 60)
    uplink_server.wait_for(lambda: results(uplink_server)[-1] > time.time_ns() - 3 * S, 60)
    machine.node.stop()
    (text,) = told(uplink_server, SET)
    assert "had gone to the server already, with the wrong times" in text


def test_node_that_was_killed_before_ntp_answered_corrects_what_it_finds(
    machine: Machine, uplink_server: Any
) -> None:
    machine.boot()
    began_ns = time.time_ns()
    machine.start()
    uplink_server.wait_for(waits(uplink_server, 5), 60)
    machine.node.kill()
    killed_ns = time.time_ns()
    machine.ntp_answers()
    machine.start()
    uplink_server.wait_for(lambda: results(uplink_server) and max(results(uplink_server)) > killed_ns, 60)
    machine.node.stop()
    found = results(uplink_server)
    assert began_ns < found[0] < killed_ns
    assert all(began_ns < at_ns < time.time_ns() for at_ns in found)
    from_ns, to_ns = gaps(uplink_server)[KILLED_CAUSE]
    assert began_ns < from_ns <= killed_ns < to_ns
    assert len(told(uplink_server, SET)) == 1


def test_gap_from_before_the_boot_is_told_when_its_length_is_known(
    machine: Machine, uplink_server: Any
) -> None:
    before_ns = time.time_ns() - 3600 * S
    data = machine.folder / "data"
    data.mkdir()
    Record(before_ns, "another boot", False, 0, None, {STREET: Away(before_ns, "")}).write(data / FILE)
    machine.boot()
    began_ns = time.time_ns()
    machine.start()
    uplink_server.wait_for(waits(uplink_server, 3), 60)
    machine.ntp_answers()
    uplink_server.wait_for(lambda: CAUSE in gaps(uplink_server), 60)
    machine.node.stop()
    stretches = sorted(
        (gap.payload["from_ns"], gap.payload["to_ns"])
        for gap in uplink_server.of_kind("gap")
        if gap.payload["cause"] == POWER_CAUSE
    )
    # Until the node began, and from there to the first picture.
    assert [stretches[0][0], stretches[0][1]] == [before_ns, stretches[1][0]]
    assert began_ns < stretches[1][0] < stretches[1][1] < time.time_ns()


def test_clock_that_something_keeps_holds_nothing_back(machine: Machine, uplink_server: Any) -> None:
    machine.clock.keep_clock(kept=True)
    machine.start()
    uplink_server.wait_for(lambda: results(uplink_server), 60)
    machine.node.stop()
    assert not any(status["spool"]["waits_for_clock"] for status in uplink_server.statuses)
    assert gaps(uplink_server) == {}


NESTED = st.recursive(
    st.integers() | st.text() | st.binary() | st.none(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["at_ns", "items", "score", "units"]), inner)
    ),
)


@given(NESTED)
def test_shift_keeps_the_form_and_can_be_undone(value: Any) -> None:
    there = shifted(value, lambda at_ns: at_ns + 5)
    assert shifted(there, lambda at_ns: at_ns - 5) == value


def test_shift_finds_times_and_nothing_else() -> None:
    value = {
        "items": [[7, {"score": 7, "peak_at_ns": 7}], [9, None]],
        "units": [[7, True, b"7"]],
        "details": {"tracks": [{"from_ns": 7, "id": 7}], "is_ns": True},
    }
    assert shifted(value, lambda at_ns: at_ns + 100 if at_ns < 9 else at_ns) == {
        "items": [[107, {"score": 7, "peak_at_ns": 107}], [9, None]],
        "units": [[107, True, b"7"]],
        "details": {"tracks": [{"from_ns": 107, "id": 7}], "is_ns": True},
    }


@pytest.mark.parametrize("delayed", [False, True])
def test_correction_changes_what_is_of_the_run_and_waits(tmp_path: Path, delayed: bool) -> None:
    clock = FakeClock(1000 * S)
    spool = Spool(tmp_path / "spool.db", clock, delay=Delay(30.0, 10**6) if delayed else Delay())

    def add(at_ns: int) -> str:
        payload = {"items": [[at_ns, at_ns]]}
        return spool.append(camera="n/c", plugin="p", kind="results", payload=payload, captured_at_ns=at_ns)

    before = add(999 * S)
    sequence = spool.beat().result().given
    wrong = add(1000 * S)
    other = add(5 * S)
    corrected = spool.correct(50 * S, sequence=sequence, began_ns=990 * S, ended_ns=1001 * S).result()
    assert corrected == 2
    found = {stored.id: stored for stored in spool.take(10**6, priorities=(0, 2)).result()}
    times = {
        name: found[message_id].captured_at_ns
        for name, message_id in (("before", before), ("wrong", wrong), ("other", other))
    }
    assert times == {"before": 999 * S, "wrong": 1050 * S, "other": 5 * S}
    assert spool.stats().result().set_aside == 0
    spool.close()
