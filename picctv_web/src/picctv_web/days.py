"""A camera's day: the numbers and booleans of typed results, minute by minute, from summaries alone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone

from picctv_core.hookspecs.web import Chart
from picctv_server import queries
from picctv_server.models import MINUTE_NS
from picctv_web import cameras, schemas, shown, times
from picctv_web.charts import VideoChart
from picctv_web.plugin_pages import Card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from picctv_core.typed import ResultField
    from picctv_server.queries import MinuteSummary

_FIRST, _LAST = dt.date(1970, 1, 3), dt.date(2260, 12, 30)
_DAY = dt.timedelta(days=1)


def day(request: HttpRequest, node: str, camera: str) -> HttpResponse:
    """Show a camera's typed results of one day: ``?day=2026-03-17``, in the site's time zone; today without it."""
    found = shown.camera(cameras.find(node, camera))
    today = timezone.localdate()
    wanted = _read(request.GET.get("day", "")) or today
    from_ns, to_ns = _bounds(wanted)
    context = {
        "camera": found,
        "day": wanted,
        "before": wanted - _DAY if wanted > _FIRST else None,
        "after": wanted + _DAY if wanted < min(today, _LAST) else None,
        "charts": _cards(found.id, from_ns, to_ns),
    }
    return render(request, "picctv/day.html", context)


def chart(name: str, field: ResultField, rows: Sequence[MinuteSummary], from_ns: int) -> Chart:
    """Make the chart of a number, or of how much of the time a boolean was true.

    Args:
        name: the plugin's name.
        field: the number or boolean.
        rows: its minutes, in order of time; where one is missing, the line is broken.
        from_ns: where the day begins.
    """
    points: list[tuple[float | None, ...]] = []
    last_ns: int | None = None
    for row in rows:
        at_s = (row.minute_ns + MINUTE_NS / 2 - from_ns) / times.SECOND_NS
        values = (100 * row.mean,) if field.type == "boolean" else (row.mean, row.minimum, row.maximum)
        if last_ns is not None and row.minute_ns - last_ns > MINUTE_NS:
            points.append((at_s - 60, *(None for _ in values)))
        points.append((at_s, *values))
        last_ns = row.minute_ns
    unit = f", {field.unit}" if field.unit else ""
    if field.type == "boolean":
        return Chart(
            field.name, f"{name}: {field.title}, % of each minute", ("seconds", "true"), points, "%", 100.0
        )
    columns = ("seconds", "mean", "least", "greatest")
    return Chart(
        field.name, f"{name}: {field.title}{unit}", columns, points, field.unit, field.maximum, field.minimum
    )


def _cards(camera: str, from_ns: int, to_ns: int) -> list[Card]:
    steps = clock(from_ns, to_ns, timezone.get_current_timezone())
    seconds = (to_ns - from_ns) / times.SECOND_NS
    cards = []
    for name, plugin in schemas.typed_plugins().items():
        rows = queries.summaries(camera, name, from_ns, to_ns)
        for field in plugin.newest.result_fields:
            if field.chart and (own := rows.get(field.name)):
                made = chart(name, field, own, from_ns)
                html = VideoChart(made, plugin=name, seconds=seconds, clock=steps).as_html()
                cards.append(Card(name, made.title, html))
    return cards


def _read(text: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return found if _FIRST <= found <= _LAST else None


def _bounds(day: dt.date) -> tuple[int, int]:
    """Give the beginning of a day and of the next one, in UTC nanoseconds; 23 or 25 hours apart where clocks change."""
    zone = timezone.get_current_timezone()
    begin, end = (dt.datetime.combine(own, dt.time(), zone) for own in (day, day + _DAY))
    return times.from_datetime(begin), times.from_datetime(end)


def clock(from_ns: int, to_ns: int, zone: dt.tzinfo) -> list[tuple[float, float]]:
    """Give where in a day the clocks show what: its beginning, and each change of them, to the quarter of an hour.

    Returns:
        Pairs: seconds since the day began, and the seconds of the day that clocks show from there on.
    """
    found: list[tuple[float, float]] = []
    offset: dt.timedelta | None = None
    for at_ns in range(from_ns, to_ns, 15 * MINUTE_NS):
        moment = times.utc(at_ns).astimezone(zone)
        if moment.utcoffset() != offset:
            offset = moment.utcoffset()
            at = dt.timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
            found.append(((at_ns - from_ns) / times.SECOND_NS, at.total_seconds()))
    return found
