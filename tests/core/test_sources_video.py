"""The driver `video`, on real files and a real RTSP server."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from pydantic import ValidationError

from picctv_core import h264
from picctv_core.clock import SystemClock
from picctv_core.errors import SourceError
from picctv_core.frames import AnalysisFormat, VideoInfo
from picctv_core.sources.luma import AnalysisTap, luma_of
from picctv_core.sources.video import VideoSource
from tests.core.rtsp_server import RtspServer
from tests.core.videos import Sink, decode, picture, play, stop_after, write_video

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.frames import AccessUnit

EVEN = range(0, 2000, 40)
B_FRAMES = {"bf": "3", "g": "20", "b_strategy": "0"}
PASSWORD = "geheim-4711"


def check_units(units: list[AccessUnit]) -> None:
    """Check what the contract of `AccessUnit` promises."""
    assert units[0].is_key
    for unit in units:
        kinds = [h264.nal_type(nal) for nal in h264.iterate_nal_units(unit.annexb)]
        assert unit.is_key == (h264.IDR_SLICE in kinds)
        if unit.is_key:
            assert kinds[:2] == [h264.SPS, h264.PPS]
    keys = [unit.captured_at_ns for unit in units if unit.is_key]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.h264"])
def test_h264_passes_through_with_every_picture(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, "libx264", EVEN, options=B_FRAMES)
    sink = play(path, paced=False)
    check_units(sink.units)
    assert len(decode(sink.units)) == len(sink.units) == len(EVEN)
    with av.open(path) as container:
        original = [frame.to_ndarray() for frame in container.decode(video=0)]
    for mine, theirs in zip(decode(sink.units), original, strict=True):
        assert np.array_equal(mine.to_ndarray(), theirs)
    assert sink.infos == [VideoInfo(160, 120, 25.0)]


def test_h264_with_b_frames_has_exact_times_in_decoding_order(tmp_path: Path) -> None:
    sink = play(write_video(tmp_path / "a.mp4", "libx264", EVEN, options=B_FRAMES), paced=False)
    assert sorted(sink.times_ms()) == [float(at) for at in EVEN]
    assert sink.times_ms() != sorted(sink.times_ms())
    assert [frame.captured_at_ns for frame in sink.frames] == sorted(
        unit.captured_at_ns for unit in sink.units
    )


def test_every_key_unit_is_one_from_which_decoding_can_begin(tmp_path: Path) -> None:
    sink = play(
        write_video(tmp_path / "a.mp4", "libx264", EVEN, options={"g": "10", "bf": "0", "sc_threshold": "0"}),
        paced=False,
    )
    keys = [number for number, unit in enumerate(sink.units) if unit.is_key]
    assert keys == [0, 10, 20, 30, 40]
    assert [len(decode(sink.units[key:])) for key in keys] == [50, 40, 30, 20, 10]


@pytest.mark.parametrize(("name", "codec", "pix_fmt"), [
    ("a.avi", "mjpeg", "yuvj420p"), ("b.avi", "mjpeg", "yuvj422p"), ("a.mkv", "mpeg4", "yuv420p"), ("c.mkv", "ffv1", "gray"),
])  # fmt: skip
def test_other_codecs_are_encoded_once(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    sink = play(write_video(tmp_path / name, codec, EVEN, pix_fmt=pix_fmt), paced=False)
    check_units(sink.units)
    assert sink.times_ms() == [float(at) for at in EVEN]
    frames = decode(sink.units)
    assert len(frames) == len(EVEN)
    for number, frame in enumerate(frames):
        wanted = luma_of(picture(number).reformat(format=pix_fmt)).astype(int)
        assert np.abs(luma_of(frame).astype(int) - wanted).mean() < 4


def test_encoded_video_has_a_key_picture_every_two_seconds_whatever_the_rate(tmp_path: Path) -> None:
    uneven = [0, 30, 700, 1500, 1990, 2010, 2500, 3900, 4010, 6000, 6020]
    sink = play(write_video(tmp_path / "a.mkv", "mpeg4", uneven), paced=False)
    assert sink.times_ms() == [float(at) for at in uneven]
    assert [at for at, unit in zip(uneven, sink.units, strict=True) if unit.is_key] == [0, 2010, 4010, 6020]


def test_encoding_keeps_full_range(tmp_path: Path) -> None:
    sink = play(write_video(tmp_path / "a.avi", "mjpeg", EVEN, pix_fmt="yuvj420p"), paced=False)
    assert {frame.color_range for frame in decode(sink.units)} == {2}


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_uneven_times_are_exact(tmp_path: Path, codec: str) -> None:
    uneven = [0, 33, 40, 250, 251, 1000, 1777]
    sink = play(write_video(tmp_path / "a.mkv", codec, uneven, options={"bf": "0"}), paced=False)
    assert sink.times_ms() == [float(at) for at in uneven]


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_loop_goes_on_one_picture_after_the_last(tmp_path: Path, codec: str) -> None:
    path = write_video(tmp_path / "a.mkv", codec, EVEN[:10], options={"bf": "0"})
    sink = play(path, stop_after(25), paced=False, loop=True)
    assert sink.times_ms() == [float(at) for at in range(0, 1000, 40)]
    check_units(sink.units)
    assert sink.infos == [VideoInfo(160, 120, 25.0)]
    assert [frame.sequence for frame in sink.frames] == list(range(len(sink.frames)))


def test_a_loop_with_b_frames_has_no_time_twice(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", "libx264", EVEN[:10], options=B_FRAMES)
    sink = play(path, stop_after(30), paced=False, loop=True)
    assert sorted(sink.times_ms()) == [float(at) for at in range(0, 1200, 40)]


@pytest.mark.parametrize("options", [{"bf": "0"}, B_FRAMES], ids=["plain", "b-frames"])
def test_a_file_is_played_at_its_own_speed(tmp_path: Path, options: dict[str, str]) -> None:
    clock = SystemClock()
    ages: list[int] = []
    sink = Sink(lambda sink: ages.append(clock.now_ns() - sink.units[-1].captured_at_ns))
    path = write_video(tmp_path / "a.mp4", "libx264", range(0, 800, 40), options=options)
    source = VideoSource(VideoSource.Settings(url=str(path)), AnalysisFormat.parse("80x60@25"), clock)
    began = time.monotonic()
    source.run(sink, sink.stop)
    reordering_s = 0.2 if options is B_FRAMES else 0.0
    assert 0.76 <= time.monotonic() - began < 0.76 + reordering_s + 2
    # Nothing goes out before it was captured.
    assert min(ages) >= 0
    assert np.median(ages) < (reordering_s + 0.3) * 1e9


def test_a_stop_ends_a_paced_file_at_once(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", "libx264", [0, 60_000, 120_000], options={"bf": "0"})
    sink = Sink()
    threading.Timer(0.2, sink.stop.set).start()
    began = time.monotonic()
    play(path, sink)
    assert time.monotonic() - began < 5
    assert len(sink.units) == 1


def test_analysis_frames_come_at_the_wanted_size_and_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", "libx264", range(0, 4000, 40), options={"bf": "0"})
    sink = play(path, analysis="64x48@10", paced=False)
    assert [frame.sequence for frame in sink.frames] == list(range(40))
    assert {frame.luma.shape for frame in sink.frames} == {(48, 64)}
    steps = {b.captured_at_ns - a.captured_at_ns for a, b in itertools.pairwise(sink.frames)}
    assert steps == {80_000_000, 120_000_000}
    assert set(sink.times_ms()) >= {
        (frame.captured_at_ns - sink.units[0].captured_at_ns) / 1e6 for frame in sink.frames
    }


@pytest.mark.parametrize(("codec", "filtered"), [("libx264", False), ("libx265", True)])
def test_what_is_only_analysed_is_decoded_without_the_loop_filter(
    tmp_path: Path, codec: str, filtered: bool
) -> None:
    # so coarse that the filter has much to do
    quantizer = {"qp": "40"} if codec == "libx264" else {"x265-params": "qp=40:log-level=error"}
    path = write_video(tmp_path / "a.mp4", codec, EVEN, options=quantizer)
    frames = play(path, analysis="160x120@25", paced=False).frames
    with av.open(path) as container:
        whole = [luma_of(frame) for frame in container.decode(video=0)]
    assert len(frames) == len(whole)
    far = [np.abs(frame.luma.astype(int) - luma).mean() for frame, luma in zip(frames, whole, strict=True)]
    assert (max(far) == 0) == filtered
    assert max(far) < 2


@pytest.mark.parametrize("rate", [5, 8, 9.5, 10, 10.5, 12.5, 15, 24, 25, 29.97, 30, 60])
def test_the_analysis_rate_is_right_on_average(rate: float) -> None:
    tap = AnalysisTap(AnalysisFormat(64, 48, 10))
    jitter = np.random.default_rng(1).uniform(-0.1, 0.1, round(20 * rate))
    given = sum(tap.wants(round((number + late) / rate * 1e9)) for number, late in enumerate(jitter))
    assert abs(given - 20 * min(rate, 10)) <= 3


def test_the_analysis_goes_on_after_a_hole_and_after_time_jumps_back() -> None:
    tap = AnalysisTap(AnalysisFormat(64, 48, 10))
    times = [0, 50, 100, 5000, 5050, 5100, 1000, 1050, 1100]
    assert [at for at in times if tap.wants(at * 1_000_000)] == [0, 100, 5000, 5100, 1000, 1100]


def test_luma_is_a_read_only_view_that_outlives_its_frame() -> None:
    frame = picture(3, 150, 120)
    view = luma_of(frame)
    assert view.shape == (120, 150)
    assert view.strides[0] == frame.planes[0].line_size > 150
    assert view.ctypes.data == frame.planes[0].buffer_ptr
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0] = 1
    expected = view.copy()
    del frame
    _ = [picture(number, 150, 120) for number in range(20)]
    assert np.array_equal(view, expected)


def test_luma_of_the_wanted_size_is_not_copied() -> None:
    frame = picture(3)
    made = AnalysisTap(AnalysisFormat(160, 120, 10)).take(frame, 0)
    assert made is not None
    assert made.luma.ctypes.data == frame.planes[0].buffer_ptr
    assert not made.luma.flags.writeable


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv422p", "nv12", "gray"])
@pytest.mark.parametrize("level", [3, 16, 77, 235, 252])
def test_luma_keeps_its_values_when_scaled(pix_fmt: str, level: int) -> None:
    frame = av.VideoFrame(160, 120, pix_fmt)
    for plane in frame.planes:
        plane.update(bytes([level]) * plane.buffer_size)
    made = AnalysisTap(AnalysisFormat(48, 32, 10)).take(frame, 0)
    assert made is not None
    assert made.luma.min() == made.luma.max() == level
    assert not made.luma.flags.writeable


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        play(tmp_path / "no.mp4")
    assert str(caught.value) == f"{tmp_path}/no.mp4 does not exist; check the path"
    assert not caught.value.retry


def test_a_directory_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a directory, not a video file; check the path"):
        play(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello" * 1000, b"\x00" * 5000], ids=["empty", "text", "zeros"])
def test_a_file_that_is_no_video_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "door.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        play(path)
    assert str(caught.value).startswith(f"{path} is not a video that can be opened: ")
    assert str(caught.value).endswith("; check the path")
    assert not caught.value.retry


def test_a_file_without_video_says_so(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError, match="has no video in it"):
        play(path)


def test_a_damaged_file_gives_what_it_has(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_video(tmp_path / "a.ts", "libx264", EVEN, options={"bf": "0", "g": "10"})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        sink = play(path, paced=False)
    assert len(sink.units) > 25


def test_a_missing_device_is_one_clear_line() -> None:
    with pytest.raises(SourceError) as caught:
        play("/dev/video97")
    assert (
        str(caught.value)
        == "there is no camera at /dev/video97; `picctv cameras devices` shows which there are"
    )
    assert caught.value.retry


def test_settings_refuse_what_is_not_theirs() -> None:
    with pytest.raises(ValidationError, match="extra"):
        VideoSource.Settings(url="a.mp4", lop=True)
    with pytest.raises(ValidationError, match="transport"):
        VideoSource.Settings(url="a.mp4", transport="pigeon")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> list[AccessUnit]:
    path = write_video(
        tmp_path_factory.mktemp("rtsp") / "a.mp4", "libx264", EVEN, options={"bf": "0", "g": "10"}
    )
    return play(path, paced=False).units


def test_rtsp_passes_through_with_the_cameras_times(units: list[AccessUnit]) -> None:
    with RtspServer(units, password=PASSWORD) as server:
        sink = play(server.url, stop_after(40))
    assert [unit.annexb for unit in sink.units] == [unit.annexb for unit in units[:40]]
    check_units(sink.units)
    assert sink.infos[0].width == 160
    steps = [b - a for a, b in itertools.pairwise(sink.times_ms())]
    assert np.median(steps) == pytest.approx(40, abs=0.1)
    assert min(steps) > 0
    assert [frame.sequence for frame in sink.frames] == list(range(len(sink.frames)))
    assert len(sink.frames) >= 35


def test_rtsp_takes_the_time_from_sender_reports(units: list[AccessUnit]) -> None:
    clock = SystemClock()
    ages: list[float] = []
    sink = Sink(lambda sink: ages.append((clock.now_ns() - sink.units[-1].captured_at_ns) / 1e6))
    sink_stop = threading.Timer(2.5, sink.stop.set)
    with RtspServer(units, wall_ns=clock.now_ns() - 250_000_000) as server:
        sink_stop.start()
        source = VideoSource(VideoSource.Settings(url=server.url), AnalysisFormat.parse("80x60@10"), clock)
        source.run(sink, sink.stop)
    # The camera says that its pictures are 250 ms old when it sends them, and as much older as the start took.
    assert 250 <= np.median(ages[-10:]) < 250 + 750
    assert min(b - a for a, b in itertools.pairwise(sink.times_ms())) > 0


def test_rtsp_server_that_dies_is_an_error_to_try_again(units: list[AccessUnit]) -> None:
    server = RtspServer(units, password=PASSWORD)
    killer: list[threading.Thread] = []

    def kill(sink: Sink) -> None:
        if len(sink.units) == 10:
            killer.append(threading.Thread(target=server.close))
            killer[0].start()

    with pytest.raises(SourceError) as caught:
        play(server.url, Sink(kill))
    killer[0].join()
    assert caught.value.retry
    assert str(caught.value).startswith("rtsp://admin:***@127.0.0.1:")
    assert PASSWORD not in str(caught.value)
    assert "\n" not in str(caught.value)

    with pytest.raises(SourceError, match="can't be opened: connection refused") as refused:
        play(server.url)
    assert refused.value.retry
    assert PASSWORD not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_rtsp_comes_back_with_the_same_source_and_counts_on(units: list[AccessUnit]) -> None:
    with RtspServer(units) as server:
        source = VideoSource(
            VideoSource.Settings(url=server.url), AnalysisFormat.parse("80x60@25"), SystemClock()
        )
        sequences = []
        for _ in range(2):
            sink = stop_after(10)
            source.run(sink, sink.stop)
            sequences += [frame.sequence for frame in sink.frames]
    assert sequences == list(range(len(sequences)))
    assert len(sequences) >= 10


def test_rtsp_wrong_password_says_so_without_telling_it(
    units: list[AccessUnit], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), RtspServer(units, password="other") as server:
        url = server.url.replace("other", PASSWORD)
        with pytest.raises(SourceError, match="it refuses the user or the password") as caught:
            play(url)
    assert caught.value.retry
    assert PASSWORD not in str(caught.value) + caplog.text


def test_rtsp_stop_ends_the_opening_of_a_silent_camera_at_once(units: list[AccessUnit]) -> None:
    sink = Sink()
    with RtspServer(units, silent=True) as server:
        threading.Timer(0.3, sink.stop.set).start()
        began = time.monotonic()
        play(server.url, sink)
        assert time.monotonic() - began < 5
    assert sink.units == []


def test_rtsp_silent_camera_is_an_error_after_the_timeout(units: list[AccessUnit]) -> None:
    with (
        RtspServer(units, password=PASSWORD, silent=True) as server,
        pytest.raises(
            SourceError, match=r"can't be opened: no answer within 1 s; check the address"
        ) as caught,
    ):
        play(server.url, timeout_s=1)
    assert caught.value.retry
    assert PASSWORD not in str(caught.value)


def test_rtsp_with_b_frames_keeps_the_order_of_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", "libx264", EVEN, options=B_FRAMES)
    encoded = play(path, paced=False).units
    with RtspServer(sorted(encoded, key=encoded.index)) as server:
        sink = play(server.url, stop_after(30))
    wanted = [(unit.captured_at_ns - encoded[0].captured_at_ns) / 1e6 for unit in encoded[:30]]
    assert sink.times_ms()[10:] != sorted(sink.times_ms()[10:])
    steps = np.diff(sink.times_ms()[10:]) - np.diff(wanted[10:])
    assert np.median(np.abs(steps)) < 0.1
    times = [frame.captured_at_ns for frame in sink.frames]
    assert times == sorted(times)


def test_http_is_read_as_a_live_camera(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"http://127\.0\.0\.1:9/a\.mp4 can't be opened: connection refused"
    ):
        play("http://127.0.0.1:9/a.mp4")


@pytest.mark.parametrize(("name", "pictures", "passes"), [
    ("one-by-one.mp4", 1394, True), ("vtest.avi", 795, False), ("atv3.mp4", 163, True),
])  # fmt: skip
def test_real_footage_gives_every_picture(footage: Path, name: str, pictures: int, passes: bool) -> None:
    sink = play(footage / name, analysis="320x240@10", paced=False)
    check_units(sink.units)
    assert len(sink.units) == pictures
    times = sink.times_ms()
    assert len(set(times)) == pictures
    if passes:
        with av.open(footage / name) as container:
            stream = container.streams.video[0]
            stamps = [
                float(packet.pts * stream.time_base * 1000)
                for packet in container.demux(stream)
                if packet.size
            ]
        assert np.allclose([at - stamps[0] for at in stamps], times, atol=1e-5)
    assert {frame.luma.shape for frame in sink.frames} == {(240, 320)}
