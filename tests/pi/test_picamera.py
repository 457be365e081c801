"""The driver `picamera` on the real package: its own encoder and output classes, fed with the firmware's buffers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core.errors import SourceError
from picctv_core.frames import AnalysisFormat, VideoInfo
from picctv_core.sources.luma import AnalysisTap
from picctv_core.sources.pi.picamera_source import PicameraSettings, PicameraSource
from picctv_core.testing import START_NS, FakeClock
from tests.core.videos import Sink, decode
from tests.pi.pictures import encoded

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.pi.firmware import Firmware

pytestmark = pytest.mark.pi

ANALYSIS = AnalysisFormat(320, 240, 10.0)
PERIOD_US = 40_000
VIDEO, SMALL = 1, 2


@pytest.fixture
def firmware(picamera: Any, monkeypatch: pytest.MonkeyPatch) -> Firmware:
    del picamera  # it is imported by now, as it can be here only by its fixture
    from picctv_core.sources.pi import picamera_session
    from tests.pi.firmware import Firmware

    made = Firmware()
    monkeypatch.setattr(picamera_session, "PiCamera", made.make)
    monkeypatch.setattr(PicameraSource, "missing", staticmethod(lambda: ""))
    return made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START_NS)


@pytest.fixture
def opened(firmware: Firmware, clock: FakeClock) -> Callable[..., AbstractContextManager[Any]]:
    """Open a camera with some settings; the sink is its `_sink`."""
    assert firmware.camera is None
    from picctv_core.sources.pi.picamera_session import Session

    def session(analysis: AnalysisFormat = ANALYSIS, **settings: Any) -> Any:
        return Session(PicameraSettings(**settings), analysis, AnalysisTap(analysis), clock, Sink())

    return session


def feed_picture(
    firmware: Firmware, number: int, picture: Any, *, pieces: int = 1, dated: bool = True
) -> None:
    """Give a picture as the firmware does: parameter sets by themselves, then the slices in some pieces."""
    from tests.pi.firmware import CONFIG, FRAME_END, KEY, NO_TIME, Buffer

    key = KEY if picture.sets else 0
    pts = firmware.now_us + number * PERIOD_US if dated else NO_TIME
    if picture.sets:
        firmware.feed(VIDEO, Buffer(picture.sets, CONFIG | FRAME_END))
    size = -(-len(picture.slices) // pieces)
    parts = [picture.slices[at : at + size] for at in range(0, len(picture.slices), size)]
    for part in parts[:-1]:
        firmware.feed(VIDEO, Buffer(part, key, pts))
    firmware.feed(VIDEO, Buffer(parts[-1], key | FRAME_END, pts))


def test_pictures_that_come_in_pieces_are_whole_units_with_exact_times(
    firmware: Firmware, opened: Callable[..., Any]
) -> None:
    pictures = encoded(60)
    with opened() as session:
        for number, picture in enumerate(pictures):
            # the first has no time, as the firmware has it
            feed_picture(firmware, number, picture, pieces=1 + number % 4, dated=number > 0)
        units = session._sink.units
    assert [unit.captured_at_ns - START_NS for unit in units] == [n * PERIOD_US * 1000 for n in range(60)]
    assert [number for number, unit in enumerate(units) if unit.is_key] == [0, 50]
    assert [unit.annexb for unit in units] == [picture.whole for picture in pictures]
    assert len(decode(units)) == 60
    assert session._sink.infos == [VideoInfo(1280, 720, 25.0)]


def test_key_pictures_without_parameter_sets_get_those_of_before(
    firmware: Firmware, opened: Callable[..., Any]
) -> None:
    from tests.pi.firmware import FRAME_END, KEY, Buffer

    first, *_ = encoded(1)
    with opened() as session:
        feed_picture(firmware, 0, first)
        firmware.feed(VIDEO, Buffer(first.slices, KEY | FRAME_END, firmware.now_us + PERIOD_US))
        units = session._sink.units
    assert [unit.annexb for unit in units] == [first.whole, first.whole]


def test_small_pictures_are_the_analysis_stream_without_a_copy(
    firmware: Firmware, opened: Callable[..., Any]
) -> None:
    from tests.pi.firmware import Buffer

    raw = np.arange(320 * 240 * 3 // 2, dtype=np.uint32).astype(np.uint8).tobytes()
    with opened() as session:
        for number in range(25):
            firmware.feed(SMALL, Buffer(raw, pts=firmware.now_us + number * PERIOD_US))
        frames = session._sink.frames
    assert [round((frame.captured_at_ns - START_NS) / 1e6) for frame in frames] == [
        0, 80, 200, 280, 400, 480, 600, 680, 800, 880,
    ]  # fmt: skip
    assert [frame.sequence for frame in frames] == list(range(10))
    luma = frames[0].luma
    assert (luma.shape, luma.dtype, luma.flags.writeable) == ((240, 320), np.uint8, False)
    assert luma.tobytes() == raw[: 320 * 240]
    assert np.shares_memory(luma, np.frombuffer(raw, np.uint8))


def test_a_raw_picture_in_two_writes_is_put_together(firmware: Firmware, opened: Callable[..., Any]) -> None:
    from tests.pi.firmware import Buffer

    raw = bytes(range(256)) * (320 * 240 * 3 // 2 // 256)
    with opened() as session:
        firmware.feed(
            SMALL, Buffer(raw[:50_000], 0, firmware.now_us), Buffer(raw[50_000:], pts=firmware.now_us)
        )
        [frame] = session._sink.frames
    assert frame.luma.tobytes() == raw[: 320 * 240]


def test_motion_vectors_are_those_of_the_pictures_macroblocks(
    firmware: Firmware, opened: Callable[..., Any]
) -> None:
    from tests.pi.firmware import FRAME_END, NO_TIME, SIDE_INFO, Buffer

    # 68 rows, and one column more than the 120 of 1920 pixels
    told = np.zeros((68, 121), [("x", "i1"), ("y", "i1"), ("sad", "<u2")])
    told["x"][3, 5], told["y"][3, 5], told["sad"][3, 5], told["sad"][:, -1] = -7, 3, 900, 4711
    raw, at_us = told.tobytes(), firmware.now_us + PERIOD_US
    session = opened(size="1920x1080")
    session._sink.wants_vectors = True
    with session:
        firmware.feed(VIDEO, Buffer(raw, SIDE_INFO | FRAME_END, NO_TIME))
        firmware.feed(VIDEO, Buffer(bytes(len(raw)), SIDE_INFO | FRAME_END, at_us))
        firmware.feed(
            VIDEO, Buffer(raw[:9000], SIDE_INFO, at_us), Buffer(raw[9000:], SIDE_INFO | FRAME_END, at_us)
        )
    [vectors] = session._sink.vectors
    assert vectors.captured_at_ns == START_NS + PERIOD_US * 1000
    assert (vectors.x.shape, vectors.x.dtype, vectors.sad.dtype) == ((68, 120), np.int8, np.uint16)
    assert (vectors.x[3, 5], vectors.y[3, 5], vectors.sad[3, 5]) == (-7, 3, 900)
    assert np.count_nonzero(vectors.x) == np.count_nonzero(vectors.sad) == 1
    assert not vectors.x.flags.writeable
    assert session._sink.units == []


def test_what_the_camera_is_told(firmware: Firmware, opened: Callable[..., Any]) -> None:
    settings = {
        "camera": 1,
        "size": "1920x1080",
        "rate": 20.0,
        "bitrate": 4000,
        "key_interval_s": 3.0,
        "rotation": 90,
        "mirror": True,
        "region": (0.1, 0.2, 0.5, 0.5),
        "look": {"compensation": -1.5, "shutter_ms": 8.0, "gain": 2.0, "color": False},
    }
    with opened(**settings):
        camera = firmware.camera
        assert firmware.made == [
            {"camera_num": 1, "resolution": (1920, 1080), "framerate": 20.0, "clock_mode": "raw"}
        ]
        assert firmware.recordings == {
            VIDEO: {
                "format": "h264",
                "resize": None,
                "bitrate": 4_000_000,
                "intra_period": 60,
                "inline_headers": True,
            },
            SMALL: {"format": "yuv", "resize": (320, 240)},
        }
        assert (camera.rotation, camera.hflip, camera.zoom) == (90, True, (0.1, 0.2, 0.5, 0.5))
        assert (camera.exposure_compensation, camera.shutter_speed, camera.iso) == (-9, 8000, 200)
        assert (camera.color_effects, camera.framerate_delta) == ((128, 128), 0.0)
    assert camera._encoders == {}


def test_every_setting_is_a_property_of_the_real_camera(picamera: Any) -> None:
    for name in (
        "rotation", "hflip", "zoom", "exposure_compensation", "shutter_speed", "iso", "color_effects", "framerate_delta",
    ):  # fmt: skip
        assert getattr(picamera.PiCamera, name).fset is not None
    for name in ("timestamp", "exposure_speed", "analog_gain", "digital_gain"):
        assert isinstance(getattr(picamera.PiCamera, name), property)


def test_night_by_light_and_back(firmware: Firmware, clock: FakeClock, opened: Callable[..., Any]) -> None:
    from tests.pi.firmware import Buffer

    night = {"mode": "light", "for_s": 5.0, "look": {"color": False, "slowest": 8.0}}
    with opened(night=night) as session:
        camera = firmware.camera

        def after(seconds: int, shutter_us: int, gain: float, brightness: int) -> tuple[Any, float]:
            camera.exposure_speed, camera.analog_gain = shutter_us, gain
            raw = bytes([brightness]) * (320 * 240 * 3 // 2)
            for _ in range(seconds):
                clock.advance(1.0)
                firmware.now_us += 1_000_000
                firmware.feed(SMALL, Buffer(raw, pts=firmware.now_us))
                session._look()
            return camera.color_effects, camera.framerate_delta

        by_day, dark, torch = (2_000, 1.0, 110), (40_000, 8.0, 40), (10_000, 1.0, 110)
        assert after(10, *by_day) == (None, 0.0)
        assert after(4, *dark) == (None, 0.0)
        assert after(3, *dark) == ((128, 128), -17.0)
        # somebody with a torch is no day
        assert after(2, *torch) == ((128, 128), -17.0)
        assert after(3, *dark) == ((128, 128), -17.0)
        assert after(7, *by_day) == (None, 0.0)


def test_settings_change_while_it_runs(firmware: Firmware, opened: Callable[..., Any]) -> None:
    with opened() as session:
        assert session.change(PicameraSettings(look={"compensation": 2.0}, region=(0, 0, 0.5, 0.5)))
        assert (firmware.camera.exposure_compensation, firmware.camera.zoom) == (12, (0, 0, 0.5, 0.5))
        assert not session.change(PicameraSettings(size="640x480"))


def test_the_firmwares_clock_is_followed_without_a_jump(
    firmware: Firmware, clock: FakeClock, opened: Callable[..., Any]
) -> None:
    with opened() as session:
        times = []
        for _ in range(300):
            clock.advance(1.0)
            # 50 parts in a million too slow
            firmware.now_us += 999_950
            session._times.follow()
            times.append(session._times.captured_at_ns(firmware.now_us))
    assert times == sorted(times)
    assert abs(times[-1] - clock.now_ns()) < 2_000_000


def test_what_is_raised_on_the_encoders_thread_ends_the_session(
    firmware: Firmware, opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise OSError("no room")

    with opened() as session:
        monkeypatch.setattr(session._sink, "access_unit", refuse)
        first, second = encoded(2)
        feed_picture(firmware, 0, first)
        feed_picture(firmware, 1, second)
        with pytest.raises(SourceError, match="camera 0 ended: OSError: no room"):
            session.step(threading.Event())
    assert firmware.camera._encoders == {}


def test_a_silent_camera_is_away(firmware: Firmware, clock: FakeClock, opened: Callable[..., Any]) -> None:
    from tests.pi.firmware import Buffer

    raw = bytes(320 * 240 * 3 // 2)
    with opened() as session:
        for number in range(4):
            firmware.feed(SMALL, Buffer(raw, pts=firmware.now_us + number * PERIOD_US))
            clock.advance(1.0)
            session.step(threading.Event())
        clock.advance(2.0)
        with pytest.raises(SourceError, match="camera 0 has given no video for 5 s: check its cable"):
            session.step(threading.Event())


def test_a_camera_that_cannot_be_opened(
    picamera: Any, opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from picctv_core.sources.pi import picamera_session

    def refuse(**_: Any) -> None:
        raise picamera.exc.PiCameraMMALError(1, "Camera component couldn't be enabled: Out of resources")

    monkeypatch.setattr(picamera_session, "PiCamera", refuse)
    with (
        pytest.raises(
            SourceError, match=r"camera 0 can't be opened: .*Out of resources.*no other program"
        ) as told,
        opened(),
    ):
        pass
    assert told.value.retry


def test_an_analysis_size_that_the_firmware_would_stretch_is_refused(opened: Callable[..., Any]) -> None:
    with (
        pytest.raises(SourceError, match="take 640x352 in place of 640x360") as told,
        opened(analysis=AnalysisFormat(640, 360, 10.0)),
    ):
        pass
    assert not told.value.retry


def test_run_opens_anew_for_another_size_and_ends_when_told(firmware: Firmware) -> None:
    source = PicameraSource(PicameraSettings(), ANALYSIS, FakeClock(START_NS))
    sink, stop = Sink(), threading.Event()
    thread = threading.Thread(target=source.run, args=(sink, stop))
    thread.start()
    try:
        wait_for(lambda: len(firmware.made) == 1)
        source.change(PicameraSettings(size="640x480"))
        wait_for(lambda: len(firmware.made) == 2)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    assert [made["resolution"] for made in firmware.made] == [(1280, 720), (640, 480)]
    assert [info.width for info in sink.infos] == [1280, 640]


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something on another thread has come true."""
    done = threading.Event()
    for _ in range(1000):
        if what():
            return
        done.wait(0.01)
    raise AssertionError("it did not come true within 10 s")


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    source = PicameraSource(PicameraSettings(), ANALYSIS, FakeClock(START_NS))
    with pytest.raises(
        SourceError, match=r"can't run here: there is no module picamera: on 32-bit .* picamera2"
    ) as told:
        source.run(Sink(), threading.Event())
    assert not told.value.retry
