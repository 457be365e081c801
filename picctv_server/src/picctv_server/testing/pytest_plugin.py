"""The server's fixtures, which arrive with the install: pytest finds them through the entry-point group ``pytest11``.

Nothing heavy is imported here: pytest reads this in every run of an environment with picctv in it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

# ruff: noqa: ARG001 - fixtures are asked for because of what they do

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from picctv_core.testing import FakeClock
    from picctv_server.clips import ClipStore
    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection
    from picctv_server.embedded import Embedded
    from picctv_server.store import Store
    from picctv_server.testing.runner import ProcessorRunner


@pytest.fixture(scope="session")
def picctv_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A real MongoDB for the whole run of tests: the embedded one, in a folder of its own, on a socket of its own.

    It needs ``picctv-server[embedded]``; its ``uri`` is its address.
    """
    from picctv_server.embedded import ensure

    with ensure(tmp_path_factory.mktemp("picctv-mongod")) as embedded:
        yield embedded


@pytest.fixture
def picctv_mongodb(picctv_mongod: Embedded) -> MongoSettings:
    """Settings, as in ``[mongodb]``, for a database that no other test has."""
    from picctv_server.config import MongoSettings

    return MongoSettings(uri=picctv_mongod.uri, database=f"test-{uuid.uuid4().hex[:16]}")


@pytest.fixture
def picctv_database(picctv_mongodb: MongoSettings) -> Iterator[Connection]:
    """This process's connection to an empty database with all indexes; the database goes away after the test."""
    from picctv_server.database import connect, make_indexes

    with connect(picctv_mongodb) as connection:
        make_indexes()
        yield connection
        connection.database.client.drop_database(picctv_mongodb.database)


@pytest.fixture
def picctv_clips(tmp_path: Path) -> ClipStore:
    """A clip store for the test, in a folder of its own: the driver ``filesystem``."""
    from picctv_server.clips import open_store
    from picctv_server.config import ClipSettings

    return open_store(ClipSettings(path=tmp_path / "picctv-clips"))


@pytest.fixture
def picctv_store(picctv_database: Connection, picctv_clips: ClipStore, picctv_clock: FakeClock) -> Store:
    """The server's store over an empty database, with `picctv_clock` as its clock."""
    from picctv_server.store import Store

    return Store(picctv_clips, picctv_clock)


@pytest.fixture
def picctv_processor(
    picctv_database: Connection, picctv_clips: ClipStore, picctv_clock: FakeClock
) -> Callable[..., ProcessorRunner]:
    """Give a function that makes a processor and feeds it as a server does: ``picctv_processor(PeopleProcessor)``.

    ``.process(messages)`` takes what `picctv_message` made, or what an analyzer's run sent: ``run.sent``.
    """
    from picctv_server.testing.runner import ProcessorRunner

    def make(processor: Any, **options: Any) -> ProcessorRunner:
        return ProcessorRunner(processor, picctv_clips, picctv_clock, **options)

    return make
