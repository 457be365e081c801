"""Telling people that a node is away, and that it is back: once, whichever of the servers notices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from picctv_server.models import Node, NodeToken, moment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from picctv_core.clock import Clock
    from picctv_server.alarms import Alarms
    from picctv_server.config import NodeSettings

INTERVAL_S = 5.0

_KEY = "node-offline:"


class NodeWatch:
    """Looks when nodes were heard of.

    Args:
        settings: whether people are told, and when.
        alarms: tells them.
        clock: the time.
        monotonic: seconds of a clock that never runs backwards.
    """

    def __init__(
        self,
        settings: NodeSettings,
        alarms: Alarms,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._alarms = alarms
        self._clock = clock
        self._monotonic = monotonic
        self._listens_since_s = self._looked_s = float("-inf")

    def step(self) -> None:
        """Look, if it is time to. Call it every few seconds."""
        now_s = self._monotonic()
        if not self._settings.notify_offline or now_s - self._looked_s < INTERVAL_S:
            return
        # Where nobody could listen, because no server ran or MongoDB was away, silence says nothing: nodes have their time
        # to be heard of again.
        if now_s - self._looked_s > 6 * INTERVAL_S:
            self._listens_since_s = now_s
        self._looked_s = now_s
        away = {key.removeprefix(_KEY) for key in self._alarms.standing(_KEY)}
        now = moment(self._clock.now_ns())
        for node in Node.objects.only("name", "last_seen_at"):
            name = str(node.name)
            if node.last_seen_at is None:
                continue
            silent = now - node.last_seen_at
            if silent.total_seconds() < self._settings.offline_after_s:
                if name in away:
                    self._alarms.end(
                        _KEY + name,
                        "info",
                        f"Node {name} is back",
                        "What its cameras saw meanwhile comes now, if it ran.",
                        node=name,
                    )
            elif name not in away and now_s - self._listens_since_s >= self._settings.offline_after_s:
                self._tell(name, node.last_seen_at)

    def _tell(self, name: str, seen: dt.datetime) -> None:
        if NodeToken.objects(node=name, revoked_at=None).first() is None:
            return  # it was taken out of the network
        self._alarms.begin(
            _KEY + name,
            "warning",
            f"Node {name} is offline",
            f"It was last heard of at {seen:%Y-%m-%d %H:%M:%S} UTC. If it runs, what its cameras see waits on it.",
            node=name,
        )
