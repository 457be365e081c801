"""The node's status: made about every ten seconds, and at once when something changes."""

from __future__ import annotations

import importlib.metadata
import logging
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from picctv_core.errors import SpoolError
from picctv_core.node import machine
from picctv_core.node.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from picctv_core.clock import Clock
    from picctv_core.node.camera import CameraRunner
    from picctv_core.node.spool import Spool
    from picctv_core.node.systemd import Manager

log = logging.getLogger(__name__)

INTERVAL_S = 10.0

_SETTLE_S = 0.5
"""Changes come in flocks (all plugins of a camera): one status for all that change within this time."""


class HealthReporter:
    """Makes the status and hands it to the uplink.

    Args:
        cameras: the node's cameras.
        spool: what waits for the server.
        clock: the time.
        send: takes each status, a dict as the wire has it; only the newest counts.
        manager: the service manager, which is told with each status that the node is alive.
    """

    def __init__(
        self,
        cameras: Sequence[CameraRunner],
        spool: Spool,
        clock: Clock,
        send: Callable[[dict[str, Any]], None],
        manager: Manager,
    ) -> None:
        self._cameras = cameras
        self._spool = spool
        self._clock = clock
        self._send = send
        self._manager = manager
        self._version = importlib.metadata.version("picctv-core")
        self._repeats = Repeats()
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def changed(self) -> None:
        """Ask for a status soon; from any thread, never blocking."""
        self._changed.set()

    def stop(self) -> None:
        """Report no more."""
        self._stop.set()
        self._changed.set()
        self._thread.join()

    def status(self) -> dict[str, Any]:
        """Make the status."""
        stats = self._spool.stats().result()
        return {
            "type": "status",
            "at_ns": self._clock.now_ns(),
            "version": self._version,
            "spool": {**asdict(stats), "waits_for_clock": self._spool.is_held_back},
            "machine": machine.state(),
            "cameras": {camera.id: camera.report() for camera in self._cameras},
        }

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._send(self.status())
            except SpoolError as error:
                if self._repeats.count(str(error)):
                    log.warning("no status can be made: %s", error)
            # The spool has answered, if only that the disk is full, and so has each camera: a watchdog wants to know no more.
            self._manager.alive()
            for camera in self._cameras:
                for worker in camera.workers:
                    worker.inbox.ask_health()
            if self._changed.wait(INTERVAL_S):
                self._stop.wait(_SETTLE_S)
                self._changed.clear()
