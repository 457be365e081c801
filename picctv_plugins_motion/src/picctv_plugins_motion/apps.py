"""The web part of motion: a page of the latest events, and what it adds to the pages of clips and cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.apps import AppConfig

from picctv_core.hookspecs import hookimpl
from picctv_core.hookspecs.web import Chart, Link, Page, Panel

if TYPE_CHECKING:
    from picctv_server.models import Camera, Clip, Notification

PLUGIN = "motion"

SECOND = 1_000_000_000

# The modules of views and queries are imported in the hooks: while Django makes its apps, none of it may be used yet.


class MotionConfig(AppConfig):
    """Motion in the web."""

    name = "picctv_plugins_motion"
    label = "motion"
    verbose_name = "Motion"

    @hookimpl
    def picctv_pages(self) -> list[Page]:
        """Declare the page of the latest events."""
        from picctv_plugins_motion.views import latest

        return [Page("latest", "Motion", latest)]

    @hookimpl
    def picctv_charts(self, clip: Clip) -> list[Chart]:
        """Chart score and area over the clip; nothing where motion did not look at it."""
        from picctv_plugins_motion.charts import motion_chart
        from picctv_server.queries import results_between

        results = results_between(clip.camera, PLUGIN, clip.started_at_ns, clip.ended_at_ns)
        return [motion_chart(results, clip.started_at_ns)] if results else []

    @hookimpl
    def picctv_clip_panels(self, clip: Clip) -> list[Panel]:
        """Sum up what moved in the clip, with links that seek there."""
        from picctv_plugins_motion.summary import summarise
        from picctv_plugins_motion.text import duration
        from picctv_server.queries import results_between

        results = results_between(clip.camera, PLUGIN, clip.started_at_ns, clip.ended_at_ns)
        summary = summarise(results, clip.started_at_ns, clip.ended_at_ns)
        context = {
            "summary": summary,
            "moving": duration(summary.moving_s) if summary else "",
            "length": duration((clip.ended_at_ns - clip.started_at_ns) / SECOND),
        }
        return [Panel("summary", "Motion", "motion/clip_panel.html", context)]

    @hookimpl
    def picctv_camera_panels(self, camera: Camera) -> list[Panel]:
        """List what moved last at the camera."""
        from picctv_plugins_motion import shown
        from picctv_server.models import Event

        stored = Event.objects(plugin=PLUGIN, camera=camera.id).order_by("-started_at_ns", "-id")[:5]
        return [
            Panel("latest", "Latest motion", "motion/camera_panel.html", {"events": shown.events(stored)})
        ]

    @hookimpl
    def picctv_notification_links(self, notification: Notification) -> list[Link]:
        """Link a notification of motion to the camera's other motion; the web itself links to the clip."""
        from django.urls import reverse

        if notification.plugin != PLUGIN or not notification.camera:
            return []
        return [
            Link(
                "All its motion",
                f"{reverse('plugins:motion:latest')}?{urlencode({'camera': notification.camera})}",
            )
        ]
