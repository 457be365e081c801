"""The web part: a page with the crossings of each hour, and what it adds to the page of a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

from picctv_core.hookspecs import hookimpl
from picctv_core.hookspecs.web import Page, Panel

if TYPE_CHECKING:
    from picctv_server.models import Clip

# The modules of views and documents are imported in the hooks: while Django makes its apps, none of it may be used yet.


class CrossingConfig(AppConfig):
    """The Django app of the plugin; its methods are its hooks."""

    name = "picctv_line_crossing"
    label = "crossing"
    verbose_name = "Line crossing"

    @hookimpl
    def picctv_pages(self) -> list[Page]:
        """Declare the page of crossings."""
        from picctv_line_crossing.views import hours

        return [Page("hours", "Crossings", hours)]

    @hookimpl
    def picctv_clip_panels(self, clip: Clip) -> list[Panel]:
        """List who crossed what in the clip, with links that seek there; nothing where nobody did."""
        from picctv_line_crossing.stored import between

        rows = [
            {"crossing": crossing, "seconds": (crossing.at_ns - clip.started_at_ns) / 1e9}
            for crossing in between(clip.camera, clip.started_at_ns, clip.ended_at_ns)
        ]
        return [Panel("crossings", "Crossings", "crossing/clip_panel.html", {"rows": rows})] if rows else []
