"""Simulated nodes: each a real spool and a real uplink, many of them in one process, without cameras.

As a program it is told on its command line what to send, and prints one JSON object with what that took; see `Told`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from picctv_core import codec
from picctv_core.clock import SystemClock
from picctv_core.messages import CLIP, RESULTS
from picctv_core.node.spool import Spool
from picctv_core.node.uplink import Uplink
from tests.bench import processes
from tests.faults.node_plugins import encoded_group, marked

SECOND = 1_000_000_000
RATE = 10
"""Results in a message, as of a camera that is analysed so often a second."""

UNITS = 50
PATIENCE_S = 240.0


@dataclass(frozen=True)
class Told:
    """What a process of simulated nodes is to do.

    Attributes:
        folder: below it are the spools.
        urls: of the servers.
        tokens: of each node, by its name.
        kind: ``results`` or ``clip``.
        messages: how many each node sends.
        bytes: about so large is each clip.
        threads: so many emit at a time on each node, as the plugins of its cameras do.
    """

    folder: str
    urls: list[str]
    tokens: dict[str, str]
    kind: str
    messages: int
    bytes: int = 0
    threads: int = 4


@dataclass
class Took:
    """What it took.

    Attributes:
        emitted_s: from the first emit until all were durable on the nodes.
        acked_s: from the first emit until the servers had stored all.
        cpu_s: of the process with the nodes, in this time.
        pss_bytes: memory of this process at the end.
        payload_bytes: of all messages together.
    """

    emitted_s: float
    acked_s: float
    cpu_s: float
    pss_bytes: int
    payload_bytes: int


class Node:
    """One simulated node."""

    def __init__(self, told: Told, name: str) -> None:
        clock = SystemClock()
        folder = Path(told.folder) / name
        folder.mkdir(parents=True)
        self.name = name
        self.spool = Spool(folder / "spool.db", clock)
        self._told = told
        self._start_ns = clock.now_ns()
        # not all to the same one, as their configurations would have it
        turn = int(name.rpartition("-")[2]) % len(told.urls)
        urls = told.urls[turn:] + told.urls[:turn]
        self._uplink = Uplink(urls, SecretStr(told.tokens[name]), name, self.spool)
        self.spool.on_append = self._uplink.wake
        self._uplink.start()

    def emit(self, count: int, first: int = 0) -> None:
        """Send so many messages; each is durable before the next."""
        for number in range(first, first + count):
            at_ns = self._start_ns + number * SECOND
            self.spool.append(
                camera=f"{self.name}/camera-{number % 4}",
                plugin="recording" if self._told.kind == CLIP else "people",
                kind=self._told.kind,
                payload=payload(self._told.kind, self._told.bytes, at_ns),
                captured_at_ns=at_ns,
            )

    def emit_all(self) -> list[threading.Thread]:
        """Begin to send all messages, on threads."""
        each = -(-self._told.messages // self._told.threads)
        threads = []
        for first in range(0, self._told.messages, each):
            count = min(each, self._told.messages - first)
            threads.append(threading.Thread(target=self.emit, args=(count, first)))
        for thread in threads:
            thread.start()
        return threads

    def wait(self, until_s: float) -> None:
        """Wait until the servers have everything."""
        while (stats := self.spool.stats().result()).messages:
            assert time.monotonic() < until_s, f"{self.name}: {stats.messages} messages still wait"
            time.sleep(0.01)
        assert stats.set_aside == 0

    def close(self) -> None:
        """End."""
        self._uplink.stop(0)
        self.spool.close()


def payload(kind: str, size: int, at_ns: int) -> dict[str, Any]:
    """Make what a second of a camera's analysis, or a clip of it, is."""
    if kind == RESULTS:
        items = [
            [at_ns + number * SECOND // RATE, {"triggered": False, "score": number / 7, "people": number}]
            for number in range(RATE)
        ]
        return {"items": items}
    units = [
        [
            at_ns + number * SECOND // RATE,
            unit.is_key,
            marked(unit.annexb, f"{at_ns} {number}", size // UNITS),
        ]
        for number in range(UNITS)
        for unit in [_GROUP[number % len(_GROUP)]]
    ]
    return {
        "started_at_ns": at_ns,
        "ended_at_ns": at_ns + UNITS * SECOND // RATE,
        "width": 160,
        "height": 120,
        "trigger": None,
        "peak_at_ns": None,
        "units": units,
    }


_GROUP = encoded_group(RATE)


def run(told: Told) -> Took:
    """Send everything, and say what it took."""
    nodes = [Node(told, name) for name in told.tokens]
    # connected, and every part of the way has been used once
    for node in nodes:
        node.emit(1, told.messages)
    until_s = time.monotonic() + PATIENCE_S
    for node in nodes:
        node.wait(until_s)
    own = os.getpid()
    began_s, cpu_s = time.monotonic(), processes.cpu_s(own)
    for thread in [thread for node in nodes for thread in node.emit_all()]:
        thread.join()
    emitted_s = time.monotonic() - began_s
    for node in nodes:
        node.wait(began_s + PATIENCE_S)
    acked_s = time.monotonic() - began_s
    cpu_s = processes.cpu_s(own) - cpu_s
    pss_bytes = processes.memory(own).pss_bytes
    for node in nodes:
        node.close()
    size = len(codec.pack(payload(told.kind, told.bytes, SystemClock().now_ns())))
    return Took(emitted_s, acked_s, cpu_s, pss_bytes, size * told.messages * len(nodes))


if __name__ == "__main__":
    print(json.dumps(asdict(run(Told(**json.loads(sys.argv[1]))))))
