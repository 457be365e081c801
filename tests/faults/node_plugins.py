"""What runs in the node of the fault suite: a camera that keeps a record of all it gives, and an analyzer that does.

`install` makes them a distribution, so that the node finds them like any other.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import av
import numpy as np
from pydantic import Field

from picctv_core import codec, h264
from picctv_core.config import Settings
from picctv_core.frames import AccessUnit, AnalysisFormat, Frame, VideoInfo
from picctv_core.hookspecs import hookimpl
from picctv_core.sources.encode import Encoder
from tests.faults.record import Record

if TYPE_CHECKING:
    import threading

    from picctv_core.camera import Camera
    from picctv_core.clock import Clock
    from picctv_core.sources.base import Sink

SECOND = 1_000_000_000
WIDTH, HEIGHT = 160, 120
GROUP_S = 1.0
"""From key unit to key unit."""

LATEST_S = 0.5
"""A camera that could not give a picture for so long has lost it, as a real one that nobody reads."""

NOTIFY_S = 3.0


class RecordedSettings(Settings):
    """The settings of the camera."""

    camera: str = Field(description="its id, for the record")
    record: Path = Field(description="folder of the record")
    quiet: Path = Field(description="while this file is there, the camera gives nothing")
    rate: float = Field(5.0, gt=0)
    unit_bytes: int = Field(3000, ge=0, description="at least so large is each unit")


class RecordedSource:
    """A camera whose pictures differ from each other, and that writes each of them down before it gives it."""

    Settings: ClassVar[type[RecordedSettings]] = RecordedSettings

    def __init__(self, settings: RecordedSettings, analysis: AnalysisFormat, clock: Clock) -> None:
        self._settings = settings
        self._analysis = analysis
        self._clock = clock
        self._record = Record(settings.record, settings.camera)

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Give pictures, each at its time, until `stop` is set."""
        settings = self._settings
        group = encoded_group(settings.rate)
        if settings.quiet.exists():
            stop.wait()
            return
        sink.started(VideoInfo(WIDTH, HEIGHT, settings.rate))
        luma = np.zeros((self._analysis.height, self._analysis.width), np.uint8)
        luma.flags.writeable = False
        start_ns = self._clock.now_ns()
        number = 0
        while True:
            at_ns = start_ns + round(number * SECOND / settings.rate)
            if stop.wait(max(0.0, (at_ns - self._clock.now_ns()) / SECOND)):
                return
            late = int((self._clock.now_ns() - at_ns) / SECOND * settings.rate)
            if late > LATEST_S * settings.rate:
                # Whoever was late goes on with a key unit: the pictures between would be of no use.
                number += late + -(number + late) % len(group)
                continue
            own = group[number % len(group)]
            annexb = marked(own.annexb, f"{settings.camera} {number} {at_ns} ", settings.unit_bytes)
            self._record.write("unit", at_ns, annexb)
            sink.access_unit(AccessUnit(at_ns, own.is_key, annexb))
            sink.frame(Frame(luma, at_ns, number))
            number += 1


class WitnessSettings(Settings):
    """The settings of the witness."""

    record: Path = Field(description="folder of the record")


class Witness:
    """An analyzer that writes each result, and each notification, down before it gives it."""

    Settings: ClassVar[type[WitnessSettings]] = WitnessSettings

    def __init__(self, settings: WitnessSettings, camera: Camera) -> None:
        self._camera = camera
        self._record = Record(settings.record, camera.id)
        self._count = 0
        self._notified_ns = 0

    @hookimpl
    def picctv_analyze_frame(self, frame: Frame) -> dict[str, Any]:
        """Say something about each frame, and now and then something to people."""
        at_ns = frame.captured_at_ns
        self._count += 1
        if at_ns - self._notified_ns > NOTIFY_S * SECOND:
            self._notified_ns = at_ns
            title = f"{self._camera.id} at {at_ns}"
            self._record.write("notification", at_ns, title.encode())
            self._camera.emit(
                "notification", {"level": "info", "title": title, "text": ""}, captured_at_ns=at_ns
            )
        result = {"count": self._count, "at_ns": at_ns}
        self._record.write("result", at_ns, codec.pack(result))
        return result


def install(site: Path) -> None:
    """Make the distribution in a folder, for ``PYTHONPATH``."""
    info = site / "picctv_plugins_faults-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: picctv-plugins-faults\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[picctv.sources]\nrecorded = {__name__}:RecordedSource\n[picctv.node]\nwitness = {__name__}:Witness\n"
    )


def encoded_group(rate: float) -> list[AccessUnit]:
    """Encode one group of pictures: a bar that moves."""
    encoder = Encoder(WIDTH, HEIGHT, rate)
    units = []
    for number in range(max(1, round(GROUP_S * rate))):
        picture = np.full((HEIGHT, WIDTH), 60, np.uint8)
        picture[:, 8 * number % WIDTH :][:, :8] = 220
        frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
        units += encoder.encode(frame, 1 + round(number * SECOND / rate))
    return units


def marked(annexb: bytes, mark: str, size: int) -> bytes:
    """Give an access unit with a mark in it that no other has, as an SEI (ITU-T H.264, D.1.7), up to `size` bytes long."""
    text = mark.encode("ascii")
    text += b"." * max(0, size - len(annexb) - len(text) - 40)
    body = b"picctv-fault-uid" + text  # the first 16 bytes are the SEI's own identity
    length = b"\xff" * (len(body) // 255) + bytes([len(body) % 255])
    sei = bytes([h264.SEI, 5]) + length + body + b"\x80"
    units = list(h264.iterate_nal_units(annexb))
    first = next(
        index for index, unit in enumerate(units) if h264.nal_type(unit) in {h264.SLICE, h264.IDR_SLICE}
    )
    return h264.to_annexb([*units[:first], sei, *units[first:]])
