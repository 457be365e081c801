"""A node's uplink and a server, with a network between them that alters what it carries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from picctv_core.clock import SystemClock
from picctv_core.node.backoff import Backoff
from picctv_core.node.spool import Spool
from picctv_core.node.uplink import Uplink
from picctv_server import queries
from picctv_server.models import Message
from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.integration.wire_node import RunningServer

MESSAGES = 9


def test_what_the_network_alters_never_gets_into_the_store(
    server: RunningServer, token: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path / "spool.db", SystemClock())
    with Proxy(server.config.server.port, seed=3) as proxy:
        uplink = Uplink(
            [f"ws://127.0.0.1:{proxy.port}"],
            SecretStr(token),
            "garage",
            spool,
            backoff=Backoff(0.05, 0.1),
        )
        spool.on_append = uplink.wake
        uplink.start()
        given: dict[str, Any] = {}
        for number in range(MESSAGES):
            payload = {"number": number, "filling": bytes(100_000)}
            proxy.corrupt("down" if number % 3 == 1 else "up")
            own_id = spool.append(
                camera="garage/door", plugin="p", kind="note", payload=payload, captured_at_ns=number
            )
            given[own_id] = payload
            until_s = time.monotonic() + 60
            while spool.stats().result().messages:
                assert time.monotonic() < until_s, spool.stats().result()
                time.sleep(0.02)
        assert proxy.counts.bits_flipped == MESSAGES
        uplink.stop(5)
    stats = spool.stats().result()
    spool.close()
    assert stats.set_aside == 0
    assert {found.id: queries.message_payload(found) for found in Message.objects} == given
    assert "altered on its way" in caplog.text
