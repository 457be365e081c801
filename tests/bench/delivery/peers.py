"""What nobody can be faster than: MongoDB's own driver with the same documents, the disk with the same bytes."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.write_concern import WriteConcern

from picctv_core import codec
from picctv_core.messages import new_id
from tests.bench.delivery.load import payload

if TYPE_CHECKING:
    from pathlib import Path

BATCH = 100


def insert_messages_s(uri: str, count: int) -> float:
    """Insert one document for each message, with its payload packed, as `picctv_server.models.Message` has it; give the seconds."""
    documents = []
    for number in range(count):
        at_ns = number * 1_000_000_000
        documents.append(
            {
                "_id": new_id(),
                "node": "node-1",
                "camera": "node-1/camera-1",
                "plugin": "people",
                "kind": "results",
                "captured_at_ns": at_ns,
                "sequence": number,
                "payload": codec.pack(payload("results", 0, at_ns)),
            }
        )
    return _insert_s(uri, documents)


def insert_results_s(uri: str, count: int) -> float:
    """Insert one document for each result, as a program without batches would; give the seconds."""
    documents = []
    for number in range(count):
        for at_ns, result in payload("results", 0, number * 1_000_000_000)["items"]:
            documents.append(
                {
                    "_id": new_id(),
                    "camera": "node-1/camera-1",
                    "plugin": "people",
                    "captured_at_ns": at_ns,
                    **result,
                }
            )
    return _insert_s(uri, documents)


def _insert_s(uri: str, documents: list[dict[str, Any]]) -> float:
    with pymongo.MongoClient[dict[str, Any]](uri, w="majority", journal=True) as client:
        database = client["picctv-bench-peer"]
        client.drop_database(database)
        own = database.get_collection("documents", write_concern=WriteConcern("majority", j=True))
        own.create_index([("camera", 1), ("plugin", 1), ("captured_at_ns", -1)])
        began_s = time.perf_counter()
        for first in range(0, len(documents), BATCH):
            own.insert_many(documents[first : first + BATCH], ordered=False)
        took_s = time.perf_counter() - began_s
        client.drop_database(database)
    return took_s


def copy_s(folder: Path, size: int, count: int) -> float:
    """Copy so many files of so many bytes, each forced to the disk; give the seconds."""
    folder.mkdir()
    source = folder / "source"
    source.write_bytes(os.urandom(size))
    began_s = time.perf_counter()
    for number in range(count):
        target = folder / f"copy-{number}"
        shutil.copyfile(source, target)
        descriptor = os.open(target, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    took_s = time.perf_counter() - began_s
    shutil.rmtree(folder)
    return took_s


def append_and_sync_s(folder: Path, size: int, count: int) -> float:
    """Append so many bytes so often to a file, each time forced to the disk; give the seconds."""
    folder.mkdir()
    data = os.urandom(size)
    with (folder / "log").open("wb", buffering=0) as file:
        began_s = time.perf_counter()
        for _ in range(count):
            file.write(data)
            os.fdatasync(file.fileno())
        took_s = time.perf_counter() - began_s
    shutil.rmtree(folder)
    return took_s
