"""Template tags for times, lengths, cameras and charts, for our templates and those of plugins: ``{% load picctv %}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from picctv_web import charts, times

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from picctv_core.hookspecs.web import Chart

register = template.Library()


@register.simple_tag
def when(at_ns: int | None) -> SafeString | str:
    """Show a point in time: ``{% when clip.started_at_ns %}``.

    Args:
        at_ns: UTC nanoseconds since the epoch; None for a time that there is not.
    """
    if at_ns is None:
        return ""
    moment = times.local(at_ns)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        times.iso(at_ns),
        f"{moment:%A, %d %B %Y, %H:%M:%S}.{moment.microsecond // 1000:03d} {moment:%Z}",
        times.text(at_ns),
    )


@register.filter
def clock(seconds: float | None) -> str:
    """Show seconds as people read them on a player: ``{{ 75.25|clock }}`` is ``1:15``."""
    return "" if seconds is None else times.clock(seconds)


@register.filter
def tenths(seconds: float | None) -> str:
    """Show seconds with a tenth: ``{{ 75.25|tenths }}`` is ``1:15.2``."""
    return "" if seconds is None else times.clock(seconds, tenths=True)


@register.simple_tag
def camera_url(camera_id: str) -> str:
    """Give the address of a camera's page: ``{% camera_url clip.camera %}``."""
    node, _, camera = camera_id.partition("/")
    return str(reverse("camera", args=(node, camera)))


@register.simple_tag
def time_chart(chart: Chart, plugin: str, from_ns: int, to_ns: int) -> SafeString:
    """Draw a chart over a day or another stretch of time: ``{% time_chart chart "people" from_ns to_ns %}``.

    Args:
        chart: its ``seconds`` count from ``from_ns``.
        plugin: the plugin's name.
        from_ns: where the axis begins, UTC nanoseconds since the epoch.
        to_ns: where it ends.
    """
    # What is in it has been escaped by its template.
    return mark_safe(charts.of_time(chart, plugin, from_ns, to_ns).as_html())  # noqa: S308


@register.inclusion_tag("picctv/chart_scripts.html")
def chart_scripts() -> dict[str, str]:
    """Load what draws charts, once in a page: ``{% chart_scripts %}``. The pages of clips and cameras have it already."""
    return {}
