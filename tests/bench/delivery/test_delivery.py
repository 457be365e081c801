"""How fast messages get from `emit` into the store, for one node and for many, and what nobody can be faster than.

They measure and print. That the figures are good is for readers to say: no assert here is about time. The figures go to
`docs/benchmarks/delivery.json`, if all parts ran.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from picctv_core.clock import SystemClock
from picctv_core.node.spool import Spool
from picctv_core.node.uplink import Uplink
from picctv_core.timing import quantile
from picctv_server import tokens
from tests.bench import processes
from tests.bench.conftest import machine
from tests.bench.delivery import notifications, peers
from tests.bench.delivery.load import RATE, Told, Took, payload
from tests.integration.server_process import ServerProcess, server_process, write_config
from tests.web.running import free_port, make_user, running, seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picctv_server.config import MongoSettings

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

ROOT = Path(__file__).resolve().parents[3]
FIGURES = ROOT / "docs" / "benchmarks" / "delivery.json"
PARTS = {"emit", "results", "clips", "growth", "servers", "notification"}

THREADS = (1, 8, 50)
MANY = 50
GROWTH = (1, 10, 50, 200)
PROCESSES_OF_MANY = 2
CLIP_BYTES = 2_000_000


@pytest.fixture(scope="module")
def found(short: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The figures of this run by part, as in the other benchmarks."""
    load = os.getloadavg()[0]
    figures: dict[str, Any] = {}
    yield figures
    if figures.keys() == PARTS:
        path = tmp_path_factory.mktemp("figures") / FIGURES.name if short else FIGURES
        loads = {"load_before": round(load, 2)}
        path.write_text(json.dumps({"machine": {**machine(), **loads}, **figures}, indent=1) + "\n")
        print(f"\nwrote {path}")


class Bench:
    """Servers over an empty database, and simulated nodes that send to them."""

    def __init__(self, folder: Path, mongo: MongoSettings, mongod_pid: int) -> None:
        self.folder = folder
        self.mongo = mongo
        self._mongod_pid = mongod_pid
        self._runs = 0

    @contextlib.contextmanager
    def servers(self, count: int) -> Iterator[list[ServerProcess]]:
        """Run so many servers."""
        with contextlib.ExitStack() as stack:
            found = []
            for number in range(count):
                self._runs += 1
                config = self.folder / f"server-{self._runs}-{number}.toml"
                port = write_config(config, self.mongo, self.folder / "clips")
                found.append(stack.enter_context(server_process(config, port)))
            yield found

    def send(
        self, servers: list[ServerProcess], nodes: int, kind: str, messages: int, size: int = 0
    ) -> dict[str, float]:
        """Let so many nodes send so many messages each, and give the figures."""
        self._runs += 1
        folder = self.folder / f"nodes-{self._runs}"
        names = [f"run{self._runs}-node-{number}" for number in range(nodes)]
        made = {name: tokens.create(name, SystemClock()) for name in names}
        groups = [names[first::PROCESSES_OF_MANY] for first in range(min(PROCESSES_OF_MANY, nodes))]
        urls = [f"ws://127.0.0.1:{server.port}" for server in servers]
        pids = {"server": [server.process.pid for server in servers], "mongod": [self._mongod_pid]}
        before = {name: sum(map(processes.cpu_s, own)) for name, own in pids.items()}
        running = []
        for number, group in enumerate(groups):
            told = Told(
                str(folder / str(number)),
                urls,
                {name: made[name] for name in group},
                kind,
                messages,
                size,
                threads=4 if nodes == 1 else 1,
            )
            command = [sys.executable, "-m", "tests.bench.delivery.load", json.dumps(asdict(told))]
            running.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        took = [Took(**json.loads(process.communicate()[0])) for process in running]
        used = {name: sum(map(processes.cpu_s, own)) - before[name] for name, own in pids.items()}
        acked_s = max(one.acked_s for one in took)
        return {
            "messages": nodes * messages,
            "emitted_s": round(max(one.emitted_s for one in took), 2),
            "acked_s": round(acked_s, 2),
            "messages_a_s": round(nodes * messages / acked_s),
            "bytes_a_s": round(sum(one.payload_bytes for one in took) / acked_s),
            "node_cpu_ms": round(1000 * sum(one.cpu_s for one in took) / nodes / messages, 3),
            "server_cpu_ms": round(1000 * used["server"] / nodes / messages, 3),
            "mongod_cpu_ms": round(1000 * used["mongod"] / nodes / messages, 3),
            "nodes_pss_bytes": sum(one.pss_bytes for one in took),
            "server_pss_bytes": sum(processes.memory(pid).pss_bytes for pid in pids["server"]),
        }


@pytest.fixture
def bench(picctv_mongod: Any, mongo_settings: MongoSettings, database: Any, tmp_path: Path) -> Bench:
    """An empty database with indexes, which this process is connected to, and a folder."""
    pid = int((picctv_mongod._folder / "db" / "mongod.lock").read_text())
    return Bench(tmp_path, mongo_settings, pid)


def test_emit(short: bool, found: dict[str, Any], tmp_path: Path) -> None:
    """What is durable on the node: messages of one second of results each, from so many threads at a time."""
    each = 200 if short else 2000
    size = len(str(payload("results", 0, 0)))
    sync_s = peers.append_and_sync_s(tmp_path / "peer", size, each)
    rows = {}
    for threads in THREADS:
        spool = Spool(tmp_path / f"spool-{threads}.db", SystemClock())
        took_ms: list[float] = []

        def emit(count: int, spool: Spool = spool, took_ms: list[float] = took_ms) -> None:
            for number in range(count):
                at_ns = number * 1_000_000_000
                said = payload("results", 0, at_ns)
                began_s = time.perf_counter()
                spool.append(
                    camera="garage/door", plugin="people", kind="results", payload=said, captured_at_ns=at_ns
                )
                took_ms.append(1000 * (time.perf_counter() - began_s))

        began_s = time.perf_counter()
        running = [threading.Thread(target=emit, args=(each // threads,)) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        a_s = len(took_ms) / (time.perf_counter() - began_s)
        spool.close()
        ordered = sorted(took_ms)
        rows[str(threads)] = {
            "emits_a_s": round(a_s),
            "ms_p50": round(quantile(ordered, 0.5), 2),
            "ms_p95": round(quantile(ordered, 0.95), 2),
        }
        print(f"\n{threads:3} threads: {rows[str(threads)]}")
    found["emit"] = {"syncs_a_s": round(each / sync_s), "threads": rows}
    print(f"appending the same bytes to a file, each time with fdatasync: {each / sync_s:.0f} a second")


def test_results(short: bool, found: dict[str, Any], bench: Bench) -> None:
    """Seconds of results, from emit to acknowledged."""
    messages = 200 if short else 4000
    assert bench.mongo.uri is not None
    uri, rows = bench.mongo.uri, {}
    # before and after: what else the machine does meanwhile is then not in one of them alone
    took_s = [(peers.insert_messages_s(uri, messages), peers.insert_results_s(uri, messages))]
    with bench.servers(1) as servers:
        for nodes in (1, MANY):
            rows[str(nodes)] = bench.send(servers, nodes, "results", messages // nodes)
            print(f"\n{nodes:3} nodes: {rows[str(nodes)]}")
    took_s.append((peers.insert_messages_s(uri, messages), peers.insert_results_s(uri, messages)))
    as_messages, as_results = (
        2 * count / sum(both)
        for count, both in zip((messages, messages * RATE), zip(*took_s, strict=True), strict=True)
    )
    found["results"] = {
        "results_a_message": RATE,
        "nodes": rows,
        "insert_many": {"messages_a_s": round(as_messages), "results_a_s": round(as_results)},
    }
    print(f"insert_many: {as_messages:.0f} messages a second, or {as_results:.0f} single results")


def test_clips(short: bool, found: dict[str, Any], bench: Bench) -> None:
    """Clips, from emit to acknowledged."""
    clips = 10 if short else 100
    rows = {}
    copy_s = peers.copy_s(bench.folder / "peer", CLIP_BYTES, clips)
    with bench.servers(1) as servers:
        for nodes in (1, MANY):
            if short and nodes > 1:
                continue
            rows[str(nodes)] = bench.send(servers, nodes, "clip", clips // nodes, CLIP_BYTES)
            print(f"\n{nodes:3} nodes: {rows[str(nodes)]}")
    copy_s += peers.copy_s(bench.folder / "peer", CLIP_BYTES, clips)
    copy = 2 * clips * CLIP_BYTES / copy_s
    found["clips"] = {"clip_bytes": CLIP_BYTES, "nodes": rows, "copy": {"bytes_a_s": round(copy)}}
    print(f"file copy with fsync: {copy / 1e6:.0f} MB a second")


def test_growth(short: bool, found: dict[str, Any], bench: Bench) -> None:
    """How the figures grow with nodes."""
    rows = {}
    with bench.servers(1) as servers:
        for nodes in GROWTH[:2] if short else GROWTH:
            rows[str(nodes)] = bench.send(servers, nodes, "results", (200 if short else 2000) // nodes)
            print(f"\n{nodes:3} nodes: {rows[str(nodes)]}")
    found["growth"] = rows


def test_servers(short: bool, found: dict[str, Any], bench: Bench) -> None:
    """How the figures grow with server processes."""
    rows = {}
    for count in (1, 2) if short else (1, 2, 3):
        with bench.servers(count) as servers:
            nodes = 10 if short else MANY
            rows[str(count)] = bench.send(servers, nodes, "results", (200 if short else 2000) // nodes)
            print(f"\n{count} servers: {rows[str(count)]}")
    found["servers"] = rows


def test_notification(
    short: bool, found: dict[str, Any], bench: Bench, chromium: Path, tmp_path: Path
) -> None:
    """A notification, from emit on a node to the start page in a browser."""
    port = free_port()
    config = tmp_path / "web.toml"
    config.write_text(
        f'[web]\nport = {port}\ndata = "accounts"\n[mongodb]\nuri = "{bench.mongo.uri}"\n'
        f'database = "{bench.mongo.database}"\n[clips]\npath = "{bench.folder / "clips"}"\n'
    )
    make_user(config)
    token = tokens.create("garage", SystemClock())
    with bench.servers(1) as [server], running(config, port, seed(config)) as site:
        spool = Spool(tmp_path / "spool.db", SystemClock())
        uplink = Uplink([f"ws://127.0.0.1:{server.port}"], SecretStr(token), "garage", spool)
        spool.on_append = uplink.wake
        uplink.start()
        took_ms = notifications.measure_ms(site.address, chromium, spool, 10 if short else 100)
        uplink.stop(1)
        spool.close()
    ordered = sorted(took_ms)
    found["notification"] = {
        "count": len(ordered),
        "ms_p50": round(statistics.median(ordered)),
        "ms_p95": round(quantile(ordered, 0.95)),
        "ms_max": round(ordered[-1]),
    }
    print(f"\nfrom emit to the page: {found['notification']}")
