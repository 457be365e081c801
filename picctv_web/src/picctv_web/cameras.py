"""The pages of cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import render

from picctv_server import queries
from picctv_server.models import Camera
from picctv_web import plugin_pages, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

CLIPS = 8

_KINDS = {"enabled": "good", "disabled": "info"}


@dataclass(frozen=True)
class PluginRow:
    """How a plugin does on a camera, as its node reports it."""

    name: str
    status: str
    kind: str
    detail: str
    health: list[tuple[str, str]]


def cameras(request: HttpRequest) -> HttpResponse:
    """Show all cameras."""
    return render(request, "picctv/cameras.html", {"cameras": shown.cameras()})


def camera(request: HttpRequest, node: str, camera: str) -> HttpResponse:
    """Show one camera: its picture, its plugins, their panels, its latest clips."""
    found = shown.camera(find(node, camera))
    context = {
        "camera": found,
        "plugins": [_row(name, state) for name, state in sorted((found.camera.plugins or {}).items())],
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


def _row(name: str, state: Mapping[str, Any]) -> PluginRow:
    status = str(state.get("status", ""))
    health = [
        (key.replace("_", " "), _value(value)) for key, value in sorted((state.get("health") or {}).items())
    ]
    return PluginRow(name, status, _KINDS.get(status, "bad"), str(state.get("detail") or ""), health)


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
