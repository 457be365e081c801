"""JPEG pictures from video: one key unit, or one decoded frame.

Colours keep their meaning. Video is mostly in "limited" range (black is 16, white 235) and, from HD on, in
BT.709 colours; a JPEG is in full range and BT.601. Copying the numbers would wash the picture out.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from picctv_core.errors import CodecError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_HD_ROWS = 720
_FULL_RANGE_FORMATS = ("yuvj", "gray", "rgb", "bgr", "gbr")


def jpeg_of_key_unit(annexb: bytes, max_width: int = 640, quality: int = 80) -> bytes:
    """Decode one key access unit and give it as a JPEG.

    Args:
        annexb: an IDR access unit that begins with its SPS and PPS.
        max_width: pixels; a wider picture is scaled down, its shape kept.
        quality: 1 (small) to 100 (good).

    Raises:
        CodecError: the bytes are not a picture that can be decoded.
    """
    return jpeg_of_frame(picture_of_key_unit(annexb), max_width, quality)


def picture_of_key_unit(annexb: bytes) -> VideoFrame:
    """Decode one key access unit.

    Args:
        annexb: an IDR access unit that begins with its SPS and PPS.

    Raises:
        CodecError: the bytes are not a picture that can be decoded.
    """
    decoder = av.CodecContext.create("h264", "r")
    # Without threads there is no delay to flush out but the stream's own, and no thread to start for one picture.
    decoder.thread_count = 1
    try:
        frames = [*decoder.decode(av.Packet(annexb)), *decoder.decode(None)]
    except av.error.FFmpegError as error:
        msg = f"the video unit of {len(annexb)} bytes can't be decoded: {error.strerror}"
        raise CodecError(msg) from error
    if not frames:
        msg = f"the video unit of {len(annexb)} bytes holds no complete picture; a key unit with its SPS and PPS is needed"
        raise CodecError(msg)
    return frames[0]


def jpeg_of_frame(frame: VideoFrame, max_width: int = 640, quality: int = 80) -> bytes:
    """Give a decoded frame as a JPEG.

    Args:
        frame: in any pixel format.
        max_width: pixels; a wider picture is scaled down, its shape kept.
        quality: 1 (small) to 100 (good).

    Raises:
        CodecError: the frame can't be encoded.
    """
    width = min(frame.width, max(2, max_width))
    height = max(1, round(frame.height * width / frame.width))
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuvj420p"
    encoder.color_range = ColorRange.JPEG
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    scale = _quantizer(quality)
    encoder.qmin = encoder.qmax = scale
    try:
        picture = VideoReformatter().reformat(
            frame,
            width,
            height,
            "yuvj420p",
            src_colorspace=_colorspace(frame),
            dst_colorspace=Colorspace.ITU601,
            interpolation="AREA" if width < frame.width else "BILINEAR",
            src_color_range=_range(frame),
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        picture.pts = 0
        packets = [*encoder.encode(picture), *encoder.encode(None)]
    except (av.error.FFmpegError, ValueError) as error:
        msg = f"a {frame.width}x{frame.height} {frame.format.name} frame can't be made a JPEG: {error}"
        raise CodecError(msg) from error
    return b"".join(bytes(packet) for packet in packets)


def color_range_of(frame: VideoFrame) -> Literal[1, 2]:
    """Give a frame's range: 2 (full, 0 to 255) or 1 (limited, 16 to 235), also where the file does not say."""
    return 2 if _range(frame) == ColorRange.JPEG else 1


def _range(frame: VideoFrame) -> ColorRange:
    if frame.color_range in (ColorRange.MPEG, ColorRange.JPEG):
        return ColorRange(frame.color_range)
    return ColorRange.JPEG if frame.format.name.startswith(_FULL_RANGE_FORMATS) else ColorRange.MPEG


def _colorspace(frame: VideoFrame) -> Colorspace:
    # An unmarked picture is taken as players take it: BT.709 from 720 rows on, BT.601 below.
    if frame.colorspace == Colorspace.ITU709:
        return Colorspace.ITU709
    unmarked = frame.colorspace in (2, Colorspace.DEFAULT)
    return Colorspace.ITU709 if unmarked and frame.height >= _HD_ROWS else Colorspace.ITU601


def _quantizer(quality: int) -> int:
    """Map 1 to 100 onto the quantizer of FFmpeg's MJPEG encoder, 31 (coarse) to 2 (fine); 80 is 6."""
    return min(31, max(2, round((100 - quality) * 29 / 100) or 2))
