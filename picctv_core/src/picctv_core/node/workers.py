"""One plugin on one camera: an inbox, and a thread that hands what is in it to the plugin's hooks.

The plugin's object lives on that thread, or in a process of its own that the thread starts, asks, and starts again.
"""

from __future__ import annotations

import functools
import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from picctv_core.errors import CodecError
from picctv_core.frames import AccessUnit, Frame, MotionVectors, Result
from picctv_core.inputs import ANALYZE, UNIT, VECTORS
from picctv_core.node.calls import FAILED, MAX_FAILURES, Calls, ProcessEnded
from picctv_core.node.hosts import EVENT_ENDED, Host, LocalHost
from picctv_core.node.inbox import Control, Inbox, Lost
from picctv_core.node.remote import ProcessHost
from picctv_core.node.restarts import Restarts
from picctv_core.node.results import ResultFlow
from picctv_core.plugins import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from picctv_core.frames import EndedEvent
    from picctv_core.node.arena import Arena
    from picctv_core.node.backoff import Backoff
    from picctv_core.node.inbox import Item
    from picctv_core.node.plugin_camera import PluginCamera
    from picctv_core.node.plugin_tables import PluginConfig
    from picctv_core.plugins import Plugin

log = logging.getLogger(__name__)

_TICK_S = 0.25

_NO_VECTORS = (
    "this camera gives no motion vectors, only one that sends H.264 does; set the plugin to look at frames"
)

_KILL_S = 2.0
"""How long it may take to see off a process that was killed."""


def described(plugin: Plugin, uses: Sequence[str] = ()) -> dict[str, Any]:
    """Give what a status says of a plugin itself, whether it runs or not."""
    return {
        "distribution": plugin.distribution,
        "version": plugin.version,
        "core": plugin.core,
        "uses": list(uses),
    }


class Worker:
    """Runs one plugin on one camera, on a thread of its own.

    Args:
        config: the plugin, its settings, and how it is to be run.
        camera: the camera in the plugin's name.
        publish: takes each of its results; gives them to the camera's other workers.
        on_change: called when the plugin's status changes; must not block.
        inbox: what waits for it.
        arena: where the camera's frames stand, for a plugin in a process.
        backoff: the pauses before such a process is started again.

    Attributes:
        takes_frames: whether the plugin is to be called by `picctv_analyze_frame`.
        takes_vectors: whether by `picctv_motion_vectors`.
        takes_units: whether by `picctv_access_unit`.
        takes_results: whether by `picctv_result`.
    """

    def __init__(
        self,
        config: PluginConfig,
        camera: PluginCamera,
        publish: Callable[[Result], None],
        on_change: Callable[[], None],
        inbox: Inbox | None = None,
        *,
        arena: Arena | None = None,
        backoff: Backoff | None = None,
        notify_failing: bool = True,
    ) -> None:
        self.name = config.plugin.name
        self.inbox = Inbox() if inbox is None else inbox
        self._config = config
        self._camera = camera
        self._on_change = on_change
        self._notify_failing = notify_failing
        self._arena = arena
        self._who = f"{camera.id}: plugin {config.plugin.describe()}"
        self._calls = Calls(self._who, config.run.time_budget_s)
        self._results = ResultFlow(camera, publish, config.declaration.result, self._details)
        self._restarts = Restarts(camera.clock, backoff)
        self._host: Host | None = None
        self._health: dict[str, Any] = {}
        self._timing: dict[str, dict[str, float]] = {}
        self._frames = 0
        self._vectors = 0
        self._lacks_vectors = False
        self._given_up: tuple[Status, str] | None = None
        self._given_up_ns = 0
        self._started = False
        self._left = threading.Event()
        # Why the process is away, while it is; and what the plugin has missed since the unit that it had last.
        self._away = ""
        self._newest: Lost | None = None
        self._missed: tuple[Lost, str] | None = None
        self._status = Status.ENABLED
        # Of so much the plugin may have had something in its own memory only, which ends with its object.
        self._delay_ns = round(camera.delay_s * 1e9)
        # What a plugin takes is known before its object is made, so that it can be fed from the first picture on.
        self._hooks = config.hooks
        self.takes_frames = ANALYZE in self._hooks
        self.takes_vectors = VECTORS in self._hooks
        self.takes_units = UNIT in self._hooks
        self.takes_results = "picctv_result" in self._hooks
        self._thread = threading.Thread(target=self._run, name=f"{camera.id} {self.name}", daemon=True)

    def hears(self, result: Result) -> bool:
        """Say whether the plugin is to get a result of another one."""
        return self.takes_results and result.plugin != self.name and self._config.declaration.hears(result)

    def start(self) -> None:
        """Make the plugin's object, on its own thread; it begins when the inbox says that the camera has started."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until the plugin has stopped, after `inbox.stop`.

        One that takes longer than `timeout_s` is given up: its process is ended, a thread is left behind.
        """
        self._thread.join(timeout_s)
        now_ns = self._camera.clock.now_ns()
        if self._thread.is_alive():
            lost = self.inbox.abandon()
            if self._delay_ns and self._newest is not None:
                lost = Lost(now_ns - self._delay_ns, now_ns, lost.bytes if lost else 0)
            cause = f"plugin {self.name} did not finish in time when the node stopped"
            self._left.set()
            if (host := self._host) is not None:
                host.kill("did not finish in time when the node stopped")
            self._thread.join(_KILL_S if self._config.isolation == "process" else 0)
            left = "is left behind" if self._thread.is_alive() else "was ended"
            log.warning("%s: plugin %s did not stop in time and %s", self._camera.id, self.name, left)
            if lost is not None:
                self._gap(lost, cause)
        if self._given_up is not None and self.takes_units and self._given_up_ns < now_ns:
            status, detail = self._given_up
            self._gap(Lost(self._given_up_ns, now_ns, 0), f"plugin {self.name} is {status}: {detail}")

    def report(self) -> dict[str, Any]:
        """Give the plugin's part of the node's status.

        Returns:
            ``status``, ``detail``, ``distribution``, ``version``, ``core``, ``uses``, ``isolation``, ``restarts`` (of its
            process), ``memory_bytes`` (of its process, None where it has none), ``health`` (what the plugin says of
            itself), ``counts`` and ``timing`` (for each hook: ``calls``, and of the newest 500 ``ms_mean``, ``ms_p50``,
            ``ms_p95`` and ``ms_max``).
        """
        status, detail = self._now()
        counts = {"failures": self._calls.failures}
        if self.takes_frames:
            counts["frames"] = self._frames
            counts["frames_dropped"] = self.inbox.frames_dropped
        if self.takes_vectors:
            counts["vectors"] = self._vectors
            counts["vectors_dropped"] = self.inbox.vectors_dropped
        if self.takes_units:
            counts["queued_bytes"] = self.inbox.queued_bytes
        if self.takes_results:
            counts["results_dropped"] = self.inbox.results_dropped
        return {
            "status": str(status),
            "detail": detail,
            **described(self._config.plugin, self._config.declaration.uses),
            "isolation": self._config.isolation,
            "restarts": self._restarts.count,
            "memory_bytes": self._host.memory_bytes if self._host is not None else None,
            "health": self._health,
            "counts": counts,
            "timing": self._timing,
        }

    # On the worker's thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._keep_alive(self._begin)
        while (item := self.inbox.get(_TICK_S)) is not Control.STOP:
            if self._given_up is None:
                self._keep_alive(functools.partial(self._handle, item))
                self._results.tick()
                self._look_at_status()
        self._results.close()
        self._finish()

    def _begin(self) -> None:
        """Make the plugin's object; where its camera has started already, tell it so."""
        self._host = host = self._new_host()
        if self._left.is_set():
            host.kill("the node stopped")
        self._restarts.began()
        try:
            host.make()
        except ProcessEnded:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises stays its own failure
            self._calls.failed("made", error, counts=False)
            self._give_up(Status.FAILING, self._calls.last_error.removeprefix("made: "))
            return
        self._away = ""
        if self._started:
            self._tell_started()

    def _new_host(self) -> Host:
        config = self._config
        if config.isolation == "process":
            return ProcessHost(config, self._camera, self._arena)
        plugin, declaration = config.plugin, config.declaration
        return LocalHost(plugin.object, plugin.name, config.settings, self._camera, declaration.result)

    def _handle(self, item: Item | None) -> None:
        if isinstance(item, Frame):
            self._frames += 1
            self._analyze(ANALYZE, item.captured_at_ns, frame=item)
        elif isinstance(item, MotionVectors):
            self._vectors += 1
            self._lacks_vectors = False
            self._analyze(VECTORS, item.captured_at_ns, vectors=item)
        elif isinstance(item, AccessUnit):
            self._take(item)
        elif isinstance(item, Result):
            self._call("picctv_result", result=item)
        elif isinstance(item, Lost):
            self._miss(item)
        elif item is Control.STARTED:
            self._started = True
            self._tell_started()
        elif item is Control.NO_VECTORS:
            self._miss_vectors()
        elif item is Control.HEALTH:
            said = self._call("picctv_health", counts=False)
            self._health = said if isinstance(said, dict) else {}
            self._timing = self._calls.timing()
        elif self._host is not None:
            self._host.look()
        if self._calls.most_in_a_row >= MAX_FAILURES and self._given_up is None:
            last = self._calls.last_error
            self._give_up(Status.QUARANTINED, f"{MAX_FAILURES} failures in a row; the last: {last}")

    def _call(self, hook: str, *, counts: bool = True, **arguments: Any) -> Any:
        """Call a hook; give None where the plugin has none, `FAILED` where it raised."""
        if hook not in self._hooks or self._host is None:
            return None
        call = functools.partial(self._host.call, hook, **arguments)
        return self._calls.call(hook.removeprefix("picctv_"), call, counts=counts)

    def _tell_started(self) -> None:
        if self._call("picctv_camera_started", camera=self._camera) is FAILED:
            self._give_up(Status.FAILING, self._calls.last_error)

    def _analyze(self, hook: str, captured_at_ns: int, **argument: Any) -> None:
        self._results.reach(captured_at_ns)
        name = hook.removeprefix("picctv_")
        failures = self._calls.in_a_row[name]
        result = self._call(hook, **argument)
        if result is FAILED:
            return
        try:
            self._results.add(captured_at_ns, result)
        except CodecError as error:
            # The call went well, its result did not: that is one failure more, not the first one again.
            self._calls.in_a_row[name] = failures
            self._calls.failed(name, error)

    def _miss_vectors(self) -> None:
        """Tell people that what the plugin takes is not to be had from this camera."""
        self._lacks_vectors = True
        log.warning("%s: %s", self._who, _NO_VECTORS)
        title = f"{self.name} gets no motion vectors from {self._camera.title}"
        self._camera.try_to(self._camera.notify, "warning", title, _NO_VECTORS)

    def _details(self, event: EndedEvent) -> dict[str, Any] | None:
        """Ask for the details of an event; it ends with or without them."""
        if not self._started or self._given_up is not None or self._away:
            return None
        try:
            details = self._call(EVENT_ENDED, event=event)
        except ProcessEnded:
            return None  # the next call finds it ended too, and begins another one
        return None if details is FAILED else details

    def _take(self, unit: AccessUnit) -> None:
        """Hand over an access unit; to a new process none before the first that video can begin with."""
        self._newest = Lost.of(unit)
        if self._missed is not None:
            lost, cause = self._missed
            if not unit.is_key:
                self._missed = lost | self._newest, cause
                return
            self._missed = None
            self._gap(Lost(lost.from_ns, unit.captured_at_ns, lost.bytes), cause)
        self._call("picctv_access_unit", unit=unit)

    def _miss(self, lost: Lost) -> None:
        """Tell of units that did not fit into the inbox; while others are missing too, with them."""
        if self._missed is not None:
            self._missed = self._missed[0] | lost, self._missed[1]
        else:
            self._gap(lost, f"plugin {self.name} was too slow for the video")

    def _give_up(self, status: Status, detail: str) -> None:
        """Call the plugin no more on this camera, and tell people so."""
        self._given_up_ns = self._camera.clock.now_ns() - self._delay_ns
        self._given_up = status, detail
        log.error("%s is %s: %s", self._who, status, detail)
        lost = self.inbox.abandon()
        for begun in (lost, self._missed and self._missed[0]):
            if begun is not None:
                self._given_up_ns = min(self._given_up_ns, begun.from_ns)
        self._missed = None
        self._results.close()
        title = f"{self.name} is {status} on {self._camera.title}"
        self._tell_people("error", title, detail)
        if self._host is not None:
            self._host.close()
        self._look_at_status()

    def _tell_people(self, level: str, title: str, text: str) -> None:
        if self._notify_failing:
            self._camera.try_to(self._camera.notify, level, title, text)

    def _finish(self) -> None:
        """End the plugin when the node stops; say what it missed to the last."""
        if self._host is None:
            return
        if self._started and self._given_up is None and not self._away:
            try:
                self._call("picctv_camera_stopped")
            except ProcessEnded as ended:
                log.warning("%s %s", self._who, str(ended))
        if self._missed is not None:
            self._gap(*self._missed)
        self._host.close()

    # When the plugin's process ends ------------------------------------------------------------------------------

    def _keep_alive(self, step: Callable[[], None]) -> None:
        """Do a step, and where that ends the plugin's process, begin another one."""
        try:
            step()
        except ProcessEnded as ended:
            reason = str(ended)
            while reason and self._wait_after(reason):
                self._restarts.count += 1
                try:
                    self._begin()
                    reason = ""
                except ProcessEnded as again:
                    reason = str(again)
            if self._away and (lost := self.inbox.abandon()) is not None:
                # The node stops, and nobody is there to take what still waits.
                if self._missed is None:
                    self._missed = lost, f"plugin {self.name} {self._away}"
                else:
                    self._miss(lost)

    def _wait_after(self, reason: str) -> bool:
        """Note that the process has ended, and pause; say whether there is to be another one."""
        self._away = reason
        self._calls.in_a_row.clear()
        if self._newest is not None and self._missed is None:
            lost = replace(self._newest, from_ns=self._newest.from_ns - self._delay_ns)
            self._missed = lost, f"plugin {self.name} {reason}"
        pause_s = self._restarts.ended()
        if self.inbox.wait_for_stop(0):
            log.warning("%s %s", self._who, reason)
            return False
        if pause_s is None:
            ends = self._restarts.ends
            self._give_up(Status.QUARANTINED, f"it ended {ends} times in a row; the last time it {reason}")
            return False
        log.warning("%s %s; it is started again in %.1f s", self._who, reason, pause_s)
        if self._restarts.worth_telling():
            title = f"{self.name} is started again on {self._camera.title}"
            self._tell_people("warning", title, f"It {reason}.")
        self._look_at_status()
        return self._pause(pause_s)

    def _pause(self, pause_s: float) -> bool:
        """Wait; say whether the node is still to run."""
        while pause_s > 0:
            if self.inbox.wait_for_stop(min(pause_s, _TICK_S)):
                return False
            pause_s -= _TICK_S
            self._results.tick()
        return True

    # The status --------------------------------------------------------------------------------------------------

    def _gap(self, lost: Lost, cause: str) -> None:
        self._camera.try_to(self._camera.gap, lost.from_ns, lost.to_ns, cause, lost.bytes)

    def _now(self) -> tuple[Status, str]:
        if self._given_up is not None:
            return self._given_up
        if self._away:
            return Status.RESTARTING, self._away
        status, detail = self._calls.status()
        waiting = self._config.waiting or (_NO_VECTORS if self._lacks_vectors else "")
        if status is Status.ENABLED and waiting:
            return Status.WAITING, waiting
        return status, detail

    def _look_at_status(self) -> None:
        status, _ = self._now()
        if status is not self._status:
            self._status = status
            self._on_change()
