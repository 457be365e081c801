"""One opening of a camera through picamera2. Imported on a Pi only; see `picamera2_source`."""

from __future__ import annotations

import concurrent.futures
import logging
import time
from typing import TYPE_CHECKING, Any

import libcamera
from picamera2 import MappedArray, Picamera2
from picamera2.encoders import H264Encoder
from picamera2.outputs import Output

from picctv_core.errors import SourceError, one_line
from picctv_core.frames import VideoInfo
from picctv_core.sources.pi.lent import MOST_LENT, Lender
from picctv_core.sources.pi.night import DayOrNight
from picctv_core.sources.units import UnitMaker

if TYPE_CHECKING:
    import threading
    from typing import Self

    from picamera2.request import CompletedRequest

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat
    from picctv_core.sources.base import Sink
    from picctv_core.sources.luma import AnalysisTap
    from picctv_core.sources.pi.picamera2_source import Picamera2Settings

log = logging.getLogger(__name__)

SILENT_S = 5.0
"""A camera or an encoder that gives nothing for so long is away: a cable, or a fault in the firmware."""

LIGHT_S = 1.0
"""How often the light is asked for."""

_LOOK_AT_STOP_S = 0.1
_NS_PER_S, _NS_PER_US = 1_000_000_000, 1000
_BUFFERS = 6 + MOST_LENT
"""What picamera2 takes for video, and those that may be lent."""


class Units(Output):  # type: ignore[misc]  # picamera2 has no types
    """Takes the encoder's pictures, on the encoder's thread.

    An error there would end that thread without a word, so it is kept for the camera's own; see `look`.
    """

    def __init__(self, sink: Sink, encoder: Any, offset_ns: int) -> None:
        """Begin a stream; `offset_ns` is what lies between the sensor's clock and ours."""
        super().__init__()
        self._sink, self._encoder, self._offset_ns = sink, encoder, offset_ns
        self._units = UnitMaker()
        self._error: Exception | None = None
        self.count = 0

    def outputframe(
        self,
        frame: Any,
        keyframe: bool = True,
        timestamp: int | None = None,
        packet: Any = None,
        audio: bool = False,
    ) -> None:
        """Take one encoded picture; its time is in microseconds since the encoder's first."""
        del keyframe, packet  # which pictures are key ones, the bytes themselves say
        if audio or timestamp is None or self._error is not None:
            return
        try:
            captured_at_ns = (self._encoder.firsttimestamp + timestamp) * _NS_PER_US + self._offset_ns
            self._sink.access_unit(self._units.make(bytes(frame), captured_at_ns))
            self.count += 1
        except Exception as error:  # noqa: BLE001 - raised on the camera's thread
            self._error = error

    def look(self) -> None:
        """Raise what went wrong on the encoder's thread."""
        if self._error is not None:
            raise self._error


class Session:
    """A camera that is open and running, from `__enter__` to `__exit__`."""

    def __init__(
        self,
        settings: Picamera2Settings,
        analysis: AnalysisFormat,
        tap: AnalysisTap,
        clock: Clock,
        sink: Sink,
    ) -> None:
        self._settings, self._analysis, self._tap = settings, analysis, tap
        self._clock, self._sink = clock, sink
        # The sensor's clock counts since the boot, as CLOCK_BOOTTIME does; ours never steps either.
        self._offset_ns = clock.now_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._light = DayOrNight(settings)
        self._light_due_ns = 0
        self._lender = Lender()
        self._job: Any = None
        self._heard_s = clock.monotonic()
        self._heard_units = 0

    def __enter__(self) -> Self:
        settings, analysis = self._settings, self._analysis
        if analysis.width > settings.width or analysis.height > settings.height:
            raise SourceError(
                f"the analysis stream, {analysis}, can't be larger than the video, {settings.size}",
                retry=False,
            )
        self._camera = self._opened()
        try:
            self._start()
        except BaseException:
            self._camera.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # A picture that is asked for and does not come must not keep the camera from being closed.
        self._camera.cancel_all_and_flush()
        try:
            self._camera.stop_encoder()
        finally:
            self._camera.close()

    def step(self, stop: threading.Event) -> None:
        """Wait for the camera's next picture, and give it to the sink where it is due; return when stopped, too.

        Raises:
            SourceError: nothing comes any more.
        """
        request = self._next_request(stop)
        if request is None:
            return
        self._units.look()
        captured_at_ns = request.request.metadata[libcamera.controls.SensorTimestamp] + self._offset_ns
        if captured_at_ns >= self._light_due_ns:
            self._light_due_ns = captured_at_ns + round(LIGHT_S * _NS_PER_S)
            if self._light.see(captured_at_ns, request.get_metadata().get("Lux")):
                log.info("camera %d: %s", self._settings.camera, "night" if self._light.night else "day")
                self._camera.set_controls(self._controls())
        if not self._tap.wants(captured_at_ns):
            request.release()
            return
        width, height = self._analysis.width, self._analysis.height
        with MappedArray(request, "lores", write=False) as mapped:
            luma = mapped.array[:height, :width]
        self._sink.frame(self._tap.frame(self._lender.lend(luma, request.release), captured_at_ns))

    def change(self, settings: Picamera2Settings) -> bool:
        """Go over to other settings; False where the camera has to be opened anew for them."""
        if not self._settings.changes_while_running(settings):
            return False
        self._settings = self._light.settings = settings
        self._light_due_ns = 0
        self._camera.set_controls(self._controls())
        return True

    def _opened(self) -> Any:
        number = self._settings.camera
        known = Picamera2.global_camera_info()
        if number >= len(known):
            names = ", ".join(f"{camera['Num']}: {camera.get('Model', camera['Id'])}" for camera in known)
            raise SourceError(
                f"there is no camera {number}; libcamera knows {names or 'none: check the cable'}"
            )
        try:
            return Picamera2(number)
        except (RuntimeError, IndexError) as error:
            raise SourceError(
                f"camera {number} can't be opened: {one_line(error)}; is another program using it?"
            ) from error

    def _start(self) -> None:
        settings, analysis, camera = self._settings, self._analysis, self._camera
        turned = settings.rotation == 180
        transform = libcamera.Transform(hflip=turned is not settings.mirror, vflip=turned)
        camera.configure(
            camera.create_video_configuration(
                main={"size": (settings.width, settings.height), "format": "YUV420"},
                lores={"size": (analysis.width, analysis.height), "format": "YUV420"},
                transform=transform,
                buffer_count=_BUFFERS,
                controls=self._controls(),
            )
        )
        encoder = H264Encoder(
            bitrate=settings.bitrate * 1000,
            repeat=True,
            iperiod=settings.key_interval,
            framerate=max(1, round(settings.rate)),
        )
        self._units = Units(self._sink, encoder, self._offset_ns)
        camera.start_encoder(encoder, self._units, name="main")
        camera.start()
        self._sink.started(VideoInfo(settings.width, settings.height, settings.rate))

    def _controls(self) -> dict[str, Any]:
        """Give libcamera's controls for the look of now."""
        settings, look = self._settings, self._light.look
        fastest_us = round(1e6 / settings.rate)
        slowest_us = fastest_us if look.slowest is None else max(fastest_us, round(1e6 / look.slowest))
        controls: dict[str, Any] = {
            "FrameDurationLimits": (fastest_us, slowest_us),
            "ExposureValue": look.compensation,
            # 0 is picamera2's way to say automatic
            "ExposureTime": 0 if look.shutter_ms is None else round(look.shutter_ms * 1000),
            "AnalogueGain": 0.0 if look.gain is None else look.gain,
            "Saturation": 1.0 if look.color else 0.0,
        }
        _, largest, _ = self._camera.camera_controls["ScalerCrop"]
        left, top, width, height = settings.region
        x, y, columns, rows = largest
        controls["ScalerCrop"] = (
            round(x + left * columns),
            round(y + top * rows),
            round(width * columns),
            round(height * rows),
        )
        return controls

    def _next_request(self, stop: threading.Event) -> CompletedRequest | None:
        while not stop.is_set():
            if self._job is None:
                self._job = self._camera.capture_request(wait=False)
            try:
                request = self._job.get_result(timeout=_LOOK_AT_STOP_S)
            except concurrent.futures.TimeoutError:
                self._check_silence("pictures")
                continue
            self._job = None
            if self._units.count != self._heard_units:
                self._heard_units, self._heard_s = self._units.count, self._clock.monotonic()
            try:
                self._check_silence("video")
            except SourceError:
                request.release()
                raise
            return request
        return None

    def _check_silence(self, what: str) -> None:
        if self._clock.monotonic() - self._heard_s > SILENT_S:
            raise SourceError(
                f"camera {self._settings.camera} has given no {what} for {SILENT_S:g} s: check its cable, "
                "and `dmesg` for faults of the camera or the encoder"
            )
