"""A node behind a slow, long and lossy link: what is urgent comes through, and nothing is sent twice that has arrived."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from picctv_core.clock import SystemClock
from picctv_core.node.backoff import Backoff
from picctv_core.node.spool import Spool
from picctv_core.node.uplink import Uplink
from picctv_server.models import Message
from tests.faults.proxy import Line, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.wire_node import RunningServer

SECOND = 1_000_000_000


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db", SystemClock())
    yield made
    made.close()


@pytest.fixture
def link(server: RunningServer, spool: Spool, token: str) -> Iterator[Proxy]:
    """A link to the server, clear until it is told otherwise, and a node's uplink that goes over it."""
    with Proxy(server.config.server.port, seed=5) as proxy:
        url = f"ws://127.0.0.1:{proxy.port}"
        uplink = Uplink([url], SecretStr(token), "garage", spool, backoff=Backoff(0.1, 0.2))
        spool.on_append = uplink.wake
        uplink.start()
        yield proxy
        proxy.set_lines()
        proxy.cut()
        uplink.stop(0)


def clip(spool: Spool, size: int) -> str:
    payload = {"started_at_ns": 0, "ended_at_ns": SECOND, "units": [[0, True, bytes(size)]]}
    return spool.append(
        camera="garage/door", plugin="recording", kind="clip", payload=payload, captured_at_ns=0
    )


def notify(spool: Spool, number: int) -> str:
    payload = {"level": "warning", "title": f"number {number}", "text": ""}
    return spool.append(
        camera="garage/door", plugin="p", kind="notification", payload=payload, captured_at_ns=number
    )


def seconds_until(condition: Callable[[], Any], timeout_s: float) -> float:
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < timeout_s, "it did not come"
        time.sleep(0.02)
    return time.monotonic() - began_s


def stored(message_id: str) -> Callable[[], bool]:
    return lambda: Message.objects(id=message_id).first() is not None


def test_notifications_come_within_ten_seconds_while_a_large_clip_is_under_way(
    spool: Spool, link: Proxy
) -> None:
    # 256 kbit/s with 5 % of the segments lost, 2 s from one end to the other, and 2 s back
    link.set_lines(Line(delay_s=2.0, bytes_per_s=32_000, loss=0.05))
    large = clip(spool, 20 * 10**6)
    seconds_until(lambda: link.counts.bytes_up > 100_000, 60)
    took_s = []
    for number in range(4):
        took_s.append(seconds_until(stored(notify(spool, number)), 30))
        time.sleep(0.5)
    assert max(took_s) < 10, took_s
    assert not stored(large)()
    assert link.counts.segments_lost > 5


def test_large_clip_goes_on_where_the_link_was_cut(spool: Spool, link: Proxy) -> None:
    link.set_lines(Line(bytes_per_s=2_000_000))
    message_id = clip(spool, 8 * 10**6)
    for share in (2, 4, 6):
        seconds_until(lambda share=share: link.counts.bytes_up > share * 10**6, 30)
        link.cut()
    seconds_until(stored(message_id), 30)
    assert link.counts.connections >= 4
    # Sent three times from the beginning on, it would be 20 MB.
    assert link.counts.bytes_up < 11 * 10**6
    assert spool.stats().result().set_aside == 0
