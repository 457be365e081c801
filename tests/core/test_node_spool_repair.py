"""Damage of a spool's file: what is sound comes through, what is not stands as a gap, and people are told."""

from __future__ import annotations

import random
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from picctv_core import codec
from picctv_core.node import _spool_schema
from picctv_core.node.spool import Spool, Stored
from picctv_core.node.witness import Witness
from picctv_core.testing import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

S = 1_000_000_000
NOW_NS = 2000 * S
CAMERAS = ("n/door", "n/yard")

PAGE = 4096


def fill(path: Path) -> tuple[list[Stored], Witness]:
    """Make a spool as a node without a server has it after some minutes; give its messages, and what is known of it."""
    spool = Spool(path, FakeClock(NOW_NS))
    noise = random.Random(1)
    for second in range(0, 120, 2):
        for camera in CAMERAS:
            items = [
                [(1000 + second) * S + part * S // 4, {"score": part, "more": noise.randbytes(40)}]
                for part in range(8)
            ]
            spool.post(
                camera=camera,
                plugin="motion",
                kind="results",
                payload={"items": items},
                captured_at_ns=items[0][0],
            )
            if second % 20 == 18:
                start_ns = (1000 + second - 18) * S
                clip = {
                    "started_at_ns": start_ns,
                    "ended_at_ns": start_ns + 20 * S,
                    "units": [[start_ns, True, noise.randbytes(9000)]],
                }
                spool.post(
                    camera=camera, plugin="recording", kind="clip", payload=clip, captured_at_ns=start_ns
                )
    refused = spool.append(
        camera="n/door", plugin="x", kind="note", payload="refused", captured_at_ns=1100 * S
    )
    spool.set_aside(refused, "the server does not like it").result()
    beat = spool.beat(CAMERAS).result()
    made = waiting(spool)
    spool.close()
    return made, Witness(beat.sequence, beat.given, beat.waiting_from_ns, NOW_NS, CAMERAS)


def waiting(spool: Spool) -> list[Stored]:
    found = [*spool.take(10**9, priorities=(0, 1)).result(), *spool.take(10**9, priorities=(2, 2)).result()]
    spool.release().result()
    return sorted(found, key=lambda stored: stored.sequence)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: Any) -> Filled:
    path = tmp_path_factory.mktemp("filled") / "spool.db"
    return Filled(path, *fill(path))


@pytest.fixture
def copied(filled: Filled, tmp_path: Path) -> Path:
    """A spool of the test's own to damage."""
    return shutil.copy(filled.path, tmp_path / "spool.db")


class Filled(NamedTuple):
    """A spool, what waits in it, and what is known of it from elsewhere."""

    path: Path
    made: list[Stored]
    witness: Witness

    def __repr__(self) -> str:
        return "filled"


class Aftermath:
    """What a damaged spool is after it was opened again."""

    def __init__(self, path: Path, made: list[Stored], witness: Witness) -> None:
        spool = Spool(path, FakeClock(NOW_NS), witness=witness)
        try:
            found = waiting(spool)
            self.stats = spool.stats().result()
        finally:
            spool.close()
        known = {stored.id: stored for stored in made}
        self.survived = [stored for stored in found if stored.id in known]
        self.gaps = [stored for stored in found if stored.kind == "gap"]
        self.told = [codec.unpack(stored.payload) for stored in found if stored.kind == "notification"]
        self.aside = list(path.parent.glob("spool.db.*.damaged"))
        self.changed = [stored for stored in self.survived if stored != known[stored.id]]
        survived = {stored.id for stored in self.survived}
        self.lost = [stored for stored in made if stored.id not in survived]
        self.unexplained = [
            stored for stored in self.lost if not any(covers(gap, stored) for gap in self.gaps)
        ]


def covers(gap: Stored, stored: Stored) -> bool:
    """Say whether a gap tells of the loss of a message."""
    said, payload = codec.unpack(gap.payload), codec.unpack(stored.payload)
    if stored.kind == "clip":
        from_ns, to_ns = payload["started_at_ns"], payload["ended_at_ns"]
    else:
        from_ns, to_ns = payload["items"][0][0], payload["items"][-1][0]
    whose = gap.camera == stored.camera and gap.plugin in {stored.plugin, ""}
    return whose and said["from_ns"] <= from_ns and to_ns <= said["to_ns"]


def flip(path: Path, offset: int, bit: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def test_sound_spool_is_left_alone(copied: Path, filled: Filled) -> None:
    after = Aftermath(copied, *filled[1:])
    assert (after.lost, after.changed, after.gaps, after.told, after.aside) == ([], [], [], [], [])
    assert after.stats.set_aside == 1


def test_flipped_byte_of_a_payload_costs_that_message_and_no_other(copied: Path, filled: Filled) -> None:
    victim = next(stored for stored in filled.made if stored.kind == "clip")
    flip(copied, copied.read_bytes().index(victim.payload[5000:5100]) + 50)
    after = Aftermath(copied, *filled[1:])
    assert [stored.id for stored in after.lost] == [victim.id]
    (gap,) = after.gaps
    said = codec.unpack(gap.payload)
    assert (gap.camera, gap.plugin, said["cause"]) == ("n/door", "recording", "the node's spool was damaged")
    assert (said["from_ns"], said["to_ns"], said["bytes"]) == (1000 * S, 1020 * S, len(victim.payload))
    assert [told["level"] for told in after.told] == ["error"]
    # It is kept where it is, so that a person can look at it.
    assert (after.aside, after.stats.set_aside) == ([], 2)
    assert Aftermath(copied, *filled[1:]).gaps == after.gaps  # and told once


def test_damage_that_comes_while_the_node_runs_is_found_before_it_is_sent(
    copied: Path, filled: Filled
) -> None:
    victim = next(stored for stored in filled.made if stored.kind == "results")
    spool = Spool(copied, FakeClock(NOW_NS), witness=filled.witness)
    connection = sqlite3.connect(copied)
    with connection:
        payload = bytearray(victim.payload)
        payload[-10] ^= 4
        connection.execute("UPDATE messages SET payload = ? WHERE id = ?", (bytes(payload), victim.id))
    connection.close()
    assert victim.id not in {stored.id for stored in waiting(spool)}
    (gap,) = [stored for stored in waiting(spool) if stored.kind == "gap"]
    assert covers(gap, victim)
    assert spool.stats().result().set_aside == 2
    spool.close()


def test_torn_page_costs_what_was_on_it(copied: Path, filled: Filled) -> None:
    data = bytearray(copied.read_bytes())
    page = data.index(filled.made[10].id.encode()) // PAGE
    data[page * PAGE + 500 : (page + 1) * PAGE] = bytes(PAGE - 500)
    copied.write_bytes(data)
    after = Aftermath(copied, *filled[1:])
    assert 0 < len(after.lost) < 12
    assert (after.changed, after.unexplained) == ([], [])
    assert len(after.aside) == 1
    assert f"{len(after.survived) + 1} of its messages are saved" in after.told[0]["text"]


def test_file_without_its_first_page_is_read_by_another_ones(copied: Path, filled: Filled) -> None:
    data = bytearray(copied.read_bytes())
    data[:PAGE] = random.Random(2).randbytes(PAGE)
    copied.write_bytes(data)
    after = Aftermath(copied, *filled[1:])
    assert (after.lost, after.changed) == ([], [])
    assert len(after.told) == len(after.aside) == 1


def test_truncated_file_keeps_what_is_there(copied: Path, filled: Filled) -> None:
    size = copied.stat().st_size
    with copied.open("r+b") as file:
        file.truncate(size // 2)
    after = Aftermath(copied, *filled[1:])
    assert after.survived
    assert after.lost
    assert (after.changed, after.unexplained) == ([], [])


@pytest.mark.parametrize("what", ["empty", "removed", "text"])
def test_spool_that_is_gone_is_a_gap_of_every_camera(copied: Path, filled: Filled, what: str) -> None:
    if what == "removed":
        copied.unlink()
    else:
        copied.write_bytes(
            b"" if what == "empty" else b"this is no database, and long enough to look at" * 200
        )
    after = Aftermath(copied, *filled[1:])
    assert after.survived == []
    assert after.unexplained == []
    assert sorted({gap.camera for gap in after.gaps}) == list(CAMERAS)
    assert len(after.told) == 1
    assert min(gap.sequence for gap in after.gaps) > filled.witness.sequence  # no number is given twice


def test_damaged_journal_is_noticed_by_what_is_missing(filled: Filled, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "first.db", FakeClock(NOW_NS))
    for at_s in range(1000, 1100):
        items = {"items": [[at_s * S, 1]]}
        spool.append(camera="n/door", plugin="p", kind="results", payload=items, captured_at_ns=at_s * S)
    beat = spool.beat(CAMERAS).result()
    made = waiting(spool)
    # As a power cut leaves it: the journal was not written back. Then the disk damages the journal.
    path = tmp_path / "spool.db"
    shutil.copy(tmp_path / "first.db", path)
    journal = bytearray((tmp_path / "first.db-wal").read_bytes())
    assert len(journal) > 100 * PAGE
    journal[len(journal) // 2] ^= 1
    (tmp_path / "spool.db-wal").write_bytes(journal)
    spool.close()
    witness = Witness(beat.sequence, beat.given, beat.waiting_from_ns, 1200 * S, CAMERAS)
    after = Aftermath(path, made, witness)
    assert after.survived
    assert after.lost
    assert (after.changed, after.unexplained) == ([], [])
    assert "what came last to it was damaged" in after.told[0]["text"]


def test_flipped_version_is_damage_and_no_newer_picctv(copied: Path, filled: Filled) -> None:
    flip(copied, 63)  # the last byte of user_version
    after = Aftermath(copied, *filled[1:])
    assert (after.lost, after.changed) == ([], [])
    assert len(after.told) == 1


def test_spool_of_version_1_is_brought_up_with_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    made = write_version_1(path)
    spool = Spool(path, FakeClock(NOW_NS))
    assert waiting(spool) == made
    assert spool.stats().result().set_aside == 1
    spool.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (_spool_schema.VERSION,)
    connection.close()
    flip(path, path.read_bytes().index(b"ninety-nine") + 3)
    after = Aftermath(path, made, Witness())
    assert after.changed == [] or codec.unpack(after.changed[0].payload) != "ninety-nine"


def write_version_1(path: Path) -> list[Stored]:
    """Write a spool as version 1 of the file was."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        """
        PRAGMA auto_vacuum = INCREMENTAL;
        PRAGMA journal_mode = WAL;
        CREATE TABLE messages (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, camera TEXT NOT NULL,
            plugin TEXT NOT NULL, kind TEXT NOT NULL, priority INTEGER NOT NULL, captured_at_ns INTEGER NOT NULL,
            from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL, bytes INTEGER NOT NULL, reason TEXT,
            payload BLOB NOT NULL
        );
        CREATE INDEX waiting ON messages (priority, sequence, id, bytes) WHERE reason IS NULL;
        CREATE INDEX aside ON messages (sequence, bytes) WHERE reason IS NOT NULL;
        PRAGMA user_version = 1;
        """
    )
    made = []
    for number in range(1, 100):
        payload = codec.pack("ninety-nine" if number == 99 else number)
        stored = Stored(f"{number:032x}", "n/door", "p", "note", 1, number * S, number, payload)
        reason = "no" if number == 7 else None
        connection.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                stored.id,
                "n/door",
                "p",
                "note",
                1,
                number * S,
                number * S,
                number * S,
                len(payload),
                reason,
                payload,
            ),
        )
        if reason is None:
            made.append(stored)
    connection.close()
    return made


@st.composite
def damages(draw: st.DrawFn) -> list[tuple[str, float, int]]:
    kinds = st.sampled_from(["flip", "zeros", "noise", "truncate"])
    place = st.floats(0, 1, exclude_max=True)
    return draw(st.lists(st.tuples(kinds, place, st.integers(0, 2**31)), min_size=1, max_size=4))


def spoil(path: Path, damage: list[tuple[str, float, int]]) -> None:
    data = bytearray(path.read_bytes())
    for kind, place, seed in damage:
        at = int(place * len(data))
        length = 1 + seed % 6000
        if kind == "flip" and data:
            data[at] ^= 1 << seed % 8
        elif kind == "zeros":
            data[at : at + length] = bytes(len(data[at : at + length]))
        elif kind == "noise":
            data[at : at + length] = random.Random(seed).randbytes(len(data[at : at + length]))
        elif kind == "truncate":
            del data[at:]
    path.write_bytes(data)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damages())
@example([("flip", 0.00001, 3)])
@example([("truncate", 0.0, 0)])
def test_whatever_the_damage_all_is_sound_or_told(
    filled: Filled, tmp_path_factory: Any, damage: list[tuple[str, float, int]]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = shutil.copy(filled.path, folder / "spool.db")
    spoil(path, damage)
    after = Aftermath(path, *filled[1:])
    assert after.changed == []
    assert after.unexplained == []
    assert not after.lost or after.told
    shutil.rmtree(folder)
