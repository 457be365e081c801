"""What goes beside clips: results, events, notifications, gaps, messages, each when its days are over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_server import payloads, queries
from picctv_server.models import MINUTE_NS, moment
from picctv_server.retention.plan import DAY_NS
from picctv_server.writes import collection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picctv_server.retention.settings import RetentionSettings


@dataclass(frozen=True)
class Due:
    """Documents of one kind whose days are over.

    Attributes:
        kind: ``results``, ``events``, ``notifications``, ``gaps``, ``messages`` or ``message_ids``.
        camera: whose; empty where they are of all.
        which: the condition.
    """

    kind: str
    camera: str
    which: dict[str, Any]

    def count(self) -> int:
        """Count them."""
        return int(collection(_COLLECTIONS[self.kind]).count_documents(self.which))

    def remove(self, limit: int) -> int:
        """Remove some of them; give how many."""
        documents = collection(_COLLECTIONS[self.kind])
        found = list(documents.find(self.which, _FIELDS.get(self.kind, {"_id": 1})).limit(limit))
        if not found:
            return 0
        these = {"_id": {"$in": [document["_id"] for document in found]}, **self.which}
        if self.kind == "messages":
            # The id stays: the message may come again.
            documents.update_many(these, {"$set": {"payload": None, "payload_apart": False}})
        else:
            documents.delete_many(these)
        # The documents first, as with clips.
        for document in found:
            for name in _payloads(document):
                payloads.delete(name)
        return len(found)


_COLLECTIONS = {
    "results": "analyses",
    "events": "events",
    "notifications": "notifications",
    "gaps": "gaps",
    "messages": "messages",
    "message_ids": "messages",
}
_FIELDS: dict[str, dict[str, int]] = {
    "results": {"batches.message_id": 1, "batches.from_ns": 1, "batches.data": 1},
    "messages": {"payload_apart": 1},
}


def due(settings: RetentionSettings, now_ns: int) -> Iterator[Due]:
    """Give what is due, kind by kind.

    Results and events within a clip that somebody keeps stay with it.

    Args:
        settings: the rules.
        now_ns: the time.
    """
    if not settings.enabled:
        return
    for found in collection("cameras").find({}, {"_id": 1}).sort("_id", 1):
        camera = str(found["_id"])
        own = settings.of(camera)
        if own.results_days is not None:
            yield from _results(camera, now_ns - round(own.results_days * DAY_NS))
        if own.events_days is not None:
            yield from _events(camera, now_ns - round(own.events_days * DAY_NS))
    if settings.notifications_days is not None:
        before_ns = now_ns - round(settings.notifications_days * DAY_NS)
        yield Due("notifications", "", {"at_ns": {"$lt": before_ns}})
    if settings.gaps_days is not None:
        before_ns = now_ns - round(settings.gaps_days * DAY_NS)
        yield Due("gaps", "", {"from_ns": {"$lt": before_ns}, "to_ns": {"$lt": before_ns}})
    if settings.messages_days is not None:
        which = {"stored_at": {"$lt": _days_before(now_ns, settings.messages_days)}}
        yield Due("messages", "", which | {"$or": [{"payload": {"$ne": None}}, {"payload_apart": True}]})
    yield from _ids(settings, now_ns)


def _results(camera: str, before_ns: int) -> Iterator[Due]:
    kept = [
        {"minute_ns": {"$gt": clip["started_at_ns"] - MINUTE_NS, "$lt": clip["ended_at_ns"]}}
        for clip in _kept(camera, before_ns)
    ]
    for plugin in queries.plugins_with_results(camera):
        which = {"camera": camera, "plugin": plugin, "minute_ns": {"$lt": before_ns - MINUTE_NS}}
        yield Due("results", camera, _without(which, kept))


def _events(camera: str, before_ns: int) -> Iterator[Due]:
    def ended(condition: dict[str, int]) -> dict[str, Any]:
        # One without an end was never told to be over.
        return {"$or": [{"ended_at_ns": None}, {"ended_at_ns": condition}]}

    kept = [
        {"started_at_ns": {"$lt": clip["ended_at_ns"]}} | ended({"$gt": clip["started_at_ns"]})
        for clip in _kept(camera, before_ns)
    ]
    for plugin in queries.plugins_with_events(camera):
        which = {"camera": camera, "plugin": plugin, "started_at_ns": {"$lt": before_ns}}
        yield Due("events", camera, _without(which | ended({"$lt": before_ns}), kept))


def _ids(settings: RetentionSettings, now_ns: int) -> Iterator[Due]:
    """Give the ids that no node can send again: it has said since that nothing waits in its spool."""
    before = _days_before(now_ns, settings.message_ids_days)
    for node in collection("nodes").find({"confirmed_at": {"$ne": None}}, {"confirmed_at": 1}):
        which = {
            "stored_at": {"$lt": min(before, node["confirmed_at"])},
            "node": node["_id"],
            "payload": None,
            "payload_apart": False,
        }
        yield Due("message_ids", "", which)


def _kept(camera: str, before_ns: int) -> list[dict[str, Any]]:
    which = {"camera": camera, "started_at_ns": {"$lt": before_ns}, "kept_by": {"$gt": ""}}
    return list(collection("clips").find(which, {"started_at_ns": 1, "ended_at_ns": 1}))


def _without(which: dict[str, Any], kept: list[dict[str, Any]]) -> dict[str, Any]:
    return which | ({"$nor": kept} if kept else {})


def _payloads(document: dict[str, Any]) -> list[str]:
    """List the payloads that are kept apart for a document."""
    if document.get("payload_apart"):
        return [document["_id"]]
    return [
        payloads.of_batch(batch["message_id"], batch["from_ns"])
        for batch in document.get("batches", ())
        if batch["data"] is None
    ]


def _days_before(now_ns: int, days: float) -> dt.datetime:
    return moment(now_ns) - dt.timedelta(days=days)
