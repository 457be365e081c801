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
    counts: list[tuple[str, str]]
    timing: list[tuple[str, Mapping[str, Any]]]


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
    return PluginRow(
        name=name,
        status=status,
        kind=_KINDS.get(status, "bad"),
        detail=str(state.get("detail") or ""),
        health=_pairs(state.get("health")),
        counts=_pairs(state.get("counts")),
        timing=[
            (hook.replace("_", " "), figures)
            for hook, figures in sorted((state.get("timing") or {}).items())
            if "ms_p95" in figures
        ],
    )


def _pairs(figures: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), _value(value)) for key, value in sorted((figures or {}).items())]


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
