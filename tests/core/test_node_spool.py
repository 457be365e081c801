"""The spool: nothing leaves it without a word."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picctv_core import codec
from picctv_core.errors import CodecError, SpoolError
from picctv_core.node import _spool_schema
from picctv_core.node.spool import DISK_FULL_CAUSE, FLOOR_CAUSE, QUOTA_CAUSE, Spool, Stored
from picctv_core.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from picctv_core.node._spool_store import Store

S = 1_000_000_000


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    """Open the spool of the test, any number of times one after another."""
    spools: list[Spool] = []

    def open_it(**options: Any) -> Spool:
        spools.append(Spool(tmp_path / "spool.db", FakeClock(1000 * S), **options))
        return spools[-1]

    yield open_it
    for spool in spools:
        spool.close()


def add(spool: Spool, kind: str = "note", payload: Any = None, **fields: Any) -> str:
    fields = {"camera": "n/c", "plugin": "p", "captured_at_ns": 5 * S} | fields
    return spool.append(kind=kind, payload=payload, **fields)


def clip(start_s: int, size: int) -> dict[str, Any]:
    units = [[start_s * S, True, bytes(size)]]
    return {
        "started_at_ns": start_s * S,
        "ended_at_ns": (start_s + 10) * S,
        "width": 64,
        "height": 48,
        "trigger": None,
        "units": units,
    }


def take_all(spool: Spool) -> list[Stored]:
    found = [*spool.take(10**9, priorities=(0, 1)).result(), *spool.take(10**9, priorities=(2, 2)).result()]
    spool.release().result()
    return found


def payloads(spool: Spool, kind: str) -> list[Any]:
    return [codec.unpack(stored.payload) for stored in take_all(spool) if stored.kind == kind]


def fill_disk(spool: Spool, room_bytes: int) -> None:
    """Let SQLite find the disk full after so many bytes more, as it itself reports it."""

    def work(store: Store) -> None:
        connection = store.connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + room_bytes // 4096}")

    spool._thread.submit(work).result()


def outside_transaction(spool: Spool, work: Callable[[sqlite3.Connection], None]) -> None:
    def job(store: Store) -> None:
        store.connection.execute("COMMIT")
        work(store.connection)
        store.connection.execute("BEGIN")

    spool._thread.submit(job).result()


def test_append_is_durable_when_it_returns(open_spool: Any, tmp_path: Path) -> None:
    message_id = add(open_spool(), payload={"text": "x"}, kind="note")
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("spool.db*"):  # as a power cut would leave it: nobody closed it
        (copy / file.name).write_bytes(file.read_bytes())
    survivor = Spool(copy / "spool.db", FakeClock())
    (stored,) = take_all(survivor)
    assert (stored.id, stored.kind, codec.unpack(stored.payload)) == (message_id, "note", {"text": "x"})
    survivor.close()


def test_sequence_rises_also_when_all_was_deleted_in_between(open_spool: Any) -> None:
    spool = open_spool()
    spool.delete([add(spool), add(spool)]).result()
    spool.close()
    spool = open_spool()
    add(spool)
    assert [stored.sequence for stored in take_all(spool)] == [3]


def test_take_gives_the_urgent_first_and_then_the_oldest(open_spool: Any) -> None:
    spool = open_spool()
    add(spool, "clip", clip(0, 10))
    add(spool, "results", {"items": [[S, 1]]})
    add(spool, "event", {"started_at_ns": S, "ended_at_ns": None})
    add(spool, "gap", {"from_ns": 1, "to_ns": 2, "cause": "c", "bytes": 0})
    add(spool, "notification", {"level": "info", "title": "t", "text": ""})
    assert [stored.kind for stored in take_all(spool)] == ["gap", "notification", "results", "event", "clip"]


def test_take_keeps_to_the_limit_and_gives_nothing_twice(open_spool: Any) -> None:
    spool = open_spool()
    ids = [add(spool, payload=bytes(1000)) for _ in range(3)]
    size = len(codec.pack(bytes(1000)))
    first = spool.take(2 * size, priorities=(0, 1)).result()
    assert [stored.id for stored in first] == ids[:2]
    assert [stored.id for stored in spool.take(1, priorities=(0, 1)).result()] == ids[2:]
    assert spool.take(10**6, priorities=(0, 1)).result() == []
    spool.release().result()
    assert spool.take(1, priorities=(0, 1), at_least_one=False).result() == []


def event(start_s: int, end_s: int | None, event_id: str = "e") -> dict[str, Any]:
    ended_at_ns = None if end_s is None else end_s * S
    return {
        "event_id": event_id,
        "started_at_ns": start_s * S,
        "ended_at_ns": ended_at_ns,
        "peak_at_ns": start_s * S,
    }


def test_event_that_was_open_at_a_kill_ends_with_its_plugins_newest_results(open_spool: Any) -> None:
    spool = open_spool()
    add(spool, "event", event(10, None, "open"))
    add(spool, "event", event(11, None, "done"))
    add(spool, "event", event(11, 12, "done"))
    sent = [add(spool, "results", {"items": [[at_s * S, 1]]}) for at_s in (12, 15)]
    add(spool, "results", {"items": [[99 * S, 1]]}, plugin="another")
    spool.delete(sent).result()
    spool.close()
    spool = open_spool()
    assert spool.end_open_events().result() == 1
    assert payloads(spool, "event")[-1] == event(10, 15, "open")
    assert spool.end_open_events().result() == 0


def test_set_aside_is_kept_and_never_sent_again(open_spool: Any) -> None:
    spool = open_spool()
    message_id = add(spool, payload=b"12345")
    spool.set_aside(message_id, "the server does not like it").result()
    assert take_all(spool) == []
    stats = spool.stats().result()
    assert (stats.messages, stats.bytes, stats.set_aside) == (0, 0, 1)


def test_payload_that_is_no_plain_data_is_refused(open_spool: Any) -> None:
    spool = open_spool()
    with pytest.raises(CodecError, match="value is a object"):
        add(spool, payload=object())
    with pytest.raises(CodecError, match="kind 'clip' has another payload"):
        add(spool, "clip", {"units": []})
    assert take_all(spool) == []


def statements(spool: Spool) -> list[str]:
    """Give the list that every statement goes to from now on, as SQLite itself tells of them."""
    said: list[str] = []
    spool._thread.submit(lambda store: store.connection.set_trace_callback(said.append)).result()
    return said


def held_up(spool: Spool) -> Callable[[], None]:
    """Keep the spool busy, as a slow disk does, until what is given is called."""
    busy, free = threading.Event(), threading.Event()

    def hold(_: Store) -> None:
        busy.set()
        free.wait()

    held = spool._thread.submit(hold)
    busy.wait()

    def end() -> None:
        free.set()
        held.result()

    return end


def test_what_comes_while_the_disk_is_busy_is_one_transaction(open_spool: Any) -> None:
    spool = open_spool()
    said = statements(spool)
    free = held_up(spool)
    said.clear()
    posted = [
        spool.post(camera="n/c", plugin="p", kind="note", payload=n, captured_at_ns=n) for n in range(100)
    ]
    free()
    ids = [future.result() for future in posted]
    assert [stored.id for stored in take_all(spool)] == ids
    # The one that was held, one for all hundred, and those of `take_all`.
    assert said.count("COMMIT") == 2 + 3


def test_concurrent_appends_are_all_kept_each_under_its_own_number(open_spool: Any) -> None:
    spool = open_spool()
    threads = [threading.Thread(target=lambda: [add(spool) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message.sequence for message in take_all(spool)) == list(range(1, 201))


def test_each_commit_waits_for_the_disk(open_spool: Any) -> None:
    spool = open_spool()
    asked = ("journal_mode", "synchronous", "fullfsync")
    settings = spool._thread.submit(
        lambda store: [store.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]
    )
    assert settings.result() == ["wal", 2, 1]


def test_same_id_is_the_same_message(open_spool: Any) -> None:
    spool = open_spool()
    ids = [add(spool, payload=text, message_id="a" * 32) for text in ("first", "again")]
    assert ids == ["a" * 32] * 2
    assert payloads(spool, "note") == ["first"]


def test_quota_gives_up_the_oldest_video_first_and_leaves_one_gap(open_spool: Any) -> None:
    spool = open_spool(max_bytes=10_000)
    results = add(spool, "results", {"items": [[S, bytes(1000)]]})
    for start_s in range(0, 100, 10):
        add(spool, "clip", clip(start_s, 2000))
    kept = take_all(spool)
    clips = [codec.unpack(stored.payload)["started_at_ns"] // S for stored in kept if stored.kind == "clip"]
    assert clips == [60, 70, 80, 90]
    assert results in {stored.id for stored in kept}
    (gap,) = payloads(spool, "gap")
    assert (gap["from_ns"], gap["to_ns"], gap["cause"]) == (0, 60 * S, QUOTA_CAUSE)
    assert gap["bytes"] > 6 * 2000
    assert sum(len(stored.payload) for stored in kept) <= 10_000


def test_quota_gives_up_results_last_and_gaps_never(open_spool: Any) -> None:
    spool = open_spool(max_bytes=2000)
    gap = {"from_ns": 1, "to_ns": 2, "cause": "c", "bytes": 0}
    for _ in range(60):
        add(spool, "gap", gap, plugin="other")
    for at_s in range(5):
        add(spool, "results", {"items": [[at_s * S, bytes(500)]]})
    kept = payloads(spool, "gap")
    assert kept.count(gap) == 60
    assert payloads(spool, "results") == []
    assert [(lost["from_ns"], lost["to_ns"]) for lost in kept if lost["cause"] == QUOTA_CAUSE] == [(0, 4 * S)]


def test_quota_leaves_alone_what_is_on_its_way(open_spool: Any) -> None:
    spool = open_spool(max_bytes=5000)
    first = add(spool, "clip", clip(0, 2000))
    assert [stored.id for stored in spool.take(10**6, priorities=(2, 2)).result()] == [first]
    second = add(spool, "clip", clip(10, 2000))
    third = add(spool, "clip", clip(20, 2000))
    spool.release().result()
    kept = [stored.id for stored in take_all(spool) if stored.kind == "clip"]
    assert kept == [first, third]
    assert second not in kept


def test_quota_gap_does_not_reach_over_what_was_sent(open_spool: Any) -> None:
    spool = open_spool(max_bytes=5000)
    for start_s in (0, 10, 20):
        add(spool, "clip", clip(start_s, 2000))
    (sent,) = spool.take(2500, priorities=(2, 2)).result()  # that of 10 s
    spool.delete([sent.id]).result()
    for start_s in (30, 40):
        add(spool, "clip", clip(start_s, 2000))
    gaps = [(gap["from_ns"] // S, gap["to_ns"] // S) for gap in payloads(spool, "gap")]
    assert gaps == [(0, 10), (20, 30)]


def test_what_was_on_its_way_when_the_link_broke_is_given_up_last(open_spool: Any) -> None:
    spool = open_spool(max_bytes=5000)
    first = add(spool, "clip", clip(0, 2000))
    spool.take(10**6, priorities=(2, 2)).result()
    spool.release().result()
    second, third = (add(spool, "clip", clip(start_s, 2000)) for start_s in (10, 20))
    assert [stored.id for stored in take_all(spool) if stored.kind == "clip"] == [first, third]
    assert second not in {first, third}
    spool.set_aside(third, "no").result()
    add(spool, "clip", clip(30, 4500))
    assert first not in {stored.id for stored in take_all(spool)}


def test_quota_gap_on_its_way_is_not_widened(open_spool: Any) -> None:
    spool = open_spool(max_bytes=5000)
    for start_s in (0, 10, 20):
        add(spool, "clip", clip(start_s, 2000))
    (sent,) = spool.take(10**6, priorities=(0, 1)).result()
    add(spool, "clip", clip(30, 2000))
    spool.delete([sent.id]).result()
    (gap,) = payloads(spool, "gap")
    assert (gap["from_ns"], gap["to_ns"]) == (10 * S, 20 * S)


def test_full_disk_is_one_clear_error_and_becomes_a_gap(open_spool: Any, caplog: Any) -> None:
    spool = open_spool()
    kept = add(spool, payload="stays")
    fill_disk(spool, 0)
    with pytest.raises(SpoolError) as caught:
        add(spool, "clip", clip(0, 100_000))
    assert str(caught.value) == f"the spool {spool.path} can't be written: the disk is full; make room on it"
    assert caplog.records[0].getMessage() == str(caught.value)
    assert kept in {stored.id for stored in take_all(spool)}

    fill_disk(spool, 10**9)
    later = add(spool, "clip", clip(20, 100_000))
    (gap,) = payloads(spool, "gap")
    assert (gap["from_ns"], gap["to_ns"], gap["cause"]) == (0, 10 * S, DISK_FULL_CAUSE)
    assert gap["bytes"] > 100_000
    assert later in {stored.id for stored in take_all(spool)}


def test_gap_of_a_full_disk_does_not_reach_over_what_was_kept(open_spool: Any) -> None:
    spool = open_spool()
    fill_disk(spool, 40_000)
    free = held_up(spool)  # so that all come at once, and what fits is sorted out one by one
    too_large = {1, 2, 4, 5}
    posted = []
    for at_s in range(7):
        payload = {"items": [[at_s * S, bytes(10**6 if at_s in too_large else 10)]]}
        posted.append(
            spool.post(camera="n/c", plugin="p", kind="results", payload=payload, captured_at_ns=at_s * S)
        )
    free()
    assert {at_s for at_s, future in enumerate(posted) if future.exception() is not None} == too_large
    fill_disk(spool, 10**9)
    add(spool)
    gaps = [(gap["from_ns"] // S, gap["to_ns"] // S) for gap in payloads(spool, "gap")]
    assert gaps == [(1, 2), (4, 5)]


def test_full_disk_costs_only_what_does_not_fit(open_spool: Any) -> None:
    spool = open_spool()
    fill_disk(spool, 40_000)
    large = spool.post(camera="n/c", plugin="p", kind="clip", payload=clip(0, 10**6), captured_at_ns=0)
    small = spool.post(camera="n/c", plugin="p", kind="note", payload="small", captured_at_ns=0)
    assert small.result()
    assert isinstance(large.exception(), SpoolError)


def test_a_file_that_is_no_database_is_moved_aside_and_told(open_spool: Any, tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"this is no database, and long enough to be looked at" * 100)
    spool = open_spool()
    add(spool)
    (note,) = payloads(spool, "notification")
    assert note["level"] == "error"
    (aside,) = tmp_path.glob("spool.db.*.damaged")
    assert str(aside) in note["text"]
    assert aside.read_bytes().startswith(b"this is no database")


def test_a_torn_file_is_moved_aside(open_spool: Any, tmp_path: Path) -> None:
    spool = open_spool()
    for _ in range(50):
        add(spool, payload=bytes(5000))
    spool.close()
    path = tmp_path / "spool.db"
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 12] = b"\xa5" * (4096 * 10)
    path.write_bytes(data)
    spool = open_spool()
    assert [stored.kind for stored in take_all(spool)] == ["notification"]
    assert len(list(tmp_path.glob("spool.db.*.damaged"))) == 1


def test_damage_while_running_is_survived(open_spool: Any, tmp_path: Path) -> None:
    spool = open_spool()
    for _ in range(50):
        add(spool, payload=bytes(5000))

    def spoil(connection: sqlite3.Connection) -> None:
        # Page 1 onwards: every tree's root. The cache is dropped, so that the next look at the file meets it.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path = tmp_path / "spool.db"
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))
        connection.execute("PRAGMA shrink_memory")
        connection.execute("PRAGMA cache_size = 1")

    outside_transaction(spool, spoil)
    message_id = add(spool, payload="after")
    assert message_id in {stored.id for stored in take_all(spool)}
    assert len(list(tmp_path.glob("spool.db.*.damaged"))) == 1


def test_a_newer_version_is_refused_and_left_alone(open_spool: Any, tmp_path: Path) -> None:
    open_spool().close()
    connection = sqlite3.connect(tmp_path / "spool.db")
    connection.execute(f"PRAGMA user_version = {_spool_schema.VERSION + 1}")
    connection.execute(f"PRAGMA application_id = {_spool_schema.APPLICATION | (_spool_schema.VERSION + 1)}")
    connection.close()
    with pytest.raises(SpoolError, match="of version 4, this picctv knows version 3: a newer picctv made it"):
        open_spool()
    assert list(tmp_path.glob("*.damaged")) == []


def test_two_nodes_do_not_share_a_spool(open_spool: Any) -> None:
    open_spool()
    with pytest.raises(
        SpoolError, match="in use by another node; give each node a data directory of its own"
    ):
        open_spool()


def test_a_directory_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="can't be opened"):
        Spool(tmp_path / "nowhere" / "spool.db", FakeClock())


def test_closed_spool_says_so(open_spool: Any) -> None:
    spool = open_spool()
    spool.close()
    with pytest.raises(SpoolError, match="is closed"):
        add(spool)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "clip", "take", "ack", "release", "aside"]), st.integers(0, 3000))
    )
)
def test_every_message_is_waiting_or_acknowledged_or_in_a_gap(tmp_path_factory: Any, steps: Any) -> None:
    """Whatever happens in whatever order: no message leaves without an ack, a reason or a gap over its time."""
    spool = Spool(tmp_path_factory.mktemp("spool") / "spool.db", FakeClock(), max_bytes=6000)
    made: dict[str, int] = {}
    done: set[str] = set()
    flying: list[str] = []
    gaps: dict[str, Any] = {}
    for number, (step, size) in enumerate(steps):
        if step == "add":
            made[add(spool, "results", {"items": [[number * S, bytes(size)]]})] = number
        elif step == "clip":
            made[add(spool, "clip", clip(number, size))] = number
        elif step == "take":
            for priorities in ((0, 1), (2, 2)):
                for stored in spool.take(size, priorities=priorities).result():
                    flying.append(stored.id)
                    if stored.kind == "gap":
                        gaps[stored.id] = codec.unpack(stored.payload)
        elif step == "ack" and flying:
            done.add(flying.pop(0))
            spool.delete(done).result()
        elif step == "aside" and flying:
            done.add(flying[-1])
            spool.set_aside(flying.pop(), "no").result()
        elif step == "release":
            flying.clear()
            spool.release().result()
    spool.release().result()
    left = take_all(spool)
    for stored in left:
        if stored.kind == "gap":
            gaps[stored.id] = codec.unpack(stored.payload)
    spool.close()
    waiting = {stored.id for stored in left}
    for message_id, at_s in made.items():
        in_gap = any(gap["from_ns"] <= at_s * S <= gap["to_ns"] for gap in gaps.values())
        assert message_id in waiting or message_id in done or in_gap


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 40 MiB; who may not mount one skips."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk to fill can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_node_with_a_full_disk_gets_out_of_it_by_delivering(small_disk: Path) -> None:
    spool = Spool(small_disk / "spool.db", FakeClock())
    kept, refused = [], 0
    for start_s in range(0, 600, 10):
        try:
            kept.append(add(spool, "clip", clip(start_s, 10**6)))
        except SpoolError:
            refused += 1
    assert kept
    assert refused
    urgent = add(spool, "notification", {"level": "error", "title": "full", "text": ""})
    assert [stored.id for stored in take_all(spool) if stored.id in {urgent, *kept}] == [urgent, *kept]
    spool.delete(kept).result()

    later = add(spool, "clip", clip(1000, 10**6))
    assert later in {stored.id for stored in take_all(spool)}
    spool.close()
    spool = Spool(small_disk / "spool.db", FakeClock())
    (gap,) = payloads(spool, "gap")
    assert (gap["from_ns"], gap["to_ns"], gap["cause"]) == (len(kept) * 10 * S, 600 * S, DISK_FULL_CAUSE)
    spool.close()


def test_disk_keeps_its_floor_and_what_went_for_it_is_a_gap(small_disk: Path) -> None:
    floor = 24 * 2**20
    spool = Spool(small_disk / "spool.db", FakeClock(), min_free_bytes=floor)
    results = add(spool, "results", {"items": [[S, bytes(1000)]]})
    clips = [add(spool, "clip", clip(start_s, 10**6)) for start_s in range(0, 300, 10)]
    spool.stats().result()
    assert shutil.disk_usage(small_disk).free >= floor - 2 * 10**6  # what came last is in the journal, too
    kept = take_all(spool)
    assert [stored.id for stored in kept if stored.kind == "clip"] == clips[-len(kept) + 2 :]
    assert results in {stored.id for stored in kept}
    (gap,) = payloads(spool, "gap")
    assert (gap["from_ns"], gap["cause"]) == (0, FLOOR_CAUSE)
    assert gap["to_ns"] == (30 - (len(kept) - 2)) * 10 * S
    spool.close()


def test_room_that_others_take_is_given_by_the_oldest_video(small_disk: Path) -> None:
    floor = 20 * 2**20
    spool = Spool(small_disk / "spool.db", FakeClock(), min_free_bytes=floor)
    for start_s in range(0, 100, 10):
        add(spool, "clip", clip(start_s, 10**6))
    spool.stats().result()
    taken = shutil.disk_usage(small_disk).free - floor + 500_000
    (small_disk / "others").write_bytes(bytes(taken))
    add(spool, "clip", clip(100, 10**6))
    spool.stats().result()
    spool.stats().result()
    starts_s = [
        codec.unpack(stored.payload)["started_at_ns"] // S
        for stored in take_all(spool)
        if stored.kind == "clip"
    ]
    lost = 11 - len(starts_s)
    assert 1 <= lost <= 3
    assert starts_s == list(range(10 * lost, 110, 10))
    (gap,) = payloads(spool, "gap")
    assert (gap["cause"], gap["from_ns"], gap["to_ns"]) == (FLOOR_CAUSE, 0, (lost * 10) * S)
    assert shutil.disk_usage(small_disk).free >= floor - 10**6
    spool.close()


def test_disk_that_others_filled_costs_nothing_that_is_stored(small_disk: Path) -> None:
    spool = Spool(small_disk / "spool.db", FakeClock())
    kept = [add(spool, "clip", clip(start_s, 10**6)) for start_s in range(5)]
    others = small_disk / "others"
    with others.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(2**20))
    with pytest.raises(SpoolError, match="the disk is full"):
        add(spool, "clip", clip(9, 10**6))
    assert [stored.id for stored in take_all(spool)] == kept
    others.unlink()
    spool.delete(kept).result()
    assert [gap["cause"] for gap in payloads(spool, "gap")] == [DISK_FULL_CAUSE]
    spool.close()


def test_patient_deletion_shares_the_transaction_of_the_next_message(open_spool: Any) -> None:
    spool = open_spool()
    first = add(spool)
    said = statements(spool)
    said.clear()
    deleted = spool.delete([first], is_patient=True)
    assert (
        spool.take(1, priorities=(0, 1)).result()[0].id == first
    )  # looking for more to send does not bring it on
    assert not deleted.done()
    commits = said.count("COMMIT")
    second = add(spool)
    assert deleted.done()
    assert said.count("COMMIT") == commits + 1
    assert [stored.id for stored in take_all(spool)] == [second]


def test_patient_deletion_does_not_wait_for_ever(open_spool: Any) -> None:
    spool = open_spool()
    spool.delete([add(spool)], is_patient=True).result(timeout=30)
    assert take_all(spool) == []
    waiting = spool.delete([add(spool)], is_patient=True)
    spool.close()
    assert waiting.exception() is None
