"""The real packages picamera and picamera2, imported on a machine that is no Pi: only what stands for the hardware is replaced.

Run by ``./run pi``, whose environment has both packages. What is replaced: for picamera the firmware's two C libraries, for
picamera2 the modules of libcamera and of the display.
"""

from __future__ import annotations

import ctypes
import sys
import types
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRMWARE = ("libbcm_host.so", "libmmal.so")


@pytest.fixture(scope="session")
def picamera() -> Any:
    """The package picamera 1.13, with the firmware's libraries replaced while it is imported."""
    real = ctypes.CDLL

    def load(name: str, *arguments: Any, **options: Any) -> Any:
        return MagicMock(name=name) if name in FIRMWARE else real(name, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ctypes, "CDLL", load)
        import picamera
    return picamera


class Control:
    """The id of one of libcamera's controls: it has a name, and is itself the key of metadata."""

    def __init__(self, name: str) -> None:
        self.name = name


class Controls(types.ModuleType):
    """``libcamera.controls``, in which every name is a control."""

    def __getattr__(self, name: str) -> Control:
        if name.startswith("__"):
            raise AttributeError(name)
        control = Control(name)
        setattr(self, name, control)
        return control


class Rectangle:
    """``libcamera.Rectangle``; picamera2 asks of values whether they are one."""


class Size:
    """``libcamera.Size``, likewise."""


class Transform:
    """``libcamera.Transform``."""

    def __init__(self, *, hflip: bool = False, vflip: bool = False, transpose: bool = False) -> None:
        self.hflip, self.vflip, self.transpose = hflip, vflip, transpose


@pytest.fixture(scope="session")
def picamera2() -> Iterator[Any]:
    """The package picamera2, beside a libcamera that has no camera."""
    libcamera = MagicMock(name="libcamera")
    libcamera.controls = Controls("libcamera.controls")
    libcamera.Transform, libcamera.Rectangle, libcamera.Size = Transform, Rectangle, Size
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "libcamera", libcamera)
        patch.setitem(sys.modules, "libcamera.controls", libcamera.controls)
        for name in ("kms", "pykms"):
            patch.setitem(sys.modules, name, MagicMock(name=name))
        import picamera2

        yield picamera2
