"""What a camera sends, as two files: video of 1920x1080 and beside it a small stream, of the same drawn street."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import av
from av.video.frame import PictureType

from picctv_core.sources.scenes import make_scene

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

SCENE: Final = "street"
GOP_S = 2


@dataclass(frozen=True)
class Format:
    """What one stream is like."""

    width: int
    height: int
    rate: int
    kbps: int


VIDEO = Format(1920, 1080, 25, 4000)
SMALL = Format(320, 240, 10, 250)


class _Encoded:
    """A file in the making, encoded as cameras do: one slice, no B-frames, a steady bitrate, even key pictures."""

    def __init__(self, path: Path, form: Format) -> None:
        self.form = form
        self._container: OutputContainer = av.open(path, "w")
        self._stream: VideoStream = self._container.add_stream("libx264", rate=form.rate)
        self._stream.width, self._stream.height, self._stream.pix_fmt = form.width, form.height, "yuv420p"
        codec = self._stream.codec_context
        codec.thread_count = 1
        codec.gop_size = GOP_S * form.rate
        rate = f"{form.kbps}k"
        codec.options = {
            "preset": "veryfast",
            "bf": "0",
            "b": rate,
            "maxrate": rate,
            "bufsize": rate,
            "x264-params": "scenecut=0",
        }
        self._count = 0

    def add(self, picture: VideoFrame) -> None:
        """Take the next picture."""
        form = self.form
        scaled = picture.reformat(form.width, form.height, "yuv420p", interpolation="AREA")
        scaled.pts, scaled.time_base = self._count, Fraction(1, form.rate)
        scaled.pict_type = PictureType.NONE
        self._count += 1
        self._put(self._stream.encode(scaled))

    def end(self) -> None:
        """Write what the encoder still holds, and the file's index."""
        self._put(self._stream.encode())
        self._container.close()

    def _put(self, packets: list[Any]) -> None:
        for packet in packets:
            self._container.mux(packet)


def make(folder: Path, seconds: int) -> tuple[Path, Path]:
    """Draw a street for so many seconds, and give it as video and as the small stream."""
    paths = folder / "video.mp4", folder / "small.mp4"
    made = [_Encoded(path, form) for path, form in zip(paths, (VIDEO, SMALL), strict=True)]
    scene = make_scene(SCENE, VIDEO.width, VIDEO.height, seed=1)
    rate = VIDEO.rate * SMALL.rate
    for number in range(seconds * rate):
        due = [one for one in made if number % (rate // one.form.rate) == 0]
        if due:
            picture = scene.render(number / rate, ("", "")).picture
            for one in due:
                one.add(picture)
    for one in made:
        one.end()
    return paths


def repeated(path: Path, times: int) -> Path:
    """Give a file with another one's packets so many times one after the other: whoever plays it need not begin again."""
    longer = path.with_stem(f"{path.stem}-{times}")
    with av.open(longer, "w") as output:
        written = None
        shift = 0
        for _ in range(times):
            with av.open(path) as source:
                stream = source.streams.video[0]
                written = written or output.add_stream_from_template(stream)
                end = 0
                for packet in source.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue  # the empty one at the end
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = written
                    output.mux(packet)
            shift += end
    return longer
