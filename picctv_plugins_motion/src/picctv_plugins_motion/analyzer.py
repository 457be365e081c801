"""The node part of motion: one detector for each camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from picctv_core.hookspecs import hookimpl
from picctv_core.typed import ResultModel
from picctv_plugins_motion.details import EventDetails
from picctv_plugins_motion.detector import MotionDetector
from picctv_plugins_motion.masks import PackedMask, packed_mask
from picctv_plugins_motion.settings import MotionSettings
from picctv_plugins_motion.vectors import VectorDetector
from picctv_plugins_motion.zones import told

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from picctv_core.camera import Camera
    from picctv_core.frames import Frame, MotionVectors
    from picctv_plugins_motion.detector import Detection


class MotionResult(ResultModel):
    """What motion says about a frame; see `picctv_plugins_motion.detector.Detection`."""

    triggered: bool = Field(title="Moving", description="Whether something moves.")
    score: float = Field(ge=0.0, le=1.0, description="How much moves, and how clearly.")
    area: float = Field(ge=0.0, le=1.0, description="The moving part of the picture.")
    boxes: list[tuple[float, float, float, float]] = Field(
        description="Where, each as left, top, width and height in parts of the picture."
    )
    ids: list[int] = Field(
        default_factory=list,
        description="Which thing each box shows: a number that stays the same within an event, one for each box.",
    )
    zones: list[str] = Field(
        default_factory=list, description="The names of the zones in which something moves."
    )
    mask: PackedMask | None = Field(
        None, description="The cells that move; none where nothing does, or the setting masks is false."
    )
    scene_changed: bool = Field(
        False,
        title="Scene changed",
        description="Whether from this frame on the camera shows another view: it was moved, or covered.",
        json_schema_extra={"chart": False},
    )


class MotionAnalyzer:
    """Says of each frame whether something moves, how much, and where."""

    Settings: ClassVar[type[MotionSettings]] = MotionSettings
    Result: ClassVar[type[MotionResult]] = MotionResult

    def __init__(self, settings: MotionSettings, camera: Camera) -> None:
        self.camera = camera
        self._settings = settings
        self._detector = MotionDetector(settings)
        self._vector_detector = VectorDetector(settings)
        self._event = EventDetails()
        self._frames = 0
        self._triggered = 0
        self._scenes = 0

    @staticmethod
    def inputs(settings: MotionSettings) -> tuple[str, ...]:
        """Take what the settings say, and not the other."""
        return (settings.source,)

    @hookimpl
    def picctv_camera_started(self) -> None:
        """Tell the server where the zones are: from now on results are to be read with these."""
        self.camera.emit("zones", told(self._settings))

    @hookimpl
    def picctv_analyze_frame(self, frame: Frame) -> dict[str, Any]:
        """Give what a `MotionResult` has."""
        found = self._detector.apply(frame.luma, frame.captured_at_ns)
        return self._told(found, frame.captured_at_ns, frame.luma)

    @hookimpl
    def picctv_motion_vectors(self, vectors: MotionVectors) -> dict[str, Any]:
        """Give what a `MotionResult` has, by the encoder's motion vectors; there is no picture to show then."""
        return self._told(self._vector_detector.apply(vectors), vectors.captured_at_ns, None)

    def _told(
        self, found: Detection, captured_at_ns: int, luma: npt.NDArray[np.uint8] | None
    ) -> dict[str, Any]:
        self._frames += 1
        self._triggered += found.triggered
        self._scenes += found.scene_changed
        return {
            "triggered": found.triggered,
            "score": round(found.score, 4),
            "area": round(found.area, 5),
            "boxes": found.boxes,
            "ids": self._event.see(found, captured_at_ns, luma),
            "zones": found.zones,
            "mask": packed_mask(found.mask) if found.triggered and self._settings.masks else None,
            "scene_changed": found.scene_changed,
        }

    @hookimpl
    def picctv_event_ended(self) -> dict[str, Any] | None:
        """Tell which zones the event touched, who went where in it, and how that looked; see `EventDetails.take`."""
        return self._event.take()

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        """Say how many pictures were looked at, in how many something moved, and how often the view became another."""
        return {"frames": self._frames, "triggered": self._triggered, "scenes_changed": self._scenes}
