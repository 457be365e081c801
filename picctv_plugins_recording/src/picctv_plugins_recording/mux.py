"""Access units into an MP4 file, with their exact times, without encoding anything anew.

The file's clock counts microseconds, so that a picture's time in it is its capture time less that of the clip's first
picture. The index stands at the front, so that a browser can seek before it has the whole file.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from picctv_core import h264
from picctv_core.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from picctv_core.frames import AccessUnit

TIME_BASE = Fraction(1, 1_000_000)
_NS_PER_TICK = 1000


@dataclass(frozen=True)
class Video:
    """What a muxed file holds.

    Attributes:
        width: columns of the picture.
        height: rows of the picture.
        frames: number of pictures.
        duration_ns: from the first picture's time to the end of the last, in nanoseconds.
    """

    width: int
    height: int
    frames: int
    duration_ns: int


def write_mp4(units: Sequence[AccessUnit], started_at_ns: int, ended_at_ns: int, path: Path) -> Video:
    """Write a clip.

    Args:
        units: in decoding order; the first is a key unit.
        started_at_ns: the capture time of the picture that is shown first.
        ended_at_ns: where the picture that is shown last ends.
        path: the file to write; it is replaced.

    Raises:
        CodecError: the units are no video that can be played.
    """
    if not units or not units[0].is_key or not h264.has_parameter_sets(units[0].annexb):
        raise CodecError("a clip must begin with a key unit that has its SPS and PPS")
    shown, decoded, lengths = _times(units, started_at_ns, ended_at_ns)
    try:
        # Read as a file of its own, the first unit gives the stream's parameters just as FFmpeg's muxer wants them.
        with (
            av.open(io.BytesIO(units[0].annexb), format="h264") as first,
            av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as output,
        ):
            template = first.streams.video[0]
            width, height = template.codec_context.width, template.codec_context.height
            if not width or not height:
                raise CodecError("the clip's SPS can't be read: it gives no picture size")
            stream = output.add_stream_from_template(template)
            stream.time_base = TIME_BASE
            for unit, pts, dts, duration in zip(units, shown, decoded, lengths, strict=True):
                packet = av.Packet(unit.annexb)
                packet.stream = stream
                packet.time_base = TIME_BASE
                packet.pts, packet.dts, packet.duration = pts, dts, duration
                packet.is_keyframe = unit.is_key
                output.mux(packet)
    except (av.error.FFmpegError, IndexError) as error:
        raise CodecError(f"the clip's {len(units)} units can't be made an MP4: {error}") from error
    return Video(width, height, len(units), (decoded[-1] - decoded[0] + lengths[-1]) * _NS_PER_TICK)


def _times(
    units: Sequence[AccessUnit], started_at_ns: int, ended_at_ns: int
) -> tuple[list[int], list[int], list[int]]:
    """Give when each unit is shown and decoded, and how long it takes till the next is decoded, in ticks.

    With B-frames, units are decoded in another order than they are shown. Decoding times are the showing times in
    rising order, all moved back by as much as the latest of them needs.
    """
    order = sorted(range(len(units)), key=lambda index: units[index].captured_at_ns)
    shown = [0] * len(units)
    before = -1
    for index in order:
        ticks = round((units[index].captured_at_ns - started_at_ns) / _NS_PER_TICK)
        # Two pictures at one time would be refused by the muxer.
        before = shown[index] = max(ticks, before + 1)
    rising = sorted(shown)
    delay = max(ready - wanted for ready, wanted in zip(rising, shown, strict=True))
    end = max(round((ended_at_ns - started_at_ns) / _NS_PER_TICK), rising[-1] + 1)
    lengths = [after - at for at, after in zip(rising, [*rising[1:], end], strict=True)]
    return shown, [ticks - delay for ticks in rising], lengths
