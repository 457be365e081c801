"""How documents are written so that writing twice, or from two servers at a time, changes nothing more.

pymongo's own commands: these are single ones that mongoengine has no words for, or is slow at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.read_concern import ReadConcern

from picctv_server.database import database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo.collection import Collection


_DUPLICATE_KEY = 11000


def collection(name: str) -> Collection[dict[str, Any]]:
    """Give a collection of picctv's database."""
    return database()[name]


def insert_once(into: Collection[dict[str, Any]], own_id: str, values: dict[str, Any]) -> bool:
    """Insert a document unless it is there; give whether it was new."""
    try:
        into.insert_one({"_id": own_id, **values})
    except DuplicateKeyError:
        return False
    return True


def insert_those_missing(
    into: Collection[dict[str, Any]], documents: Mapping[str, dict[str, Any]]
) -> set[str]:
    """Insert documents, by their ids, unless they are there; give the ids of those that were new."""
    there = set()
    try:
        into.insert_many([{"_id": own_id, **values} for own_id, values in documents.items()], ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if error.details["writeConcernErrors"] or any(fault["code"] != _DUPLICATE_KEY for fault in faults):
            raise
        there = {fault["keyValue"]["_id"] for fault in faults}
    return set(documents) - there


def those_there(within: Collection[dict[str, Any]], ids: Sequence[str]) -> set[str]:
    """Give those of some ids that documents have which a majority of MongoDB's members has."""
    within = within.with_options(read_concern=ReadConcern("majority"))
    return {str(found["_id"]) for found in within.find({"_id": {"$in": list(ids)}}, {"_id": 1})}


def upsert_unless_newer(
    into: Collection[dict[str, Any]], which: dict[str, Any], values: dict[str, Any]
) -> None:
    """Write the values, unless the document is there and `which` no longer fits it."""
    try:
        into.update_one(which, {"$set": values}, upsert=True)
    except DuplicateKeyError:
        # Either it is newer, or another server has just inserted what ours is newer than.
        into.update_one(which, {"$set": values})
