"""The other parts of the fault suite: its record, its schedule, and the library below the processes."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core import h264
from tests.faults import kinds, record, shim
from tests.faults.campaign import schedule
from tests.faults.daemons import Daemon, Keeper, wait_until
from tests.faults.node_plugins import encoded_group, marked
from tests.faults.record import Item, Record, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = [(kind, target) for kind in kinds.KINDS.values() for target in kind.targets]

PROBE = """
import json, os, sys, time
with open(sys.argv[1], "w") as file:
    try:
        os.fsync(file.fileno())
        failed = None
    except OSError as error:
        failed = error.errno
print(json.dumps([failed, time.time(), time.monotonic()]))
"""


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    for run in range(2):  # the second goes on in the file of the first
        writer = Record(tmp_path, "garage/door")
        writer.write("result", 5 + run, b"a result")
    Record(tmp_path, "garage/yard").write("notification", 7, b"a line")
    result = digest("result", b"a result")
    assert record.read(tmp_path) == [
        Item("result", "garage/door", 5, result, 8),
        Item("result", "garage/door", 6, result, 8),
        Item("notification", "garage/yard", 7, digest("notification", b"a line"), 6),
    ]


def test_pictures_are_told_apart_by_their_mark_and_by_nothing_of_the_container() -> None:
    key, other, *_ = encoded_group(5.0)
    own = marked(key.annexb, "garage/door 1", 3000)
    assert 2950 <= len(own) <= 3050
    assert h264.is_idr(own)
    assert h264.has_parameter_sets(own)
    units = list(h264.iterate_nal_units(own))
    bare = h264.to_annexb([unit for unit in units if h264.nal_type(unit) not in {h264.SPS, h264.PPS}])
    assert digest("unit", bare) == digest("unit", own)
    found = {
        digest("unit", marked(unit, f"{number}", 0)) for unit in (key.annexb, other.annexb) for number in "12"
    }
    assert len(found) == 4


def test_a_schedule_is_that_of_its_seed_and_has_everything_in_each_round() -> None:
    first = list(itertools.islice(schedule(ALL, 1), 200))
    assert first == list(itertools.islice(schedule(ALL, 1), 200))
    assert first != list(itertools.islice(schedule(ALL, 2), 200))
    faults = [fault for _, together in first for fault in together]
    assert {(fault.kind, fault.target) for fault in faults[: len(ALL)]} == {
        (kind.name, target) for kind, target in ALL
    }
    assert any(len(together) == 2 for _, together in first)
    assert all(1.0 <= fault.hold_s <= kinds.KINDS[fault.kind].longest_s for fault in faults)


@pytest.fixture
def control(tmp_path: Path, cc: Path) -> shim.Control:
    library = shim.build(tmp_path)
    assert library is not None
    return shim.Control(library, tmp_path / "control")


def test_the_library_fails_fsync_and_steps_the_wall_clock_only(control: shim.Control, tmp_path: Path) -> None:
    def probe() -> Any:
        command = [sys.executable, "-c", PROBE, str(tmp_path / "file")]
        failed, wall, monotonic = json.loads(subprocess.check_output(command, env=control.env))
        return failed, wall - time.time(), monotonic - time.monotonic()

    assert probe() == (None, pytest.approx(0, abs=5), pytest.approx(0, abs=5))
    control.fail_fsync(fail=True)
    control.step_clock(-3600)
    assert probe() == (5, pytest.approx(-3600, abs=5), pytest.approx(0, abs=5))
    control.fail_fsync(fail=False)
    control.step_clock(0)
    assert probe() == (None, pytest.approx(0, abs=5), pytest.approx(0, abs=5))


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path)
    with Keeper([daemon]):
        yield daemon


def test_a_daemon_that_ends_by_itself_is_started_again(sleeper: Daemon) -> None:
    sleeper.start()
    first = sleeper.pid
    subprocess.run(["kill", "-9", str(first)], check=True)
    wait_until(lambda: sleeper.ended_by_itself and sleeper.pid != first, 10, "it runs again")
    assert sleeper.ended_by_itself == [-9]
    sleeper.kill()
    sleeper.start()
    assert sleeper.ended_by_itself == [-9]


def test_a_frozen_daemon_stands_still_and_can_be_killed(sleeper: Daemon) -> None:
    sleeper.start()
    sleeper.freeze()

    def state() -> str:
        return Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[0]

    wait_until(lambda: state() == "T", 10, "it stands still")
    sleeper.thaw()
    wait_until(lambda: state() == "S", 10, "it goes on")
    sleeper.freeze()
    sleeper.kill()
