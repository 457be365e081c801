"""Whether video and pictures are what they should be, decoded to the last picture."""

from __future__ import annotations

import io
import socket
import time
import urllib.parse
from typing import Any

import av

_NS_PER_S = 1_000_000_000
_LIVE_S = 20.0
_LIVE_FRAMES = 5


class CheckFailed(Exception):  # noqa: N818 - it is a verdict on the demo, no error of the program
    """Something that the check looks for is not there, or is wrong."""


def verify_mp4(data: bytes, clip: dict[str, Any]) -> dict[str, Any]:
    """Decode a clip's MP4 and compare it with what is known of the clip.

    Args:
        data: the file.
        clip: the clip as the API gives it.

    Returns:
        Its frames, its duration, and how far that is from the capture times.

    Raises:
        CheckFailed: it does not decode, does not begin with a key frame, or its duration is more than one frame off.
    """
    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            first = next(packet for packet in container.demux(stream) if packet.size)
            if not first.is_keyframe:
                raise CheckFailed("the MP4 does not begin with a key frame")
            container.seek(0)
            stream.codec_context.flush_buffers()
            frames = sum(1 for _ in container.decode(stream))
            duration = (
                float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
            )
    except (av.FFmpegError, StopIteration, IndexError) as error:
        raise CheckFailed(f"the MP4 does not decode: {error}") from error
    if frames != clip["frames"]:
        raise CheckFailed(f"the MP4 has {frames} frames, captured were {clip['frames']}")
    captured = (clip["ended_at_ns"] - clip["started_at_ns"]) / _NS_PER_S
    if abs(duration - captured) > captured / frames:
        raise CheckFailed(f"the MP4 lasts {duration:.3f} s, captured were {captured:.3f} s")
    return {
        "frames": frames,
        "duration_s": round(duration, 6),
        "captured_s": round(captured, 6),
        "bytes": len(data),
    }


def verify_jpeg(data: bytes) -> dict[str, int]:
    """Decode a picture.

    Raises:
        CheckFailed: it does not decode.
    """
    try:
        with av.open(io.BytesIO(data), "r", format="mjpeg") as container:
            picture = next(container.decode(video=0))
    except (av.FFmpegError, StopIteration, IndexError) as error:
        raise CheckFailed(f"the thumbnail does not decode: {error}") from error
    return {"width": picture.width, "height": picture.height, "bytes": len(data)}


def verify_live(address: str) -> dict[str, Any]:
    """Read the live port with a plain TCP client until a few pictures are decoded.

    Args:
        address: ``tcp://host:port``.

    Raises:
        CheckFailed: it can't be reached, or what comes does not decode.
    """
    parts = urllib.parse.urlsplit(address)
    decoder = av.CodecContext.create("h264", "r")
    frames = size = 0
    deadline = time.monotonic() + _LIVE_S
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_LIVE_S) as connection:
            while frames < _LIVE_FRAMES:
                data = connection.recv(65536)
                if not data or time.monotonic() > deadline:
                    raise CheckFailed(f"the live stream at {address} gave {frames} pictures, then nothing")
                size += len(data)
                frames += sum(len(decoder.decode(packet)) for packet in decoder.parse(data))
    except (OSError, av.FFmpegError) as error:
        raise CheckFailed(f"the live stream at {address} can't be read: {error}") from error
    return {"address": address, "frames": frames, "bytes": size}
