"""A camera as picamera2 has it, whose sensor is the test: its pictures go through picamera2's own requests and encoders."""

from __future__ import annotations

import concurrent.futures
import queue
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock, create_autospec

import libcamera
import numpy as np
from picamera2 import Picamera2
from picamera2.request import CompletedRequest, Helpers

SENSOR = (0, 0, 3280, 2464)
"""The whole of an IMX219, as libcamera gives it: x, y, width, height."""


class Memory:
    """A buffer that the camera fills; picamera2 enters it where it would synchronise the DMA heap's."""

    def __init__(self, content: np.ndarray[Any, Any]) -> None:
        self.content = content
        self.planes = [SimpleNamespace(fd=0)]

    def __enter__(self) -> np.ndarray[Any, Any]:
        return self.content

    def __exit__(self, *_: object) -> None:
        pass


class Allocator:
    """Memory of the test's own in place of the DMA heap's; `released` counts the requests that went back."""

    def __init__(self) -> None:
        self.released = 0

    @staticmethod
    def sync(_allocator: Any, buffer: Memory, _write: bool) -> Memory:
        return buffer

    def acquire(self, _buffers: Any) -> None:
        pass

    def release(self, _buffers: Any) -> None:
        self.released += 1


@dataclass
class Job:
    """A picture that was asked for."""

    waiting: queue.SimpleQueue[CompletedRequest] = field(repr=False)

    def get_result(self, timeout: float | None = None) -> CompletedRequest:
        try:
            return self.waiting.get(timeout=timeout)
        except queue.Empty:
            raise concurrent.futures.TimeoutError from None


class Camera:
    """Makes what stands for `Picamera2(number)`: each call is checked against the real signatures, encoders are real.

    Attributes:
        picam2: the last that was made.
        allocator: its memory.
        controls: what was set, the newest of each.
        configurations: what each was configured with.
    """

    def __init__(self) -> None:
        self.picam2: Any = None
        self.allocator = Allocator()
        self.controls: dict[str, Any] = {}
        self.configurations: list[dict[str, Any]] = []
        self._waiting: queue.SimpleQueue[CompletedRequest] = queue.SimpleQueue()

    def make(self, camera_num: int = 0) -> Any:
        """Stand for the class `Picamera2`."""
        picam2 = create_autospec(Picamera2, instance=True, spec_set=False)
        picam2.camera_num, picam2.allocator, picam2.helpers = camera_num, self.allocator, Helpers(picam2)
        picam2._encoders, picam2.lock, picam2.request_lock = set(), threading.RLock(), threading.Lock()
        picam2.stop_count = picam2.configure_count = 0
        # what is released is then not queued again: the test takes each picture itself
        picam2.camera, picam2.started = None, False
        picam2.camera_controls = {"ScalerCrop": (None, SENSOR, None)}
        picam2.camera_ctrl_info = {"FrameDurationLimits": (None, MagicMock(min=8333))}
        picam2.create_video_configuration.side_effect = lambda **options: options
        picam2.configure.side_effect = self._configure
        picam2.camera_configuration.side_effect = lambda: picam2.camera_config
        picam2.capture_request.side_effect = lambda **_: Job(self._waiting)
        picam2.set_controls.side_effect = self.controls.update
        # the real ones, on what stands for the camera
        picam2.start_encoder.side_effect = lambda *a, **k: Picamera2.start_encoder(picam2, *a, **k)
        picam2.stop_encoder.side_effect = lambda *a, **k: Picamera2.stop_encoder(picam2, *a, **k)
        self.picam2 = picam2
        return picam2

    def take(self, number: int, time_ns: int, *, lux: float = 400.0) -> np.ndarray[Any, Any]:
        """Let the camera take a picture: the encoders get it, and whoever asked for one; give its small one's brightness."""
        config = self.picam2.camera_config
        streams = {name: _Stream(SimpleNamespace(**config[name])) for name in ("main", "lores")}
        self.picam2.stream_map = streams
        buffers = {streams[name]: Memory(_picture(config[name], number)) for name in streams}
        metadata = {libcamera.controls.SensorTimestamp: time_ns, libcamera.controls.Lux: lux}
        request = CompletedRequest(SimpleNamespace(buffers=buffers, metadata=metadata), self.picam2)
        for encoder in list(self.picam2._encoders):
            encoder.encode(encoder.name, request)
        self._waiting.put(request)
        small = config["lores"]
        content = buffers[streams["lores"]].content.reshape(-1, small["stride"])
        luma: np.ndarray[Any, Any] = content[: small["size"][1], : small["size"][0]]
        return luma

    def _configure(self, options: dict[str, Any]) -> None:
        self.configurations.append(options)
        self.controls.update(options["controls"])
        self.picam2.camera_config = {
            name: {**options[name], "stride": -(-options[name]["size"][0] // 64) * 64, "frame_size": 0}
            for name in ("main", "lores")
        }


@dataclass(eq=False)
class _Stream:
    configuration: SimpleNamespace


def _picture(config: dict[str, Any], number: int) -> np.ndarray[Any, Any]:
    """Give the bytes of a YUV420 picture, rows padded as libcamera pads them."""
    columns, rows = config["size"]
    planes = np.full((rows * 3 // 2, config["stride"]), 128, np.uint8)
    planes[:rows, :columns] = (np.arange(columns) + 5 * number) % 220
    return planes.reshape(-1)
