"""Messages that are stored together are stored as each by itself, whatever is among them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pymongo.errors import AutoReconnect

from picctv_core import codec
from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import Message, new_id, notification_payload
from picctv_core.plugins import SERVER, Plugin, Status
from picctv_server import models, queries
from picctv_server.config import ClipSettings, ServerConfig, ServerSettings
from picctv_server.models import Analysis, Clip, Notification
from picctv_server.processing import Processing
from picctv_server.writes import collection, insert_once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from picctv_core.testing import FakeClock
    from picctv_server.clips import ClipStore
    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection
    from picctv_server.store import Store

T0 = 29_000_000 * models.MINUTE_NS
S = 1_000_000_000


class Picky:
    """A server part that fails with results whose number is odd, and listens."""

    stored: ClassVar[list[str]]

    def __init__(self, settings: Settings, store: Store) -> None:
        type(self).stored = []

    @hookimpl
    def picctv_process_message(self, message: Message, store: Store) -> bool | None:
        if message.sequence % 2:
            raise ValueError(message.sequence)
        return None

    @hookimpl
    def picctv_message_stored(self, message: Message) -> None:
        type(self).stored.append(message.id)


@pytest.fixture
def processing(
    database: Connection, mongo_settings: MongoSettings, picctv_clips: ClipStore, picctv_clock: FakeClock
) -> Processing:
    picky = Plugin("picky", SERVER, "picky-plugin", "1", "", Status.ENABLED, object=Picky)
    config = ServerConfig(
        server=ServerSettings(name="attic"),
        mongodb=mongo_settings,
        clips=ClipSettings(store="gridfs"),
        processors=((picky, Settings()),),
    )
    return Processing(config, picctv_clips, picctv_clock)


def results(number: int, plugin: str = "people", camera: str = "garage/door") -> Message:
    """Give a message of two results, of which every third reaches into the next minute."""
    at_ns = T0 + number * 20 * S
    items = [[at_ns, {"score": number}], [at_ns + 45 * S, {"score": number / 2}]]
    return Message(new_id(), "garage", camera, plugin, "results", at_ns, number, {"items": items})


def pairs(messages: Iterable[Message]) -> list[tuple[Message, bytes]]:
    return [(replace(message, payload=None), codec.pack(message.payload)) for message in messages]


def documents(*left_out: str) -> list[dict[str, Any]]:
    """Give the minutes as they are stored, with their batches in order of their content."""
    found = [document.to_mongo().to_dict() for document in Analysis.objects.order_by("id")]
    for document in found:
        document["batches"] = sorted(document["batches"], key=lambda batch: batch["from_ns"])
        for batch in document["batches"]:
            for key in left_out:
                del batch[key]
    return found


def test_results_are_stored_as_each_by_itself(processing: Processing) -> None:
    clip = {"camera": "garage/door", "started_at_ns": T0, "ended_at_ns": T0 + 100 * S}
    insert_once(collection("clips"), "a-clip", clip)

    def several() -> list[Message]:
        return [results(number) for number in range(10)] + [results(3, camera="garage/yard")]

    def stored() -> tuple[list[dict[str, Any]], dict[str, Any]]:
        return documents("message_id"), Clip.objects.get(id="a-clip").ranges

    for envelope, packed in pairs(several()):
        processing.process(envelope, packed)
    alone = stored()
    Analysis.drop_collection()
    Clip.objects.update(unset__ranges=1)
    together = pairs(several())
    assert processing.process_together(together) == ({envelope.id for envelope, _ in together}, {})
    assert stored() == alone


def test_again_nothing_changes(processing: Processing) -> None:
    together = pairs(results(number) for number in range(20))
    ids = {envelope.id for envelope, _ in together}
    assert processing.process_together(together[:12]) == ({envelope.id for envelope, _ in together[:12]}, {})
    assert processing.process_together(together) == (ids, {})
    before = documents()
    assert processing.process_together(together) == (ids, {})
    assert documents() == before
    assert len(queries.results_between("garage/door", "people", T0, T0 + 3600 * S)) == 40


def test_what_can_not_be_stored_is_left_and_the_rest_is_stored(processing: Processing) -> None:
    good = [results(number, "picky") for number in (0, 2, 4)]
    failing = [results(number, "picky") for number in (1, 3)]
    said = Message(
        new_id(), "garage", "", "", "notification", T0, 6, notification_payload("info", "The bell rang")
    )
    damaged = replace(results(8), payload={"items": "none"})
    unknown = Message(new_id(), "garage", "garage/door", "people", "note", T0, 9, "a plugin's own")
    stored, failures = processing.process_together(pairs([*good, *failing, said, damaged, unknown]))
    assert stored == {message.id for message in (*good, said)}
    assert failures.keys() == {message.id for message in failing}
    assert Notification.objects.get().title == "The bell rang"
    assert sorted(Picky.stored) == sorted(stored)


def test_two_servers_store_the_same_once(processing: Processing) -> None:
    together = pairs(results(number) for number in range(40))
    with ThreadPoolExecutor(4) as servers:
        # whoever comes too late leaves them to `process`, which stores one by one
        for stored, _ in servers.map(lambda _: processing.process_together(together), range(4)):
            for envelope, packed in together:
                if envelope.id not in stored:
                    processing.process(envelope, packed)
    assert len(queries.results_between("garage/door", "people", T0, T0 + 3600 * S)) == 80


def test_nothing_is_said_to_be_stored_while_mongodb_is_away(
    processing: Processing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_several: object) -> None:
        raise AutoReconnect("no primary")

    together = pairs(results(number) for number in range(3))
    monkeypatch.setattr(processing.store, "add_results_together", away)
    assert processing.process_together(together) == (set(), {})
