"""What all documents have in common: the connection, what they are indexed by, and time."""

from __future__ import annotations

import datetime as dt
from typing import Any

ALIAS = "picctv"
"""The connection to picctv's database: ``db_alias`` of every document, those of plugins included. It stays as it is."""

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS


def described(collection: str, *indexes: Any, ordering: str | None = None) -> dict[str, Any]:
    """Give the ``meta`` of a document: its collection, and its indexes."""
    meta: dict[str, Any] = {
        "db_alias": ALIAS,
        "collection": collection,
        "auto_create_index": False,
        "indexes": [{"fields": list(index)} if isinstance(index, tuple) else index for index in indexes],
        # A field that a newer server of the same cluster wrote is none of our business.
        "strict": False,
    }
    if ordering:
        meta["ordering"] = [ordering]
    return meta


def moment(at_ns: int) -> dt.datetime:
    """Give UTC nanoseconds as an aware datetime, cut to microseconds."""
    return dt.datetime.fromtimestamp(at_ns // SECOND_NS, dt.UTC) + dt.timedelta(
        microseconds=at_ns % SECOND_NS // 1000
    )
