"""``/dev/video11``, a Pi's H.264 encoder, as picamera2's V4L2 encoder sees it: its calls of the kernel end here."""

from __future__ import annotations

import io
import select
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import videodev2 as v4l2

if TYPE_CHECKING:
    import pytest

    from tests.pi.pictures import Encoded

_FILE = 4711
_BUFFER_BYTES = 512 << 10


@dataclass(frozen=True)
class _Made:
    buffer: int
    seconds: int
    microseconds: int
    is_key: bool
    size: int


class Device:
    """Encodes whatever comes into the next of some pictures that are encoded already.

    Attributes:
        controls: what was set, by the id of the control.
        size: columns and rows of what goes in.
    """

    def __init__(self, pictures: list[Encoded]) -> None:
        self.controls: dict[int, int] = {}
        self.size = (0, 0)
        self.closed = False
        self._pictures = deque(pictures)
        self._memory: dict[int, io.BytesIO] = {}
        self._empty: deque[int] = deque()
        self._made: deque[_Made] = deque()
        self._taken: deque[int] = deque()
        self._lock = threading.Condition()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the kernel's place for picamera2's encoder, and for nothing else."""
        from picamera2.encoders import v4l2_encoder

        class Fcntl:
            ioctl = staticmethod(self._ioctl)

        class Mmap:
            PROT_READ = PROT_WRITE = MAP_SHARED = 0

            @staticmethod
            def mmap(_file: int, _length: int, _protection: int, _flags: int, *, offset: int) -> io.BytesIO:
                return self._memory.setdefault(offset, io.BytesIO())

        class Select:
            POLLIN, POLLOUT = select.POLLIN, select.POLLOUT

            @staticmethod
            def poll() -> Device:
                return self

        monkeypatch.setattr(v4l2_encoder, "open", self._open, raising=False)
        monkeypatch.setattr(v4l2_encoder, "fcntl", Fcntl)
        monkeypatch.setattr(v4l2_encoder, "mmap", Mmap)
        monkeypatch.setattr(v4l2_encoder, "select", Select)

    # As a file, and as what `select.poll()` gives ----------------------------------------------------------------

    def _open(self, path: str, mode: str, buffering: int) -> Device:
        assert (path, mode, buffering) == ("/dev/video11", "rb+", 0)
        return self

    def fileno(self) -> int:
        return _FILE

    def close(self) -> None:
        self.closed = True

    def register(self, device: Device, events: int) -> None:
        assert (device, events) == (self, select.POLLIN | select.POLLOUT)

    def poll(self, timeout_ms: int) -> list[tuple[int, int]]:
        with self._lock:
            self._lock.wait_for(lambda: self._made or self._taken, timeout_ms / 1000)
            ready = (select.POLLIN if self._made else 0) | (select.POLLOUT if self._taken else 0)
        return [(_FILE, ready)] if ready else []

    # As a driver -------------------------------------------------------------------------------------------------

    def _ioctl(self, device: Device, request: int, argument: Any) -> int:
        assert device is self
        with self._lock:
            if request == v4l2.VIDIOC_S_CTRL:
                self.controls[argument.id] = argument.value
            elif request == v4l2.VIDIOC_S_EXT_CTRLS:
                for number in range(argument.count):
                    self.controls[argument.controls[number].id] = argument.controls[number].value
            elif request == v4l2.VIDIOC_S_FMT and argument.type == v4l2.V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
                self.size = (argument.fmt.pix_mp.width, argument.fmt.pix_mp.height)
            elif request == v4l2.VIDIOC_QUERYBUF:
                argument.m.planes[0].length = _BUFFER_BYTES
                argument.m.planes[0].m.mem_offset = argument.index
            elif request == v4l2.VIDIOC_QBUF:
                self._queue(argument)
            elif request == v4l2.VIDIOC_DQBUF:
                self._give(argument)
            self._lock.notify_all()
        return 0

    def _queue(self, buffer: Any) -> None:
        if buffer.type == v4l2.V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
            self._empty.append(buffer.index)
            return
        picture = self._pictures.popleft()
        number = self._empty.popleft()
        memory = self._memory[number]
        memory.seek(0)
        memory.write(picture.whole)
        memory.seek(0)
        stamp = buffer.timestamp
        self._made.append(_Made(number, stamp.tv_sec, stamp.tv_usec, bool(picture.sets), len(picture.whole)))
        self._taken.append(buffer.index)

    def _give(self, buffer: Any) -> None:
        if buffer.type == v4l2.V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
            buffer.index = self._taken.popleft()
            return
        made = self._made.popleft()
        buffer.index = made.buffer
        buffer.timestamp.tv_sec, buffer.timestamp.tv_usec = made.seconds, made.microseconds
        buffer.flags = v4l2.V4L2_BUF_FLAG_KEYFRAME if made.is_key else 0
        buffer.m.planes[0].bytesused, buffer.m.planes[0].length = made.size, _BUFFER_BYTES
