"""Writing a plugin's results into the minutes that they belong to, with the minutes' summaries."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError, WriteError

from picctv_core import codec
from picctv_server import payloads, ranges
from picctv_server.models import analysis_id
from picctv_server.writes import collection

if TYPE_CHECKING:
    from picctv_core import messages

# What MongoDB says when an update would make a document larger than 16 MiB.
_TOO_LARGE_CODES = frozenset({10334, 17419, 17420})


def add(
    message: messages.Message,
    minute_ns: int,
    items: list[tuple[int, Any]],
    version: int | None,
) -> None:
    """Put results into one minute; the same message's only once.

    Args:
        message: that brought them.
        minute_ns: the minute's beginning.
        items: (captured_at_ns, result), all of this minute.
        version: of the results' `ResultSchema`; None where the plugin declares none.
    """
    packed = codec.pack(items)
    if is_small(packed):
        try:
            _push_batch(message, minute_ns, items, version, packed)
        except WriteError as error:
            if error.code not in _TOO_LARGE_CODES:
                raise
        else:
            return
    payloads.put(payloads.of_batch(message.id, minute_ns), packed)
    _push_batch(message, minute_ns, items, version, None)


def is_small(packed: bytes) -> bool:
    """Say whether packed results can stand in the minute itself."""
    return len(packed) <= payloads.MAX_INLINE_BYTES


def addition(
    message: messages.Message,
    minute_ns: int,
    items: list[tuple[int, Any]],
    version: int | None,
    packed: bytes | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what puts results into one minute: which document to update, and how; it is to be inserted where there is none.

    Args:
        message: that brought them.
        minute_ns: the minute's beginning.
        items: (captured_at_ns, result), all of this minute.
        version: of the results' `ResultSchema`; None where the plugin declares none.
        packed: the items, packed; None where they are a payload of their own.
    """
    times = [at_ns for at_ns, _ in items]
    batch = {
        "message_id": message.id,
        "from_ns": min(times),
        "to_ns": max(times),
        "version": version,
        "data": packed,
    }
    update: dict[str, Any] = {
        "$push": {"batches": batch},
        "$setOnInsert": {"camera": message.camera, "plugin": message.plugin, "minute_ns": minute_ns},
    }
    for field, values in ranges.numbers(result for _, result in items).items():
        key = f"summary.{field}"
        update.setdefault("$min", {})[f"{key}.min"] = min(values)
        update.setdefault("$max", {})[f"{key}.max"] = max(values)
        update.setdefault("$inc", {}).update({f"{key}.sum": math.fsum(values), f"{key}.count": len(values)})
    # Matches the minute only while the batch is not in it.
    own_id = analysis_id(message.camera, message.plugin, minute_ns)
    return {"_id": own_id, "batches.message_id": {"$ne": message.id}}, update


def _push_batch(
    message: messages.Message,
    minute_ns: int,
    items: list[tuple[int, Any]],
    version: int | None,
    packed: bytes | None,
) -> None:
    which, update = addition(message, minute_ns, items, version, packed)
    analyses = collection("analyses")
    while True:
        try:
            # Where the batch is in the minute, MongoDB tries to insert the minute anew and finds it there; so it does when
            # another server has just inserted it without our batch.
            analyses.update_one(which, update, upsert=True)
        except DuplicateKeyError:
            found = {"_id": which["_id"], "batches.message_id": message.id}
            if analyses.find_one(found, {"_id": 1}) is None:
                continue
        return
