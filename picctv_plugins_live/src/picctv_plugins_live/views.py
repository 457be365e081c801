"""The page of live view: where to watch each camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from picctv_plugins_live.addresses import live_address
from picctv_server import queries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def addresses(request: HttpRequest) -> HttpResponse:
    """List the cameras with their addresses."""
    found = [live_address(camera) for camera in queries.cameras()]
    return render(request, "live/addresses.html", {"cameras": found})
