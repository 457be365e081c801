"""The pages of motion: what moved last on all cameras, a camera's day, and the data that their scripts draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from picctv_plugins_motion import charts, grid, history, shown, stretch
from picctv_plugins_motion import why as reasons
from picctv_plugins_motion.models import MotionEvent
from picctv_plugins_motion.text import duration
from picctv_server import queries
from picctv_server.models import Camera, Event
from picctv_web import times

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PER_PAGE = 50
MAX_EVENTS = 100
"""More events of a day than anybody looks at; the page says how many there are."""


@require_safe
def latest(request: HttpRequest) -> HttpResponse:
    """Show the events, newest first, a page at a time; of one camera, or in one zone, where the address says so."""
    cameras = shown.titles()
    camera, zone = request.GET.get("camera", ""), request.GET.get("zone", "")
    # Only of events that are over it is known in which zones they were.
    stored = MotionEvent.objects(zones=zone) if zone else Event.objects(plugin="motion")
    if camera:
        stored = stored(camera=camera)
    ids = stored.order_by("-started_at_ns", "-id").only("id")
    page = Paginator(ids, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "events": shown.events(event.id for event in page.object_list),
        "cameras": sorted(cameras.items(), key=lambda item: item[1]),
        "zones": sorted({*history.zone_names(camera), *filter(None, [zone])}),
        "camera": camera,
        "zone": zone,
    }
    return render(request, "motion/latest.html", context)


@require_safe
def camera_day(request: HttpRequest, node: str, camera: str) -> HttpResponse:
    """Show a camera's motion of one day: ``?day=2026-03-17``, in the site's time zone; today without it."""
    found = _camera(node, camera)
    day = times.read_day(request.GET.get("day", "")) or timezone.localdate()
    from_ns, to_ns = times.day_bounds(day)
    minutes = history.minutes(found.id, from_ns, to_ns)
    own = Event.objects(plugin="motion", camera=found.id, started_at_ns__gte=from_ns, started_at_ns__lt=to_ns)
    context = {
        "camera": found,
        "title": found.title or found.id,
        "day": day,
        "before": times.day_before(day),
        "after": times.day_after(day),
        "from_ns": from_ns,
        "to_ns": to_ns,
        "chart": charts.day_chart(minutes, from_ns) if minutes else None,
        "moving": duration(sum(minute.moving_s for minute in minutes)),
        "heat": shown.heat_view(found, day=day),
        "count": own.count(),
        "events": shown.events(
            event.id for event in own.order_by("-started_at_ns", "-id").only("id")[:MAX_EVENTS]
        ),
    }
    return render(request, "motion/camera.html", context)


@require_safe
def heat(request: HttpRequest, node: str, camera: str) -> HttpResponse:
    """Give the heat map of a stretch of time as JSON: ``?last=hour``, ``day`` or ``week``, or ``?day=2026-03-17``."""
    found = _camera(node, camera)
    try:
        from_ns, to_ns = stretch.read(request.GET)
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=400)
    found_heat = history.heat(found.id, from_ns, to_ns)
    told = history.zones(found.id)
    most_s = max(found_heat.cells)
    return JsonResponse(
        {
            "columns": grid.COLUMNS,
            "rows": grid.ROWS,
            "cells": found_heat.cells,
            "most_s": most_s,
            # Of the colours' scale, which goes by the square root: its middle and its end.
            "scale": [duration(most_s / 4), duration(most_s)],
            "moving": duration(found_heat.moving_s),
            "zones": told.zones,
            "ignore": told.ignore,
            "figures": [
                {"name": name, "moving": duration(seconds), "events": events}
                for name, seconds, events in history.zone_figures(found_heat, told)
            ],
        }
    )


@require_safe
def why(request: HttpRequest, clip_id: str) -> HttpResponse:
    """Give what motion said of the frames of a piece of a clip as JSON: ``?page=0``."""
    clip = queries.clip(clip_id)
    if clip is None:
        raise Http404(f"there is no clip {clip_id}")
    text = request.GET.get("page", "0")
    number = int(text) if text.isdecimal() and len(text) < 6 else -1
    if not 0 <= number < reasons.pages(clip):
        return JsonResponse({"error": f"the clip has the pages 0 to {reasons.pages(clip) - 1}"}, status=400)
    return JsonResponse(reasons.page(clip, number))


def _camera(node: str, camera: str) -> Camera:
    found: Camera | None = Camera.objects(id=f"{node}/{camera}").first()
    if found is None:
        raise Http404(f"there is no camera {node}/{camera}")
    return found
