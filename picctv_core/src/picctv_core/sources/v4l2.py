"""What a V4L2 device offers, asked of the kernel itself (videodev2.h; "Video for Linux API", VIDIOC_ENUM_FMT).

FFmpeg reads devices, but does not say what they offer: where a format is refused, people are told the others.
"""

from __future__ import annotations

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.errors import SourceError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEVICES = Path("/dev")

# Requests hold the size of what goes in and out. In all of it there is no pointer, so it is the same on 32 bits.
_QUERYCAP = 0x80685600
_ENUM_FMT = 0xC0405602
_ENUM_FRAMESIZES = 0xC02C564A
_CAPABILITY = struct.Struct("=16s32s32s6I")
_FMTDESC = struct.Struct("=3I32s5I")
_FRMSIZEENUM = struct.Struct("=11I")

_CAPTURE = 1  # V4L2_CAP_VIDEO_CAPTURE and V4L2_BUF_TYPE_VIDEO_CAPTURE
_HAS_DEVICE_CAPS = 1 << 31
_DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE

# So many formats or sizes no device has: one that never says that there are no more is not asked for ever.
_MOST = 1000

_NAMES = {"H264": "h264", "MJPG": "mjpeg", "JPEG": "mjpeg", "YUYV": "yuyv"}


@dataclass(frozen=True)
class Format:
    """A format of a device.

    Attributes:
        name: as the setting ``format`` has it; of a format that picctv has no name for, its four letters.
        sizes: columns and rows; empty where the device scales to any size.
    """

    name: str
    sizes: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        """Give it as people read it: ``mjpeg (1280x720, 640x480)``."""
        sizes = ", ".join(f"{width}x{height}" for width, height in self.sizes)
        return f"{self.name} ({sizes})" if sizes else self.name


@dataclass(frozen=True)
class Device:
    """A camera or capture card.

    Attributes:
        path: the device.
        name: what it calls itself.
        formats: in its own order.
    """

    path: str
    name: str
    formats: tuple[Format, ...]


def devices() -> list[str]:
    """Give the paths of this machine's V4L2 devices; not all of them are cameras."""
    found = (path for path in DEVICES.glob("video*") if path.name.removeprefix("video").isdigit())
    return [str(path) for path in sorted(found, key=lambda path: int(path.name.removeprefix("video")))]


def look_at(path: str) -> Device:
    """Ask a device what it is and what it offers.

    Raises:
        SourceError: it is not there, is no camera, or may not be opened.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        msg = f"there is no camera at {path}; `picctv cameras devices` shows which there are"
        raise SourceError(msg) from None
    except PermissionError:
        msg = f"{path} may not be opened by this user: it has to be in the group video (`sudo usermod -aG video USER`)"
        raise SourceError(msg) from None
    except OSError as error:
        raise SourceError(f"{path} can't be opened: {one_line(error)}") from None
    try:
        data = fcntl.ioctl(file, _QUERYCAP, bytes(_CAPABILITY.size))
        _, card, _, _, capabilities, own, *_ = _CAPABILITY.unpack(data)
        if not (own if capabilities & _HAS_DEVICE_CAPS else capabilities) & _CAPTURE:
            msg = f"{path} gives no pictures: it is another part of a camera, or something else; `picctv cameras devices` shows the cameras"
            raise SourceError(msg)
        return Device(path, card.partition(b"\0")[0].decode("utf-8", "replace"), tuple(_formats(file)))
    except OSError as error:
        raise SourceError(f"{path} is no V4L2 device: {one_line(error)}") from None
    finally:
        os.close(file)


def check_offer(path: str, wanted: str | None, size: str | None) -> None:
    """Look whether a device offers a format and a size.

    Args:
        path: the device.
        wanted: the setting ``format``; None for any.
        size: the setting ``size``; None for any.

    Raises:
        SourceError: it does not; the text names what it offers. Or as `look_at`.
    """
    device = look_at(path)
    usable = [each for each in device.formats if wanted in {None, each.name}]
    if wanted is not None and not usable:
        raise _not_offered(device, f"the format {wanted}")
    if size is not None and not any(not each.sizes or _parsed(size) in each.sizes for each in usable):
        raise _not_offered(device, f"{size} in the format {wanted}" if wanted else size)


def _not_offered(device: Device, what: str) -> SourceError:
    offers = "; ".join(str(each) for each in device.formats) or "no format at all"
    return SourceError(f"{device.path} ({device.name}) does not offer {what}; it offers: {offers}")


def _parsed(size: str) -> tuple[int, int]:
    width, height = size.split("x")
    return int(width), int(height)


def _formats(file: int) -> Iterator[Format]:
    for asked in _answers(file, _ENUM_FMT, lambda index: _FMTDESC.pack(index, _CAPTURE, 0, b"", *[0] * 5)):
        code = _FMTDESC.unpack(asked)[4]
        letters = struct.pack("=I", code).decode("ascii", "replace").strip()
        yield Format(_NAMES.get(letters, letters), tuple(_sizes(file, code)))


def _sizes(file: int, code: int) -> Iterator[tuple[int, int]]:
    for asked in _answers(file, _ENUM_FRAMESIZES, lambda index: _FRMSIZEENUM.pack(index, code, *[0] * 9)):
        _, _, kind, width, height, *_ = _FRMSIZEENUM.unpack(asked)
        if kind != _DISCRETE:
            return
        yield width, height


def _answers(file: int, request: int, question: Callable[[int], bytes]) -> Iterator[bytes]:
    """Ask for one thing after another, until the device says that there are no more."""
    for index in range(_MOST):
        try:
            yield fcntl.ioctl(file, request, question(index))
        except OSError:
            return
