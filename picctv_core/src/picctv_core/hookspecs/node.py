"""The hooks of a plugin's node part: an *analyzer*.

The entry point (group ``picctv.node``) is a class. For each camera that the plugin is enabled on, the node makes one
object of it as ``Plugin(settings, camera)``, where ``settings`` is an object of the class's own ``Settings``
model (a `picctv_core.config.Settings`) and ``camera`` a `picctv_core.camera.Camera`.

What the class says of itself are attributes, all of which can be left out; `picctv_core.declarations.declared` reads them:

- ``Settings``: the model of its settings. Without it there are none. The keys ``enabled``, ``isolation``,
  ``time_budget_s`` and ``memory_max`` are the node's own, and can't be in it.
- ``Result``: the model of its results, a `picctv_core.typed.ResultModel`. Each result is then checked, and known by
  version; the web makes charts and filters of its numbers and booleans. Without it a result is any plain data.
- ``uses``: whose results it hears through `picctv_result`: a tuple of names of plugins, and of
  `picctv_core.declarations.TRIGGER` for every result that is marked as a trigger. While one of these plugins does not run
  on a camera, the status of this one is *waiting* there; it runs all the same. Without it, it hears all results.
- ``inputs``: a static method that gives, of its settings, what it takes of the camera: any of ``"frames"``
  (`picctv_analyze_frame`), ``"vectors"`` (`picctv_motion_vectors`) and ``"video"`` (`picctv_access_unit`). The hooks of
  the others are not called then, and nothing is made for them. Without it, it takes all that it has hooks for.
- ``isolation``: ``"thread"`` or ``"process"``, where it runs unless ``node.toml`` says otherwise. Without it a thread.

All hooks of one object are called on one thread, one after another, so an analyzer needs no locks of its own. That is
its worker's thread in the node, or with isolation ``"process"`` the main thread of a process of its own. No other plugin
and no capture waits for that thread: when it is late, its older frames are dropped and counted, access units queue up to
a bound in bytes. A hook that raises is logged and counted, and the next call is made as if nothing had been; a plugin of
which one hook only raises is quarantined on that camera, and a notification says so.

A call has a time budget in all, ``time_budget_s`` of the node's settings. A thread that takes longer shows as *failing*;
a process is ended. A process that has ended, for whatever reason, is started again after a growing pause: a new object is
made and `picctv_camera_started` called. After five ends in a row the plugin is quarantined.

The order in which a camera's plugins are called is not defined, and must never matter.

Example:
    >>> from pydantic import Field
    >>> from picctv_core.config import Settings
    >>> from picctv_core.hookspecs import hookimpl
    >>> from picctv_core.typed import ResultModel
    >>> class VisitorSettings(Settings):
    ...     pause_s: float = Field(30.0, ge=0.0, description="Seconds without motion that part two visits.")
    >>> class VisitorResult(ResultModel):
    ...     visits: int = Field(ge=0, description="The visits since the node started.")
    >>> class Visitors:
    ...     Settings = VisitorSettings
    ...     Result = VisitorResult
    ...     uses = ("motion",)
    ...     def __init__(self, settings, camera):
    ...         self.pause_ns, self.last_ns, self.visits = settings.pause_s * 1e9, 0, 0
    ...     @hookimpl
    ...     def picctv_result(self, result):
    ...         if result.triggered:
    ...             self.visits += result.captured_at_ns - self.last_ns > self.pause_ns
    ...             self.last_ns = result.captured_at_ns
    ...     @hookimpl
    ...     def picctv_analyze_frame(self):
    ...         return VisitorResult(visits=self.visits)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picctv_core.hookspecs import hookspec

if TYPE_CHECKING:
    from picctv_core.camera import Camera
    from picctv_core.frames import AccessUnit, EndedEvent, Frame, MotionVectors, Result


@hookspec
def picctv_camera_started(camera: Camera) -> None:
    """Begin: the camera gave its first picture, `camera.video` is known.

    Called once for each object, before any other hook. What it returns is ignored. When it raises, the plugin is stopped on this
    camera with status *failing*, and the error's text stands in its status.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Greeter:
        ...     @hookimpl
        ...     def picctv_camera_started(self, camera):
        ...         camera.notify("info", f"{camera.title} is here")
    """


@hookspec(firstresult=True)
def picctv_analyze_frame(frame: Frame) -> Any:
    """Look at one frame, and say what there is to say about it.

    Called for the newest frame whenever the worker is free, so at most at the camera's analysis rate. Time budget: the
    pause between two frames; who takes longer gets fewer frames, and the drops show in its health.

    Args:
        frame: `frame.luma` is (rows, columns) uint8, read-only; it must be left unchanged.

    Returns:
        None for nothing to say, or a result: any plain data that `picctv_core.codec` can pack. A dict with a
        boolean ``"triggered"`` marks it as a trigger: recording acts on it, and events are made of it; a number under
        ``"score"`` gives these events their height. An event goes on through pauses of up to 2 seconds without a trigger,
        and ends at its last one; then `picctv_event_ended` is called. Results are sent to the server in batches, and given to the
        camera's other plugins at once.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Darkness:
        ...     @hookimpl
        ...     def picctv_analyze_frame(self, frame):
        ...         return {"triggered": bool(frame.luma.mean() < 20), "score": float(255 - frame.luma.mean())}
    """


@hookspec(firstresult=True)
def picctv_motion_vectors(vectors: MotionVectors) -> Any:
    """Look at the motion vectors of one picture of the video stream: what its encoder has found out about motion.

    They cost next to nothing where an encoder gives them: there is no picture to decode or to scale. Cameras whose
    stream is H.264 have them; what picctv encodes itself, and the source ``synthetic``, have none. A plugin on a camera
    that has given video for ten seconds, and no vectors, has the status *waiting*, and a notification says so.

    Called for every picture that has vectors, at the video's own rate and in the order of capture; not for key pictures.
    When the worker falls behind, only the newest are kept: what moved in those that were dropped is not in them. Time
    budget: the pause between two pictures of the video.

    Args:
        vectors: `vectors.x` and `vectors.y` are (rows, columns) int8, read-only, a vector for each 16x16 pixels of the
            video that points to where the block came from. `vectors.sad` and `vectors.predicted` may be None. All must
            be left unchanged.

    Returns:
        None or a result, as `picctv_analyze_frame` does. A plugin that takes both frames and vectors says of each what it
        has to say; its results are one sequence.

    Example:
        >>> import numpy as np
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Drift:
        ...     @hookimpl
        ...     def picctv_motion_vectors(self, vectors):
        ...         moving = (vectors.x != 0) | (vectors.y != 0)
        ...         return {"triggered": bool(moving.mean() > 0.05), "score": float(moving.mean())}
    """


@hookspec(firstresult=True)
def picctv_event_ended(event: EndedEvent) -> dict[str, Any] | None:
    """Say more about an event of one's own: one of those that are made of the analyzer's triggers has ended.

    Called once for each event, before its last message is sent: when a frame has come that is more than 2 seconds after
    the last trigger, and before that frame is analysed; when no frame came for 10 seconds; when the node stops, before
    `picctv_camera_stopped`. So whatever was gathered from triggered frames since the last call is of this event. A process
    that was started again is asked for events that began in its predecessor's life.

    When it raises, or returns what can't be stored, that is a failure like any other, and the event is sent without
    details; so it is when the plugin's process is away, or the plugin quarantined.

    Returns:
        None for nothing, or the event's *details*: a dict of plain data, at the most 1 MiB, which is stored with the
        event. The web shows what stands under ``"picture"``, a JPEG of what the event is about; the rest is for the
        plugin's own server and web part.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Darkness:
        ...     dark = 0
        ...     @hookimpl
        ...     def picctv_analyze_frame(self, frame):
        ...         triggered = bool(frame.luma.mean() < 20)
        ...         self.dark += triggered
        ...         return {"triggered": triggered}
        ...     @hookimpl
        ...     def picctv_event_ended(self, event):
        ...         frames, self.dark = self.dark, 0
        ...         return {"frames": frames, "seconds": (event.ended_at_ns - event.started_at_ns) / 1e9}
    """


@hookspec
def picctv_access_unit(unit: AccessUnit) -> None:
    """Take one encoded picture of the video stream.

    Called for every unit, in decoding order. When the worker falls behind by more than its bound in bytes, units up to
    the next key unit are dropped, and a gap with this cause is sent in the plugin's name. So it is with the units from the
    last one that a process had before it ended to the first key unit for its successor. What it returns is ignored.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class BitRate:
        ...     total = 0
        ...     @hookimpl
        ...     def picctv_access_unit(self, unit):
        ...         self.total += len(unit.annexb)
    """


@hookspec
def picctv_result(result: Result) -> None:
    """Hear a result of one of the camera's other plugins.

    Called for each result that is not None, soon after it was made; never with the plugin's own results. What it
    returns is ignored.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Chime:
        ...     @hookimpl
        ...     def picctv_result(self, result):
        ...         if result.triggered:
        ...             print(f"{result.plugin} saw something at {result.camera}")
    """


@hookspec
def picctv_camera_stopped() -> None:
    """End: give back what was taken, and emit what is still open.

    Called once, after every other hook, when the node stops. Time budget: 3 seconds, which all plugins of the node
    share; a thread that takes longer is left behind, a process is ended. What it returns is ignored.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Counter:
        ...     def __init__(self, settings, camera):
        ...         self.camera, self.frames = camera, 0
        ...     @hookimpl
        ...     def picctv_analyze_frame(self):
        ...         self.frames += 1
        ...     @hookimpl
        ...     def picctv_camera_stopped(self):
        ...         self.camera.emit("count", {"frames": self.frames})
    """


@hookspec(firstresult=True)
def picctv_health() -> dict[str, Any] | None:
    """Say how it goes: a small dict of texts and numbers, shown beside the plugin's status.

    Called about every ten seconds, on the worker like every other hook. Time budget: a few milliseconds.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Chatty:
        ...     said = 0
        ...     @hookimpl
        ...     def picctv_health(self):
        ...         return {"said": self.said}
    """
