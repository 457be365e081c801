"""One opening of a camera through picamera. Imported on a Pi only; see `picamera_source`.

What picamera does, as its documentation and its source say:

- It writes encoded pictures on a thread of its own, one picture in one or more writes; the encoder's `frame` says of each
  write what it is and whether it completes its picture.
- SPS and PPS come as a write of their own, and the first picture has no time.
- What is raised in `write` ends the encoder, and is raised again by `wait_recording`, which has to be asked.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from picamera import PiCamera, PiVideoFrameType
from picamera.exc import PiCameraError

from picctv_core.errors import SourceError, one_line
from picctv_core.frames import VideoInfo
from picctv_core.sources.pi.night import DayOrNight, lux_of
from picctv_core.sources.pi.picamera_vectors import VectorWrites
from picctv_core.sources.units import UnitMaker

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import Self

    import numpy.typing as npt

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat
    from picctv_core.sources.base import Sink
    from picctv_core.sources.luma import AnalysisTap
    from picctv_core.sources.pi.picamera_source import PicameraSettings

    PiVideoEncoder = Any  # picamera has no types

log = logging.getLogger(__name__)

SILENT_S = 5.0
"""A camera that gives nothing for so long is away: a cable, or a fault in the firmware."""

LIGHT_S = 1.0
"""How often the light, and the firmware's clock, are asked for."""

GRID = (32, 16)
"""Columns and rows: raw pictures have multiples of these, and the firmware stretches others to them."""

_VIDEO, _SMALL = 1, 2
"""The ports of the splitter."""

_STEP_S = 0.1
_NS_PER_US = 1000
_SLOWLY = 32


class FirmwareClock:
    """Turns the firmware's microseconds since its start into ours.

    The two clocks run from different oscillators, or at rates that NTP sets apart, by some parts in a million: the
    difference is measured again and again, and followed slowly, so that times never jump.
    """

    def __init__(self, clock: Clock, firmware_us: Callable[[], int]) -> None:
        self._clock, self._firmware_us = clock, firmware_us
        self._offset_ns = self._measured()

    def follow(self) -> None:
        """Measure again."""
        self._offset_ns += (self._measured() - self._offset_ns) // _SLOWLY

    def captured_at_ns(self, timestamp_us: int) -> int:
        """Give UTC nanoseconds since the epoch."""
        return timestamp_us * _NS_PER_US + self._offset_ns

    def _measured(self) -> int:
        return self._clock.now_ns() - self._firmware_us() * _NS_PER_US


class Pictures:
    """Puts an encoder's writes together to pictures. Used on the encoder's thread."""

    def __init__(
        self, encoder: Callable[[], PiVideoEncoder], take: Callable[[bytes, int], None], period_us: int
    ) -> None:
        """Begin.

        Args:
            encoder: gives the encoder that writes; picamera knows it from its first write on.
            take: gets each picture, with the firmware's time in microseconds.
            period_us: the time from one picture to the next.
        """
        self._encoder, self._take, self._period_us = encoder, take, period_us
        self._parts: list[bytes] = []
        self._undated: list[bytes] = []
        self._timestamp_us: int | None = None
        self.count = 0

    def write(self, data: bytes) -> int:
        """Take a piece of a picture."""
        frame = self._encoder().frame
        self._parts.append(data)
        # A piece that is no picture's end is followed by more of it; parameter sets belong to the picture that follows.
        if frame.timestamp is not None:
            self._timestamp_us = frame.timestamp
        if frame.complete and frame.frame_type != PiVideoFrameType.sps_header:
            self._complete(self._parts[0] if len(self._parts) == 1 else b"".join(self._parts))
            self._parts = []
        return len(data)

    def flush(self) -> None:
        """Nothing waits here that could be flushed; picamera asks all outputs."""

    def _complete(self, picture: bytes) -> None:
        timestamp_us, self._timestamp_us = self._timestamp_us, None
        self.count += 1
        if timestamp_us is None:
            self._undated.append(picture)
            return
        # The first picture has no time: it lies one period before the second.
        undated, self._undated = self._undated, []
        for number, earlier in enumerate(undated):
            self._take(earlier, timestamp_us - (len(undated) - number) * self._period_us)
        self._take(picture, timestamp_us)


class Session:
    """A camera that is open and running, from `__enter__` to `__exit__`."""

    def __init__(
        self,
        settings: PicameraSettings,
        analysis: AnalysisFormat,
        tap: AnalysisTap,
        clock: Clock,
        sink: Sink,
    ) -> None:
        self._settings, self._analysis, self._tap = settings, analysis, tap
        self._clock, self._sink = clock, sink
        self._light = DayOrNight(settings)
        self._units = UnitMaker()
        period_us = round(1e6 / settings.rate)
        self._video = Pictures(lambda: self._encoder(_VIDEO), self._take_video, period_us)
        self._small = Pictures(lambda: self._encoder(_SMALL), self._take_small, period_us)
        self._light_due_s = 0.0
        self._newest: npt.NDArray[np.uint8] | None = None
        self._heard = (0, 0)
        self._heard_s = clock.monotonic()

    def __enter__(self) -> Self:
        settings, analysis = self._settings, self._analysis
        if analysis.width % GRID[0] or analysis.height % GRID[1]:
            nearest = (max(1, round(analysis.width / GRID[0])), max(1, round(analysis.height / GRID[1])))
            raise SourceError(
                f"the analysis stream of the driver picamera has multiples of {GRID[0]} columns and {GRID[1]} rows: "
                f"take {nearest[0] * GRID[0]}x{nearest[1] * GRID[1]} in place of {analysis.width}x{analysis.height}",
                retry=False,
            )
        try:
            self._camera = PiCamera(
                camera_num=settings.camera,
                resolution=(settings.width, settings.height),
                framerate=settings.rate,
                clock_mode="raw",
            )
        except PiCameraError as error:
            raise SourceError(
                f"camera {settings.camera} can't be opened: {one_line(error)}; check its cable, and that no other "
                "program uses it"
            ) from error
        try:
            self._start()
        except BaseException as error:
            self._close()
            if isinstance(error, PiCameraError):
                raise SourceError(
                    f"camera {settings.camera} can't run so: {one_line(error)}", retry=False
                ) from error
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def step(self, stop: threading.Event) -> None:
        """Hear whether both encoders still run, and look at the light now and then.

        Raises:
            SourceError: nothing comes any more.
        """
        if stop.is_set():
            return
        try:
            self._camera.wait_recording(_STEP_S, splitter_port=_VIDEO)
            self._camera.wait_recording(0, splitter_port=_SMALL)
        except Exception as error:
            # also what our own part raised on the encoder's thread
            raise SourceError(f"camera {self._settings.camera} ended: {one_line(error)}") from error
        now_s = self._clock.monotonic()
        counts = (self._video.count, self._small.count)
        if all(new != old for new, old in zip(counts, self._heard, strict=True)):
            self._heard, self._heard_s = counts, now_s
        elif now_s - self._heard_s > SILENT_S:
            what = "video" if counts[0] == self._heard[0] else "pictures"
            raise SourceError(
                f"camera {self._settings.camera} has given no {what} for {SILENT_S:g} s: check its cable"
            )
        if now_s >= self._light_due_s:
            self._light_due_s = now_s + LIGHT_S
            self._times.follow()
            self._look()

    def change(self, settings: PicameraSettings) -> bool:
        """Go over to other settings; False where the camera has to be opened anew for them."""
        if not self._settings.changes_while_running(settings):
            return False
        self._settings = self._light.settings = settings
        self._apply()
        return True

    def _start(self) -> None:
        settings, analysis, camera = self._settings, self._analysis, self._camera
        camera.rotation = settings.rotation
        camera.hflip = settings.mirror
        self._times = FirmwareClock(self._clock, lambda: camera.timestamp)
        self._apply()
        vectors = VectorWrites(
            (settings.width, settings.height),
            lambda: self._encoder(_VIDEO).frame.timestamp,
            self._times.captured_at_ns,
            self._sink.motion_vectors,
        )
        camera.start_recording(
            self._video,
            "h264",
            splitter_port=_VIDEO,
            bitrate=settings.bitrate * 1000,
            intra_period=settings.key_interval,
            inline_headers=True,
            **({"motion_output": vectors} if self._sink.wants_vectors else {}),
        )
        camera.start_recording(
            self._small, "yuv", resize=(analysis.width, analysis.height), splitter_port=_SMALL
        )
        self._sink.started(VideoInfo(settings.width, settings.height, settings.rate))

    def _close(self) -> None:
        """Close the camera; each recording that has failed raises once more at that, and leaves the rest to the next try."""
        for _ in (_VIDEO, _SMALL):
            try:
                self._camera.close()
            except Exception as error:  # noqa: BLE001 - whatever an output of ours raised
                log.debug("camera %d: %s", self._settings.camera, one_line(error))
            else:
                return
        self._camera.close()

    def _encoder(self, port: int) -> PiVideoEncoder:
        # `camera.frame` is that of any of the encoders, where there are several.
        return self._camera._encoders[port]  # noqa: SLF001

    def _look(self) -> None:
        camera = self._camera
        gain = float(camera.analog_gain) * float(camera.digital_gain)
        small = self._newest
        # every eighth pixel tells as much as all of them
        lux = None if small is None else lux_of(camera.exposure_speed, gain, float(small[::8, ::8].mean()))
        if self._light.see(self._clock.now_ns(), lux):
            log.info("camera %d: %s", self._settings.camera, "night" if self._light.night else "day")
            self._apply()

    def _apply(self) -> None:
        """Give the firmware the look of now."""
        camera, look = self._camera, self._light.look
        camera.zoom = self._settings.region
        camera.exposure_compensation = round(6 * look.compensation)
        camera.shutter_speed = 0 if look.shutter_ms is None else round(1000 * look.shutter_ms)
        # The firmware has gains by the numbers of films: 100 is no amplification.
        camera.iso = 0 if look.gain is None else round(100 * look.gain)
        camera.color_effects = None if look.color else (128, 128)
        slower = 0.0 if look.slowest is None else min(0.0, look.slowest - self._settings.rate)
        camera.framerate_delta = slower

    def _take_video(self, picture: bytes, timestamp_us: int) -> None:
        self._sink.access_unit(self._units.make(picture, self._times.captured_at_ns(timestamp_us)))

    def _take_small(self, picture: bytes, timestamp_us: int) -> None:
        captured_at_ns = self._times.captured_at_ns(timestamp_us)
        if self._tap.wants(captured_at_ns):
            width, height = self._analysis.width, self._analysis.height
            self._newest = luma = np.frombuffer(picture, np.uint8, width * height).reshape(height, width)
            self._sink.frame(self._tap.frame(luma, captured_at_ns))
