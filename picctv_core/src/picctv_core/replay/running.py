"""One plugin in a replay: its object, its hooks, and what becomes of what it says."""

from __future__ import annotations

import logging
import time
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from picctv_core import codec, plugins
from picctv_core.errors import CodecError, PluginError, one_line
from picctv_core.hookspecs import node as hookspecs
from picctv_core.inputs import ANALYZE, RESULTS, UNIT, VECTORS
from picctv_core.messages import EVENT
from picctv_core.node.calls import MAX_FAILURES
from picctv_core.node.events import EventTracker, plain_details
from picctv_core.node.hosts import EVENT_ENDED
from picctv_core.typed import plain

if TYPE_CHECKING:
    import pluggy

    from picctv_core.frames import EndedEvent, Frame, MotionVectors, Result
    from picctv_core.node.plugin_camera import PluginCamera
    from picctv_core.node.plugin_tables import PluginConfig

log = logging.getLogger(__name__)

FAILED: Final = object()
"""What `Running.call` gives in place of the return of a hook that raised."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a plugin said about a frame, or about motion vectors.

    Attributes:
        data: the result, as everybody on a node would read it; None for nothing.
        error: why there is none, in one line; empty where all went well.
    """

    data: Any = None
    error: str = ""


class Running:
    """One plugin.

    Args:
        config: the plugin and its settings.
        camera: the camera in its name.
        max_failures: so many failures one after another end the replay.

    Attributes:
        takes_frames: whether it is to be called by `picctv_analyze_frame`.
        takes_vectors: whether by `picctv_motion_vectors`.
        takes_units: whether by `picctv_access_unit`.
        failures: how many calls have raised, or gave what is no result.
        first_error: the first of them, in one line.
        given_up: why it is called no more; empty where it is.
        durations_ms: of each call of `picctv_analyze_frame` and `picctv_motion_vectors`.
        slowest_ns: the capture time of the picture that took longest.

    Raises:
        PluginError: its object can't be made, or it does not say what it takes.
    """

    def __init__(self, config: PluginConfig, camera: PluginCamera, max_failures: int = MAX_FAILURES) -> None:
        self.config = config
        self.name = config.plugin.name
        self.camera = camera
        self.failures = 0
        self.first_error = ""
        self.given_up = ""
        self.durations_ms = array("d")
        self.slowest_ns = 0
        self._slowest_ms = 0.0
        self._max_failures = max_failures
        self._consecutive = 0
        self._has_begun = False
        self._last_error = ""
        self._events = EventTracker(self._details)
        try:
            self._hooks = plugins.bind(config.plugin.object(config.settings, camera), self.name, hookspecs)
        except (Exception, SystemExit) as error:
            log.debug("where it came from", exc_info=error)
            raise PluginError(
                f"the plugin {config.plugin.describe()} can't be made: {one_line(error)}"
            ) from error
        self.takes_frames = ANALYZE in config.hooks
        self.takes_vectors = VECTORS in config.hooks
        self.takes_units = UNIT in config.hooks
        self._takes_results = plugins.implements(self._hooks, "picctv_result")

    def begin(self) -> None:
        """Tell it that the camera has started.

        Raises:
            PluginError: it can't begin; on a node, it would be stopped.
        """
        self._has_begun = self.call(self._hooks.picctv_camera_started, camera=self.camera) is not FAILED
        if not self._has_begun:
            raise PluginError(f"the plugin {self.config.plugin.describe()} can't begin: {self.first_error}")

    def analyze(self, frame: Frame) -> Said:
        """Give it a frame."""
        return self._ask(self._hooks.picctv_analyze_frame, frame.captured_at_ns, frame=frame)

    def look_at(self, vectors: MotionVectors) -> Said:
        """Give it motion vectors."""
        return self._ask(self._hooks.picctv_motion_vectors, vectors.captured_at_ns, vectors=vectors)

    def _ask(self, hook: pluggy.HookCaller, captured_at_ns: int, **argument: Any) -> Said:
        self._send(self._events.reach(captured_at_ns))
        started_s = time.perf_counter()
        value = self.call(hook, **argument)
        duration_ms = (time.perf_counter() - started_s) * 1000
        self.durations_ms.append(duration_ms)
        if duration_ms > self._slowest_ms:
            self._slowest_ms, self.slowest_ns = duration_ms, captured_at_ns
        if value is FAILED:
            return Said(error=self._last_error)
        try:
            value = plain(self.config.declaration.result, value)
            data = codec.unpack(codec.pack(value))
        except (CodecError, PluginError) as error:
            self._failed(hook.name.removeprefix("picctv_"), error)
            return Said(error=self._last_error)
        self._consecutive = 0
        self._send(self._events.see(captured_at_ns, data))
        return Said(data)

    def hear(self, result: Result) -> None:
        """Give it a result of another plugin, if it takes such."""
        if self._takes_results and self.config.declaration.hears(result):
            self.call(self._hooks.picctv_result, result=result)

    def access_unit(self, unit: Any) -> None:
        """Give it an access unit."""
        self.call(self._hooks.picctv_access_unit, unit=unit)

    def health(self) -> dict[str, Any]:
        """Ask how it goes; what it says there counts for nothing else."""
        said = self.call(self._hooks.picctv_health, counts=False)
        return said if isinstance(said, dict) else {}

    def end(self) -> None:
        """Tell it that the camera has stopped, after ending the event that is open."""
        if self._has_begun and not self.given_up:
            self._send(self._events.close())
            self.call(self._hooks.picctv_camera_stopped)

    def call(self, hook: pluggy.HookCaller, *, counts: bool = True, **kwargs: Any) -> Any:
        """Call a hook and give what it returns, or `FAILED`; None where it is not implemented, or nobody calls any more."""
        if self.given_up or not hook.get_hookimpls():
            return None
        try:
            value = hook(**kwargs)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises stays its own failure
            self._failed(hook.name.removeprefix("picctv_"), error, counts=counts)
            return FAILED
        # A result, or an event's details, are not a success before they are known to be some.
        if counts and hook.name not in {*RESULTS, EVENT_ENDED}:
            self._consecutive = 0
        return value

    def _details(self, event: EndedEvent) -> dict[str, Any] | None:
        value = self.call(self._hooks.picctv_event_ended, event=event)
        try:
            return None if value is FAILED else plain_details(value)
        except (CodecError, PluginError) as error:
            self._failed("event_ended", error)
            return None

    def _failed(self, name: str, error: BaseException, *, counts: bool = True) -> None:
        log.debug("%s: %s", self.name, name, exc_info=error)
        self._last_error = f"{name}: {one_line(error)}"
        self.first_error = self.first_error or self._last_error
        self.failures += 1
        self._consecutive += counts
        if self._consecutive >= self._max_failures:
            times = f"{self._consecutive} failures in a row" if self._consecutive > 1 else "a failure"
            self.given_up = f"{times}; the last: {self._last_error}"

    def _send(self, payloads: list[dict[str, Any]]) -> None:
        for payload in payloads:
            self.camera.emit(EVENT, payload, captured_at_ns=payload["started_at_ns"])
