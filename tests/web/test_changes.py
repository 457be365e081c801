"""Open pages hear at once of what was stored: a real change stream, a real web process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

import pymongo
import pytest

from picctv_core.messages import new_id
from picctv_server import _mongod, models
from picctv_server.config import MongoSettings
from picctv_server.database import connect
from picctv_web import changes
from picctv_web.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from picctv_server.database import Connection
    from tests.web.running import Site

BEFORE_THE_NEXT_TURN_S = 5.0


def notify(title: str = "Somebody is at the door") -> None:
    models.Notification(id=new_id(), node="garage", level="info", title=title, at_ns=time.time_ns()).save()


def clip() -> None:
    models.Clip(id=new_id(), camera="garage/door", started_at_ns=0, ended_at_ns=1).save()


def camera() -> None:
    models.Camera(id="garage/door").save()


@pytest.fixture
def told(database: Connection) -> Iterator[changes.Changes]:
    found = changes.Changes()
    yield found
    found.close()


async def heard(told: changes.Changes, stored: list[object], wanted: set[str]) -> set[str]:
    """Store something once listening has begun; give what was heard until all that is wanted was."""
    names: set[str] = set()
    begun = False
    async with asyncio.timeout(BEFORE_THE_NEXT_TURN_S), contextlib.aclosing(told.listen()) as listening:
        async for some in listening:
            if not begun:
                # the first answer says that whatever was stored before has to be looked at
                assert some == set(changes._WATCHED)
                begun = True
                for store in stored:
                    await asyncio.to_thread(store)  # type: ignore[arg-type]
                continue
            names |= some
            if wanted <= names:
                break
    return names


def test_listeners_hear_the_names_of_what_was_stored(told: changes.Changes) -> None:
    # cameras change every few seconds, so nobody is told of them
    assert asyncio.run(heard(told, [camera, notify, clip], {"notifications", "clips"})) == {
        "notifications",
        "clips",
    }


def test_every_listener_hears(told: changes.Changes) -> None:
    async def both() -> list[set[str]]:
        first = asyncio.create_task(heard(told, [], {"notifications"}))
        second = asyncio.create_task(heard(told, [notify], {"notifications"}))
        return await asyncio.gather(first, second)

    assert asyncio.run(both()) == [{"notifications"}, {"notifications"}]


def test_the_thread_ends_with_the_last_listener_and_begins_with_the_next(told: changes.Changes) -> None:
    for _ in range(2):
        asyncio.run(heard(told, [notify], {"notifications"}))
        thread = told._thread
        if thread is not None:
            thread.join(BEFORE_THE_NEXT_TURN_S)
        assert told._thread is None


def test_close_ends_listening_at_once(told: changes.Changes) -> None:
    async def until_closed() -> float:
        async with contextlib.aclosing(told.listen()) as listening:
            await anext(listening)
            began = time.monotonic()
            await asyncio.to_thread(told.close)
            async for _ in listening:
                assert told._closed.is_set()
            return time.monotonic() - began

    assert asyncio.run(until_closed()) < BEFORE_THE_NEXT_TURN_S


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[str]:
    """The address of a MongoDB that is no replica set."""
    binary = _mongod.find()
    socket = tmp_path / "s" / "mongodb.sock"
    socket.parent.mkdir()
    with (tmp_path / "output").open("wb") as output:
        process = _mongod.spawn(binary, tmp_path, socket, output, replica_set=None)
    uri = f"mongodb://{str(socket).replace('/', '%2F')}/"
    try:
        with pymongo.MongoClient(uri, serverSelectionTimeoutMS=20000) as client:
            client.admin.command("ping")
        yield uri
    finally:
        process.terminate()
        process.wait(20)


def test_without_a_replica_set_it_is_said_once_and_nobody_asks_again(
    standalone: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(MongoSettings(uri=standalone, database="alone")), caplog.at_level(logging.WARNING):
        told = changes.begin()

        async def until_it_ends() -> list[set[str]]:
            async with (
                asyncio.timeout(BEFORE_THE_NEXT_TURN_S),
                contextlib.aclosing(told.listen()) as listening,
            ):
                return [names async for names in listening]

        assert set().union(*asyncio.run(until_it_ends())) == set()
        assert not told.supported
        told.close()
    assert [record.message for record in caplog.records] == [
        "MongoDB has no change streams, as it is no replica set: pages are renewed every 10 s"
    ]


def test_a_page_is_told_within_a_moment(site: Site, user: httpx.Client) -> None:
    settings = load_settings(site.config)
    with connect(settings.mongodb), user.stream("GET", "/changes") as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        lines = answer.iter_lines()
        until(lines, "data: notifications")
        began = time.monotonic()
        notify("Told at once")
        until(lines, "event: stored")
        assert until(lines, "data: notifications") == []
        assert time.monotonic() - began < BEFORE_THE_NEXT_TURN_S
        models.Notification.objects(title="Told at once").delete()


def until(lines: Iterator[str], wanted: str) -> list[str]:
    """Read lines up to one; give those before it."""
    passed = []
    for line in lines:
        if line == wanted:
            return passed
        passed.append(line)
    raise AssertionError(f"no {wanted!r} came, but {passed}")


def test_who_is_not_logged_in_hears_nothing(visitor: httpx.Client) -> None:
    answer = visitor.get("/changes")
    assert (answer.status_code, answer.headers["location"]) == (302, "/login/?next=/changes")
