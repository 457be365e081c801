"""The motion charts of a clip and of a day."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from picctv_core.hookspecs.web import Chart
from picctv_plugins_motion.minutes import MINUTE_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from picctv_plugins_motion.history import Minute

Row = tuple[float, float | None, float | None]

SECOND = 1_000_000_000

MAX_ROWS = 1000
"""More rows than a chart has pixels only make the page heavier."""

HOLE_S = 2.0
"""Where no result came for so long, the line is broken: nothing is known there."""


def motion_chart(results: Iterable[tuple[int, Any]], started_at_ns: int) -> Chart:
    """Make the chart of results.

    Args:
        results: of motion, as (captured_at_ns, result), in order of time. What has no numbers is left out.
        started_at_ns: where the clip begins.
    """
    rows = [row for at_ns, result in results if (row := _row(at_ns - started_at_ns, result)) is not None]
    return Chart(
        name="motion",
        title="Motion",
        columns=("seconds", "score", "area"),
        rows=with_holes(thinned(rows, MAX_ROWS)),
        unit="%",
        y_max=100.0,
    )


def day_chart(minutes: Sequence[Minute], from_ns: int) -> Chart:
    """Make the chart of a day, minute by minute.

    Args:
        minutes: those of which anything is known, in order of time; where one is missing, the line is broken.
        from_ns: where the day begins.
    """
    rows: list[Row] = []
    last_ns: int | None = None
    for minute in minutes:
        at_s = (minute.minute_ns + MINUTE_NS / 2 - from_ns) / SECOND
        if last_ns is not None and minute.minute_ns - last_ns > MINUTE_NS:
            rows.append((at_s - MINUTE_NS / SECOND, None, None))
        rows.append((at_s, round(100 * minute.moving_s / 60, 2), round(100 * minute.peak, 2)))
        last_ns = minute.minute_ns
    return Chart(
        name="day",
        title="Motion, minute by minute",
        columns=("seconds", "time moving", "peak score"),
        rows=rows,
        unit="%",
        y_max=100.0,
    )


def thinned(rows: Sequence[Row], most: int) -> list[Row]:
    """Give at most `most` rows: of each stretch the one with the highest score, so that no peak is lost."""
    if len(rows) <= most:
        return list(rows)
    edges = [round(index * len(rows) / most) for index in range(most + 1)]
    return [max(rows[begin:end], key=lambda row: row[1] or 0.0) for begin, end in pairwise(edges)]


def with_holes(rows: Sequence[Row]) -> list[Row]:
    """Break the line where nothing is known, with a row that has no values."""
    usual_s = (rows[-1][0] - rows[0][0]) / len(rows) if rows else 0.0
    longest_s = max(HOLE_S, 4 * usual_s)
    made: list[Row] = []
    for row in rows:
        if made and row[0] - made[-1][0] > longest_s:
            made.append(((made[-1][0] + row[0]) / 2, None, None))
        made.append(row)
    return made


def _row(into_ns: int, result: Any) -> Row | None:
    score, area = (result.get("score"), result.get("area")) if isinstance(result, dict) else (None, None)
    if not isinstance(score, (int, float)):
        return None
    percent = round(100.0 * area, 3) if isinstance(area, (int, float)) else None
    return round(into_ns / SECOND, 3), round(100.0 * score, 2), percent
