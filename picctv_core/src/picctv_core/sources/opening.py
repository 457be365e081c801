"""Opening a video file, a network camera or a V4L2 device with PyAV, and saying in one line why it failed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av

from picctv_core.errors import SourceError
from picctv_core.redact import redact_url
from picctv_core.sources.v4l2 import check_offer
from picctv_core.sources.video_settings import kind_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

    from picctv_core.sources.video_settings import Kind, VideoSettings

_RTSP = ("rtsp://", "rtsps://")
# An RTSP camera says in its description what it sends, so there's no need to listen for long to find out.
# FFmpeg's `nobuffer` is not for us: it throws away the first second, and the key picture with it.
_NETWORK_OPTIONS = {"probesize": "50000", "analyzeduration": "300000", "fpsprobesize": "0"}
_FFMPEG_FORMATS = {"h264": "h264", "mjpeg": "mjpeg", "yuyv": "yuyv422"}
_FALLBACK_RATE = 25.0
_MAX_RATE = 240.0


@dataclass(frozen=True, slots=True)
class Opened:
    """An open container and its video stream.

    What a reader's other thread needs is taken from the stream here, for a stream's attributes point into the
    container: once that is closed, asking for one of them crashes the process. The decoder stands alone.

    Attributes:
        container: who closes it is who opened it.
        stream: the one to demux; good as long as the container is open.
        decoder: the stream's decoder, good beyond that.
        rate: nominal pictures a second.
    """

    container: InputContainer
    stream: VideoStream
    decoder: VideoCodecContext
    rate: float


def open_video(settings: VideoSettings) -> Opened:
    """Open what the settings name.

    Raises:
        SourceError: it is not there, does not answer, or is no video. Its text has no password in it.
    """
    kind = kind_of(settings.url)
    if kind == "file":
        _check_path(settings.url)
    elif kind == "device":
        check_offer(settings.url, settings.format, settings.size)
    began = time.monotonic()
    try:
        container = av.open(
            settings.address(),
            mode="r",
            format="v4l2" if kind == "device" else None,
            options=_options(settings, kind),
            timeout=None if kind == "file" else settings.timeout_s,
        )
    except (av.error.FFmpegError, ValueError) as error:
        # `from None`: the cause's text has the address in it as it is, password and all.
        # FFmpeg gives an interrupted answer as whatever it makes of the half that it has.
        silent = kind != "file" and time.monotonic() - began >= settings.timeout_s
        raise describe(settings, error, doing="opened", silent=silent) from None
    if not container.streams.video:
        container.close()
        msg = f"{redact_url(settings.url)} has no video in it; check what the address or path leads to"
        raise SourceError(msg, retry=kind != "file")
    stream = container.streams.video[0]
    return Opened(container, stream, stream.codec_context, _rate_of(stream))


def describe(settings: VideoSettings, error: Exception, *, doing: str, silent: bool = False) -> SourceError:
    """Give an error of PyAV as one of ours: one line, the address redacted, the way out at its end.

    Args:
        settings: the camera's.
        error: what PyAV raised.
        doing: "opened" or "read".
        silent: whether it failed because no answer came in time.
    """
    kind = kind_of(settings.url)
    name = redact_url(settings.url)
    why = _reason(error)
    if kind == "file":
        return SourceError(f"{name} is not a video that can be {doing}: {why}; check the path", retry=False)
    if kind == "device":
        msg = (
            f"{name} can't be {doing}: {why}; check that it is plugged in, and that no other program uses it"
        )
        return SourceError(msg)
    if isinstance(error, av.error.HTTPUnauthorizedError):
        why = "it refuses the user or the password"
    elif silent or isinstance(error, av.error.ExitError):
        why = f"{'no answer' if doing == 'opened' else 'no picture'} within {settings.timeout_s:g} s"
    return SourceError(
        f"{name} can't be {doing}: {why}; check the address, and that the camera is on and in reach"
    )


def _rate_of(stream: VideoStream) -> float:
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate <= _MAX_RATE:
            return float(rate)
    return _FALLBACK_RATE


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, av.error.FFmpegError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


def _check_path(url: str) -> None:
    path = Path(url)
    if path.exists() and not path.is_dir():
        return
    what = "is a directory, not a video file" if path.is_dir() else "does not exist"
    msg = f"{url} {what}; check the path"
    raise SourceError(msg, retry=False)


def _options(settings: VideoSettings, kind: Kind) -> dict[str, str]:
    if kind == "device":
        wanted = {
            "input_format": _FFMPEG_FORMATS.get(settings.format or ""),
            "video_size": settings.size,
            "framerate": f"{settings.rate:g}" if settings.rate else None,
        }
        return {name: value for name, value in wanted.items() if value}
    if kind == "network":
        if not settings.url.startswith(_RTSP):
            return _NETWORK_OPTIONS
        # Without its sound, a camera that has stopped to send pictures sends nothing, and its silence is noticed.
        return _NETWORK_OPTIONS | {"rtsp_transport": settings.transport, "allowed_media_types": "video"}
    return {}
