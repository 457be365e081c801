"""One plugin on one camera: an inbox, and a thread that hands what is in it to the plugin's hooks."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from picctv_core import plugins
from picctv_core.errors import CodecError
from picctv_core.frames import AccessUnit, Frame, Result
from picctv_core.hookspecs import node as hookspecs
from picctv_core.node.calls import FAILED, MAX_FAILURES, Calls, one_line
from picctv_core.node.inbox import Control, Inbox, Lost
from picctv_core.node.results import ResultFlow
from picctv_core.plugins import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    import pluggy

    from picctv_core.node.config import PluginConfig
    from picctv_core.node.inbox import Item
    from picctv_core.node.plugin_camera import PluginCamera

log = logging.getLogger(__name__)

_TICK_S = 0.25


class Worker:
    """Runs one plugin on one camera, on a thread of its own.

    Args:
        config: the plugin and its settings.
        camera: the camera in the plugin's name.
        publish: takes each of its results; gives them to the camera's other workers.
        on_change: called when the plugin's status changes; must not block.
        inbox: what waits for it.

    Attributes:
        takes_frames: whether the plugin implements `picctv_analyze_frame`.
        takes_units: whether it implements `picctv_access_unit`.
        takes_results: whether it implements `picctv_result`.
    """

    def __init__(
        self,
        config: PluginConfig,
        camera: PluginCamera,
        publish: Callable[[Result], None],
        on_change: Callable[[], None],
        inbox: Inbox | None = None,
    ) -> None:
        self.name = config.plugin.name
        self.inbox = Inbox() if inbox is None else inbox
        self._config = config
        self._camera = camera
        self._on_change = on_change
        self._calls = Calls(f"{camera.id}: plugin {config.plugin.describe()}")
        self._results = ResultFlow(camera, publish)
        self._health: dict[str, Any] = {}
        self._timing: dict[str, dict[str, float]] = {}
        self._given_up: tuple[Status, str] | None = None
        self._given_up_ns = 0
        self._started = False
        self._status = Status.ENABLED
        # What a plugin takes is known from its class, so that it can be fed from the first picture on.
        hooks = plugins.bind(config.plugin.object, self.name, hookspecs)
        self.takes_frames = plugins.implements(hooks, "picctv_analyze_frame")
        self.takes_units = plugins.implements(hooks, "picctv_access_unit")
        self.takes_results = plugins.implements(hooks, "picctv_result")
        self._thread = threading.Thread(target=self._run, name=f"{camera.id} {self.name}", daemon=True)

    def start(self) -> None:
        """Make the plugin's object, on its own thread; it begins when the inbox says that the camera has started."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until the plugin has stopped, after `inbox.stop`; give it up when it takes longer than `timeout_s`."""
        self._thread.join(timeout_s)
        now_ns = self._camera.clock.now_ns()
        if self._thread.is_alive():
            lost = self.inbox.abandon()
            log.warning("%s: plugin %s did not stop in time and is left behind", self._camera.id, self.name)
            if lost is not None:
                cause = f"plugin {self.name} did not finish in time when the node stopped"
                self._gap(lost, cause)
        if self._given_up is not None and self.takes_units and self._given_up_ns < now_ns:
            status, detail = self._given_up
            self._gap(Lost(self._given_up_ns, now_ns, 0), f"plugin {self.name} is {status}: {detail}")

    def report(self) -> dict[str, Any]:
        """Give the plugin's part of the node's status.

        Returns:
            ``status``, ``detail``, ``health`` (what the plugin says of itself), ``counts`` and ``timing`` (for each
            hook: ``calls``, and of the newest 500 ``ms_mean``, ``ms_p95`` and ``ms_max``).
        """
        status, detail = self._given_up or self._calls.status()
        counts = {"failures": self._calls.failures}
        if self.takes_frames:
            counts["frames_dropped"] = self.inbox.frames_dropped
        if self.takes_units:
            counts["queued_bytes"] = self.inbox.queued_bytes
        if self.takes_results:
            counts["results_dropped"] = self.inbox.results_dropped
        return {
            "status": str(status),
            "detail": detail,
            "health": self._health,
            "counts": counts,
            "timing": self._timing,
        }

    # On the worker's thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        hooks = self._make()
        while (item := self.inbox.get(_TICK_S)) is not Control.STOP:
            if hooks is not None and self._given_up is None:
                if item is not None:
                    self._handle(hooks, item)
                self._results.tick()
                self._look_at_status()
        self._results.close()
        if hooks is not None and self._started and self._given_up is None:
            self._calls.call(hooks.picctv_camera_stopped)

    def _make(self) -> pluggy.HookRelay | None:
        try:
            plugin = self._config.plugin.object(self._config.settings, self._camera)
            return plugins.bind(plugin, self.name, hookspecs)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises stays its own failure
            self._calls.failed("made", error)
            self._give_up(Status.FAILING, one_line(error))
            return None

    def _handle(self, hooks: pluggy.HookRelay, item: Item) -> None:
        call = self._calls.call
        if isinstance(item, Frame):
            self._analyze(hooks, item)
        elif isinstance(item, AccessUnit):
            call(hooks.picctv_access_unit, unit=item)
        elif isinstance(item, Result):
            call(hooks.picctv_result, result=item)
        elif isinstance(item, Lost):
            self._gap(item, f"plugin {self.name} was too slow for the video")
        elif item is Control.STARTED:
            if call(hooks.picctv_camera_started, camera=self._camera) is FAILED:
                self._give_up(Status.FAILING, self._calls.last_error)
            self._started = True
        elif item is Control.HEALTH:
            said = call(hooks.picctv_health, counts=False)
            self._health = said if isinstance(said, dict) else {}
            self._timing = self._calls.timing()
        if self._calls.consecutive >= MAX_FAILURES and self._given_up is None:
            self._give_up(
                Status.QUARANTINED, f"{MAX_FAILURES} failures in a row; the last: {self._calls.last_error}"
            )

    def _analyze(self, hooks: pluggy.HookRelay, frame: Frame) -> None:
        failures = self._calls.consecutive
        result = self._calls.call(hooks.picctv_analyze_frame, frame=frame)
        if result is FAILED:
            return
        try:
            self._results.add(frame.captured_at_ns, result)
        except CodecError as error:
            # The call went well, its result did not: that is one failure more, not the first one again.
            self._calls.consecutive = failures
            self._calls.failed("analyze_frame", error)

    def _give_up(self, status: Status, detail: str) -> None:
        """Call the plugin no more on this camera, and tell people so."""
        self._given_up_ns = self._camera.clock.now_ns()
        self._given_up = status, detail
        log.error("%s: plugin %s is %s: %s", self._camera.id, self._config.plugin.describe(), status, detail)
        if (lost := self.inbox.abandon()) is not None:
            self._given_up_ns = lost.from_ns
        title = f"{self.name} is {status} on {self._camera.title}"
        self._camera.try_to(self._camera.notify, "error", title, detail)
        self._look_at_status()

    def _gap(self, lost: Lost, cause: str) -> None:
        self._camera.try_to(self._camera.gap, lost.from_ns, lost.to_ns, cause, lost.bytes)

    def _look_at_status(self) -> None:
        status, _ = self._given_up or self._calls.status()
        if status is not self._status:
            self._status = status
            self._on_change()
