"""``spool.durability = "on-delay"``: what a kill costs, with a real node, a real server and what is on the node's disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core import plugins
from picctv_core.errors import SpoolError
from picctv_core.node.runs import FILE, KILLED_CAUSE, LAZY_INTERVAL_S, Record, this_boot
from picctv_core.node.spool_view import look
from picctv_plugins_recording.processor import ProcessorSettings
from picctv_server.models import Clip, Gap
from tests.core.node_process import NodeProcess
from tests.integration.wire_node import RunningServer, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

S = 1_000_000_000
DELAY_S = 10
GROUP_S = 1.5
"""A group of pictures of the synthetic camera is a second long."""

SPOOL = f"""
[spool]
durability = "on-delay"
delay_s = {DELAY_S}
"""


@pytest.fixture
def server(database: Any, make_config: Any) -> Iterator[RunningServer]:
    """A server that makes clips."""
    (found,) = [found for found in plugins.discover(plugins.SERVER) if found.name == "recording"]
    with serving(make_config(processors=((found, ProcessorSettings()),))) as running:
        yield running


@pytest.fixture
def make_node(tmp_path: Path, token: str) -> Iterator[Callable[[int], NodeProcess]]:
    made: list[NodeProcess] = []

    def make(port: int) -> NodeProcess:
        made.append(NodeProcess(tmp_path, f"ws://127.0.0.1:{port}", token, SPOOL))
        return made[-1]

    yield make
    for node in made:
        node.close()


def wait_for(condition: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def clips() -> list[tuple[int, int]]:
    return sorted((clip.started_at_ns, clip.ended_at_ns) for clip in Clip.objects)


def holes(pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give what lies between stretches of time, from the first to the last."""
    found, until_ns = [], pieces[0][0]
    for from_ns, to_ns in sorted(pieces):
        if from_ns - until_ns > S / 4:
            found.append((until_ns, from_ns))
        until_ns = max(until_ns, to_ns)
    return found


def test_kill_costs_the_last_seconds_and_they_are_a_gap(server: RunningServer, make_node: Any) -> None:
    node = make_node(server.config.server.port)
    node.start()
    wait_for(lambda: len(clips()) >= 3, 60)
    spooled = look(node.data / "spool.db")
    assert spooled.waiting == ()
    assert list(node.data.rglob("*.open")) == []
    killed_ns = time.time_ns()
    node.kill()
    before = clips()
    assert holes(before) == []
    node.start()
    wait_for(lambda: len(clips()) >= len(before) + 2, 60)
    node.stop()
    gaps = [(gap.from_ns, gap.to_ns, gap.cause) for gap in Gap.objects(plugin="")]
    ((from_ns, to_ns, cause),) = gaps
    assert cause == KILLED_CAUSE
    ((lost_ns, back_ns),) = holes(clips())
    # What is missing lies in the gap, and is no older than the delay; the gap is no longer than what may be missing.
    assert from_ns <= lost_ns
    assert back_ns <= to_ns + S // 4
    assert killed_ns - lost_ns <= (DELAY_S + GROUP_S) * S
    assert killed_ns - from_ns <= (DELAY_S + LAZY_INTERVAL_S + 1) * S


def test_while_the_server_is_away_everything_is_on_the_disk_after_the_delay(make_node: Any) -> None:
    node = make_node(free_port())
    node.start()
    began_ns = time.time_ns()

    def spooled() -> list[Any]:
        try:
            return list(look(node.data / "spool.db").waiting)
        except SpoolError:  # the node is just starting
            return []

    wait_for(lambda: time.time_ns() - began_ns > 2.5 * DELAY_S * S and spooled(), 60)
    killed_ns = time.time_ns()
    node.kill()
    video = [group for group in spooled() if group.kind == "clip"]
    open_files = list(node.data.rglob("*.open"))
    (group,) = video
    assert open_files == []
    assert group.newest_ns >= killed_ns - (DELAY_S + GROUP_S) * S
    record = Record.read(node.data / FILE)
    assert record is not None
    away = record.away("garage/street", {}, this_boot())
    assert away is not None
    assert away.from_ns <= group.newest_ns
    assert away.cause == KILLED_CAUSE


def test_stop_leaves_everything_on_the_disk(make_node: Any) -> None:
    node = make_node(free_port())
    node.start()
    wait_for(
        lambda: (
            (node.data / FILE).exists() and (record := Record.read(node.data / FILE)) and record.given > 5
        ),
        60,
    )
    node.stop()
    record = Record.read(node.data / FILE)
    assert record is not None
    assert record.is_stopped
    view = look(node.data / "spool.db")
    assert {"clip", "results"} <= {group.kind for group in view.waiting}
    video = max(group.newest_ns for group in view.waiting if group.kind == "clip")
    away = record.away("garage/street", {}, this_boot())
    assert away is not None
    assert abs(video - away.from_ns) < 2 * S
