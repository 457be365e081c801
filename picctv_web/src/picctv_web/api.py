"""The JSON API: what the pages show, for programs, behind the same login.

=================================  ==================================================================================
address                            gives
=================================  ==================================================================================
``/api/cameras``                   ``{"cameras": [...]}``, sorted by id
``/api/clips``                     ``{"clips": [...]}``, newest first; ``camera``, ``with``, ``from_ns``, ``to_ns``, and
                                   ``result`` with ``test`` and ``value`` narrow them down, ``limit`` (50; 500 at most)
                                   counts them
``/api/clips/<id>``                one clip, with its ``events``, ``gaps`` and ``charts``
``/api/clips/<id>/results/<p>``    ``{"results": [...]}``: what plugin ``p`` said of each frame within the clip
``/api/clips/<id>/keep``           POST ``keep=true`` (with ``why``, if wanted) or ``keep=false``; gives the clip
``/api/schemas``                   ``{"schemas": [...]}``: what the typed results of each plugin are made of
=================================  ==================================================================================

Log in as a browser does (``/login/``), and keep the cookie; without it the answer is 401. Errors are
``{"error": "..."}``. Times that end in ``_ns`` are UTC nanoseconds since the epoch, which JavaScript can't hold exactly;
``seconds`` are seconds into the clip.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from django.http import Http404, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from picctv_server import queries
from picctv_web import found_results, plugin_pages, schemas, shown, times, watch
from picctv_web.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest

    from picctv_server.models import Clip, Event
    from picctv_server.ranges import ResultFilter

MAX_CLIPS = 500

_CLIP_FIELDS = (
    "id", "camera", "plugin", "trigger", "started_at_ns", "ended_at_ns", "width", "height", "frames", "bytes", "sha256",
    "kept_by", "kept_at", "kept_why",
)  # fmt: skip


class _BadRequestError(Exception):
    """A parameter that can't be read."""


def _json(view: Callable[..., Any]) -> Callable[..., JsonResponse]:
    """Make a view that returns plain data one that answers in JSON, errors included."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: str, **kwargs: str) -> JsonResponse:
        try:
            return JsonResponse(plain(view(request, *args, **kwargs)), json_dumps_params={"allow_nan": False})
        except _BadRequestError as error:
            return JsonResponse({"error": str(error)}, status=400)
        except Http404 as error:
            return JsonResponse({"error": str(error)}, status=404)

    return answer


def _answers(view: Callable[..., Any]) -> Callable[..., JsonResponse]:
    """Do the same of a view that changes nothing."""
    answer: Callable[..., JsonResponse] = require_safe(_json(view))
    return answer


@_answers
def cameras(_request: HttpRequest) -> Any:
    """Give all cameras with their states, plugins and the address of their newest picture."""
    return {"cameras": [_camera(found) for found in shown.cameras()]}


@_answers
def clips(request: HttpRequest) -> Any:
    """Give clips, newest first."""
    query = request.GET
    found = queries.clips(
        camera=query.get("camera") or None,
        triggered_by=query.get("with") or None,
        from_ns=_number(query.get("from_ns"), "from_ns"),
        to_ns=_number(query.get("to_ns"), "to_ns"),
        result=_result_filter(query),
    )
    limit = _number(query.get("limit"), "limit")
    if limit is not None and not 1 <= limit <= MAX_CLIPS:
        raise _BadRequestError(f"limit is {limit}; it can be 1 to {MAX_CLIPS}")
    return {"clips": [_clip(clip) for clip in found[: limit or 50]]}


@_answers
def clip(_request: HttpRequest, clip_id: str) -> Any:
    """Give one clip with its events, gaps and charts."""
    found = watch.find(clip_id)
    between = (found.camera, found.started_at_ns, found.ended_at_ns)
    return {
        **_clip(found),
        "events": [
            {
                "id": event.id,
                "plugin": event.plugin,
                "started_at_ns": event.started_at_ns,
                "ended_at_ns": event.ended_at_ns,
                "seconds": _into(found, event.started_at_ns),
                "peak_score": event.peak_score,
                "peak_at_ns": event.peak_at_ns,
                "peak": event.peak_result,
                "picture": reverse("event-picture", args=(event.id,)) if event.has_picture else None,
                "details": _details(event),
            }
            for event in queries.events_between(*between)
        ],
        "gaps": [
            {
                "plugin": gap.plugin,
                "from_ns": gap.from_ns,
                "to_ns": gap.to_ns,
                "cause": gap.cause,
                "bytes": gap.bytes,
            }
            for gap in queries.gaps_between(*between)
        ],
        "charts": plugin_pages.charts_data(found, seconds=shown.seconds_of(found)),
    }


@require_POST
@_json
def keep(request: HttpRequest, clip_id: str) -> Any:
    """Keep a clip whatever the rules of retention say, or no longer; give the clip."""
    wanted = request.POST.get("keep")
    if wanted not in {"true", "false"}:
        raise _BadRequestError(f"keep is {str(wanted)[:40]!r}; it is true or false")
    watch.set_kept(request, clip_id, keep=wanted == "true")
    return _clip(watch.find(clip_id))


@_answers
def results(_request: HttpRequest, clip_id: str, plugin: str) -> Any:
    """Give what a plugin said of each frame within a clip."""
    found = watch.find(clip_id)
    rows = queries.results_between(found.camera, plugin, found.started_at_ns, found.ended_at_ns)
    return {
        "clip": found.id,
        "plugin": plugin,
        "results": [
            {"captured_at_ns": at_ns, "seconds": _into(found, at_ns), "data": data} for at_ns, data in rows
        ],
    }


@_answers
def result_schemas(_request: HttpRequest) -> Any:
    """Give what the typed results of each plugin are made of."""
    return {
        "schemas": [
            {
                "plugin": schema.plugin,
                "version": schema.version,
                "fields": [dataclasses.asdict(field) for field in schema.result_fields],
                "json_schema": schema.json_schema,
            }
            for schema in queries.result_schemas()
        ]
    }


def _details(event: Event) -> Any:
    """Give an event's details but its picture, which has an address of its own."""
    said = event.event_details
    return said and {key: value for key, value in said.items() if key != "picture"}


def _result_filter(query: Mapping[str, Any]) -> ResultFilter | None:
    try:
        return found_results.parse(query, found_results.choices(schemas.typed_plugins().values()))
    except found_results.FilterError as error:
        raise _BadRequestError(f"{error.parameter}: {error}") from None


def _camera(found: shown.ShownCamera) -> dict[str, Any]:
    camera = found.camera
    return {
        "id": found.id,
        "node": camera.node,
        "title": found.title,
        "state": found.state,
        "detail": found.detail,
        "width": camera.width,
        "height": camera.height,
        "rate": camera.rate,
        "plugins": dict(camera.plugins or {}),
        "last_seen_at": camera.last_seen_at,
        "picture": found.picture_url or None,
        "picture_at_ns": camera.picture_at_ns,
    }


def _clip(found: Clip) -> dict[str, Any]:
    return {
        **{field: getattr(found, field) for field in _CLIP_FIELDS},
        "started_at": times.iso(found.started_at_ns),
        "seconds": shown.seconds_of(found),
        "triggered_by": list(found.triggered_by or ()),
        "page": reverse("clip", args=(found.id,)),
        "video": reverse("clip-video", args=(found.id,)),
        "thumbnail": reverse("clip-thumbnail", args=(found.id,)),
    }


def _into(clip: Clip, at_ns: int) -> float:
    return float(at_ns - clip.started_at_ns) / times.SECOND_NS


def _number(text: str | None, name: str) -> int | None:
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        raise _BadRequestError(f"{name} is {text[:40]!r}; it is a whole number") from None
    # What MongoDB can't compare with, it would answer with an error.
    if abs(number) >= 2**63:
        raise _BadRequestError(f"{name} is too large")
    return number
