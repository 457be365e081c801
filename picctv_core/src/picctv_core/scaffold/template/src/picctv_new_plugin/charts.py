"""The chart under a clip's video: how much of the picture changed, on the video's own time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.hookspecs.web import Chart
from picctv_server.queries import results_between

from picctv_new_plugin import NAME

if TYPE_CHECKING:
    from picctv_server.models import Clip

SECOND = 1_000_000_000


def clip_chart(clip: Clip) -> list[Chart]:
    """Give the chart of a clip; none where there are no results within it."""
    results = results_between(clip.camera, NAME, clip.started_at_ns, clip.ended_at_ns)
    rows = [((at_ns - clip.started_at_ns) / SECOND, 100.0 * result["score"]) for at_ns, result in results]
    return [Chart("change", "New plugin", ("seconds", "changed"), rows, unit="%")] if rows else []
