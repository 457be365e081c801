"""The node part: looks at some of a camera's frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from picctv_core.hookspecs import hookimpl
from picctv_onnx_detector.model import Model
from picctv_onnx_detector.result import Objects
from picctv_onnx_detector.settings import ObjectsSettings

if TYPE_CHECKING:
    from picctv_core.camera import Camera
    from picctv_core.frames import Frame

SECOND = 1_000_000_000


class ObjectsAnalyzer:
    """Says which objects are in a frame.

    It runs in a process of its own: a model is code of strangers in a native library, and can crash or leak.
    """

    Settings: ClassVar[type[ObjectsSettings]] = ObjectsSettings
    Result: ClassVar[type[Objects]] = Objects
    isolation: ClassVar[Literal["thread", "process"]] = "process"

    def __init__(self, settings: ObjectsSettings, camera: Camera) -> None:  # noqa: ARG002 - by contract
        self._settings = settings
        self._model = Model(settings)
        self._pause_ns = round(settings.every_s * SECOND)
        self._due_ns = 0
        self._looks = 0
        self._objects = 0

    @hookimpl
    def picctv_analyze_frame(self, frame: Frame) -> Objects | None:
        """Give the objects of the frame; None for one that is left out."""
        at_ns = frame.captured_at_ns
        if at_ns < self._due_ns:
            return None
        # From when it was due, so that the rate is kept although frames come when they come.
        begin_ns = self._due_ns if at_ns - self._due_ns < self._pause_ns else at_ns
        self._due_ns = begin_ns + self._pause_ns
        found = self._model.find(frame.luma)
        self._looks += 1
        self._objects += len(found)
        triggers = [
            one.score
            for one in found
            if not self._settings.trigger_on or one.label in self._settings.trigger_on
        ]
        return Objects(
            triggered=bool(triggers),
            score=max(triggers or [one.score for one in found], default=0.0),
            count=len(found),
            boxes=[one.box for one in found],
            labels=[one.label for one in found],
            scores=[one.score for one in found],
        )

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        """Say how often it looked, how many objects it saw, and what the model is."""
        return {
            "looks": self._looks,
            "objects": self._objects,
            "layout": self._model.layout,
            "input": f"{self._model.width}x{self._model.height}",
        }
