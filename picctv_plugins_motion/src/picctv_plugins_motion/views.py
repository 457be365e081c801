"""The page of motion: what moved last, on all cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.shortcuts import render

from picctv_plugins_motion import shown
from picctv_server.models import Event

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PER_PAGE = 50


def latest(request: HttpRequest) -> HttpResponse:
    """Show the events, newest first, a page at a time; of one camera, where the address says so."""
    cameras = shown.titles()
    wanted = request.GET.get("camera", "")
    stored = Event.objects(plugin="motion")
    if wanted:
        stored = stored(camera=wanted)
    page = Paginator(stored.order_by("-started_at_ns", "-id"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "events": shown.events(page.object_list),
        "cameras": sorted(cameras.items(), key=lambda item: item[1]),
        "wanted": wanted,
    }
    return render(request, "motion/latest.html", context)
