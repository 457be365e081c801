"""Leases: what all server processes could do, and one of them does at a time.

MongoDB keeps them, by its own clock: those of the servers need not agree. A process that dies or hangs loses its leases
after a while, and another one goes on.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from picctv_core.messages import new_id
from picctv_server.writes import collection

_LEASES = "leases"


class Lease:
    """One lease, as one process sees it.

    Args:
        name: what it is about, the same word in every process.
        seconds: how long it holds without being taken again.
    """

    def __init__(self, name: str, seconds: float) -> None:
        self._name = name
        self._ms = round(seconds * 1000)
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{new_id()[:8]}"

    def take(self) -> bool:
        """Take or prolong it; give whether it is ours from now on."""
        free = {
            "$or": [
                {"$eq": ["$holder", self._holder]},
                {"$lte": [{"$ifNull": ["$until", "$$NOW"]}, "$$NOW"]},
            ]
        }
        update: list[dict[str, Any]] = [
            {"$set": {"free": free}},
            {
                "$set": {
                    "holder": {"$cond": ["$free", self._holder, "$holder"]},
                    "until": {"$cond": ["$free", {"$add": ["$$NOW", self._ms]}, "$until"]},
                }
            },
            {"$unset": "free"},
        ]
        try:
            found = collection(_LEASES).find_one_and_update(
                {"_id": self._name}, update, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # another process has just made it
            return False
        return found is not None and bool(found["holder"] == self._holder)

    def give_back(self) -> None:
        """Let another process have it at once."""
        collection(_LEASES).delete_one({"_id": self._name, "holder": self._holder})
