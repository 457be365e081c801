"""The picture that stands for a clip in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

from picctv_core.picture import jpeg_of_frame, jpeg_of_key_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.frame import VideoFrame

    from picctv_core.frames import AccessUnit

WIDTH = 400
"""Columns of a thumbnail; a smaller video is not made larger."""


def thumbnail(units: Sequence[AccessUnit], peak_at_ns: int | None) -> bytes:
    """Give a JPEG of a clip.

    Args:
        units: the clip's, in decoding order; the first is a key unit.
        peak_at_ns: when most happened in it; None where nobody knows: then it is of the middle key unit.

    Raises:
        CodecError: the units can't be decoded.
    """
    keys = [index for index, unit in enumerate(units) if unit.is_key]
    if peak_at_ns is None:
        return jpeg_of_key_unit(units[keys[len(keys) // 2]].annexb, WIDTH)
    first = max((index for index in keys if units[index].captured_at_ns <= peak_at_ns), default=keys[0])
    frame = _decode_to(units[first:], peak_at_ns)
    return jpeg_of_frame(frame, WIDTH) if frame is not None else jpeg_of_key_unit(units[first].annexb, WIDTH)


def _decode_to(units: Sequence[AccessUnit], at_ns: int) -> VideoFrame | None:
    """Decode from a key unit on, and give the picture that is shown at a time; None where none can be decoded."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    start_ns = units[0].captured_at_ns
    found: VideoFrame | None = None
    for index, unit in enumerate([*units, None]):
        if unit is not None and unit.is_key and index:
            unit = None  # noqa: PLW2901 - the next group of pictures is later than wanted: only flush
        packet = None
        if unit is not None:
            packet = av.Packet(unit.annexb)
            packet.pts = (unit.captured_at_ns - start_ns) // 1000
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            return found
        for frame in frames:
            if found is not None and frame.pts is not None and frame.pts > (at_ns - start_ns) // 1000:
                return found
            found = frame
        if unit is None:
            break
    return found
