"""What the web and plugins ask of the store. Every answer reads few documents, through an index.

A stretch of time is half open: what is at ``from_ns`` belongs to it, what is at ``to_ns`` does not. Something that has
a length belongs to it if they overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mongoengine import Q

from picctv_core import codec
from picctv_server import payloads
from picctv_server.database import Connection, connect
from picctv_server.models import (
    MINUTE_NS,
    Analysis,
    Camera,
    Clip,
    Event,
    Gap,
    Message,
    Notification,
    ResultSchema,
    analysis_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mongoengine import QuerySet

    from picctv_server.ranges import ResultFilter

__all__ = [
    "Connection",
    "MinuteSummary",
    "batches_of",
    "cameras",
    "chart",
    "clip",
    "clips",
    "clips_between",
    "connect",
    "event",
    "events_between",
    "gaps_between",
    "latest_notifications",
    "message_payload",
    "minutes",
    "neighbours",
    "plugins_with_events",
    "plugins_with_results",
    "result_schemas",
    "results_between",
    "results_by_version",
    "summaries",
]

MAX_CLIP_NS = 24 * 60 * MINUTE_NS
"""No clip is longer than a day: so a search for those in a stretch of time has an end on either side."""

_MAX_MINUTES_BY_ID = 60


@dataclass(frozen=True, slots=True)
class MinuteSummary:
    """A number of a plugin's results over one minute.

    Attributes:
        minute_ns: the minute's beginning.
        minimum: the least.
        maximum: the greatest.
        mean: the mean; of a boolean, the part of the results where it was true.
        count: how many results had it.
    """

    minute_ns: int
    minimum: float
    maximum: float
    mean: float
    count: int


def latest_notifications(limit: int = 20, camera: str | None = None) -> list[Notification]:
    """Give the latest notifications, newest first."""
    found = Notification.objects if camera is None else Notification.objects(camera=camera)
    return list(found.order_by("-at_ns", "-id").limit(limit))


def cameras() -> list[Camera]:
    """Give all cameras, sorted by id."""
    return list(Camera.objects.order_by("id"))


def clips(
    camera: str | None = None,
    from_ns: int | None = None,
    to_ns: int | None = None,
    triggered_by: str | None = None,
    result: ResultFilter | None = None,
) -> QuerySet:
    """Give clips, newest first, as a query set: slice it, count it, page it.

    Args:
        camera: only this camera's.
        from_ns: only those that overlap the time from here on.
        to_ns: only those that overlap the time before.
        triggered_by: only those with an event of this plugin in them.
        result: only those in which a plugin's results said so.
    """
    conditions: dict[str, Any] = {}
    if camera is not None:
        conditions["camera"] = camera
    if from_ns is not None:
        conditions |= {"ended_at_ns__gt": from_ns, "started_at_ns__gt": from_ns - MAX_CLIP_NS}
    if to_ns is not None:
        conditions["started_at_ns__lt"] = to_ns
    if triggered_by is not None:
        conditions["triggered_by"] = triggered_by
    if result is not None:
        conditions["__raw__"] = result.condition()
    return Clip.objects(**conditions).order_by("-started_at_ns", "-id")


def clips_between(camera: str, from_ns: int, to_ns: int) -> list[Clip]:
    """Give a camera's clips in a stretch of time, oldest first."""
    return list(clips(camera, from_ns, to_ns).order_by("started_at_ns", "id"))


def clip(clip_id: str) -> Clip | None:
    """Give the clip of an id; None where there is none."""
    found: Clip | None = Clip.objects(id=clip_id).first()
    return found


def neighbours(of: Clip) -> tuple[Clip | None, Clip | None]:
    """Give the same camera's previous and next clip."""
    own = Clip.objects(camera=of.camera)
    before = Q(started_at_ns__lt=of.started_at_ns) | Q(started_at_ns=of.started_at_ns, id__lt=of.id)
    after = Q(started_at_ns__gt=of.started_at_ns) | Q(started_at_ns=of.started_at_ns, id__gt=of.id)
    return own(before).order_by("-started_at_ns", "-id").first(), own(after).order_by(
        "started_at_ns", "id"
    ).first()


def result_schemas(plugin: str | None = None) -> list[ResultSchema]:
    """Give what plugins' results are made of, sorted by plugin, the newest version first.

    Args:
        plugin: only this one's.
    """
    found = ResultSchema.objects if plugin is None else ResultSchema.objects(plugin=plugin)
    return list(found.order_by("plugin", "-version"))


def plugins_with_results(camera: str) -> list[str]:
    """List the plugins that ever had results at a camera."""
    return sorted(Analysis.objects(camera=camera).distinct("plugin"))


def plugins_with_events(camera: str) -> list[str]:
    """List the plugins that ever had events at a camera."""
    return sorted(Event.objects(camera=camera).distinct("plugin"))


def results_between(camera: str, plugin: str, from_ns: int, to_ns: int) -> list[tuple[int, Any]]:
    """Give a plugin's results in a stretch of time as (captured_at_ns, result), in order of time."""
    by_version = results_by_version(camera, plugin, from_ns, to_ns)
    return sorted((item for items in by_version.values() for item in items), key=lambda item: item[0])


def results_by_version(
    camera: str, plugin: str, from_ns: int, to_ns: int
) -> dict[int | None, list[tuple[int, Any]]]:
    """Give a plugin's results in a stretch of time as `results_between` does, by the version of their `ResultSchema`.

    Those of None were sent while the plugin declared no model.
    """
    found: dict[int | None, list[tuple[int, Any]]] = {}
    for document in minutes(camera, plugin, from_ns, to_ns).only("batches", "minute_ns").as_pymongo():
        for version, items in batches_of(document, from_ns, to_ns):
            within = [(at_ns, result) for at_ns, result in items if from_ns <= at_ns < to_ns]
            if within:
                found.setdefault(version, []).extend(within)
    return {version: sorted(items, key=lambda item: item[0]) for version, items in found.items()}


def batches_of(
    document: Mapping[str, Any] | None, from_ns: int = 0, to_ns: int = 2**63
) -> Iterator[tuple[int | None, list[tuple[int, Any]]]]:
    """Give the batches of a raw `Analysis` that have a part in a stretch of time: version and (captured_at_ns, result).

    Args:
        document: the minute; None for one that is gone.
        from_ns: the stretch's beginning.
        to_ns: the stretch's end.
    """
    for batch in () if document is None else document["batches"]:
        if batch["to_ns"] < from_ns or batch["from_ns"] >= to_ns:
            continue
        data = batch["data"]
        packed = (
            bytes(data)
            if data is not None
            else payloads.get(payloads.of_batch(batch["message_id"], batch["from_ns"]))
        )
        yield batch.get("version"), [(at_ns, result) for at_ns, result in codec.unpack(packed)]


def summaries(camera: str, plugin: str, from_ns: int, to_ns: int) -> dict[str, list[MinuteSummary]]:
    """Give every number of a plugin's results, minute by minute, by its name; see `chart`."""
    found: dict[str, list[MinuteSummary]] = {}
    for document in minutes(camera, plugin, from_ns, to_ns).only("minute_ns", "summary").as_pymongo():
        for name, own in document.get("summary", {}).items():
            mean = own["sum"] / own["count"]
            row = MinuteSummary(document["minute_ns"], own["min"], own["max"], mean, own["count"])
            found.setdefault(name, []).append(row)
    return found


def chart(camera: str, plugin: str, field: str, from_ns: int, to_ns: int) -> list[MinuteSummary]:
    """Give a number of a plugin's results, minute by minute, without reading the results.

    Args:
        camera: ``node/camera``.
        plugin: whose results.
        field: the number's name in the results, for example ``score``.
        from_ns: the first minute is the one that this is in.
        to_ns: the last minute is the one before this.
    """
    return summaries(camera, plugin, from_ns, to_ns).get(field, [])


def event(event_id: str) -> Event | None:
    """Give the event of an id; None where there is none."""
    found: Event | None = Event.objects(id=event_id).first()
    return found


def events_between(camera: str, from_ns: int, to_ns: int, plugin: str | None = None) -> list[Event]:
    """Give a camera's events in a stretch of time, in order of their beginning.

    One plugin's events of one camera follow each other. So of those that began earlier only the last one can reach
    into the stretch, and an event without an end is over when a later one began.
    """
    plugins = [plugin] if plugin is not None else Event.objects(camera=camera).distinct("plugin")
    found: list[Event] = []
    for name in plugins:
        own = Event.objects(camera=camera, plugin=name)
        last = own(started_at_ns__lt=from_ns).order_by("-started_at_ns").first()
        if last is not None and (last.ended_at_ns is None or last.ended_at_ns > from_ns):
            found.append(last)
        found += own(started_at_ns__gte=from_ns, started_at_ns__lt=to_ns)
    return sorted(found, key=lambda event: (event.started_at_ns, event.id))


def gaps_between(camera: str | None, from_ns: int, to_ns: int) -> list[Gap]:
    """Give the gaps in a stretch of time, in order of their beginning.

    Args:
        camera: its gaps and those of its node as a whole; None for everybody's.
        from_ns: the stretch's beginning.
        to_ns: the stretch's end.
    """
    found = Gap.objects(from_ns__lt=to_ns, to_ns__gt=from_ns)
    if camera is not None:
        found = found(Q(camera=camera) | Q(camera="", node=camera.partition("/")[0]))
    return list(found.order_by("from_ns", "id"))


def message_payload(message: Message) -> Any:
    """Give the payload of a message that was stored as it is; None where it was not.

    Raises:
        StoreError: it is gone.
    """
    packed = payloads.get(message.id) if message.payload_apart else message.payload
    return None if packed is None else codec.unpack(packed)


def minutes(camera: str, plugin: str, from_ns: int, to_ns: int) -> QuerySet:
    """Give the minutes of a plugin's results that have a part in a stretch of time, as a query set of `Analysis`."""
    first = from_ns - from_ns % MINUTE_NS
    if to_ns - first <= _MAX_MINUTES_BY_ID * MINUTE_NS:
        ids = [analysis_id(camera, plugin, minute_ns) for minute_ns in range(first, to_ns, MINUTE_NS)]
        return Analysis.objects(id__in=ids).order_by("minute_ns")
    found = Analysis.objects(camera=camera, plugin=plugin, minute_ns__gte=first, minute_ns__lt=to_ns)
    return found.order_by("minute_ns")
