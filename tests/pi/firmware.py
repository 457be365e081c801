"""A camera as picamera has it, whose firmware is the test: it hands buffers to picamera's own encoder objects."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any
from unittest.mock import MagicMock, create_autospec

from picamera import PiCamera, encoders, mmal
from picamera.camera import PiCameraNotRecording

FRAME_END = mmal.MMAL_BUFFER_HEADER_FLAG_FRAME_END
KEY = mmal.MMAL_BUFFER_HEADER_FLAG_KEYFRAME
CONFIG = mmal.MMAL_BUFFER_HEADER_FLAG_CONFIG
SIDE_INFO = mmal.MMAL_BUFFER_HEADER_FLAG_CODECSIDEINFO
NO_TIME = mmal.MMAL_TIME_UNKNOWN


@dataclass(frozen=True)
class Buffer:
    """One of the firmware's buffers."""

    data: bytes
    flags: int = FRAME_END
    pts: int = NO_TIME

    @property
    def length(self) -> int:
        return len(self.data)


class Firmware:
    """Makes cameras that record, each call checked against picamera's signatures, and feeds their encoders.

    Attributes:
        camera: the last that was made.
        made: what each camera was made with.
        recordings: by port, what `start_recording` was told.
        now_us: what the firmware's clock shows, microseconds since its start.
    """

    def __init__(self) -> None:
        self.camera: Any = None
        self.made: list[dict[str, Any]] = []
        self.recordings: dict[int, dict[str, Any]] = {}
        self.now_us = 77_000_000

    def make(self, *arguments: Any, **options: Any) -> Any:
        """Stand for the class `PiCamera`."""
        # Raises where the real one would: it has the real one's signature.
        create_autospec(PiCamera)(*arguments, **options)
        self.made.append(options)
        camera = create_autospec(PiCamera, instance=True, spec_set=False)
        camera._encoders, camera._encoders_lock = {}, threading.Lock()
        camera.framerate, camera.framerate_delta = options["framerate"], 0
        camera.exposure_speed, camera.analog_gain, camera.digital_gain = 10_000, 1.0, 1.0
        type(camera).timestamp = property(lambda _: self.now_us)
        camera.start_recording.side_effect = self._start
        camera.wait_recording.side_effect = self._wait
        camera.close.side_effect = self._close
        self.camera = camera
        return camera

    def feed(self, port: int, *buffers: Buffer) -> None:
        """Give buffers to the encoder of a port, on this thread, as the firmware's callback thread does."""
        for buffer in buffers:
            self.camera._encoders[port]._callback(None, buffer)

    def _start(
        self,
        output: Any,
        format: str,  # noqa: A002 - picamera's own name
        resize: Any = None,
        splitter_port: int = 1,
        **options: Any,
    ) -> None:
        kind = encoders.PiCookedVideoEncoder if format == "h264" else encoders.PiRawVideoEncoder
        # Without its constructor, which sets up the hardware; options are checked against what that takes.
        create_autospec(kind._create_encoder)(None, format, **options)
        encoder = kind.__new__(kind)
        encoder.parent, encoder.camera_port, encoder.output_port = self.camera, MagicMock(), MagicMock()
        encoder.encoder = encoder.resizer = None
        encoder.outputs, encoder.outputs_lock = {}, threading.Lock()
        encoder.exception, encoder.event = None, threading.Event()
        encoder._next_output, encoder._intra_period = [], options.get("intra_period", 1)
        encoder._strip_alpha = False
        self.recordings[splitter_port] = {"format": format, "resize": resize, **options}
        self.camera._encoders[splitter_port] = encoder
        encoder.start(output, options.get("motion_output"))

    def _wait(self, timeout: float = 0, splitter_port: int = 1) -> None:
        try:
            encoder = self.camera._encoders[splitter_port]
        except KeyError:
            raise PiCameraNotRecording(f"There is no recording in progress on port {splitter_port}") from None
        encoder.wait(timeout)

    def _close(self) -> None:
        for port in list(self.camera._encoders):
            try:
                self._wait(0, port)
            finally:
                self.camera._encoders.pop(port).stop()
