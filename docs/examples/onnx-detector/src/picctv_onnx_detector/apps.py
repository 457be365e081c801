"""The web part: what was seen stands beside each clip. The charts are made by picctv from the typed result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

from picctv_core.hookspecs import hookimpl
from picctv_core.hookspecs.web import Panel

if TYPE_CHECKING:
    from picctv_server.models import Clip

PLUGIN = "objects"

MOST = 50
"""More lines than this nobody reads."""


class ObjectsConfig(AppConfig):
    """Objects in the web."""

    name = "picctv_onnx_detector"
    label = "objects"
    verbose_name = "Objects"

    @hookimpl
    def picctv_clip_panels(self, clip: Clip) -> list[Panel]:
        """List what was seen in the clip, with links that seek there; nothing where nobody looked."""
        # Deferred: while Django makes its apps, nothing of them may be used yet.
        from picctv_onnx_detector.seen import sightings
        from picctv_server.queries import results_between

        results = results_between(clip.camera, PLUGIN, clip.started_at_ns, clip.ended_at_ns)
        if not results:
            return []
        seen = sightings(results, clip.started_at_ns)
        context = {"seen": seen[:MOST], "more": len(seen) - MOST if len(seen) > MOST else 0}
        return [Panel("seen", "Objects", "objects/clip_panel.html", context)]
