"""The plugin's page: the latest stretches of change, of all cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from picctv_server.models import Event

from picctv_new_plugin import NAME

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

SECOND = 1_000_000_000

SHOWN = 100


def latest(request: HttpRequest) -> HttpResponse:
    """Show the latest events, newest first. picctv lets in only who is logged in."""
    stored = Event.objects(plugin=NAME)
    rows = [
        {
            "camera": event.camera,
            "started_at_ns": event.started_at_ns,
            # An event that goes on has no end yet.
            "seconds": event.ended_at_ns and (event.ended_at_ns - event.started_at_ns) / SECOND,
            "percent": 100.0 * (event.peak_score or 0.0),
        }
        for event in stored.order_by("-started_at_ns")[:SHOWN]
    ]
    return render(request, "new_plugin/latest.html", {"rows": rows, "total": stored.count()})
