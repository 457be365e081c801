"""Clips and their bytes: none without the other, and the bytes as they were stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gridfs.errors import CorruptGridFile

from picctv_core.errors import StoreError
from picctv_server.check.findings import Finding
from picctv_server.clips.base import MissingError, Stored, digest
from picctv_server.models import Clip
from picctv_server.writes import collection, insert_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picctv_server.check.findings import How
    from picctv_server.clips import ClipStore
    from picctv_server.clips.base import Entry

AT_ONCE = 200

# As `Clip.video_name` and `Clip.thumbnail_name` are made.
_OURS = re.compile(r"(?P<id>[A-Za-z0-9_-]{1,64})\.(?:mp4|jpg)")
_FIELDS = ("camera", "plugin", "started_at_ns", "ended_at_ns", "bytes", "sha256", "thumbnail")

MISSING_CAUSE = "the clip's bytes were missing from the server's clip store"
DAMAGED_CAUSE = "the clip's bytes were damaged in the server's clip store"


def clips(store: ClipStore, how: How) -> Iterator[Finding | None]:
    """Look at the bytes of each clip; None after each that is in order.

    A clip whose bytes are gone or damaged becomes a gap, with the cause. Damaged bytes go into quarantine.
    """
    last = ""
    # In pages of their own: a cursor would not outlive the hours that checksums take.
    while page := list(
        collection("clips")
        .find({"_id": {"$gt": last}}, dict.fromkeys(_FIELDS, 1))
        .sort("_id", 1)
        .limit(AT_ONCE)
    ):
        for document in page:
            how.counts.clips += 1
            how.counts.clip_bytes += document["bytes"]
            found = _look_twice(store, document, how)
            if found is None and document.get("thumbnail"):
                found = _thumbnail(store, document, how)
            yield found
        last = page[-1]["_id"]


def orphans(store: ClipStore, how: How) -> Iterator[Finding | None]:
    """Look for bytes of clips that no document speaks of; they go into quarantine. None after each page in order."""
    page: list[Entry] = []
    for entry in store.entries():
        page.append(entry)
        if len(page) == AT_ONCE:
            yield from _orphans(store, page, how)
            page = []
    yield from _orphans(store, page, how)


def leftovers(store: ClipStore, how: How) -> Iterator[Finding]:
    """Look for what crashes left of bytes; it is removed, for it is no whole of anything."""
    for entry in store.leftovers():
        if entry.changed_at_s < how.old_before_s:
            if how.repair:
                store.discard(entry)
            detail = "a part of bytes that were never whole"
            yield Finding("leftover", entry.name, detail, entry.bytes, "removed" if how.repair else "")


def _look_twice(store: ClipStore, document: dict[str, Any], how: How) -> Finding | None:
    found = _look(store, document, how)
    if found is None or found.kind == "unreadable":
        return found
    # Retention removes documents before bytes, and two servers that store the same clip settle on a checksum when both are
    # done: what is wrong now and was not touched meanwhile is wrong.
    again = collection("clips").find_one({"_id": document["_id"]}, dict.fromkeys(_FIELDS, 1))
    if again is None or _look(store, again, how) is None:
        return None
    return _mend(store, again, found) if how.repair else found


def _look(store: ClipStore, document: dict[str, Any], how: How) -> Finding | None:
    clip = Clip(id=document["_id"])
    of = f"clip of {document['camera']}"
    try:
        size = store.size(clip.video_name)
        if size != document["bytes"]:
            text = f"{of}: {size} bytes, {document['bytes']} were stored"
            return Finding("damaged", clip.video_name, text, size)
        if not how.fast:
            with store.open(clip.video_name) as reader:
                stored = digest(reader)
            if stored != Stored(document["bytes"], document["sha256"]):
                text = f"{of}: SHA-256 {stored.sha256}, {document['sha256']} was stored"
                return Finding("damaged", clip.video_name, text, size)
    except MissingError:
        return Finding("missing", clip.video_name, f"{of}: its bytes are gone", document["bytes"])
    except CorruptGridFile as error:
        return Finding("damaged", clip.video_name, f"{of}: {error}", document["bytes"])
    except (OSError, StoreError) as error:
        return Finding("unreadable", clip.video_name, f"{of}: {error}", document["bytes"])
    return None


def _mend(store: ClipStore, document: dict[str, Any], found: Finding) -> Finding:
    """Make a gap of a clip that can't be played any more. First the gap: a crash in between leaves the clip to be found."""
    clip = Clip(id=document["_id"])
    values = {
        "node": document["camera"].partition("/")[0],
        "camera": document["camera"],
        "plugin": document["plugin"],
        "from_ns": document["started_at_ns"],
        "to_ns": document["ended_at_ns"],
        "cause": MISSING_CAUSE if found.kind == "missing" else DAMAGED_CAUSE,
        "bytes": document["bytes"],
    }
    insert_once(collection("gaps"), f"{clip.id}:lost", values)
    collection("clips").delete_one({"_id": clip.id})
    store.quarantine(clip.video_name)
    store.quarantine(clip.thumbnail_name)
    kept = "" if found.kind == "missing" else ", its bytes are in quarantine"
    return Finding(found.kind, found.name, found.detail, found.bytes, f"it is a gap now{kept}")


def _thumbnail(store: ClipStore, document: dict[str, Any], how: How) -> Finding | None:
    clip = Clip(id=document["_id"])
    if store.exists(clip.thumbnail_name):
        return None
    mended = ""
    if how.repair:
        collection("clips").update_one({"_id": clip.id}, {"$set": {"thumbnail": False}})
        mended = "the clip says so now"
    return Finding(
        "thumbnail", clip.thumbnail_name, f"clip of {document['camera']}: its thumbnail is gone", 0, mended
    )


def _orphans(store: ClipStore, page: list[Entry], how: How) -> Iterator[Finding | None]:
    owners = {entry.name: match["id"] for entry in page if (match := _OURS.fullmatch(entry.name))}
    how.counts.entries += len(page)
    how.counts.others += len(page) - len(owners)
    known = _known(list(owners.values()))
    for entry in page:
        owner = owners.get(entry.name)
        if owner is None or owner in known or entry.changed_at_s >= how.old_before_s:
            continue
        # Once more: it may have been deleted by retention, or stored again, since the listing.
        if _known([owner]) or not store.exists(entry.name):
            continue
        if how.repair:
            store.quarantine(entry.name)
        mended = "it is in quarantine" if how.repair else ""
        yield Finding("orphan", entry.name, "no clip speaks of these bytes", entry.bytes, mended)
    yield None


def _known(ids: list[str]) -> set[str]:
    return {found["_id"] for found in collection("clips").find({"_id": {"$in": ids}}, {"_id": 1})}
