"""The web part of recording: a page of what is stored, and a panel on the page of each camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

from picctv_core.hookspecs import hookimpl
from picctv_core.hookspecs.web import Page, Panel

if TYPE_CHECKING:
    from picctv_server.models import Camera

# The modules of views and queries are imported in the hooks: while Django makes its apps, none of it may be used yet.


class RecordingConfig(AppConfig):
    """Recording in the web."""

    name = "picctv_plugins_recording"
    label = "recording"
    verbose_name = "Recording"

    @hookimpl
    def picctv_pages(self) -> list[Page]:
        """Declare the page of what is stored."""
        from picctv_plugins_recording.views import storage

        return [Page("storage", "Storage", storage)]

    @hookimpl
    def picctv_camera_panels(self, camera: Camera) -> list[Panel]:
        """Say how much is stored of the camera."""
        from picctv_plugins_recording.totals import totals

        found = totals(camera.id)
        context = {"total": found[0] if found else None}
        return [Panel("stored", "Recorded", "recording/camera_panel.html", context)]
