"""The node as a whole: what is started in which order, and stopped in the other one."""

from __future__ import annotations

import logging
import math
import os
import signal
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from picctv_core.clock import SystemClock
from picctv_core.durable import make_folder
from picctv_core.errors import PicctvError, SpoolError
from picctv_core.node import config as node_config
from picctv_core.node import runs
from picctv_core.node.boot_clock import CAUSE as CLOCK_CAUSE
from picctv_core.node.camera import SOURCE_STOP_S, WORKERS_STOP_S, CameraRunner
from picctv_core.node.clock_hold import ClockHold, look_at_clock
from picctv_core.node.health import HealthReporter
from picctv_core.node.reload import changes
from picctv_core.node.runs import Heartbeat, Record
from picctv_core.node.spool import Spool
from picctv_core.node.status_socket import StatusSocket
from picctv_core.node.systemd import Manager
from picctv_core.node.uplink import Uplink
from picctv_core.node.watch import ClockWatch, Notifier, OfflineWatch, tell_of_clock_before

if TYPE_CHECKING:
    from types import FrameType

    from picctv_core.node.boot_clock import Unset
    from picctv_core.node.config import NodeConfig

log = logging.getLogger(__name__)

FLUSH_S = 3.0
"""How long what waits may still be sent when the node stops. The rest stays in the spool."""

ONE_WISH_S = 1.0
"""Signals so soon after the first are the same wish: Ctrl-C reaches a whole process group, and who started it too."""

LOOK_S = 0.5
"""How often cameras and clock are looked at, and how soon after SIGHUP the settings are read again."""

SPOOL_FILE = "spool.db"


class Node:
    """A node: its cameras with their plugins, its spool, its uplink.

    Args:
        config: what it is to do.
    """

    def __init__(self, config: NodeConfig) -> None:
        self._config = config
        self._clock = SystemClock()
        self._stopped = threading.Event()
        self._asked_to_reload = threading.Event()

    def run(self) -> None:
        """Run until SIGINT or SIGTERM; a second one ends the process at once. Call it on the main thread.

        SIGHUP has the settings read again: what cameras can go over to while they run, they do.

        Raises:
            SpoolError: the data directory can't be used.
        """
        first_s = math.inf

        def stop(signal_number: int, _frame: FrameType | None) -> None:
            nonlocal first_s
            now_s = time.monotonic()
            if now_s - first_s > ONE_WISH_S:
                os._exit(128 + signal_number)  # as if it were killed: what the durability promises holds
            first_s = min(first_s, now_s)
            self._stopped.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: self._asked_to_reload.set())
        try:
            self.run_until(self._stopped)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def run_until(self, stopped: threading.Event) -> None:
        """Run until an event is set, on any thread; raises as `run` does."""
        data = self._config.data
        try:
            make_folder(data)
        except OSError as error:
            raise SpoolError(f"the node's data directory {data} can't be made: {error.strerror}") from error
        before = Record.read(data / runs.FILE)
        spool = Spool(
            data / SPOOL_FILE,
            self._clock,
            witness=before.witness if before is not None else None,
            max_bytes=self._config.spool_max_bytes,
            min_free_bytes=self._config.spool_min_free_bytes,
            delay=self._config.spool_delay,
        )
        try:
            while self._run_with(spool, before, stopped):
                # The cameras have stopped: nobody sees the step.
                self._clock.read_again()
                before = Record.read(data / runs.FILE)
        finally:
            spool.close()

    def _run_with(self, spool: Spool, before: Record | None, stopped: threading.Event) -> bool:
        """Run until an event is set, or the clock is; say whether it was the clock: it is time to begin again then."""
        notifier = Notifier(spool, self._clock)
        before, unset = look_at_clock(self._clock, before, spool, notifier, self._camera_ids())
        uplink = Uplink(self._config.urls, self._config.token, self._config.name, spool)
        here = StatusSocket(self._config.data)
        cameras: list[CameraRunner] = []

        def tell(status: dict[str, Any]) -> None:
            here.put(status)
            uplink.send_status(status)

        newest, boot = spool.newest_results().result(), runs.this_boot()
        if ended := spool.end_open_events().result():
            log.warning("%d events that were open when the node was killed are ended", ended)
        manager = Manager()
        health = HealthReporter(cameras, spool, self._clock, tell, manager)
        cameras += [
            CameraRunner(
                self._config.name,
                camera,
                data=self._config.data / "plugins",
                clock=self._clock,
                spool=spool,
                on_change=health.changed,
                away=before.away(f"{self._config.name}/{camera.name}", newest, boot) if before else None,
                notify_plugin_failing=self._config.notify_plugin_failing,
            )
            for camera in self._config.cameras
        ]
        heartbeat = Heartbeat(
            self._config.data / runs.FILE,
            spool,
            self._clock,
            {camera.id: camera.away for camera in cameras},
            unset=unset,
        )
        watches = self._watches(cameras, before, notifier, unset)
        hold = ClockHold(self._clock, spool, notifier, self._config.clock_wait_s) if unset else None
        spool.on_append = uplink.wake
        self._say_what_runs()
        heartbeat.start()
        uplink.start()
        for camera in cameras:
            camera.start()
        here.start()
        health.start()
        manager.ready()
        is_set = False
        while not is_set and not stopped.wait(LOOK_S):
            is_set = hold is not None and hold.look()
            for watch in watches:
                watch.look()
            if self._asked_to_reload.is_set():
                self._asked_to_reload.clear()
                self._reload(cameras)
        if not is_set:
            log.info("stopping")
            manager.stopping()
        self._stop(cameras)
        if is_set:
            log.warning("the machine's clock was set: the cameras are started again with the right time")
        heartbeat.stop(CLOCK_CAUSE if is_set else "")
        health.stop()
        here.stop()
        uplink.stop(0.0 if spool.is_held_back or is_set else FLUSH_S)
        spool.is_held_back = False
        return is_set

    def _camera_ids(self) -> list[str]:
        return [f"{self._config.name}/{camera.name}" for camera in self._config.cameras]

    def _watches(
        self, cameras: list[CameraRunner], before: Record | None, notifier: Notifier, unset: Unset | None
    ) -> list[OfflineWatch | ClockWatch]:
        """Make what looks after cameras and clock, as far as people want to be told."""
        watches: list[OfflineWatch | ClockWatch] = []
        if self._config.notify_camera_offline:
            watches += [OfflineWatch(camera, self._clock, notifier) for camera in cameras]
        if self._config.notify_clock_set and unset is None:
            watches.append(ClockWatch(self._clock, notifier))
            if before is not None:
                tell_of_clock_before(before.at_ns, self._clock, notifier)
        return watches

    def _reload(self, cameras: list[CameraRunner]) -> None:
        """Read the settings again, and go over to what can be changed while the node runs."""
        try:
            wanted = node_config.read(self._config.path)
        except PicctvError as error:
            log.error("the settings stay as they were, for the new ones have faults:\n%s", error)  # noqa: TRY400 - it is for people
            return
        found = changes(self._config, wanted)
        for camera in cameras:
            settings = found.sources.get(camera.name)
            if settings is not None:
                camera.change_source(settings)
                log.info("camera %s: goes over to its new source settings", camera.id)
        if found.waiting:
            log.warning("changed, but only from the next start on: %s", "; ".join(found.waiting))
        elif not found.sources:
            log.info("the settings were read again; nothing has changed")
        now = tuple(
            replace(camera, source_settings=found.sources.get(camera.name, camera.source_settings))
            for camera in self._config.cameras
        )
        self._config = replace(self._config, cameras=now)

    def _stop(self, cameras: list[CameraRunner]) -> None:
        for camera in cameras:
            camera.ask_to_stop()
        # All together share one budget: the node ends in time however many of them hang.
        until_s = self._clock.monotonic() + SOURCE_STOP_S
        for camera in cameras:
            camera.stop_source(max(0.0, until_s - self._clock.monotonic()))
        until_s = self._clock.monotonic() + WORKERS_STOP_S
        for camera in cameras:
            for worker in camera.workers:
                worker.join(max(0.0, until_s - self._clock.monotonic()))
            camera.close()

    def _say_what_runs(self) -> None:
        for camera in self._config.cameras:
            log.info(
                "camera %s/%s: %s, analysis %s",
                self._config.name,
                camera.name,
                camera.driver,
                camera.analysis,
            )
            for plugin in camera.plugins.values():
                log.info(
                    "camera %s/%s: plugin %s: enabled",
                    self._config.name,
                    camera.name,
                    plugin.plugin.describe(),
                )
            for name, idle in camera.idle.items():
                line = f"{idle.status}: {idle.detail}".removesuffix(": ")
                log.info("camera %s/%s: plugin %s: %s", self._config.name, camera.name, name, line)
