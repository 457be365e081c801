"""What plugin authors test with: a clock that they wind by hand, and a camera that keeps what a plugin emits."""

from __future__ import annotations

from picctv_core.testing.camera import FakeCamera
from picctv_core.testing.clock import FakeClock

__all__ = ["FakeCamera", "FakeClock"]
