"""From an encoder's pictures to access units: each key unit can be decoded without anything that came before."""

from __future__ import annotations

from picctv_core.frames import AccessUnit
from picctv_core.h264 import is_idr, parameter_sets, with_parameter_sets


class UnitMaker:
    """Makes the access units of one stream, and keeps its SPS and PPS for key pictures that come without."""

    def __init__(self, sets: bytes = b"") -> None:
        """Begin a stream; `sets` are its parameter sets, where they are known from elsewhere."""
        self._sets = sets

    def make(self, annexb: bytes, captured_at_ns: int) -> AccessUnit:
        """Give the access unit of a picture, a byte stream with start codes."""
        is_key = is_idr(annexb)
        if is_key:
            self._sets = parameter_sets(annexb) or self._sets
            annexb = with_parameter_sets(annexb, self._sets)
        return AccessUnit(captured_at_ns, is_key, annexb)
