"""Messages that a processor fails with: kept, told of once, processed again, and stored exactly once."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import mongoengine as me
import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure

from picctv_core import codec
from picctv_core.config import Settings
from picctv_core.errors import StoreError
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import Message, new_id
from picctv_core.plugins import SERVER, Plugin, Status
from picctv_server import aside, models, payloads, queries
from picctv_server.clips.base import missing
from picctv_server.config import ClipSettings, ServerConfig, ServerSettings
from picctv_server.failures import NotNowError, ProcessorError, is_machines
from picctv_server.processing import Processing

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.testing import FakeClock
    from picctv_server.clips import ClipStore
    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection
    from picctv_server.store import Store

T0 = 29_000_000 * models.MINUTE_NS


class People:
    """Stores results, unless it has a fault."""

    fault: Exception | None = ValueError("no results today")

    def __init__(self, settings: Settings, store: Store) -> None:
        self.notified: list[str] = []
        self.stored: list[str] = []
        self._lock = threading.Lock()

    @hookimpl
    def picctv_process_message(self, message: Message, store: Store) -> bool | None:
        if type(self).fault is not None:
            raise type(self).fault
        if message.kind == "results":
            store.add_results(message)
            return True
        return None

    @hookimpl
    def picctv_message_stored(self, message: Message) -> None:
        with self._lock:
            self.stored.append(message.id)

    @hookimpl
    def picctv_notification(self, notification: Any) -> None:
        with self._lock:
            self.notified.append(notification.title)


@pytest.fixture
def make_processing(
    database: Connection, mongo_settings: MongoSettings, picctv_clips: ClipStore, picctv_clock: FakeClock
) -> Callable[..., tuple[Processing, People]]:
    def make() -> tuple[Processing, People]:
        made: list[People] = []

        def people(settings: Settings, store: Store) -> People:
            made.append(type("Own", (People,), {})(settings, store))
            return made[0]

        found = Plugin("people", SERVER, "people-plugin", "1.2", "", Status.ENABLED, object=people)
        config = ServerConfig(
            server=ServerSettings(name="attic"),
            mongodb=mongo_settings,
            clips=ClipSettings(store="gridfs"),
            processors=((found, Settings()),),
        )
        return Processing(config, picctv_clips, picctv_clock), made[0]

    return make


def results(number: int = 0) -> Message:
    payload = {"items": [[T0 + number, {"score": number}]]}
    return Message(new_id(), "garage", "garage/door", "people", "results", T0, number, payload)


def fail(processing: Processing, message: Message, tries: int = 3) -> None:
    packed = codec.pack(message.payload)
    envelope = replace(message, payload=None)
    with pytest.raises(ProcessorError) as raised:
        processing.process(envelope, packed)
    processing.set_aside(envelope, packed, raised.value, tries)


def again(processing: Processing, message_id: str) -> aside.Outcome:
    return aside.again(processing, aside.messages(ids=[message_id]).get(), server="attic", at_ns=T0)


def test_failed_message_is_kept_with_all_that_is_known(make_processing: Callable[..., Any]) -> None:
    processing, _ = make_processing()
    message = results(7)
    fail(processing, message)
    (found,) = aside.messages()
    assert (
        found.id,
        found.node,
        found.camera,
        found.plugin,
        found.kind,
        found.captured_at_ns,
        found.sequence,
    ) == (*(message.id, "garage", "garage/door", "people", "results", T0, 7),)
    assert (found.distribution, found.version, found.tries, found.server) == (
        "people-plugin",
        "1.2",
        3,
        "attic",
    )
    assert found.error == "ValueError: no results today"
    assert "in picctv_process_message" in found.traceback
    assert found.traceback.rstrip().endswith("ValueError: no results today")
    assert codec.unpack(aside.payload(found)) == {"items": [[T0 + 7, {"score": 7}]]}
    assert models.Message.objects.count() == 0
    # It comes again, because the node did not hear of it: nothing happens.
    processing.process(replace(message, payload=None), codec.pack(message.payload))
    assert (aside.messages().get().tries, aside.counts()) == (3, {"people": 1})


def test_message_that_comes_again_and_can_be_stored_by_then_leaves(
    make_processing: Callable[..., Any],
) -> None:
    processing, people = make_processing()
    again_sent, other = results(1), results(2)
    fail(processing, again_sent)
    fail(processing, other)
    type(people).fault = None
    processing.process(replace(again_sent, payload=None), codec.pack(again_sent.payload))
    assert aside.drop_stored(processing.alarms) == 1
    assert [one.id for one in aside.messages()] == [other.id]
    assert aside.drop_stored(processing.alarms) == 0
    assert queries.results_between("garage/door", "people", T0, T0 + 10) == [(T0 + 1, {"score": 1})]


def test_people_are_told_once_until_none_is_left(make_processing: Callable[..., Any]) -> None:
    processing, people = make_processing()
    sent = [results(number) for number in range(3)]
    for message in sent:
        fail(processing, message)
    title = "The server can't process what people sends"
    assert [one.title for one in queries.latest_notifications()] == [title]
    assert queries.latest_notifications()[0].plugin == "people"
    type(people).fault = None
    for message in sent:
        assert again(processing, message.id) == aside.Outcome(stored=True)
    type(people).fault = ValueError("once more")
    fail(processing, results(4))
    assert [one.title for one in queries.latest_notifications()] == [title, title]
    assert people.notified == [title, title]


def test_message_processed_again_is_stored_as_if_nothing_had_been(
    make_processing: Callable[..., Any],
) -> None:
    processing, people = make_processing()
    message = results(7)
    fail(processing, message)
    assert again(processing, message.id).error.endswith("ValueError: no results today")
    assert aside.messages().get().tries == 4
    type(people).fault = None
    assert again(processing, message.id) == aside.Outcome(stored=True)
    assert aside.counts() == {}
    assert queries.results_between("garage/door", "people", T0, T0 + 10) == [(T0 + 7, {"score": 7})]
    assert people.stored == [message.id]
    processing.process(replace(message, payload=None), codec.pack(message.payload))
    assert queries.chart("garage/door", "people", "score", T0, T0 + 1)[0].count == 1


def test_large_payload_is_kept_apart_and_goes_with_its_message(make_processing: Callable[..., Any]) -> None:
    processing, people = make_processing()
    message = replace(results(), kind="blob", payload={"data": b"x" * 3_000_000})
    fail(processing, message)
    found = aside.messages().get()
    assert found.payload is None
    assert codec.unpack(aside.payload(found)) == message.payload
    type(people).fault = None
    assert again(processing, message.id).stored
    assert queries.message_payload(models.Message.objects.get()) == message.payload
    with pytest.raises(StoreError, match="has no"):
        payloads.get(found.payload_name)


def test_message_can_be_stored_without_its_plugin(make_processing: Callable[..., Any]) -> None:
    processing, _ = make_processing()
    message = replace(results(), kind="crowd", payload={"people": 9})
    fail(processing, message)
    outcome = aside.again(processing, aside.messages().get(), as_is=True, server="attic", at_ns=T0)
    assert outcome.stored
    assert queries.message_payload(models.Message.objects.get()) == {"people": 9}


def test_message_whose_plugin_does_not_run_stays(
    make_processing: Callable[..., Any],
    mongo_settings: MongoSettings,
    picctv_clips: ClipStore,
    picctv_clock: FakeClock,
) -> None:
    processing, _ = make_processing()
    message = results()
    fail(processing, message)
    config = ServerConfig(server=ServerSettings(), mongodb=mongo_settings, clips=ClipSettings(store="gridfs"))
    elsewhere = Processing(config, picctv_clips, picctv_clock)
    outcome = again(elsewhere, message.id)
    assert (outcome.stored, outcome.error) == (
        False,
        "the server part of plugin people does not run on attic",
    )
    assert "in picctv_process_message" in aside.messages().get().traceback


def test_failure_of_picctv_itself_sends_a_message_aside_too(
    make_processing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    processing, people = make_processing()
    type(people).fault = None
    message = replace(results(), plugin="", kind="gap", payload={"from_ns": 1, "to_ns": 2, "cause": "x"})
    # A defect of our own, as none is known.
    monkeypatch.setitem(processing._as_usual, "gap", lambda _message: {}["no such key"])
    fail(processing, message)
    assert (aside.messages().get().plugin, aside.messages().get().distribution) == ("", "picctv-server")
    monkeypatch.undo()
    assert again(processing, message.id).stored
    assert [gap.cause for gap in queries.gaps_between("garage/door", 0, 3)] == ["x"]


def test_racing_threads_store_and_set_aside_each_message_once(make_processing: Callable[..., Any]) -> None:
    servers = [make_processing() for _ in range(2)]
    for _, people in servers:
        type(people).fault = None
    sent = [results(number) for number in range(40)]
    jobs = [(processing, message) for message in sent for processing, _ in servers for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        for done in [
            pool.submit(processing.process, replace(message, payload=None), codec.pack(message.payload))
            for processing, message in jobs
        ]:
            done.result()
    assert queries.results_between("garage/door", "people", T0, T0 + 100) == [
        (T0 + number, {"score": number}) for number in range(40)
    ]
    (minute,) = queries.chart("garage/door", "people", "score", T0, T0 + 1)
    assert (minute.count, minute.mean) == (40, sum(range(40)) / 40)
    told = [own_id for _, people in servers for own_id in people.stored]
    assert sorted(told) == sorted(message.id for message in sent)


def test_racing_servers_process_again_once(make_processing: Callable[..., Any]) -> None:
    servers = [make_processing() for _ in range(2)]
    sent = [results(number) for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda message: [fail(processing, message) for processing, _ in servers[:1]], sent))
    assert len(queries.latest_notifications()) == 1
    for _, people in servers:
        type(people).fault = None
    found = list(aside.messages())
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(
            pool.map(
                lambda job: aside.again(job[0], job[1], server="attic", at_ns=T0),
                [(processing, one) for one in found for processing, _ in servers for _ in range(3)],
            )
        )
    assert {outcome.stored for outcome in outcomes} == {True}
    assert queries.chart("garage/door", "people", "score", T0, T0 + 1)[0].count == 20
    assert sorted(own_id for _, people in servers for own_id in people.stored) == sorted(
        one.id for one in sent
    )
    assert aside.counts() == {}


def wrapped(error: Exception) -> Exception:
    """Raise an error within one of mongoengine's, as it does."""
    try:
        try:
            raise error
        except Exception as inner:  # noqa: BLE001 - of any kind
            raise me.OperationError(f"could not save: {inner}")  # noqa: B904 - as mongoengine does it
    except me.OperationError as found:
        return found


@pytest.mark.parametrize(
    ("error", "machines"),
    [
        (ValueError("x"), False),
        (OSError(errno.ENOSPC, "full"), True),
        (FileNotFoundError(errno.ENOENT, "no model"), False),
        (MemoryError(), True),
        (StoreError("the clip store can't write"), True),
        (missing("a.mp4"), False),
        (AutoReconnect("away"), True),
        (DuplicateKeyError("twice"), False),
        (OperationFailure("unknown operator", 2), False),
        (OperationFailure("not authorized", 13), True),
        (wrapped(AutoReconnect("away")), True),
        (wrapped(DuplicateKeyError("twice")), False),
    ],
)
def test_errors_of_the_machine_are_told_from_those_of_processors(error: Exception, machines: bool) -> None:
    assert is_machines(error) is machines


def test_machine_errors_of_a_processor_are_not_now(make_processing: Callable[..., Any]) -> None:
    processing, people = make_processing()

    type(people).fault = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(NotNowError, match="No space left on device"):
        processing.process(replace(results(), payload=None), codec.pack({"items": [[T0, 1]]}))
    assert models.Message.objects.count() == 0
