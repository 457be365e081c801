"""MP4 files, read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picctv_core.errors import CodecError
from picctv_core.frames import AccessUnit
from picctv_plugins_recording.mux import Video, write_mp4

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND + 123_456_789


def read(path: Path) -> tuple[list[int], int, list[int]]:
    """Give the times of the pictures and the duration in microseconds, and the column of each picture's bar."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        assert stream.duration is not None
        times, columns = [], []
        for frame in container.decode(stream):
            assert frame.pts is not None
            times.append(round(frame.pts * stream.time_base * 1_000_000))
            columns.append(int(np.argmax(frame.to_ndarray(format="gray").mean(axis=0))))
        return times, round(stream.duration * stream.time_base * 1_000_000), columns


@pytest.mark.parametrize("b_frames", [0, 2, 3])
def test_mp4_has_the_exact_times_of_a_variable_rate(
    tmp_path: Path, video: Callable[..., list[AccessUnit]], b_frames: int
) -> None:
    steps = np.random.default_rng(7).integers(20_000_000, 400_000_000, 35)
    times_ns = [START_NS + int(step) for step in np.cumsum([0, *steps])]
    units = video(times_ns, b_frames=b_frames)
    if b_frames:
        assert [unit.captured_at_ns for unit in units] != times_ns
    ended_at_ns = times_ns[-1] + 77_000_000
    made = write_mp4(units, times_ns[0], ended_at_ns, tmp_path / "clip.mp4")
    times, duration, columns = read(tmp_path / "clip.mp4")
    assert times == [round((time - times_ns[0]) / 1000) for time in times_ns]
    assert duration == round((ended_at_ns - times_ns[0]) / 1000)
    assert [column // 4 for column in columns] == list(range(36))
    assert made == Video(160, 120, 36, duration * 1000)


def test_mp4_is_ready_for_a_browser(tmp_path: Path, steady: Callable[..., list[AccessUnit]]) -> None:
    units = steady(3)
    path = tmp_path / "clip.mp4"
    write_mp4(units, START_NS, START_NS + 3 * SECOND, path)
    data = path.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")
    assert b"avc1" in data
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.extradata[:1] == b"\x01"
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert [index for index, packet in enumerate(packets) if packet.is_keyframe] == [0, 10, 20]
        assert packets[0].pts == 0


def test_mp4_of_a_single_picture_lasts_as_long_as_told(
    tmp_path: Path, video: Callable[..., list[AccessUnit]]
) -> None:
    write_mp4(video([START_NS]), START_NS, START_NS + SECOND // 4, tmp_path / "clip.mp4")
    assert read(tmp_path / "clip.mp4")[:2] == ([0], 250_000)


def test_pictures_at_one_time_are_set_apart(tmp_path: Path, video: Callable[..., list[AccessUnit]]) -> None:
    times_ns = [START_NS, START_NS + SECOND, START_NS + SECOND + 100, START_NS + 2 * SECOND]
    write_mp4(video(times_ns), START_NS, START_NS + 3 * SECOND, tmp_path / "clip.mp4")
    assert read(tmp_path / "clip.mp4")[0] == [0, 1_000_000, 1_000_001, 2_000_000]


def test_clip_that_does_not_begin_with_a_key_unit_is_refused(
    tmp_path: Path, steady: Callable[..., list[AccessUnit]]
) -> None:
    with pytest.raises(CodecError, match="must begin with a key unit"):
        write_mp4(steady(1)[1:], START_NS, START_NS + SECOND, tmp_path / "clip.mp4")


def test_clip_whose_sps_is_damaged_is_refused(tmp_path: Path) -> None:
    broken = AccessUnit(START_NS, True, b"\0\0\0\1\x67\1\2\3\0\0\0\1\x68\1\2\0\0\0\1\x65\1\2\3")
    with pytest.raises(CodecError, match=r"SPS|can't be made an MP4"):
        write_mp4([broken], START_NS, START_NS + SECOND, tmp_path / "clip.mp4")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(0, 5 * SECOND), min_size=1, max_size=15), b_frames=st.sampled_from([0, 2]))
def test_any_times_are_kept_to_the_microsecond(
    tmp_path: Path, video: Callable[..., list[AccessUnit]], steps: list[int], b_frames: int
) -> None:
    times_ns = [START_NS]
    for step in steps:
        times_ns.append(times_ns[-1] + max(step, 2000))
    units = video(times_ns, b_frames=b_frames)
    write_mp4(units, START_NS, times_ns[-1] + SECOND, tmp_path / "clip.mp4")
    assert read(tmp_path / "clip.mp4")[0] == [round((time - START_NS) / 1000) for time in times_ns]
