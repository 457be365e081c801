"""The page of crossings: a chart for each line, and a table of the latest."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from picctv_line_crossing import bars, stored
from picctv_server import queries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from picctv_line_crossing.stored import Crossing

LATEST = 50

SECOND = 1_000_000_000


def hours(request: HttpRequest) -> HttpResponse:
    """Show the last 24 hours, or a day; of one camera, where the address says so: ``?camera=&day=2026-11-22``."""
    titles = {camera.id: camera.title or camera.id for camera in queries.cameras()}
    camera = request.GET.get("camera", "")
    day = _day(request.GET.get("day", ""))
    starts_ns = _hours(day)
    from_ns, to_ns = starts_ns[0], starts_ns[-1] + stored.HOUR_NS
    found = stored.latest(LATEST, from_ns, to_ns, camera)
    context = {
        "charts": bars.charts(stored.per_hour(from_ns, to_ns, camera), starts_ns, _clock),
        "height": bars.HEIGHT,
        "rows": [_row(crossing, titles) for crossing in found],
        "latest": LATEST,
        "cameras": sorted(titles.items(), key=lambda item: item[1]),
        "camera": camera,
        "day": day.isoformat() if day else "",
    }
    return render(request, "crossing/hours.html", context)


def _row(crossing: Crossing, titles: dict[str, str]) -> dict[str, Any]:
    """Give a line of the table, with the address of the clip that shows it; empty where none does."""
    clip = queries.clips(crossing.camera, crossing.at_ns, crossing.at_ns + 1).first()
    url = ""
    if clip is not None:
        seconds = max(0.0, (crossing.at_ns - clip.started_at_ns) / SECOND)
        url = f"{reverse('clip', args=(clip.id,))}#t={seconds:.2f}"
    return {"crossing": crossing, "camera": titles.get(crossing.camera, crossing.camera), "url": url}


def _day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    # What nanoseconds in the store can hold, with a day to spare.
    return day if dt.date(1970, 1, 2) < day < dt.date(2262, 1, 1) else None


def _hours(day: dt.date | None) -> list[int]:
    """Give when each hour begins: of a day in the site's time zone (23 to 25 hours), or of the last 24 hours."""
    if day is None:
        now = timezone.localtime().replace(minute=0, second=0, microsecond=0)
        last = int(now.timestamp()) * SECOND
        return [last - back * stored.HOUR_NS for back in range(23, -1, -1)]
    zone = timezone.get_current_timezone()
    midnight, next_midnight = (
        int(dt.datetime.combine(at, dt.time(), zone).timestamp()) * SECOND
        for at in (day, day + dt.timedelta(days=1))
    )
    return list(range(midnight, next_midnight, stored.HOUR_NS))


def _clock(at_ns: int) -> str:
    moment = dt.datetime.fromtimestamp(at_ns // SECOND, timezone.get_current_timezone())
    return f"{moment:%H:%M}"
