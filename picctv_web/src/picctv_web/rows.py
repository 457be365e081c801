"""The rows of a chart, checked and thinned out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from picctv_core.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from picctv_core.hookspecs.web import Chart

Row = tuple[float | None, ...]

MAX_POINTS = 2000
"""About the pixels of a wide screen: more rows are thinned out, which nobody sees (10,000 rows would be 464 kB of JSON)."""


def check_rows(chart: Chart) -> list[Row]:
    """Give a chart's rows as plain numbers, in the order of time.

    Numbers that JSON has no word for (NaN, infinity) become None, a gap in the line.

    Raises:
        PluginError: a row has another length than the columns, no time, or something that is no number.
    """
    if len(chart.columns) < 2 or chart.columns[0] != "seconds":
        msg = f"the chart {chart.name!r} has the columns {tuple(chart.columns)}; wanted are 'seconds' and at least one more"
        raise PluginError(msg)
    rows = []
    for row in chart.rows:
        try:
            numbers = tuple(_number(value) for value in row)
        except (TypeError, ValueError) as error:
            msg = f"the chart {chart.name!r} has the row {row!r}: {error}"
            raise PluginError(msg) from error
        if len(numbers) != len(chart.columns) or numbers[0] is None:
            msg = f"the chart {chart.name!r} has the row {row!r}; its columns are {tuple(chart.columns)}"
            raise PluginError(msg)
        rows.append(numbers)
    return sorted(rows, key=_seconds)


def thin_out(rows: Sequence[Row], max_points: int) -> list[Row]:
    """Leave out rows so that the drawing stays the same: each bucket of time keeps every column's lowest and highest.

    Args:
        rows: in the order of time.
        max_points: about how many to keep; no fewer than two for each column.
    """
    if len(rows) <= max_points:
        return list(rows)
    width = len(rows[0]) - 1
    buckets = max(1, max_points // (2 * width))
    kept = {0, len(rows) - 1}
    for bucket in range(buckets):
        indices = range(bucket * len(rows) // buckets, (bucket + 1) * len(rows) // buckets)
        for column in range(1, width + 1):
            known = [(value, index) for index in indices if (value := rows[index][column]) is not None]
            # A bucket of nothing but gaps keeps one, so that the line breaks there.
            kept.update({min(known)[1], max(known)[1]} if known else {indices[0]})
    return [rows[index] for index in sorted(kept)]


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _seconds(row: Row) -> float:
    assert row[0] is not None
    return row[0]
