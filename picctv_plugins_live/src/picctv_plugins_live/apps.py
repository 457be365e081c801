"""The web part of live view: where cameras can be watched live, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

from picctv_core.hookspecs import hookimpl
from picctv_core.hookspecs.web import Page, Panel

if TYPE_CHECKING:
    from picctv_server.models import Camera

# The modules of views and queries are imported in the hooks: while Django makes its apps, none of it may be used yet.


class LiveConfig(AppConfig):
    """Live view in the web."""

    name = "picctv_plugins_live"
    label = "live"
    verbose_name = "Live"

    @hookimpl
    def picctv_pages(self) -> list[Page]:
        """Declare the page of addresses."""
        from picctv_plugins_live.views import addresses

        return [Page("addresses", "Live", addresses)]

    @hookimpl
    def picctv_camera_panels(self, camera: Camera) -> list[Panel]:
        """Say where to watch the camera."""
        from picctv_plugins_live.addresses import live_address

        return [Panel("address", "Live", "live/camera_panel.html", {"live": live_address(camera)})]
