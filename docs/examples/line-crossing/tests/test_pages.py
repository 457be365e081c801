"""The server and the web part, over a real MongoDB: stored once, counted by hour, shown."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from picctv_line_crossing import bars, stored
from picctv_line_crossing.processor import CrossingProcessor
from picctv_line_crossing.stored import HOUR_NS, Crossing, Hour

from picctv_core.errors import CodecError
from picctv_server.models import Camera, Clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from picctv_core.messages import Message
    from picctv_server.testing.runner import ProcessorRunner

SECOND = 1_000_000_000
NOON_NS = int(dt.datetime(2026, 3, 17, 12, tzinfo=dt.UTC).timestamp()) * SECOND


@pytest.fixture
def processor(picctv_processor: Callable[..., ProcessorRunner]) -> ProcessorRunner:
    return picctv_processor(CrossingProcessor)


@pytest.fixture
def crossing(picctv_message: Callable[..., Message]) -> Callable[..., Message]:
    def make(minutes: float, direction: str, line: str = "Gate", camera: str = "door") -> Message:
        payload = {"line": line, "direction": direction, "track": 1, "x": 0.5, "y": 0.6}
        at_ns = NOON_NS + round(minutes * 60) * SECOND
        return picctv_message(
            "crossing", payload, plugin="crossing", node="garage", camera=camera, captured_at_ns=at_ns
        )

    return make


def test_crossing_that_comes_twice_is_stored_once(
    processor: ProcessorRunner, crossing: Callable[..., Message]
) -> None:
    message = crossing(5, "in")
    # The processor by itself, for the server recognises a message that it has stored; one that died before that does not.
    assert [processor.plugin.picctv_process_message(message) for _ in range(2)] == [True, True]
    processor.process(message)
    [kept] = Crossing.objects
    assert (kept.id, kept.camera, kept.line, kept.direction) == (message.id, "garage/door", "Gate", "in")
    assert kept.at_ns == NOON_NS + 300 * SECOND


@pytest.mark.parametrize(
    "payload", [None, {"line": "Gate"}, {"line": "Gate", "direction": 7}, {"line": "", "direction": "in"}]
)
def test_message_that_is_no_crossing_is_refused(
    processor: ProcessorRunner, picctv_message: Callable[..., Message], payload: Any
) -> None:
    with pytest.raises(CodecError, match="has no line or no direction"):
        processor.process(picctv_message("crossing", payload, plugin="crossing"))
    assert Crossing.objects.count() == 0


def test_crossings_are_counted_by_hour(processor: ProcessorRunner, crossing: Callable[..., Message]) -> None:
    times = ((0, "in"), (59.9, "in"), (60, "in"), (61, "out"), (-1, "out"))
    processor.process(crossing(minutes, direction) for minutes, direction in times)
    processor.process(crossing(5, "in", camera="yard"))
    found = stored.per_hour(NOON_NS, NOON_NS + 2 * HOUR_NS, "garage/door")
    assert found == [
        Hour(NOON_NS, "Gate", "in", 2),
        Hour(NOON_NS + HOUR_NS, "Gate", "in", 1),
        Hour(NOON_NS + HOUR_NS, "Gate", "out", 1),
    ]
    assert stored.per_hour(NOON_NS, NOON_NS + HOUR_NS) == [Hour(NOON_NS, "Gate", "in", 3)]


def test_old_crossings_expire(processor: ProcessorRunner, crossing: Callable[..., Message]) -> None:
    processor.process([crossing(-1, "in"), crossing(0, "out")])
    processor.plugin.picctv_expire(NOON_NS)
    assert [kept.direction for kept in Crossing.objects] == ["out"]


def test_indexes_are_those_that_the_page_reads_through(processor: ProcessorRunner) -> None:
    keys = [list(index["key"]) for index in Crossing.objects._collection.index_information().values()]
    assert [("camera", 1), ("at_ns", -1)] in [[tuple(part) for part in key] for key in keys]


def test_bars_stack_directions_on_one_scale() -> None:
    starts = [NOON_NS + hour * HOUR_NS for hour in range(4)]
    hours = [
        Hour(starts[0], "Gate", "in", 2),
        Hour(starts[0], "Gate", "out", 3),
        Hour(starts[3], "Gate", "out", 1),
        Hour(starts[1], "Kerb", "up", 8),
    ]
    gate, kerb = bars.charts(hours, starts, lambda at_ns: f"{(at_ns - NOON_NS) // HOUR_NS}h")
    assert (gate.line, gate.directions, gate.total, gate.top) == ("Gate", (("in", 2), ("out", 4)), 6, 10)
    assert [(piece.series, piece.y, piece.height) for piece in gate.bars[0].pieces] == [
        (0, 120.0, 30.0),
        (1, 75.0, 45.0),
    ]
    assert gate.bars[0].title == "0h: 2 in, 3 out"
    assert [bar.pieces for bar in gate.bars[1:3]] == [(), ()]
    assert (kerb.top, kerb.total) == (10, 8)


@pytest.mark.parametrize(("highest", "top"), [(0, 1), (1, 1), (3, 5), (5, 5), (6, 10), (201, 500)])
def test_scale_ends_at_a_round_number(highest: int, top: int) -> None:
    assert bars.round_up(highest) == top


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.fixture
def door(picctv_client: Client) -> None:
    Camera(id="garage/door", node="garage", title="Front door").save()
    Clip(
        id="a" * 32, camera="garage/door", started_at_ns=NOON_NS, ended_at_ns=NOON_NS + 600 * SECOND,
        plugin="recording", width=320, height=240, frames=6000, bytes=1, sha256="0" * 64,
    ).save()  # fmt: skip


def test_page_shows_a_day_by_line_and_links_to_the_clip(
    picctv_client: Client, door: None, processor: ProcessorRunner, crossing: Callable[..., Message]
) -> None:
    processor.process([crossing(5, "in"), crossing(65, "out"), crossing(6, "up", line="Kerb <b>")])
    text = page(picctv_client, "/plugins/crossing/?day=2026-03-17")
    assert re.findall(r'<h2 class="card-title">([^<]+)<small>([^<]+)', text) == [
        ("Gate", "2 in all"),
        ("Kerb &lt;b&gt;", "1 in all"),
    ]
    assert "<title>12:00: 1 in, 0 out</title>" in text
    assert "<title>13:00: 0 in, 1 out</title>" in text
    assert f'<a href="/clips/{"a" * 32}/#t=300.00">Watch</a>' in text or f"{'a' * 32}" in text
    assert text.count("Front door</a>") == 3
    assert text.count(">none yet<") == 1


def test_page_of_another_camera_or_day_is_empty(
    picctv_client: Client, door: None, processor: ProcessorRunner, crossing: Callable[..., Message]
) -> None:
    processor.process(crossing(5, "in"))
    other = page(picctv_client, "/plugins/crossing/?day=2026-03-17&camera=garage/yard")
    assert "Nobody crossed a line at this camera on this day." in other
    assert "Nobody crossed a line in the last 24 hours." in page(
        picctv_client, "/plugins/crossing/?day=nonsense"
    )


def test_clip_lists_its_crossings(
    picctv_client: Client, door: None, processor: ProcessorRunner, crossing: Callable[..., Message]
) -> None:
    processor.process([crossing(5, "in"), crossing(11, "out")])
    text = page(picctv_client, f"/clips/{'a' * 32}/")
    assert 'data-seek="300.000">5:00.0</a> <span>Gate</span> <span class="line-note">in</span>' in text
    assert 'class="line-note">out<' not in text
