"""Charts on the time axis of a video, or of a day: django-graphos' chart, with a renderer that needs no inline script.

The page gets a ``<div data-chart>`` and its numbers as JSON; ``static/picctv/charts.js`` draws them with uPlot, follows
the video with a playhead, and seeks where someone clicks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils import timezone

from picctv_web import times
from picctv_web.graphos_compat import BaseChart, SimpleDataSource
from picctv_web.rows import MAX_POINTS, check_rows, thin_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from picctv_core.hookspecs.web import Chart


class TimeChart(BaseChart):
    """A `picctv_core.hookspecs.web.Chart`, drawn under a clip's video or over a stretch of time.

    Args:
        chart: what a plugin declared.
        plugin: the plugin's name.
        seconds: length of the video or the stretch: the time axis goes from 0 to it.
        clock: where the axis shows the time of day: pairs of seconds on the axis and the seconds of the day that it is
            from there on; without it, it shows the time of the clip.

    Raises:
        PluginError: the chart's columns and rows don't belong together.
    """

    def __init__(
        self, chart: Chart, *, plugin: str, seconds: float, clock: Sequence[tuple[float, float]] = ()
    ) -> None:
        rows = thin_out(check_rows(chart), MAX_POINTS)
        self.chart = chart
        self.plugin = plugin
        self.seconds = seconds
        self.clock = clock
        super().__init__(
            SimpleDataSource([list(chart.columns), *rows]),
            html_id=re.sub(r"[^A-Za-z0-9-]+", "-", f"chart-{plugin}-{chart.name}"),
            options={"title": chart.title},
        )

    @property
    def data_id(self) -> str:
        """The id of the element that holds the numbers."""
        return f"{self.html_id}-data"

    def data(self) -> dict[str, Any]:
        """Give the chart as plain data, one row for each point."""
        header, *rows = self.get_data()
        return {
            "name": self.chart.name,
            "title": self.chart.title,
            "unit": self.chart.unit,
            "y_max": self.chart.y_max,
            "y_min": self.chart.y_min,
            "steps": self.chart.steps,
            "seconds": self.seconds,
            "columns": header,
            "rows": rows,
        }

    def payload(self) -> dict[str, Any]:
        """Give what the page's script draws: as `data`, but one list for each column, which is smaller."""
        data = self.data()
        rows = data.pop("rows")
        if self.clock:
            data["clock"] = [list(step) for step in self.clock]
        return data | {
            "data": [list(column) for column in zip(*rows, strict=True)] or [[] for _ in data["columns"]]
        }

    def get_html_template(self) -> str:
        """Name the template that `as_html` renders."""
        return "picctv/chart.html"

    def as_html(self) -> str:
        """Give the chart's element with its data; there is no script to go with it."""
        html: str = render_to_string(self.get_html_template(), {"chart": self, "payload": self.payload()})
        return html


def of_time(chart: Chart, plugin: str, from_ns: int, to_ns: int) -> TimeChart:
    """Give a chart over a stretch of time, such as a day, whose axis shows the time of day in the site's time zone.

    Args:
        chart: its ``seconds`` count from the beginning of the stretch.
        plugin: the plugin's name.
        from_ns: the beginning, UTC nanoseconds since the epoch.
        to_ns: the end.

    Raises:
        PluginError: the chart's columns and rows don't belong together.
    """
    steps = times.clock_steps(from_ns, to_ns, timezone.get_current_timezone())
    return TimeChart(chart, plugin=plugin, seconds=(to_ns - from_ns) / times.SECOND_NS, clock=steps)
