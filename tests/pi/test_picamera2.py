"""The driver `picamera2` on the real package: its own requests, encoders and outputs, with pictures of the test's own."""

from __future__ import annotations

import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core.errors import SourceError
from picctv_core.frames import AnalysisFormat, VideoInfo
from picctv_core.sources.luma import AnalysisTap
from picctv_core.sources.pi.lent import MOST_LENT
from picctv_core.sources.pi.picamera2_source import Picamera2Settings, Picamera2Source
from picctv_core.testing import START_NS, FakeClock
from tests.core.videos import Sink, decode
from tests.pi.test_picamera import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pi.libcamera_camera import Camera

pytestmark = pytest.mark.pi

ANALYSIS = AnalysisFormat(200, 120, 10.0)
SMALL_VIDEO = {"size": "320x240"}
PERIOD_NS = 40_000_000
BOOTED_NS = 500_000_000_000
"""The sensor's clock at the tests' beginning."""


@pytest.fixture
def camera(picamera2: Any, monkeypatch: pytest.MonkeyPatch) -> Camera:
    from picamera2.encoders import LibavH264Encoder

    from picctv_core.sources.pi import picamera2_session
    from tests.pi.libcamera_camera import Camera

    made = Camera()

    class Class:
        """Stands for `Picamera2`, of which the driver asks two things."""

        def __new__(cls, number: int) -> Any:
            return made.make(number)

        @staticmethod
        def global_camera_info() -> list[dict[str, Any]]:
            return [{"Num": 0, "Model": "imx219", "Id": "/base/soc/i2c0mux"}]

    assert {"global_camera_info"} <= set(dir(picamera2.Picamera2))
    monkeypatch.setattr(picamera2_session, "Picamera2", Class)
    # a Pi 5's encoder; that of the others is a device, see test_picamera2_hardware_encoder
    monkeypatch.setattr(picamera2_session, "H264Encoder", LibavH264Encoder)
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: BOOTED_NS)
    monkeypatch.setattr(Picamera2Source, "missing", staticmethod(lambda: ""))
    return made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START_NS)


@pytest.fixture
def opened(camera: Camera, clock: FakeClock) -> Callable[..., Any]:
    """Open a camera with some settings; the sink is its `_sink`."""
    assert camera.picam2 is None
    from picctv_core.sources.pi.picamera2_session import Session

    def session(analysis: AnalysisFormat = ANALYSIS, **settings: Any) -> Any:
        return Session(
            Picamera2Settings(**SMALL_VIDEO | settings), analysis, AnalysisTap(analysis), clock, Sink()
        )

    return session


def test_every_picture_is_a_unit_with_the_sensors_time(camera: Camera, opened: Callable[..., Any]) -> None:
    stop = threading.Event()
    with opened() as session:
        for number in range(60):
            camera.take(number, BOOTED_NS + number * PERIOD_NS)
            session.step(stop)
    units = session._sink.units
    assert [unit.captured_at_ns - START_NS for unit in units] == [number * PERIOD_NS for number in range(60)]
    # each key unit can be decoded without what came before, and clips can begin every two seconds
    assert [number for number, unit in enumerate(units) if unit.is_key] == [0, 50]
    assert len(decode(units[50:])) == 10
    assert len(decode(units)) == 60
    assert session._sink.infos == [VideoInfo(320, 240, 25.0)]


def test_small_pictures_are_lent_without_a_copy_and_go_back(
    camera: Camera, opened: Callable[..., Any]
) -> None:
    stop = threading.Event()
    with opened() as session:
        for number in range(20):
            luma = camera.take(number, BOOTED_NS + number * PERIOD_NS)
            before = len(session._sink.frames)
            session.step(stop)
            for frame in session._sink.frames[before:]:
                assert frame.captured_at_ns == START_NS + number * PERIOD_NS
                assert (frame.luma.shape, frame.luma.flags.writeable) == ((120, 200), False)
                assert np.array_equal(frame.luma, luma)
                # those that are kept beyond what may be lent are copies
                assert np.shares_memory(frame.luma, luma) == (before < MOST_LENT)
        assert session._lender.lent == MOST_LENT
        assert len(session._sink.frames) == 8
        session._sink.frames.clear()
        del frame
        gc.collect()
        assert session._lender.lent == 0
    # the encoder lets go of the last ones when it ends
    assert camera.allocator.released == 20


def test_what_the_camera_is_told(camera: Camera, opened: Callable[..., Any]) -> None:
    settings = {
        "rate": 20.0,
        "rotation": 180,
        "mirror": True,
        "region": (0.25, 0.5, 0.5, 0.5),
        "look": {"compensation": -1.5, "shutter_ms": 8.0, "gain": 2.0, "color": False, "slowest": 5.0},
    }
    with opened(**settings):
        [configuration] = camera.configurations
        assert configuration["main"] == {"size": (320, 240), "format": "YUV420"}
        assert configuration["lores"] == {"size": (200, 120), "format": "YUV420"}
        assert (configuration["transform"].hflip, configuration["transform"].vflip) == (False, True)
        assert configuration["controls"] == {
            "FrameDurationLimits": (50_000, 200_000),
            "ExposureValue": -1.5,
            "ExposureTime": 8000,
            "AnalogueGain": 2.0,
            "Saturation": 0.0,
            "ScalerCrop": (820, 1232, 1640, 1232),
        }
        [encoder] = camera.picam2._encoders
        assert (encoder.bitrate, encoder.iperiod, encoder.repeat) == (3_000_000, 40, True)
    camera.picam2.close.assert_called_once_with()
    assert camera.picam2._encoders == set()


def test_night_by_light(camera: Camera, opened: Callable[..., Any]) -> None:
    stop = threading.Event()
    with opened(night={"mode": "light", "for_s": 3.0}) as session:
        seen = []
        for number in range(10):
            camera.take(number, BOOTED_NS + number * 1_000_000_000, lux=400.0 if number < 2 else 1.5)
            session.step(stop)
            seen.append((camera.controls["Saturation"], camera.controls["FrameDurationLimits"]))
    assert seen[:5] == [(1.0, (40_000, 40_000))] * 5
    assert seen[5:] == [(0.0, (40_000, 200_000))] * 5


def test_settings_change_while_it_runs(camera: Camera, opened: Callable[..., Any]) -> None:
    with opened() as session:
        assert session.change(Picamera2Settings(**SMALL_VIDEO, look={"gain": 4.0}))
        assert camera.controls["AnalogueGain"] == 4.0
        assert not session.change(Picamera2Settings(size="640x480"))


def test_what_is_raised_on_the_encoders_thread_is_raised_on_ours(
    camera: Camera, opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise OSError("no room")

    with opened() as session:
        monkeypatch.setattr(session._sink, "access_unit", refuse)
        # the encoder has threads, and so gives its first picture some pictures later
        for number in range(30):
            camera.take(number, BOOTED_NS + number * PERIOD_NS)
        with pytest.raises(OSError, match="no room"):
            session.step(threading.Event())


def test_a_camera_whose_cable_came_loose_is_away(
    clock: FakeClock, camera: Camera, opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from picctv_core.sources.pi import picamera2_session

    monkeypatch.setattr(picamera2_session, "_LOOK_AT_STOP_S", 0.001)
    with opened() as session:
        clock.advance(5.1)
        with pytest.raises(SourceError, match="camera 0 has given no pictures for 5 s: check its cable"):
            session.step(threading.Event())
        camera.picam2.cancel_all_and_flush.assert_not_called()
    camera.picam2.cancel_all_and_flush.assert_called_once_with()


def test_an_encoder_that_is_silent_is_told_apart(
    clock: FakeClock, camera: Camera, opened: Callable[..., Any]
) -> None:
    with opened() as session:
        camera.picam2._encoders.clear()  # its thread has died, as after a fault in the kernel
        camera.take(0, BOOTED_NS)
        clock.advance(5.1)
        with pytest.raises(SourceError, match="camera 0 has given no video for 5 s"):
            session.step(threading.Event())
        camera.picam2.stop_encoder.side_effect = None


def test_a_camera_that_is_not_there(opened: Callable[..., Any]) -> None:
    with (
        pytest.raises(SourceError, match="there is no camera 2; libcamera knows 0: imx219"),
        opened(camera=2),
    ):
        pass


def test_an_analysis_stream_that_is_larger_than_the_video(opened: Callable[..., Any]) -> None:
    with (
        pytest.raises(SourceError, match="640x480@10, can't be larger than the video, 320x240") as told,
        opened(analysis=AnalysisFormat(640, 480, 10.0)),
    ):
        pass
    assert not told.value.retry


def test_run_opens_anew_for_another_size_and_ends_when_told(camera: Camera) -> None:
    source = Picamera2Source(Picamera2Settings(**SMALL_VIDEO), ANALYSIS, FakeClock(START_NS))
    sink, stop = Sink(), threading.Event()
    thread = threading.Thread(target=source.run, args=(sink, stop))
    thread.start()
    try:
        wait_for(lambda: len(sink.infos) == 1)
        source.change(Picamera2Settings(size="640x480"))
        camera.take(0, BOOTED_NS)
        wait_for(lambda: len(sink.infos) == 2)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    assert [(info.width, info.height) for info in sink.infos] == [(320, 240), (640, 480)]


@pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning:picamera2")
def test_the_hardware_encoder(
    camera: Camera, opened: Callable[..., Any], picamera2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import videodev2 as v4l2
    from picamera2.encoders.h264_encoder import H264Encoder

    from picctv_core.sources.pi import picamera2_session
    from tests.pi.pictures import encoded
    from tests.pi.v4l2_device import Device

    del picamera2
    pictures = encoded(60)
    device = Device(pictures)
    device.install(monkeypatch)
    monkeypatch.setattr(picamera2_session, "H264Encoder", H264Encoder)
    stop = threading.Event()
    with opened(bitrate=2500, key_interval_s=4.0) as session:
        for number in range(60):
            camera.take(number, BOOTED_NS + number * PERIOD_NS)
            session.step(stop)
            # as the encoder of a Pi does, it gives each picture back before long
            wait_for(lambda: len(session._sink.units) > number)  # noqa: B023
    assert device.closed
    assert device.size == (320, 240)
    assert device.controls[v4l2.V4L2_CID_MPEG_VIDEO_BITRATE] == 2_500_000
    assert device.controls[v4l2.V4L2_CID_MPEG_VIDEO_H264_I_PERIOD] == 100
    assert device.controls[v4l2.V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER] == 1
    units = session._sink.units
    assert [unit.annexb for unit in units] == [picture.whole for picture in pictures]
    assert [unit.captured_at_ns - START_NS for unit in units] == [number * PERIOD_NS for number in range(60)]
