"""The page of recording: how much is stored of each camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from picctv_plugins_recording.totals import totals
from picctv_server import queries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def storage(request: HttpRequest) -> HttpResponse:
    """Show clips, hours and bytes of each camera, and of all."""
    titles = {camera.id: camera.title or camera.id for camera in queries.cameras()}
    found = totals()
    context = {
        "rows": [(titles.get(total.camera, total.camera), total) for total in found],
        "clips": sum(total.clips for total in found),
        "hours": sum(total.hours for total in found),
        "bytes": sum(total.bytes for total in found),
    }
    return render(request, "recording/storage.html", context)
