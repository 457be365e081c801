"""The web part of motion: its pages, and what it adds to the pages of clips and cameras."""

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
        """Declare the page of the latest events, that of a camera's day, and the data that scripts ask for."""
        from picctv_plugins_motion import views

        camera = "camera/<str:node>/<str:camera>/"
        return [
            Page("latest", "Motion", views.latest),
            Page("camera", "Motion of a camera", views.camera_day, camera, navigation=False),
            Page("heat", "Heat map", views.heat, f"{camera}heat.json", navigation=False),
            Page("why", "Why it triggered", views.why, "clip/<str:clip_id>/why.json", navigation=False),
        ]

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
        from picctv_plugins_motion import why
        from picctv_plugins_motion.summary import summarise
        from picctv_plugins_motion.text import duration
        from picctv_server.queries import results_between

        results = results_between(clip.camera, PLUGIN, clip.started_at_ns, clip.ended_at_ns)
        summary = summarise(results, clip.started_at_ns, clip.ended_at_ns)
        context = {
            "looked": bool(results),
            "page_s": why.PAGE_S,
            "summary": summary,
            "moving": duration(summary.moving_s) if summary else "",
            "length": duration((clip.ended_at_ns - clip.started_at_ns) / SECOND),
        }
        return [Panel("summary", "Motion", "motion/clip_panel.html", context)]

    @hookimpl
    def picctv_camera_panels(self, camera: Camera) -> list[Panel]:
        """Show how much moved at the camera in the last 24 hours, where, and what moved last."""
        from django.urls import reverse

        from picctv_plugins_motion import charts, history, shown, stretch
        from picctv_server.models import Event

        from_ns, to_ns = stretch.day_until_now()
        minutes = history.minutes(camera.id, from_ns, to_ns)
        last = Event.objects(plugin=PLUGIN, camera=camera.id).order_by("-started_at_ns", "-id").only("id")[:5]
        chart = charts.day_chart(minutes, from_ns) if minutes else None
        url = reverse("plugins:motion:camera", args=camera.id.split("/", 1))
        return [
            Panel(
                "day", "Motion, minute by minute", "motion/camera_day_panel.html",
                {"chart": chart, "from_ns": from_ns, "to_ns": to_ns, "url": url},
            ),
            Panel("heat", "Where it moves", "motion/camera_heat_panel.html", {"heat": shown.heat_view(camera)}),
            Panel(
                "latest", "Latest motion", "motion/camera_panel.html",
                {"events": shown.events(event.id for event in last)},
            ),
        ]  # fmt: skip

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
