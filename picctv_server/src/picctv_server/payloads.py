"""Payloads that are too large for a document: a bucket of their own in MongoDB.

They go there and not into the clip store, so that whoever can read the documents can read these too, with nothing else
to be set.
"""

from __future__ import annotations

from picctv_server.clips.gridfs import GridFSClips
from picctv_server.models import MINUTE_NS

MAX_INLINE_BYTES = 1024 * 1024
"""What is larger is kept apart. MongoDB's own bound for a document is 16 MiB."""

_BUCKET = "payloads"


def bucket() -> GridFSClips:
    """Give the bucket, for those who look at all of it."""
    return GridFSClips(bucket=_BUCKET)


def of_batch(message_id: str, at_ns: int) -> str:
    """Name the payload of a batch of results within a minute.

    Args:
        message_id: of the message that brought it.
        at_ns: any time of that minute.
    """
    return f"{message_id}:{at_ns - at_ns % MINUTE_NS}"


def put(name: str, data: bytes) -> None:
    """Keep bytes under a name, durably; harmless when repeated."""
    kept = bucket()
    if not kept.exists(name):
        kept.put(name, data)


def get(name: str) -> bytes:
    """Give the bytes again.

    Raises:
        MissingError: there are none of this name.
    """
    with bucket().open(name) as reader:
        return reader.read()


def delete(name: str) -> None:
    """Remove bytes; nothing happens where there are none of this name."""
    bucket().delete(name)
