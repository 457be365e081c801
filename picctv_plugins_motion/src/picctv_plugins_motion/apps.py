"""The web part of motion: a page of the latest events, and what it adds to the pages of clips and cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        """List what moved in the clip, with links that seek there."""
        from picctv_plugins_motion.shown import ShownEvent
        from picctv_server.queries import events_between

        stored = events_between(clip.camera, clip.started_at_ns, clip.ended_at_ns, PLUGIN)
        found = [ShownEvent(event, clip.camera, clip) for event in stored]
        return [Panel("events", "Motion", "motion/clip_panel.html", {"events": found})]

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
        """Link a notification of motion to the clip that shows it, once there is one."""
        from picctv_plugins_motion import shown

        if notification.plugin != PLUGIN or not notification.camera:
            return []
        clip = shown.clip_at(notification.camera, notification.at_ns)
        return [Link("Watch", shown.clip_url(clip, notification.at_ns))] if clip is not None else []
