"""What recording emits, for streams of real H.264 on capture time."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.errors import SpoolError
from picctv_core.frames import AccessUnit, Result
from picctv_core.hookspecs import node
from picctv_core.plugins import bind
from picctv_core.testing import FakeCamera, FakeClock
from picctv_plugins_recording.analyzer import RecordingAnalyzer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Steady = Callable[..., list[AccessUnit]]

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND + 123_456_789


class Rig:
    """A recording plugin on a fake camera, fed with units and with triggers at their capture times."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.camera = FakeCamera(folder, FakeClock(START_NS))
        self.plugin = RecordingAnalyzer(RecordingAnalyzer.Settings(**settings), self.camera)
        self.hooks = bind(self.plugin, "recording", node)

    def feed(self, units: Iterable[AccessUnit], triggers_s: Iterable[float] = ()) -> None:
        """Give units in their order, and triggers as soon as the video is there."""
        waiting = sorted(START_NS + round(at_s * SECOND) for at_s in triggers_s)
        for unit in units:
            self.hooks.picctv_access_unit(unit=unit)
            while waiting and waiting[0] <= unit.captured_at_ns:
                self.trigger(waiting.pop(0))

    def trigger(self, at_ns: int, score: float = 0.5, plugin: str = "motion") -> None:
        """Say that something was seen at a capture time."""
        data = {"triggered": True, "score": score}
        self.hooks.picctv_result(result=Result(self.camera.id, plugin, at_ns, data))

    def stop(self) -> list[dict[str, Any]]:
        """End, and give the payloads of all clips."""
        self.hooks.picctv_camera_stopped()
        return self.clips()

    def clips(self) -> list[dict[str, Any]]:
        """Give the payloads of the clips so far."""
        return [message.payload for message in self.camera.of_kind("clip")]


def spans(clips: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Give where each clip begins and ends, in seconds since the start."""
    return [((c["started_at_ns"] - START_NS) / SECOND, (c["ended_at_ns"] - START_NS) / SECOND) for c in clips]


def test_continuous_segments_are_contiguous_and_hold_every_unit(tmp_path: Path, steady: Steady) -> None:
    units = steady(12.5)
    rig = Rig(tmp_path, segment_s=3.5)
    rig.feed(units)
    clips = rig.stop()
    assert spans(clips) == [(0.0, 4.0), (4.0, 8.0), (8.0, 12.0), (12.0, 12.5)]
    assert [tuple(unit) for clip in clips for unit in clip["units"]] == [
        (unit.captured_at_ns, unit.is_key, unit.annexb) for unit in units
    ]
    assert all(clip["units"][0][1] for clip in clips)
    assert [(clip["trigger"], clip["width"], clip["height"]) for clip in clips] == [(None, 640, 480)] * 4
    assert [message.captured_at_ns for message in rig.camera.of_kind("clip")] == [
        clip["started_at_ns"] for clip in clips
    ]
    assert rig.camera.of_kind("gap") == []


def test_segments_of_video_with_b_frames_are_contiguous(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, segment_s=2)
    rig.feed(steady(6.5, b_frames=2))
    clips = rig.stop()
    assert all(one["ended_at_ns"] == other["started_at_ns"] for one, other in pairwise(clips))
    assert spans(clips)[0][0] == 0.0
    assert spans(clips)[-1][1] == pytest.approx(6.5)
    assert sum(len(clip["units"]) for clip in clips) == 65


def test_triggered_clip_has_pre_roll_and_post_roll(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, mode="triggered", pre_roll_s=2, post_roll_s=3)
    # 10.5 s less 2 s is 8.5 s: the key unit before that was captured at 8 s.
    rig.feed(steady(20), [10.5, 11.0, 12.0])
    assert spans(rig.clips()) == [(8.0, 15.0)]
    assert rig.stop()[0]["trigger"] == "motion"
    assert len(rig.clips()) == 1


def test_triggers_near_each_other_make_one_clip_and_far_ones_two(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, mode="triggered", pre_roll_s=2, post_roll_s=1)
    rig.feed(steady(40), [10, 12.5, 25])
    assert spans(rig.stop()) == [(8.0, 13.5), (23.0, 26.0)]


def test_late_result_still_gets_its_pre_roll(tmp_path: Path, steady: Steady) -> None:
    units = steady(20)
    rig = Rig(tmp_path, mode="triggered", pre_roll_s=3, post_roll_s=1)
    rig.feed(units[:115])
    rig.trigger(START_NS + 10 * SECOND)
    rig.feed(units[115:])
    assert spans(rig.stop()) == [(7.0, 11.0)]


def test_trigger_at_the_start_takes_what_there_is(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, mode="triggered", pre_roll_s=5, post_roll_s=1)
    rig.trigger(START_NS)
    rig.feed(steady(10), [0.5])
    assert spans(rig.stop()) == [(0.0, 1.5)]


def test_long_triggered_clip_goes_on_in_another_without_a_hole(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, mode="triggered", pre_roll_s=1, post_roll_s=2, max_clip_s=4.5)
    rig.feed(steady(20), [3 + tenth / 2 for tenth in range(16)])
    assert spans(rig.stop()) == [(2.0, 7.0), (7.0, 12.0), (12.0, 12.5)]


def test_trigger_after_a_full_clip_has_ended_leaves_no_hole(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, mode="triggered", pre_roll_s=3, post_roll_s=1, max_clip_s=5)
    # The clip ends full at 5 s, where its window was over already; the trigger at 6.5 s belongs to the same window.
    rig.feed(steady(20), [3, 3.5, 6.5])
    clips = spans(rig.stop())
    assert clips == [(0.0, 4.5), (4.0, 7.5)]


def test_both_modes_record_side_by_side(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, mode="both", segment_s=10, pre_roll_s=1, post_roll_s=1)
    rig.feed(steady(15), [5])
    clips = rig.stop()
    assert sorted((clip["trigger"] or "", *span) for clip, span in zip(clips, spans(clips), strict=True)) == [
        ("", 0.0, 10.0),
        ("", 10.0, 15.0),
        ("motion", 4.0, 6.0),
    ]


def test_only_named_plugins_trigger(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, mode="triggered", triggers=["sound"])
    rig.feed(steady(5), [2])
    rig.trigger(START_NS + 4 * SECOND, plugin="sound")
    assert [clip["trigger"] for clip in rig.stop()] == ["sound"]


def test_clip_knows_when_most_happened(tmp_path: Path, steady: Steady) -> None:
    units = steady(6)
    rig = Rig(tmp_path)
    rig.feed(units[:40])
    for at_s, score in ((1.0, 0.2), (2.5, 0.9), (3.0, 0.4)):
        rig.trigger(START_NS + round(at_s * SECOND), score)
    rig.feed(units[40:])
    assert [clip["peak_at_ns"] for clip in rig.stop()] == [START_NS + round(2.5 * SECOND)]


@pytest.mark.parametrize("mode", ["continuous", "triggered"])
def test_camera_that_was_away_begins_another_clip(tmp_path: Path, steady: Steady, mode: str) -> None:
    later = [AccessUnit(u.captured_at_ns + 60 * SECOND, u.is_key, u.annexb) for u in steady(3)]
    rig = Rig(tmp_path, mode=mode, post_roll_s=120)
    rig.feed([*steady(3), *later], [1])
    assert spans(rig.stop()) == [(0.0, 3.0), (60.0, 63.0)]


def test_time_that_runs_backwards_begins_another_clip(tmp_path: Path, steady: Steady) -> None:
    earlier = [AccessUnit(u.captured_at_ns - 60 * SECOND, u.is_key, u.annexb) for u in steady(3)]
    rig = Rig(tmp_path, segment_s=1.5)
    rig.feed([*steady(3), *earlier])
    assert spans(rig.stop()) == [(0.0, 2.0), (2.0, 3.0), (-60.0, -58.0), (-58.0, -57.0)]


def test_another_picture_size_begins_another_clip(tmp_path: Path, steady: Steady) -> None:
    larger = [
        AccessUnit(unit.captured_at_ns + 3 * SECOND, unit.is_key, unit.annexb)
        for unit in steady(3, width=320, height=240)
    ]
    rig = Rig(tmp_path)
    rig.feed([*steady(3), *larger])
    assert spans(rig.stop()) == [(0.0, 3.0), (3.0, 6.0)]


def test_clip_that_takes_too_much_memory_ends_and_the_loss_is_a_gap(tmp_path: Path, steady: Steady) -> None:
    units = steady(4, group=20)
    # A little less than the first group: its last unit comes too late for this clip, and there is no key unit yet.
    size = sum(len(unit.annexb) for unit in units[:20])
    rig = Rig(tmp_path, max_memory_mb=(size - 1) / 1e6)
    rig.feed(units)
    clips = rig.stop()
    assert len(clips[0]["units"]) == 19
    lost = rig.camera.of_kind("gap")
    assert lost[0].payload == {
        "from_ns": START_NS + round(1.9 * SECOND),
        "to_ns": START_NS + round(1.9 * SECOND),
        "cause": "no clip can begin before the next key frame",
        "bytes": len(units[19].annexb),
    }


def test_clip_that_the_node_cannot_keep_becomes_a_gap_once_it_can(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, segment_s=1)
    emit = rig.camera.emit

    def full_disk(kind: str, payload: Any, **_: Any) -> str:
        raise SpoolError("the disk is full")

    units = steady(4)
    rig.camera.emit = full_disk  # type: ignore[method-assign]
    rig.feed(units[:25])
    assert rig.camera.messages == []
    rig.camera.emit = emit  # type: ignore[method-assign]
    rig.feed(units[25:])
    assert spans(rig.stop()) == [(2.0, 3.0), (3.0, 4.0)]
    gaps = [(message.payload["from_ns"], message.payload["to_ns"]) for message in rig.camera.of_kind("gap")]
    assert gaps == [(START_NS, START_NS + 2 * SECOND)]
    assert "the disk is full" in rig.camera.of_kind("gap")[0].payload["cause"]


def test_clip_of_a_camera_that_fell_silent_is_sent(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path)
    rig.feed(steady(3))
    assert rig.hooks.picctv_health()["recording"] == "continuous"
    assert isinstance(rig.camera.clock, FakeClock)
    rig.camera.clock.advance(60)
    assert rig.hooks.picctv_health() == {"recording": "nothing now", "clips": 1, "memory_bytes": 0}
    assert spans(rig.clips()) == [(0.0, 3.0)]


def titles(rig: Rig) -> list[tuple[str, str]]:
    return [
        (message.payload["level"], message.payload["title"]) for message in rig.camera.of_kind("notification")
    ]


def test_camera_that_is_not_recorded_is_told_once_and_so_is_its_return(
    tmp_path: Path, steady: Steady
) -> None:
    rig = Rig(tmp_path)
    clock = rig.camera.clock
    assert isinstance(clock, FakeClock)
    rig.feed(steady(3))
    for _ in range(30):
        clock.advance(10)
        rig.hooks.picctv_health()
    (told,) = rig.camera.of_kind("notification")
    assert told.payload == {
        "level": "error",
        "title": "Camera is not being recorded",
        "text": "Nothing has been recorded for 70 s: no video comes from the camera.",
    }
    rig.feed(AccessUnit(u.captured_at_ns + 300 * SECOND, u.is_key, u.annexb) for u in steady(1))
    assert titles(rig)[1:] == [("info", "Camera is recorded again")]


def test_clips_that_can_not_be_kept_are_not_recorded(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, segment_s=1)
    clock = rig.camera.clock
    assert isinstance(clock, FakeClock)
    emit = rig.camera.emit

    def no_clips(kind: str, payload: Any, **more: Any) -> str:
        if kind == "clip":
            raise SpoolError("the disk is full")
        return emit(kind, payload, **more)

    rig.camera.emit = no_clips  # type: ignore[method-assign]
    units = steady(80, group=10)
    for unit in units[:750]:
        clock.advance(0.1)
        rig.feed([unit])
        rig.hooks.picctv_health()
    assert titles(rig) == [("error", "Camera is not being recorded")]
    assert "clips can't be kept: the disk is full" in rig.camera.of_kind("notification")[0].payload["text"]
    rig.camera.emit = emit  # type: ignore[method-assign]
    rig.feed(units[750:])
    assert titles(rig)[1:] == [("info", "Camera is recorded again")]


def test_nobody_is_told_where_that_is_switched_off(tmp_path: Path, steady: Steady) -> None:
    rig = Rig(tmp_path, not_recording_after_s=0)
    rig.feed(steady(3))
    assert isinstance(rig.camera.clock, FakeClock)
    rig.camera.clock.advance(3600)
    rig.hooks.picctv_health()
    assert titles(rig) == []
