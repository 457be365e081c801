"""The web part: a chart under each clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

from picctv_core.hookspecs import hookimpl
from picctv_core.hookspecs.web import Chart
from picctv_server.queries import results_between

if TYPE_CHECKING:
    from picctv_server.models import Clip


class BrightnessConfig(AppConfig):
    """The Django app of the plugin; its methods are its hooks."""

    name = "picctv_brightness"
    label = "brightness"

    @hookimpl
    def picctv_charts(self, clip: Clip) -> list[Chart]:
        """Chart the brightness over the clip's time."""
        results = results_between(clip.camera, "brightness", clip.started_at_ns, clip.ended_at_ns)
        rows = [((at_ns - clip.started_at_ns) / 1e9, result["brightness"]) for at_ns, result in results]
        return (
            [Chart("brightness", "Brightness", ("seconds", "brightness"), rows, y_max=255.0)] if rows else []
        )
