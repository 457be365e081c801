"""A camera's day: its clips, events and gaps on one line, and typed results minute by minute, from summaries alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone

from picctv_core.hookspecs.web import Chart
from picctv_server import queries
from picctv_server.models import MINUTE_NS
from picctv_web import cameras, charts, schemas, shown, timeline, times
from picctv_web.plugin_pages import Card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from picctv_core.typed import ResultField
    from picctv_server.queries import MinuteSummary


def day(request: HttpRequest, node: str, camera: str) -> HttpResponse:
    """Show a camera's day: ``?day=2026-03-17``, in the site's time zone; today without it."""
    found = shown.camera(cameras.find(node, camera))
    wanted = times.read_day(request.GET.get("day", "")) or timezone.localdate()
    from_ns, to_ns = times.day_bounds(wanted)
    context = {
        "camera": found,
        "day": wanted,
        "before": times.day_before(wanted),
        "after": times.day_after(wanted),
        "timeline": timeline.day(found.id, from_ns, to_ns, times.from_datetime(timezone.now())),
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
    cards = []
    for name, plugin in schemas.typed_plugins().items():
        rows = queries.summaries(camera, name, from_ns, to_ns)
        for field in plugin.newest.result_fields:
            if field.chart and (own := rows.get(field.name)):
                made = chart(name, field, own, from_ns)
                cards.append(Card(name, made.title, charts.of_time(made, name, from_ns, to_ns).as_html()))
    return cards
