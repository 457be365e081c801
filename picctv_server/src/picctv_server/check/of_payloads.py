"""Payloads that are too large for their documents: none without the other, and those that are there can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gridfs.errors import CorruptGridFile

from picctv_core import codec
from picctv_core.errors import CodecError
from picctv_server import payloads
from picctv_server.check.findings import Finding
from picctv_server.clips.base import MissingError
from picctv_server.models import analysis_id
from picctv_server.writes import collection, insert_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picctv_server.check.findings import How

_MISSING = "what was too large for its document is missing from the server's database"
_DAMAGED = "what was too large for its document is damaged in the server's database"


def owners(how: How) -> Iterator[Finding | None]:
    """Look at the payload of each document that has one apart; None after each that is in order.

    What is gone or damaged becomes a gap, and the document says nothing of it any more.
    """
    for owner in (_messages(), _set_aside(), _minutes()):
        for name, gap, forget in owner:
            how.counts.payloads += 1
            yield _look(name, gap, forget, how)


def orphans(how: How) -> Iterator[Finding]:
    """Look for payloads that no document speaks of; they go into quarantine."""
    bucket = payloads.bucket()
    for entry in bucket.entries():
        if entry.changed_at_s < how.old_before_s and not _has_owner(entry.name) and bucket.exists(entry.name):
            if how.repair:
                bucket.quarantine(entry.name)
            mended = "it is in quarantine" if how.repair else ""
            yield Finding("orphan", entry.name, "no document speaks of this payload", entry.bytes, mended)


# Name, gap, and how the document is changed when the payload is lost: (collection, which, update or None to delete).
_Owner = tuple[str, dict[str, Any], tuple[str, dict[str, Any], dict[str, Any] | None]]


def _messages() -> Iterator[_Owner]:
    for found in collection("messages").find({"payload_apart": True}):
        which = {"_id": found["_id"]}
        yield found["_id"], _gap(found), ("messages", which, {"$set": {"payload_apart": False}})


def _set_aside() -> Iterator[_Owner]:
    for found in collection("set_aside").find({"payload": None}):
        yield f"{found['_id']}:aside", _gap(found), ("set_aside", {"_id": found["_id"]}, None)


def _minutes() -> Iterator[_Owner]:
    for found in collection("analyses").find({"batches.data": None}):
        for batch in found["batches"]:
            if batch["data"] is None:
                name = payloads.of_batch(batch["message_id"], batch["from_ns"])
                gap = _gap(found) | {"from_ns": batch["from_ns"], "to_ns": batch["to_ns"] + 1}
                which = {"_id": found["_id"]}
                lost = {"$pull": {"batches": {"message_id": batch["message_id"], "data": None}}}
                yield name, gap, ("analyses", which, lost)


def _gap(found: dict[str, Any]) -> dict[str, Any]:
    at_ns = found.get("captured_at_ns", 0)
    return {
        "node": found.get("node") or found["camera"].partition("/")[0],
        "camera": found["camera"],
        "plugin": found["plugin"],
        "from_ns": at_ns,
        "to_ns": at_ns + 1,
        "bytes": 0,
    }


def _look(
    name: str, gap: dict[str, Any], forget: tuple[str, dict[str, Any], dict[str, Any] | None], how: How
) -> Finding | None:
    of = f"a payload of {gap['plugin'] or 'picctv'} of {gap['camera'] or gap['node']}"
    try:
        if how.fast:
            payloads.bucket().size(name)
        else:
            codec.unpack(payloads.get(name))
    except MissingError:
        found = Finding("missing", name, f"{of}: it is gone")
    except (CodecError, CorruptGridFile) as error:
        found = Finding("damaged", name, f"{of}: {error}")
    else:
        return None
    into, which, update = forget
    if collection(into).find_one(which, {"_id": 1}) is None:  # removed by retention meanwhile
        return None
    if not how.repair:
        return found
    cause = _MISSING if found.kind == "missing" else _DAMAGED
    insert_once(collection("gaps"), f"{name}:lost", gap | {"cause": cause})
    if update is None:
        collection(into).delete_one(which)
    else:
        collection(into).update_one(which, update)
    payloads.bucket().quarantine(name)
    return Finding(found.kind, name, found.detail, 0, "it is a gap now")


def _has_owner(name: str) -> bool:
    message_id, _, rest = name.partition(":")
    if not rest:
        return collection("messages").find_one({"_id": name, "payload_apart": True}, {"_id": 1}) is not None
    if rest == "aside":
        found = collection("set_aside").find_one({"_id": message_id, "payload": None}, {"_id": 1})
        return found is not None
    if not rest.isdigit():
        return False
    # The batch's minute is in the name, its camera and plugin are in the message, which may be gone by now.
    message = collection("messages").find_one({"_id": message_id}, {"camera": 1, "plugin": 1})
    which: dict[str, Any] = {"batches": {"$elemMatch": {"message_id": message_id, "data": None}}}
    if message is None:
        return collection("analyses").find_one(which | {"minute_ns": int(rest)}, {"_id": 1}) is not None
    own_id = analysis_id(message["camera"], message["plugin"], int(rest))
    return collection("analyses").find_one(which | {"_id": own_id}, {"_id": 1}) is not None
