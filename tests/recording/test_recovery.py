"""A clip in the making survives a kill, up to the last whole group of pictures on the disk."""

from __future__ import annotations

import errno
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picctv_core.errors import CodecError, SpoolError
from picctv_core.frames import AccessUnit, Result
from picctv_core.testing import FakeCamera, FakeClock
from picctv_plugins_recording import clip_file
from picctv_plugins_recording.analyzer import RecordingAnalyzer
from picctv_plugins_recording.clip_file import ClipFile
from picctv_plugins_recording.recovery import CUT_OFF_CAUSE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Steady = Callable[..., list[AccessUnit]]

S = 1_000_000_000
START_NS = 1_767_225_600 * S + 123_456_789


def recorder(
    folder: Path, camera: FakeCamera | None = None, **options: Any
) -> tuple[RecordingAnalyzer, FakeCamera]:
    camera = camera or FakeCamera(folder, FakeClock(START_NS))
    return RecordingAnalyzer(RecordingAnalyzer.Settings(**options), camera), camera


def feed(plugin: RecordingAnalyzer, units: list[AccessUnit]) -> None:
    for unit in units:
        plugin.picctv_access_unit(unit=unit)


def after_a_kill(folder: Path, at_s: float) -> FakeCamera:
    """Start recording on what a killed run left; give what it emits."""
    camera = FakeCamera(folder, FakeClock(START_NS + round(at_s * S)))
    recorder(folder, camera)
    return camera


def full_disk(*_: Any, **__: Any) -> str:
    raise SpoolError("the disk is full")


def test_continuous_clip_is_saved_up_to_the_last_whole_group(tmp_path: Path, steady: Steady) -> None:
    units = steady(5.5)
    plugin, killed = recorder(tmp_path)
    feed(plugin, units)
    assert killed.messages == []
    camera = after_a_kill(tmp_path, 60)
    (clip,) = camera.of_kind("clip")
    assert [tuple(unit) for unit in clip.payload["units"]] == [
        (unit.captured_at_ns, unit.is_key, unit.annexb) for unit in units[:50]
    ]
    assert (clip.payload["started_at_ns"], clip.payload["ended_at_ns"]) == (START_NS, START_NS + 5 * S)
    (gap,) = camera.of_kind("gap")
    assert gap.payload == {
        "from_ns": START_NS + 5 * S,
        "to_ns": START_NS + 60 * S,
        "cause": CUT_OFF_CAUSE,
        "bytes": 0,
    }
    assert clip_file.left_behind(tmp_path) == []
    assert after_a_kill(tmp_path, 70).messages == []


def test_triggered_clip_is_saved_with_its_pre_roll(tmp_path: Path, steady: Steady) -> None:
    plugin, killed = recorder(tmp_path, mode="triggered", pre_roll_s=2, post_roll_s=10)
    units = steady(8.5)
    feed(plugin, units[:61])
    plugin.picctv_result(result=Result(killed.id, "motion", START_NS + 6 * S, {"triggered": True}))
    feed(plugin, units[61:])
    camera = after_a_kill(tmp_path, 9)
    (clip,) = camera.of_kind("clip")
    assert clip.payload["trigger"] == "motion"
    assert (clip.payload["started_at_ns"], clip.payload["ended_at_ns"]) == (
        START_NS + 4 * S,
        START_NS + 8 * S,
    )


def test_video_that_nothing_triggered_leaves_nothing(tmp_path: Path, steady: Steady) -> None:
    plugin, _ = recorder(tmp_path, mode="triggered")
    feed(plugin, steady(5))
    assert list(tmp_path.iterdir()) == []


def test_clip_without_a_whole_group_is_a_gap_from_its_beginning(tmp_path: Path, steady: Steady) -> None:
    plugin, _ = recorder(tmp_path)
    feed(plugin, steady(0.5))
    camera = after_a_kill(tmp_path, 3)
    assert camera.of_kind("clip") == []
    (gap,) = camera.of_kind("gap")
    assert (gap.payload["from_ns"], gap.payload["to_ns"]) == (START_NS, START_NS + 3 * S)


def test_clock_that_was_set_back_in_between_leaves_a_gap_all_the_same(tmp_path: Path, steady: Steady) -> None:
    plugin, _ = recorder(tmp_path)
    feed(plugin, steady(2.5))
    (gap,) = after_a_kill(tmp_path, -60).of_kind("gap")
    assert (gap.payload["from_ns"], gap.payload["to_ns"]) == (START_NS + 2 * S, START_NS + 7 * S)


def test_clip_that_was_sent_and_not_removed_is_the_same_message(
    tmp_path: Path, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, camera = recorder(tmp_path)
    feed(plugin, steady(3.5))
    monkeypatch.setattr(ClipFile, "remove", lambda _: None)  # killed between the two
    plugin.picctv_camera_stopped()
    assert len(clip_file.left_behind(tmp_path)) == 1
    recorder(tmp_path, camera)
    assert [message.kind for message in camera.messages] == ["clip"]
    assert clip_file.left_behind(tmp_path) == []


def test_ended_clip_is_sent_as_it_would_have_been(
    tmp_path: Path, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, killed = recorder(tmp_path, mode="triggered", pre_roll_s=1, post_roll_s=2)
    units = steady(12)
    feed(plugin, units[:30])
    plugin.picctv_result(
        result=Result(killed.id, "motion", START_NS + 3 * S, {"triggered": True, "score": 0.7})
    )
    monkeypatch.setattr(ClipFile, "remove", lambda _: None)
    feed(plugin, units[30:])
    (sent,) = killed.of_kind("clip")
    assert sent.payload["ended_at_ns"] == START_NS + 5 * S  # the file holds more, which was cut away
    monkeypatch.undo()
    (again,) = after_a_kill(tmp_path, 100).messages
    assert (again.id, again.payload) == (sent.id, sent.payload)


def test_second_kill_while_saving_changes_nothing(tmp_path: Path, steady: Steady) -> None:
    plugin, _ = recorder(tmp_path)
    feed(plugin, steady(2.5))
    shutil.copytree(tmp_path, tmp_path.with_name("copy"))
    first = after_a_kill(tmp_path, 10).messages
    second = after_a_kill(tmp_path.with_name("copy"), 20).messages
    assert [message.id for message in second] == [message.id for message in first]


def test_clip_that_the_spool_can_not_take_waits_in_its_file(tmp_path: Path, steady: Steady) -> None:
    plugin, _ = recorder(tmp_path)
    feed(plugin, steady(2.5))
    camera = FakeCamera(tmp_path, FakeClock(START_NS))
    camera.emit = full_disk  # type: ignore[method-assign]
    recorder(tmp_path, camera)
    assert len(after_a_kill(tmp_path, 10).of_kind("clip")) == 1


def test_clip_that_waited_is_sent_when_there_is_room_with_a_gap_until_the_start(
    tmp_path: Path, steady: Steady
) -> None:
    feed(recorder(tmp_path)[0], steady(2.5))
    camera = FakeCamera(tmp_path, FakeClock(START_NS + 10 * S))
    emit = camera.emit
    camera.emit = full_disk  # type: ignore[method-assign]
    plugin, _ = recorder(tmp_path, camera)
    camera.emit = emit  # type: ignore[method-assign]
    feed(plugin, [replace(unit, captured_at_ns=unit.captured_at_ns + 20 * S) for unit in steady(1.5)])
    assert [clip.payload["started_at_ns"] for clip in camera.of_kind("clip")] == [START_NS]
    (gap,) = camera.of_kind("gap")
    assert (gap.payload["from_ns"], gap.payload["to_ns"]) == (START_NS + 2 * S, START_NS + 10 * S)
    assert len(clip_file.left_behind(tmp_path)) == 1  # of the clip that is being made now


def test_clip_that_is_lost_stays_on_the_disk_until_its_gap_is_kept(tmp_path: Path, steady: Steady) -> None:
    units = steady(5)
    plugin, camera = recorder(tmp_path, segment_s=1)
    emit = camera.emit
    camera.emit = full_disk  # type: ignore[method-assign]
    feed(plugin, units[:25])
    killed = shutil.copytree(tmp_path, tmp_path.with_name("killed"))
    saved = after_a_kill(killed, 10).of_kind("clip")
    assert sorted((clip.payload["started_at_ns"] - START_NS) / S for clip in saved) == [0, 1]
    camera.emit = emit  # type: ignore[method-assign]
    feed(plugin, units[25:])
    plugin.picctv_camera_stopped()
    assert len(camera.of_kind("gap")) == 1
    assert clip_file.left_behind(tmp_path) == []


def test_what_the_disk_does_not_take_stays_in_memory(tmp_path: Path, steady: Steady) -> None:
    units = steady(4)
    plugin, camera = recorder(tmp_path / "data")
    feed(plugin, units[:15])
    (path,) = clip_file.left_behind(tmp_path / "data")
    path.rename(tmp_path / "hidden")
    path.mkdir()  # nothing can be written there now
    feed(plugin, units[15:25])
    assert plugin.picctv_health()["memory_bytes"] == sum(len(unit.annexb) for unit in units[10:25])
    path.rmdir()
    (tmp_path / "hidden").rename(path)
    feed(plugin, units[25:])
    plugin.picctv_camera_stopped()
    (clip,) = camera.of_kind("clip")
    assert len(clip.payload["units"]) == 40
    assert list((tmp_path / "data").iterdir()) == []


def test_memory_holds_no_more_than_the_newest_group(tmp_path: Path, steady: Steady) -> None:
    units = steady(6.5)
    plugin, _ = recorder(tmp_path)
    feed(plugin, units)
    assert plugin.picctv_health()["memory_bytes"] == sum(len(unit.annexb) for unit in units[60:])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_wherever_the_file_ends_or_is_damaged_whole_groups_are_read(
    tmp_path_factory: Any, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("clip")
    groups = [[AccessUnit(g * S + n, n == 0, bytes([g, n]) * 20) for n in range(5)] for g in range(4)]
    file = ClipFile(folder, None, 0)
    marks = []
    (path,) = clip_file.left_behind(folder)
    for group in groups:
        file.append(group)
        marks.append(path.stat().st_size)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    expected = [unit for group, mark in zip(groups, marks, strict=True) if mark <= at for unit in group]
    try:
        assert clip_file.read(path).units == expected
    except CodecError:
        assert at < marks[0]


def test_pictures_that_the_disk_did_not_take_for_good_are_in_the_clip_once(
    tmp_path: Path, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    units = steady(4)
    plugin, camera = recorder(tmp_path)
    feed(plugin, units[:15])
    with monkeypatch.context() as patch:
        # the bytes are written, and only forcing them to the disk fails
        patch.setattr(clip_file.os, "fsync", fails)
        feed(plugin, units[15:])
        plugin.picctv_camera_stopped()
    (clip,) = camera.of_kind("clip")
    assert [unit[0] for unit in clip.payload["units"]] == [unit.captured_at_ns for unit in units]


def on_delay(folder: Path, delay_s: float) -> FakeCamera:
    return FakeCamera(folder, FakeClock(START_NS), delay_s=delay_s)


def test_clip_that_may_be_in_memory_makes_no_file_and_is_sent_in_time(tmp_path: Path, steady: Steady) -> None:
    plugin, camera = recorder(tmp_path, on_delay(tmp_path, 10.0))
    units = steady(14.5)
    for unit in units:
        plugin.picctv_access_unit(unit=unit)
        assert clip_file.left_behind(tmp_path) == []
    spans = [(clip.payload["started_at_ns"], clip.payload["ended_at_ns"]) for clip in camera.of_kind("clip")]
    assert spans == [(START_NS, START_NS + 5 * S), (START_NS + 5 * S, START_NS + 10 * S)]
    plugin.picctv_camera_stopped()
    sent = [unit for clip in camera.of_kind("clip") for unit in clip.payload["units"]]
    assert [tuple(unit) for unit in sent] == [
        (unit.captured_at_ns, unit.is_key, unit.annexb) for unit in units
    ]


def test_triggered_clip_that_may_be_in_memory_goes_on_without_a_hole(tmp_path: Path, steady: Steady) -> None:
    plugin, camera = recorder(tmp_path, on_delay(tmp_path, 10.0), mode="triggered", pre_roll_s=1)
    for unit in steady(12.5):
        plugin.picctv_access_unit(unit=unit)
        plugin.picctv_result(result=Result(camera.id, "motion", unit.captured_at_ns, {"triggered": True}))
    spans = [(clip.payload["started_at_ns"], clip.payload["ended_at_ns"]) for clip in camera.of_kind("clip")]
    assert spans == [(START_NS, START_NS + 5 * S), (START_NS + 5 * S, START_NS + 10 * S)]
    assert clip_file.left_behind(tmp_path) == []


def test_groups_that_are_older_than_the_delay_go_to_the_disk(tmp_path: Path, steady: Steady) -> None:
    plugin, camera = recorder(
        tmp_path, on_delay(tmp_path, 10.0), mode="triggered", pre_roll_s=60, post_roll_s=60
    )
    units = steady(12.5)
    feed(plugin, units[:101])
    plugin.picctv_result(result=Result(camera.id, "motion", START_NS + 10 * S, {"triggered": True}))
    (path,) = clip_file.left_behind(tmp_path)
    assert len(clip_file.read(path).units) == 100
    after = after_a_kill(tmp_path, 60)
    assert len(after.of_kind("clip")[0].payload["units"]) == 100


def test_clip_of_a_camera_that_went_silent_is_sent_in_time(tmp_path: Path, steady: Steady) -> None:
    plugin, camera = recorder(tmp_path, on_delay(tmp_path, 10.0))
    feed(plugin, steady(3))
    camera.clock = FakeClock(START_NS + 6 * S)
    plugin.picctv_health()
    assert len(camera.of_kind("clip")) == 1
