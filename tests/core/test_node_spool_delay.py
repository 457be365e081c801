"""Durability on delay: what is acknowledged in time never reaches the disk, and nothing else is missing there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picctv_core import codec
from picctv_core.clock import SystemClock
from picctv_core.errors import SpoolError
from picctv_core.node.spool import QUOTA_CAUSE, Delay, Spool, Stored
from picctv_core.node.spool_view import look
from picctv_core.node.witness import Witness
from picctv_core.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from picctv_core.node._spool_store import Store

S = 1_000_000_000
NOW_NS = 1000 * S
DELAY = Delay(delay_s=30.0, max_bytes=100_000)


class Held:
    """A spool that holds messages in memory, and its clock."""

    def __init__(self, folder: Path, delay: Delay = DELAY, **options: Any) -> None:
        self.path = folder / "spool.db"
        self.clock = FakeClock(NOW_NS)
        self.spool = Spool(self.path, self.clock, delay=delay, **options)

    def add(self, kind: str = "note", payload: Any = None, at_ns: int | None = None) -> str:
        at_ns = self.clock.now_ns() if at_ns is None else at_ns
        return self.spool.append(camera="n/c", plugin="p", kind=kind, payload=payload, captured_at_ns=at_ns)

    def clip(self, start_ns: int, size: int = 10) -> str:
        payload = {"started_at_ns": start_ns, "ended_at_ns": start_ns + 10 * S, "units": [bytes(size)]}
        return self.add("clip", payload, start_ns)

    def wait(self, seconds: float) -> None:
        """Let time pass, and the spool notice it."""
        self.clock.advance(seconds)
        self.spool.stats().result()
        self.spool.stats().result()

    def on_disk(self) -> int:
        """Count what a power cut would leave."""
        return sum(group.messages for group in look(self.path).waiting)

    def killed(self, folder: Path, witness: Witness | None = None) -> Spool:
        """Give a spool of what a power cut would leave."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in self.path.parent.glob("spool.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, folder)
        return Spool(folder / "spool.db", self.clock, witness=witness)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    made = Held(tmp_path)
    yield made
    made.spool.close()


def take_all(spool: Spool) -> list[Stored]:
    found = [*spool.take(10**9, priorities=(0, 2)).result()]
    spool.release().result()
    return found


def test_message_that_is_acknowledged_in_time_is_never_written(held: Held) -> None:
    files = [held.path, held.path.with_name("spool.db-wal")]
    before = [file.read_bytes() for file in files]
    for _ in range(50):
        ids = [held.add(payload=bytes(1000)), held.add("results", {"items": [[held.clock.now_ns(), 1]]})]
        assert [stored.id for stored in take_all(held.spool)] == ids
        held.wait(5)
        held.spool.delete(ids).result()
    assert [file.read_bytes() for file in files] == before


def test_message_that_is_not_acknowledged_in_time_is_on_the_disk(held: Held, tmp_path: Path) -> None:
    first = held.add(payload="first")
    held.wait(29)
    second = held.add(payload="second")
    assert held.on_disk() == 0
    held.wait(1)
    assert held.on_disk() == 2  # one write for all that is there
    stats = held.spool.stats().result()
    assert (stats.messages, stats.memory_messages, stats.memory_bytes) == (2, 0, 0)
    survivor = held.killed(tmp_path / "copy")
    assert [(stored.id, stored.sequence) for stored in take_all(survivor)] == [(first, 1), (second, 2)]
    survivor.close()


def test_spool_wakes_up_by_itself_when_something_is_due(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", SystemClock(), delay=Delay(0.2, 1000))
    at_ns = SystemClock().now_ns()
    spool.append(camera="n/c", plugin="p", kind="note", payload=1, captured_at_ns=at_ns)
    wal = tmp_path / "spool.db-wal"
    size = wal.stat().st_size
    until_s = SystemClock().monotonic() + 10
    while wal.stat().st_size == size:
        assert SystemClock().monotonic() < until_s
    spool.close()


def test_age_counts_from_the_capture(held: Held) -> None:
    held.clip(NOW_NS - 31 * S)  # one that a killed run left, for example
    assert held.on_disk() == 1
    held.clip(NOW_NS - 20 * S)
    assert held.on_disk() == 1
    held.wait(10)
    assert held.on_disk() == 2


def test_what_memory_has_no_room_for_is_written_at_once(held: Held) -> None:
    large = held.clip(NOW_NS, 90_000)
    small = held.add(payload=bytes(20_000))
    assert held.on_disk() == 1
    held.spool.delete([large]).result()
    third = held.add(payload=bytes(20_000))
    assert held.on_disk() == 1
    assert [stored.id for stored in take_all(held.spool)] == [small, third]


def test_closing_writes_everything(held: Held) -> None:
    ids = [held.clip(NOW_NS), held.add()]
    held.spool.close()
    assert held.on_disk() == 2
    again = Spool(held.path, held.clock)
    assert {stored.id for stored in take_all(again)} == set(ids)
    again.close()


def test_quota_counts_memory_and_disk(tmp_path: Path) -> None:
    held = Held(tmp_path, max_bytes=50_000)
    first = held.clip(NOW_NS - 40 * S, 30_000)
    second = held.clip(NOW_NS, 30_000)
    left = take_all(held.spool)
    assert first not in {stored.id for stored in left}
    assert second in {stored.id for stored in left}
    (gap,) = [codec.unpack(stored.payload) for stored in left if stored.kind == "gap"]
    assert (gap["from_ns"], gap["cause"]) == (NOW_NS - 40 * S, QUOTA_CAUSE)
    held.spool.close()


def test_message_that_is_set_aside_goes_to_the_disk(held: Held) -> None:
    message_id, other = held.add(), held.add()
    held.spool.set_aside(message_id, "no").result()
    view = look(held.path)
    assert [(aside.id, aside.reason) for aside in view.aside] == [(message_id, "no")]
    assert [stored.id for stored in take_all(held.spool)] == [other]


def test_event_that_the_server_knows_of_is_ended_after_a_kill(held: Held, tmp_path: Path) -> None:
    event = {"event_id": "e", "started_at_ns": NOW_NS, "ended_at_ns": None, "peak_at_ns": NOW_NS + 5}
    held.spool.delete([held.add("event", event)]).result()
    survivor = held.killed(tmp_path / "copy")
    assert survivor.end_open_events().result() == 1
    (ended,) = take_all(survivor)
    assert codec.unpack(ended.payload) == event | {"ended_at_ns": NOW_NS + 5}
    survivor.close()


def test_number_that_was_only_in_memory_is_not_given_again(held: Held, tmp_path: Path) -> None:
    held.spool.delete([held.add(), held.add()]).result()
    beat = held.spool.beat().result()
    assert (beat.sequence, beat.given) == (0, 2)
    held.add()
    survivor = held.killed(tmp_path / "copy", Witness(beat.sequence, beat.given))
    survivor.append(camera="n/c", plugin="p", kind="note", payload=1, captured_at_ns=1)
    (stored,) = take_all(survivor)
    assert stored.sequence > 3
    survivor.close()


def test_file_that_breaks_takes_nothing_with_it_that_is_in_memory(held: Held) -> None:
    for _ in range(50):
        held.add(payload=bytes(5000), at_ns=0)
    ids = [held.add(payload="in memory") for _ in range(3)]

    def spoil(store: Store) -> None:
        # Every tree's root. The cache is dropped, so that the next look at the file meets it.
        store.connection.execute("COMMIT")
        store.connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
        size = held.path.stat().st_size
        with held.path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))
        store.connection.execute("PRAGMA shrink_memory")
        store.connection.execute("PRAGMA main.cache_size = 1")
        store.connection.execute("BEGIN")

    held.spool._thread.submit(spoil).result()
    held.wait(30)
    assert set(ids) <= {stored.id for stored in take_all(held.spool)}
    assert len(list(held.path.parent.glob("*.damaged"))) == 1


def test_disk_without_room_is_tried_again(held: Held, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    message_id = held.add()
    monkeypatch.setattr("picctv_core.node._spool_store.RESERVE_BYTES", 2**62)  # as if the disk were full
    held.wait(30)
    assert held.on_disk() == 0
    with pytest.raises(SpoolError, match="the disk is full"):
        held.spool.flush()
    assert [stored.id for stored in take_all(held.spool)] == [message_id]
    monkeypatch.undo()
    held.wait(5)
    assert held.on_disk() == 1
    assert "the disk is full" in caplog.text


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "clip", "old", "gap", "take", "ack", "release", "aside", "wait", "kill"]),
        st.integers(1, 3000),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_kill_loses_only_what_is_younger_than_the_delay(tmp_path_factory: Any, steps: Any) -> None:
    """A model: a list of messages, sorted by urgency and age, of which a kill may take those of the last seconds."""
    held = Held(tmp_path_factory.mktemp("held"), Delay(30.0, 8000))
    made: dict[str, tuple[int, int, int]] = {}  # what waits: priority, number, capture time
    flying: list[str] = []
    copies = 0
    for number, (step, size) in enumerate(steps):
        now_ns = held.clock.now_ns()
        if step == "add":
            made[held.add("results", {"items": [[now_ns, bytes(size)]]})] = 1, number, now_ns
        elif step in {"clip", "old"}:
            at_ns = now_ns - size % 60 * S if step == "old" else now_ns
            made[held.clip(at_ns, size)] = 2, number, at_ns
        elif step == "gap":
            payload = {"from_ns": now_ns, "to_ns": now_ns, "cause": "c", "bytes": 0}
            made[held.add("gap", payload)] = 0, number, now_ns
        elif step == "take":
            wanted = [one for one in sorted(made, key=made.__getitem__) if one not in flying]
            found = [stored.id for stored in held.spool.take(size, priorities=(0, 2)).result()]
            assert found == wanted[: len(found)]
            assert bool(found) == bool(wanted)
            flying += found
        elif step == "ack" and flying:
            held.spool.delete([flying[0]]).result()
            del made[flying.pop(0)]
        elif step == "aside" and flying:
            held.spool.set_aside(flying[0], "no").result()
            del made[flying.pop(0)]
        elif step == "release":
            flying.clear()
            held.spool.release().result()
        elif step == "wait":
            held.wait(size % 20)
        elif step == "kill":
            survivor = held.killed(tmp_path_factory.mktemp("killed") / str(copies := copies + 1))
            left = {stored.id for stored in take_all(survivor)}
            survivor.close()
            assert left <= made.keys()
            assert not [one for one in made.keys() - left if made[one][2] <= held.clock.now_ns() - 30 * S]
        stats = held.spool.stats().result()
        assert stats.messages == len(made)
        assert stats.memory_bytes <= 8000
    held.spool.release().result()
    held.spool.close()
    again = Spool(held.path, held.clock)
    assert [stored.id for stored in take_all(again)] == sorted(made, key=made.__getitem__)
    again.close()
