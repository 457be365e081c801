"""What one server process does for all of them, beside taking in: it holds a lease for it, and another one follows it."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError

from picctv_core.errors import PicctvError
from picctv_server import aside
from picctv_server.failures import NotNowError
from picctv_server.leases import Lease
from picctv_server.node_watch import NodeWatch
from picctv_server.processors import in_thread
from picctv_server.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.clock import Clock
    from picctv_server.config import ServerConfig
    from picctv_server.processing import Processing

log = logging.getLogger(__name__)

INTERVAL_S = 2.0
LEASE_SECONDS = 30.0
DROP_SECONDS = 60.0


class Housekeeping:
    """The chores of the server, on a thread of its own.

    Args:
        processing: processes again what was set aside.
        clock: the time.
        config: the server's name, what is kept for how long, and what people are told of nodes.
    """

    def __init__(self, processing: Processing, clock: Clock, config: ServerConfig) -> None:
        self._processing = processing
        self._clock = clock
        self._name = config.server.name
        self._lease = Lease("housekeeping", LEASE_SECONDS)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._drop_at_s = 0.0
        alarms = processing.alarms
        retention = Retention(config.retention, processing.store.clips, alarms, clock, processing.expire)
        self._chores: tuple[Callable[[], None], ...] = (
            self._process_again,
            self._drop_stored,
            retention.step,
            NodeWatch(config.nodes, alarms, clock).step,
        )

    def start(self) -> None:
        """Begin."""
        self._thread = in_thread("housekeeping", self._run)

    def stop(self, budget_s: float) -> None:
        """End, and wait for the chore of the moment, but no longer than so many seconds."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(budget_s)

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL_S):
            try:
                if self._lease.take():
                    self._do_chores()
            except PyMongoError:
                log.debug("MongoDB does not answer; the chores wait", exc_info=True)
        try:
            self._lease.give_back()
        except PyMongoError:
            log.debug("MongoDB does not answer; the lease ends by itself", exc_info=True)

    def _do_chores(self) -> None:
        for chore in self._chores:
            try:
                chore()
            except (PicctvError, OSError) as error:
                log.warning("a chore is left for later: %s", error)

    def _drop_stored(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._drop_at_s:
            self._drop_at_s = now_s + DROP_SECONDS
            if dropped := aside.drop_stored(self._processing.alarms):
                log.info("%d messages that were set aside came again and are stored", dropped)

    def _process_again(self) -> None:
        """Process what somebody asked for in the web."""
        while not self._stopped.is_set() and (found := aside.next_asked()) is not None:
            try:
                outcome = aside.again(self._processing, found, server=self._name, at_ns=self._clock.now_ns())
            except NotNowError as error:
                log.warning("message %s stays set aside for now: %s", found.id, error)
                return
            if outcome.stored:
                log.info("message %s, which was set aside, is stored", found.id)
            else:
                log.warning("message %s stays set aside: %s", found.id, outcome.error)
            self._lease.take()
