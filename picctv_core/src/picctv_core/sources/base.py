"""What a source driver is: the code that reads one kind of camera.

A driver is a class, found by its name in the entry-point group ``picctv.sources``. It is made once per
camera as ``Driver(settings, analysis, clock)``; `run` is then called on a thread of the camera's own and
gives everything it captures to a `Sink` until it is stopped.

Four things a driver may leave out:

- ``needs``, a text: what it needs beside its distribution. ``picctv sources list`` shows it.
- ``missing()``, a static method: why it can't run on this machine and the way out, empty where it can.
- ``change(settings)``: go over to other settings while it runs. Without it, the node has to be started again for that.
- ``analysis_source()``: another source, which gives the frames and motion vectors where they come from a stream of their own;
  None where they don't. The node runs it beside the first, on another thread, and tries it again by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import threading

    from pydantic import BaseModel

    from picctv_core.clock import Clock
    from picctv_core.frames import AccessUnit, AnalysisFormat, Frame, MotionVectors, VideoInfo

SOURCES = "picctv.sources"
"""The entry-point group of the drivers."""


class Sink(Protocol):
    """Where a source puts what it captures. No call of it ever blocks: capture never waits."""

    @property
    def wants_vectors(self) -> bool:
        """Say whether anybody takes motion vectors; where not, none are to be made. The same for as long as a source runs."""
        ...

    def started(self, video: VideoInfo) -> None:
        """Say that the camera gives pictures now, and of what shape; said again when the shape changes."""
        ...

    def frame(self, frame: Frame) -> None:
        """Give a picture of the analysis stream."""
        ...

    def access_unit(self, unit: AccessUnit) -> None:
        """Give an encoded picture of the video stream."""
        ...

    def motion_vectors(self, vectors: MotionVectors) -> None:
        """Give the motion vectors of a picture of the video stream, in the order of capture."""
        ...


class Source(Protocol):
    """One camera, as its driver reads it."""

    Settings: ClassVar[type[BaseModel]]

    def __init__(self, settings: BaseModel, analysis: AnalysisFormat, clock: Clock) -> None:
        """Keep the settings; open nothing yet."""
        ...

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Read the camera until `stop` is set, and give everything to `sink`.

        Returns when stopped, or when the material is over (a file that does not loop).

        Raises:
            SourceError: the camera can't be opened or read any more. The camera's runner calls `run`
                again after a growing pause if the error's `retry` says so.
        """
        ...
