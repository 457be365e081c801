"""The source driver ``synthetic``: a drawn street or room, for trying things out without a camera."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from picctv_core.config import Settings
from picctv_core.frames import VideoInfo
from picctv_core.sources.encode import Encoder
from picctv_core.sources.luma import AnalysisTap
from picctv_core.sources.scenes import make_scene
from picctv_core.sources.timing import NS_PER_S

if TYPE_CHECKING:
    import threading

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat
    from picctv_core.sources.base import Sink


class SyntheticSettings(Settings):
    """Which scene to draw, and how."""

    scene: Literal["street", "room"] = Field(default="street", description="What is to be seen.")
    width: int = Field(
        default=640, ge=160, le=1920, multiple_of=2, description="The picture's width in pixels, even."
    )
    height: int = Field(
        default=480, ge=120, le=1080, multiple_of=2, description="The picture's height in pixels, even."
    )
    rate: float = Field(default=10.0, gt=0, le=60, description="Pictures a second.")
    seed: int = Field(
        default=1, ge=0, description="Chance: another number gives other people at other times."
    )
    label: str = Field(
        default="",
        max_length=40,
        description="What is written into the picture beside the time. Without it: the scene's name.",
    )


class SyntheticSource:
    """A camera that draws its pictures."""

    Settings: ClassVar[type[SyntheticSettings]] = SyntheticSettings
    needs: ClassVar[str] = "nothing"

    def __init__(self, settings: SyntheticSettings, analysis: AnalysisFormat, clock: Clock) -> None:
        """Keep the settings; draw nothing yet."""
        self._settings = settings
        self._clock = clock
        self._tap = AnalysisTap(analysis)

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Draw pictures until `stop` is set, each at its time.

        When the machine is too slow, pictures are left out: the scene goes on in real time.
        """
        settings = self._settings
        scene = make_scene(settings.scene, settings.width, settings.height, settings.seed)
        encoder = Encoder(settings.width, settings.height, settings.rate)
        label = settings.label or f"CAM {settings.scene}"
        sink.started(VideoInfo(settings.width, settings.height, settings.rate))
        start_ns = self._clock.now_ns()
        number = 0
        while not stop.is_set():
            captured_at_ns = start_ns + round(number * NS_PER_S / settings.rate)
            wait_ns = captured_at_ns - self._clock.now_ns()
            if wait_ns > 0 and stop.wait(wait_ns / NS_PER_S):
                return
            rendered = scene.render((captured_at_ns - start_ns) / NS_PER_S, (_time(captured_at_ns), label))
            for unit in encoder.encode(rendered.picture, captured_at_ns):
                sink.access_unit(unit)
            frame = self._tap.take(rendered.picture, captured_at_ns)
            if frame is not None:
                sink.frame(frame)
            behind_ns = self._clock.now_ns() - captured_at_ns
            number += max(1, int(behind_ns * settings.rate / NS_PER_S))


def _time(captured_at_ns: int) -> str:
    return datetime.fromtimestamp(captured_at_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
