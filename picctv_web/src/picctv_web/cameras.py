"""The pages of cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render

from picctv_server import queries
from picctv_server.models import Camera, Node
from picctv_web import machines, plugin_pages, plugin_states, shown, timeline

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

CLIPS = 8


def cameras(request: HttpRequest) -> HttpResponse:
    """Show all cameras."""
    return render(request, "picctv/cameras.html", {"cameras": shown.cameras()})


def camera(request: HttpRequest, node: str, camera: str) -> HttpResponse:
    """Show one camera: its picture, its day, its plugins, their panels, its latest clips."""
    found = shown.camera(find(node, camera))
    context = {
        "camera": found,
        "machine": machines.facts(Node.objects(name=node).only("status").first()),
        "plugins": plugin_states.states(found.camera.plugins),
        "timeline": timeline.today(found.id),
        "cards": plugin_pages.camera_cards(request, found.camera),
        "clips": shown.clips(queries.clips(camera=found.id)[:CLIPS], [found]),
    }
    return render(request, "picctv/camera.html", context)


def find(node: str, camera: str) -> Camera:
    """Give the camera of a node.

    Raises:
        Http404: there is none.
    """
    found: Camera | None = Camera.objects(id=f"{node}/{camera}").first()
    if found is None:
        msg = f"there is no camera {node}/{camera}"
        raise Http404(msg)
    return found
