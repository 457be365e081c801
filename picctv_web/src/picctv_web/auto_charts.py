"""Charts that nobody wrote: of the numbers and booleans that a plugin's typed results are made of.

A plugin whose own web part has charts for a clip has those only.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError

from picctv_core.hookspecs.web import Chart
from picctv_server import queries
from picctv_web import schemas, times

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from picctv_core.typed import ResultField
    from picctv_server.models import Clip, ResultSchema
    from picctv_web.schemas import TypedPlugin

    Results = Sequence[tuple[int, Any]]
    Row = tuple[float | None, ...]

log = logging.getLogger(__name__)

MAX_SERIES = 5
"""More lines in one chart nobody can tell apart."""

_MAX_RATIO = 20.0
"""Beside a number so many times as large, another one would be a line on the ground."""

_HOLE_S = 2.0
"""Where no result came for so long, the line is broken: nothing is known there."""

_MAX_TITLE = 90


@dataclass(frozen=True)
class Automatic:
    """A chart of a plugin's results, or why there is none.

    Attributes:
        name: the plugin's name.
        chart: the chart; None where it could not be made.
        detail: why, in one line.
    """

    name: str
    chart: Chart | None
    detail: str = ""


@dataclass
class _Group:
    """Fields that share a chart."""

    fields: list[ResultField] = field(default_factory=list)
    largest: float = 0.0


def of_clip(clip: Clip, *, without: Collection[str] = ()) -> list[Automatic]:
    """Make the charts of a clip's typed results.

    Args:
        clip: the clip.
        without: plugins that have charts of their own.
    """
    found: list[Automatic] = []
    for name, plugin in schemas.typed_plugins().items():
        if name in without:
            continue
        try:
            found += [Automatic(name, chart) for chart in _of_plugin(clip, plugin)]
        except PyMongoError:
            raise
        except Exception as error:
            # What is stored can be of any form or damaged: it costs this plugin's charts, not the page.
            log.exception("plugin %s: no automatic chart for clip %s", name, clip.id)
            found.append(Automatic(name, None, f"{type(error).__name__}: {' '.join(str(error).split())}"))
    return found


def charts(
    name: str, schema: ResultSchema, results: Results, started_at_ns: int, *, suffix: str = ""
) -> list[Chart]:
    """Make the charts of results of one version.

    Args:
        name: the plugin's name.
        schema: what the results are made of.
        results: (captured_at_ns, result) in order of time; what a result does not have, or has of another type, is left
            out.
        started_at_ns: where the clip begins.
        suffix: goes behind each title.
    """
    known = [(own, _values(own, results)) for own in schema.result_fields if own.chart]
    values = {own.name: column for own, column in known if any(value is not None for value in column)}
    numbers = [own for own, _ in known if own.name in values and own.type == "number"]
    booleans = [own for own, _ in known if own.name in values and own.type == "boolean"]
    seconds = [(at_ns - started_at_ns) / times.SECOND_NS for at_ns, _ in results]
    groups = [*_grouped(numbers, values), *_in_lanes(booleans)]
    return [
        Chart(
            name=f"result-{schema.version}-{number}",
            title=_title(name, group) + suffix,
            columns=("seconds", *_labels(group)),
            rows=_with_holes(list(zip(seconds, *(values[own.name] for own in group), strict=True))),
            unit=group[0].unit,
            y_max=group[0].maximum,
            y_min=group[0].minimum,
            steps=group[0].type == "boolean",
        )
        for number, group in enumerate(groups)
    ]


def _of_plugin(clip: Clip, plugin: TypedPlugin) -> list[Chart]:
    by_version = queries.results_by_version(clip.camera, plugin.name, clip.started_at_ns, clip.ended_at_ns)
    # Results from before there was a model, and those of the first one, are of one kind.
    by_schema: dict[int, list[tuple[int, Any]]] = {}
    for version, results in by_version.items():
        schema = plugin.of_version(version)
        if schema is not None:
            by_schema.setdefault(schema.version, []).extend(results)
    found: list[Chart] = []
    for version in sorted(by_schema):
        schema = plugin.of_version(version)
        assert schema is not None
        suffix = f" (version {version})" if len(by_schema) > 1 else ""
        results = sorted(by_schema[version], key=lambda item: item[0])
        found += charts(plugin.name, schema, results, clip.started_at_ns, suffix=suffix)
    return found


def _values(own: ResultField, results: Results) -> list[float | None]:
    return [_value(own, result.get(own.name) if isinstance(result, dict) else None) for _, result in results]


def _value(own: ResultField, value: Any) -> float | None:
    if own.type == "boolean":
        return float(value) if isinstance(value, bool) else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # A whole number can be too large for a float.
    return float(value) if is_number and abs(value) < 1e300 and math.isfinite(value) else None


def _grouped(fields: Sequence[ResultField], values: dict[str, list[float | None]]) -> list[list[ResultField]]:
    """Put numbers into one chart that have the same unit and bounds, and where there are none, are about as large."""
    groups: list[_Group] = []
    for own in fields:
        largest = max((abs(value) for value in values[own.name] if value is not None), default=0.0)
        group = next((group for group in groups if _fits(group, own, largest)), None)
        if group is None:
            group = _Group()
            groups.append(group)
        group.fields.append(own)
        group.largest = max(group.largest, largest)
    return [group.fields for group in groups]


def _fits(group: _Group, own: ResultField, largest: float) -> bool:
    first = group.fields[0]
    if len(group.fields) >= MAX_SERIES or (first.unit, first.minimum, first.maximum) != (
        own.unit, own.minimum, own.maximum,
    ):  # fmt: skip
        return False
    small, large = sorted((group.largest, largest))
    return own.maximum is not None or large <= _MAX_RATIO * small or large == 0.0


def _in_lanes(fields: Sequence[ResultField]) -> list[list[ResultField]]:
    return [list(fields[start : start + MAX_SERIES]) for start in range(0, len(fields), MAX_SERIES)]


def _labels(group: Sequence[ResultField]) -> list[str]:
    """Give the names of columns: titles, with the field's own name where two have one title."""
    titles = [own.title for own in group]
    return [own.title if titles.count(own.title) == 1 else f"{own.title} ({own.name})" for own in group]


def _title(name: str, group: Sequence[ResultField]) -> str:
    unit = f", {group[0].unit}" if group[0].unit else ""
    fields = ", ".join(_labels(group))
    room = _MAX_TITLE - len(name) - len(unit)
    return f"{name}: {fields if len(fields) <= room else fields[: max(room, 10)] + '…'}{unit}"


def _with_holes(rows: Sequence[Row]) -> list[Row]:
    """Break the lines where nothing is known, with a row that has no values."""
    steps = [float(later[0] or 0) - float(row[0] or 0) for row, later in pairwise(rows)]
    longest_s = max(_HOLE_S, 4 * median(steps)) if steps else _HOLE_S
    made: list[Row] = list(rows[:1])
    for step, row in zip(steps, rows[1:], strict=True):
        if step > longest_s:
            at_s = float(row[0] or 0) - step / 2
            made.append((at_s, *(None for _ in row[1:])))
        made.append(row)
    return made
