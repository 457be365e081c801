"""Following and counting, on boxes that move as they are told."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from picctv_line_crossing.counting import Counter
from picctv_line_crossing.models import CrossingSettings, Line
from picctv_line_crossing.tracks import Tracker
from pydantic import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    Box = tuple[float, float, float, float]

TENTH = 100_000_000
GATE = Line(name="Gate", start=(0.5, 0.0), end=(0.5, 1.0), to_right="in", to_left="out")


def count(
    pictures: Iterable[list[Box]], lines: tuple[Line, ...] = (GATE,), margin: float = 0.015
) -> list[tuple[str, str, float]]:
    """Give (line, direction, seconds) of each crossing."""
    tracker, counter = Tracker(1.5), Counter(lines, margin)
    found = []
    for index, boxes in enumerate(pictures):
        at_ns = index * TENTH
        found += [
            (crossing.line, crossing.direction, round(crossing.at_ns / 1e9, 1))
            for crossing in counter.look(tracker.update(boxes, at_ns), at_ns, 3 * 10**9)
        ]
    return found


def walker(x: float, y: float = 0.4) -> Box:
    """Give the box of a person whose foot is at x."""
    return (x - 0.03, y, 0.06, 0.2)


def walk(begin: float, end: float, count: int) -> list[float]:
    return [begin + (end - begin) * index / (count - 1) for index in range(count)]


def test_walker_is_counted_once_in_each_direction() -> None:
    there, back = walk(0.2, 0.8, 40), walk(0.8, 0.2, 40)
    found = count([walker(x)] for x in there + back)
    assert [(line, direction) for line, direction, _ in found] == [("Gate", "out"), ("Gate", "in")]
    assert 1.9 <= found[0][2] <= 2.6
    assert 5.9 <= found[1][2] <= 6.6


def test_right_hand_of_a_line_is_that_of_who_walks_along_it() -> None:
    """Upwards on the picture the right hand is the picture's right."""
    upwards = Line(name="Up", start=(0.5, 1.0), end=(0.5, 0.0), to_right="right", to_left="left")
    found = count(([walker(x)] for x in walk(0.2, 0.8, 40)), (upwards,))
    assert [direction for _, direction, _ in found] == ["right"]


def test_who_walks_around_the_line_is_not_counted() -> None:
    short = Line(name="Door", start=(0.5, 0.0), end=(0.5, 0.3))
    assert count(([walker(x)] for x in walk(0.2, 0.8, 40)), (short,)) == []


def test_who_stands_on_the_line_is_not_counted() -> None:
    flicker = [0.5 + 0.01 * (-1) ** (index // 3) for index in range(100)]
    assert count([walker(x)] for x in [*walk(0.3, 0.5, 15), *flicker]) == []


def test_two_who_pass_each_other_are_both_counted() -> None:
    """At the line they are one box for half a second."""
    pictures = []
    for left, right in zip(walk(0.2, 0.8, 50), walk(0.8, 0.2, 50), strict=True):
        one, two = walker(left), walker(right)
        if abs(left - right) < 0.06:
            begin = min(one[0], two[0])
            pictures.append([(begin, one[1], max(one[0], two[0]) + 0.06 - begin, 0.2)])
        else:
            pictures.append([one, two])
    found = count(pictures)
    assert sorted(direction for _, direction, _ in found) == ["in", "out"]


def test_walker_who_is_hidden_for_a_second_keeps_the_number() -> None:
    tracker = Tracker(1.5)
    numbers = []
    for index, x in enumerate(walk(0.2, 0.8, 50)):
        hidden = 22 <= index < 31
        seen = tracker.update([] if hidden else [walker(x)], index * TENTH)
        numbers += [track.id for track in seen]
    assert numbers == [1] * 41


def test_several_lines_count_each_for_itself() -> None:
    other = Line(name="Kerb", start=(0.7, 0.0), end=(0.7, 1.0), to_right="down", to_left="up")
    found = count(([walker(x)] for x in walk(0.2, 0.9, 50)), (GATE, other))
    assert [(line, direction) for line, direction, _ in found] == [("Gate", "out"), ("Kerb", "up")]


def test_something_seen_in_two_pictures_only_is_not_counted() -> None:
    assert count([[walker(0.48)], [walker(0.53)], [], [], []]) == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"name": "A"}, {"name": "A"}], "more than one line is called 'A'"),
        ([{"start": [0.5, 0.5], "end": [0.5, 0.5]}], "is a point"),
        ([{"to_right": "in", "to_left": "in"}], "have the same name"),
        ([{"start": [0.5, 1.5]}], "less than or equal to 1"),
        ([], "at least 1 item"),
    ],
)
def test_lines_that_can_not_be_are_refused(lines: list[dict[str, object]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CrossingSettings.model_validate({"lines": lines})


def test_settings_of_the_how_to_are_accepted() -> None:
    """Each table of settings that the page shows for this plugin."""
    page = Path(__file__).resolve().parents[3] / "how-to" / "count-crossings.md"
    shown = [
        tomllib.loads(block)
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    tables = [
        part["plugins"]["crossing"]
        for data in shown
        for part in (data, *data.get("cameras", {}).values())
        if "plugins" in part
    ]
    assert tables
    for table in tables:
        # `enabled` is the node's own.
        CrossingSettings.model_validate({key: value for key, value in table.items() if key != "enabled"})
