"""The encoder's motion vectors, as FFmpeg's decoder tells them, in the form of `picctv_core.frames.MotionVectors`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from picctv_core.frames import MotionVectors

if TYPE_CHECKING:
    import numpy.typing as npt
    from av.video.frame import VideoFrame

BLOCK = 16
"""The side of a macroblock, in pixels (ITU-T H.264)."""

_BLOCK_BITS = 4

_SIDE_DATA = "MOTION_VECTORS"


def vectors_of(frame: VideoFrame, captured_at_ns: int) -> MotionVectors | None:
    """Give the motion vectors of a decoded picture; None where it has none, as a key picture.

    Args:
        frame: of a decoder with the flag ``export_mvs``.
        captured_at_ns: when it was captured.
    """
    told: Any = frame.side_data.get(_SIDE_DATA)
    if told is None:
        return None
    shape = (-(-frame.height // BLOCK), -(-frame.width // BLOCK))
    return grid_of(told.to_ndarray(), shape, captured_at_ns)


def grid_of(told: npt.NDArray[Any], shape: tuple[int, int], captured_at_ns: int) -> MotionVectors:
    """Make one vector for each macroblock of the partitions that a decoder tells of.

    A macroblock has up to four partitions with a vector each, and two for each of them in a B-frame. Only what comes from
    an earlier picture counts; of several, the mean weighted by their areas.

    Args:
        told: any number of FFmpeg's ``AVMotionVector``, a structured array; `dst_x` and `dst_y` are the middle of the
            partition, `source` is negative for an earlier picture, and `motion_x` and `motion_y` are in parts of a pixel,
            `motion_scale` to one.
        shape: rows and columns of macroblocks; what lies beyond is left out.
        captured_at_ns: when the picture was captured.
    """
    rows, columns = shape
    row, column = told["dst_y"] >> _BLOCK_BITS, told["dst_x"] >> _BLOCK_BITS
    counts = (told["source"] < 0) & (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    # What does not count goes into one place more: picking the others out of an array of structures takes ten times as long.
    place = np.where(counts, row.astype(np.intp) * columns + column, rows * columns)
    areas = told["w"].astype(np.float32) * told["h"]
    covered = np.bincount(place, areas, rows * columns + 1)
    # Most of a picture stands still.
    moved = np.flatnonzero(told["motion_x"] | told["motion_y"])
    to = place[moved]
    weights = areas[moved] / (told["motion_scale"][moved] * covered[to])

    def mean(motion: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        pixels = np.bincount(to, motion[moved] * weights, rows * columns + 1)[:-1]
        return _read_only(np.rint(np.clip(pixels, -128, 127)).astype(np.int8).reshape(shape))

    return MotionVectors(
        captured_at_ns,
        mean(told["motion_x"]),
        mean(told["motion_y"]),
        predicted=_read_only((covered[:-1] > 0).reshape(shape)),
    )


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array
