"""The start page: what has happened lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.urls import reverse

from picctv_core.hookspecs.web import Link
from picctv_server import queries
from picctv_web import plugin_pages, shown, times

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from picctv_server.models import Notification

NOTIFICATIONS = 15
CLIPS = 6

_KINDS = {"info": "info", "warning": "warn", "error": "bad"}


@dataclass(frozen=True)
class Line:
    """A notification with its camera's title and its links."""

    notification: Notification
    kind: str
    camera: shown.ShownCamera | None
    links: list[Link]


def home(request: HttpRequest) -> HttpResponse:
    """Show the latest notifications and clips, and how the cameras are."""
    cameras = shown.cameras()
    context = {
        "cameras": cameras,
        "lines": _lines(cameras),
        "clips": shown.clips(queries.clips()[:CLIPS], cameras),
        "running": sum(camera.state == "running" for camera in cameras),
    }
    return render(request, "picctv/home.html", context)


def _lines(cameras: list[shown.ShownCamera]) -> list[Line]:
    known = {camera.id: camera for camera in cameras}
    return [
        Line(
            notification,
            _KINDS.get(notification.level, "info"),
            known.get(notification.camera),
            _distinct([*_own_links(notification), *plugin_pages.notification_links(notification)]),
        )
        for notification in queries.latest_notifications(NOTIFICATIONS)
    ]


def _own_links(notification: Notification) -> list[Link]:
    if str(notification.id).startswith("set-aside:"):
        return [Link("Set aside", reverse("set-aside"))]
    return _clip_link(notification)


def _clip_link(notification: Notification) -> list[Link]:
    """Link the clip that shows the time of a notification, at that time."""
    if not notification.camera:
        return []
    at_ns = notification.at_ns
    clip = queries.clips(camera=notification.camera, from_ns=at_ns, to_ns=at_ns + 1).first()
    if clip is None:
        return []
    seconds = max(0.0, (at_ns - clip.started_at_ns) / times.SECOND_NS)
    return [Link("Watch", f"{shown.ShownClip(clip, '').url}#t={seconds:.1f}")]


def _distinct(links: list[Link]) -> list[Link]:
    """Leave out links to a page that an earlier link leads to: plugins link the clip too."""
    first: dict[str, Link] = {}
    for link in links:
        first.setdefault(str(link.url).partition("#")[0], link)
    return list(first.values())
