"""How documents are written so that writing twice, or from two servers at a time, changes nothing more.

pymongo's own commands: these are single ones that mongoengine has no words for, or is slow at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

from picctv_server.database import database

if TYPE_CHECKING:
    from pymongo.collection import Collection


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


def upsert_unless_newer(
    into: Collection[dict[str, Any]], which: dict[str, Any], values: dict[str, Any]
) -> None:
    """Write the values, unless the document is there and `which` no longer fits it."""
    try:
        into.update_one(which, {"$set": values}, upsert=True)
    except DuplicateKeyError:
        # Either it is newer, or another server has just inserted what ours is newer than.
        into.update_one(which, {"$set": values})
