"""Messages that a plugin's server part failed with: kept whole, shown, and processed again when somebody asks.

The node has forgotten them by then: being set aside is being stored.
"""

from __future__ import annotations

import importlib.metadata
import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_core.errors import CodecError, PluginError, one_line
from picctv_core.messages import Message
from picctv_server import payloads
from picctv_server.clips.base import MissingError
from picctv_server.failures import ProcessorError
from picctv_server.models import SetAside, moment
from picctv_server.writes import collection, those_there

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mongoengine import QuerySet

    from picctv_server.alarms import Alarms
    from picctv_server.processing import Processing

log = logging.getLogger(__name__)

MAX_TRACEBACK = 100_000
"""Characters of a traceback that are kept: the last ones, where the error is."""

_ASIDE = "set_aside"
_OWN = "picctv-server"


@dataclass(frozen=True)
class Outcome:
    """What became of a message that was processed again.

    Attributes:
        stored: whether it is stored now.
        error: why not, in one line; empty where it is.
    """

    stored: bool
    error: str = ""


def has(message_id: str) -> bool:
    """Say whether a message is set aside."""
    return bool(those_of([message_id]))


def those_of(ids: Sequence[str]) -> set[str]:
    """Give those of some messages that are set aside."""
    return those_there(collection(_ASIDE), ids)


def put(
    envelope: Message, packed: bytes, failure: ProcessorError, tries: int, *, server: str, at_ns: int
) -> None:
    """Keep a message; its payload first, so that one that is listed is whole.

    Args:
        envelope: the message without its payload.
        packed: the payload, packed.
        failure: why.
        tries: how often it was tried.
        server: who tried.
        at_ns: the time.
    """
    found = SetAside(id=envelope.id)
    apart = len(packed) > payloads.MAX_INLINE_BYTES
    if apart:
        payloads.put(found.payload_name, packed)
    values = {
        "node": envelope.node,
        "camera": envelope.camera,
        "plugin": envelope.plugin,
        "kind": envelope.kind,
        "captured_at_ns": envelope.captured_at_ns,
        "sequence": envelope.sequence,
        "payload": None if apart else packed,
        "payload_bytes": len(packed),
        "set_aside_at": moment(at_ns),
    }
    collection(_ASIDE).update_one(
        {"_id": envelope.id},
        {
            "$setOnInsert": values,
            "$set": _of_failure(failure, server, at_ns),
            "$inc": {"tries": tries},
        },
        upsert=True,
    )


def tell(alarms: Alarms, envelope: Message, failure: ProcessorError) -> None:
    """Tell people that a plugin's messages go aside; once, until none of them is left there."""
    who = envelope.plugin or "picctv itself"
    alarms.begin(
        _alarm(envelope.plugin),
        "error",
        f"The server can't process what {who} sends",
        f"{failure}. Its messages are kept and set aside; nothing is lost. See the page Set aside, mend or update the "
        "plugin, and process them again there or with `picctv server reprocess`.",
        plugin=envelope.plugin,
    )


def counts() -> dict[str, int]:
    """Give how many messages of each plugin are set aside."""
    found = collection(_ASIDE).aggregate([{"$group": {"_id": "$plugin", "count": {"$sum": 1}}}])
    return {str(row["_id"]): int(row["count"]) for row in sorted(found, key=lambda row: str(row["_id"]))}


def messages(plugin: str | None = None, ids: Iterable[str] | None = None) -> QuerySet:
    """Give what is set aside, newest first, as a query set of `SetAside`.

    Args:
        plugin: only this one's.
        ids: only these.
    """
    conditions: dict[str, Any] = {}
    if plugin is not None:
        conditions["plugin"] = plugin
    if ids is not None:
        conditions["id__in"] = list(ids)
    return SetAside.objects(**conditions).order_by("-set_aside_at", "-id")


def payload(found: SetAside) -> bytes:
    """Give the packed payload of a message that is set aside.

    Raises:
        MissingError: it is gone.
    """
    return payloads.get(found.payload_name) if found.payload is None else bytes(found.payload)


def ask_again(at_ns: int, plugin: str | None = None, ids: Iterable[str] | None = None) -> int:
    """Ask the servers to process messages again; one of them does it within seconds. Give how many are meant.

    Args:
        at_ns: the time.
        plugin: those of this plugin only.
        ids: these only.
    """
    return int(messages(plugin, ids).update(set__again_asked_at=moment(at_ns)))


def next_asked() -> SetAside | None:
    """Give a message that somebody asked for; None where there is none. `again` answers the wish, in whatever way."""
    found: SetAside | None = (
        SetAside.objects(again_asked_at__ne=None).order_by("again_asked_at", "id").first()
    )
    return found


def again(
    processing: Processing, found: SetAside, *, as_is: bool = False, server: str, at_ns: int
) -> Outcome:
    """Process a message again, also beside other servers that do the same; it is stored once.

    Args:
        processing: does it.
        found: the message.
        as_is: whether it is to be stored as it is, without its plugin's server part.
        server: who tries.
        at_ns: the time.

    Raises:
        NotNowError: it can't be stored at the moment; it stays set aside.
    """
    envelope = Message(
        found.id,
        found.node,
        found.camera,
        found.plugin,
        found.kind,
        found.captured_at_ns,
        found.sequence,
        None,
    )
    if found.distribution != _OWN and not as_is and processing.processors.of(found.plugin) is None:
        collection(_ASIDE).update_one({"_id": found.id}, {"$set": {"again_asked_at": None}})
        return Outcome(
            stored=False, error=f"the server part of plugin {found.plugin} does not run on {server}"
        )
    try:
        packed = payload(found)
        if not processing.store.seen(found.id):
            processing.store_message(envelope, packed, as_is=as_is)
    except ProcessorError as error:
        failed = {"$set": _of_failure(error, server, at_ns), "$inc": {"tries": 1}}
        collection(_ASIDE).update_one({"_id": found.id}, failed)
        return Outcome(stored=False, error=str(error))
    except (CodecError, MissingError) as error:
        said = {"error": str(error), "failed_at": moment(at_ns), "again_asked_at": None}
        failed = {"$set": said, "$inc": {"tries": 1}}
        collection(_ASIDE).update_one({"_id": found.id}, failed)
        return Outcome(stored=False, error=str(error))
    _drop(processing.alarms, found)
    return Outcome(stored=True)


def drop_stored(alarms: Alarms) -> int:
    """Take out what was stored by another way: it came again, and its processor was mended. Give how many that were."""
    dropped = 0
    for found in SetAside.objects.only("id", "plugin"):
        if collection("messages").find_one({"_id": found.id}, {"_id": 1}) is not None:
            _drop(alarms, found)
            dropped += 1
    return dropped


def _drop(alarms: Alarms, found: SetAside) -> None:
    # It is marked as stored by now: a crash from here on leaves it listed, and the next try only takes it away.
    collection(_ASIDE).delete_one({"_id": found.id})
    payloads.delete(found.payload_name)
    if collection(_ASIDE).find_one({"plugin": found.plugin}, {"_id": 1}) is None:
        alarms.end(_alarm(found.plugin))


def _alarm(plugin: str) -> str:
    return f"set-aside:{plugin}"


def _of_failure(failure: ProcessorError, server: str, at_ns: int) -> dict[str, Any]:
    cause = failure.__cause__ or failure
    plugin = failure.plugin
    return {
        "distribution": plugin.distribution if plugin is not None else _OWN,
        "version": plugin.version if plugin is not None else importlib.metadata.version(_OWN),
        "error": one_line(cause, PluginError)[:1000],
        "traceback": "".join(traceback.format_exception(cause))[-MAX_TRACEBACK:],
        "server": server,
        "failed_at": moment(at_ns),
        "again_asked_at": None,
    }
