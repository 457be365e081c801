"""Nodes that are away, and back: told once, and not of those that nobody could hear."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from picctv_server import queries, tokens
from picctv_server.alarms import Alarms
from picctv_server.config import NodeSettings
from picctv_server.node_watch import NodeWatch
from picctv_server.presence import Presence

if TYPE_CHECKING:
    from picctv_core.testing import FakeClock
    from picctv_server.store import Store


class Rig:
    """Several servers that watch, and a clock that they share."""

    def __init__(self, store: Store, clock: FakeClock, servers: int = 2, **settings: float | bool) -> None:
        self.clock = clock
        self.now_s = 0.0
        self.presence = Presence(clock)
        self.watches = [
            NodeWatch(NodeSettings(**settings), Alarms(store, clock), clock, lambda: self.now_s)  # type: ignore[arg-type]
            for _ in range(servers)
        ]

    def wait(self, seconds: float, *heard: str) -> None:
        """Let time go by, and be heard of meanwhile."""
        for _ in range(round(seconds / 5)):
            self.clock.advance(5)
            self.now_s += 5
            for node in heard:
                self.presence.arrived(node, "0.1.0")
            with ThreadPoolExecutor(len(self.watches)) as pool:
                list(pool.map(NodeWatch.step, self.watches))


def told() -> list[str]:
    return [one.title for one in queries.latest_notifications()][::-1]


@pytest.fixture
def nodes(picctv_store: Store, picctv_clock: FakeClock) -> None:
    for name in ("garage", "barn"):
        tokens.create(name, picctv_clock)


def test_node_that_is_away_and_back_is_told_of_once_each(
    picctv_store: Store, picctv_clock: FakeClock, nodes: None
) -> None:
    rig = Rig(picctv_store, picctv_clock)
    rig.wait(120, "garage", "barn")
    rig.wait(50, "barn")
    assert told() == []
    rig.wait(60, "barn")
    assert told() == ["Node garage is offline"]
    assert [(one.node, one.level) for one in queries.latest_notifications()] == [("garage", "warning")]
    rig.wait(300, "barn")
    rig.wait(30, "barn", "garage")
    assert told() == ["Node garage is offline", "Node garage is back"]
    rig.wait(90, "barn")
    assert told()[2:] == ["Node garage is offline"]


def test_silence_in_which_nobody_listened_says_nothing(
    picctv_store: Store, picctv_clock: FakeClock, nodes: None
) -> None:
    rig = Rig(picctv_store, picctv_clock)
    rig.wait(120, "garage", "barn")
    # No server ran for an hour, or MongoDB was away.
    picctv_clock.advance(3600)
    rig.now_s += 3600
    rig.wait(30)
    rig.wait(30, "garage")
    assert told() == []
    rig.wait(60, "garage")
    assert told() == ["Node barn is offline"]


def test_node_without_a_good_token_is_none_of_the_network(
    picctv_store: Store, picctv_clock: FakeClock, nodes: None
) -> None:
    rig = Rig(picctv_store, picctv_clock)
    rig.wait(120, "garage", "barn")
    tokens.revoke("barn", picctv_clock)
    rig.wait(200, "garage")
    assert told() == []


def test_it_can_be_switched_off_and_set(picctv_store: Store, picctv_clock: FakeClock, nodes: None) -> None:
    silent = Rig(picctv_store, picctv_clock, notify_offline=False)
    silent.wait(60, "garage")
    silent.wait(300)
    assert told() == []
    patient = Rig(picctv_store, picctv_clock, offline_after_s=600)
    patient.wait(60, "garage")
    patient.wait(590)
    assert told() == []
    patient.wait(30)
    assert told() == ["Node garage is offline"]
