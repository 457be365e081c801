"""The processor as the server calls it, with a real receiver."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from picctv_notifier.processor import NotifierProcessor

from picctv_core.hookspecs import server
from picctv_core.plugins import bind

from .conftest import HANG
from .notes import notification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from picctv_notifier.settings import NotifierSettings

    from .conftest import Receiver


@pytest.fixture
def make(settings: Callable[..., NotifierSettings]) -> Iterator[Callable[..., NotifierProcessor]]:
    """Make processors that are closed when the test ends."""
    made: list[NotifierProcessor] = []

    def make(**keys: Any) -> NotifierProcessor:
        made.append(NotifierProcessor(settings(**keys), store=None))
        return made[-1]

    yield make
    for processor in made:
        processor.picctv_server_stopped()


def tell(processor: NotifierProcessor, *notifications: Any) -> None:
    """Call the hook as the server does."""
    hooks = bind(processor, "notifier", server)
    for one in notifications:
        hooks.picctv_notification(notification=one)


def settle(processor: NotifierProcessor) -> None:
    assert all(delivery.wait_until_idle(10) for delivery in processor.deliveries)


def test_notification_goes_to_every_channel(
    make: Callable[..., NotifierProcessor], receiver: Receiver
) -> None:
    processor = make(webhooks=[{"url": receiver.url}], apprise=[receiver.apprise_url])
    tell(processor, notification(level="warning", text="more"))
    settle(processor)
    titles = {request.path.partition("?")[0]: request.json["title"] for request in receiver.requests}
    assert titles == {"/hook/SECRET-PATH": "Motion 1 at Straße", "/SECRET-PATH": "Motion 1 at Straße"}


def test_webhook_that_answers_500_gets_it_again(
    make: Callable[..., NotifierProcessor], receiver: Receiver
) -> None:
    receiver.answers = [500, 200]
    processor = make(webhooks=[{"url": receiver.url}])
    tell(processor, notification(1), notification(2))
    settle(processor)
    assert [request.json["id"] for request in receiver.requests] == ["n1", "n1", "n2"]
    [delivery] = processor.deliveries
    assert (delivery.counts.sent, delivery.counts.retried) == (2, 1)


def test_health_counts_what_became_of_notifications(
    make: Callable[..., NotifierProcessor], receiver: Receiver
) -> None:
    receiver.answers = [404, 200, 200, HANG]
    processor = make(webhooks=[{"url": receiver.url}], per_minute=5)
    hooks = bind(processor, "notifier", server)
    assert set(hooks.picctv_health().values()) == {0}
    tell(processor, *(notification(number) for number in range(7)))
    receiver.wait_for(4)
    assert hooks.picctv_health() == {"sent": 2, "failed": 1, "dropped": 0, "held_back": 2, "waiting": 2}


def test_channel_that_hangs_holds_up_nobody(
    make: Callable[..., NotifierProcessor], receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [HANG]
    processor = make(webhooks=[{"url": receiver.url}], per_minute=100)
    began = time.monotonic()
    tell(processor, *(notification(number) for number in range(50)))
    assert time.monotonic() - began < 0.5
    receiver.wait_for(1)
    other = make(webhooks=[{"url": receiver.url + "&other=1"}])
    tell(other, notification(99))
    settle(other)
    assert [request.json["id"] for request in receiver.requests] == ["n0", "n99"]
    began = time.monotonic()
    processor.picctv_server_stopped()
    assert time.monotonic() - began < 4
    assert caplog.text.count("the server stops") == 49
    assert processor.picctv_health() == {"sent": 0, "failed": 0, "dropped": 49, "held_back": 0, "waiting": 1}


def test_held_back_notifications_are_told_of(
    make: Callable[..., NotifierProcessor], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr("picctv_notifier.processor.time.monotonic", lambda: now_s)
    processor = make(webhooks=[{"url": receiver.url}], apprise=[receiver.apprise_url], per_minute=2)
    tell(processor, *(notification(number) for number in range(5)), notification(10, camera="garage/room"))
    now_s = 60.0
    tell(processor, notification(6))
    monkeypatch.undo()
    settle(processor)
    hooked = [(r.json["id"], r.json["held_back"]) for r in receiver.requests if r.path.startswith("/hook")]
    assert hooked == [("n0", 0), ("n1", 0), ("n10", 0), ("n6", 3)]
    said = [r.json["message"] for r in receiver.requests if not r.path.startswith("/hook")]
    assert said[-1].endswith("3 more of this camera were held back before.")


def test_unwanted_is_not_sent_and_takes_nobodys_turn(
    make: Callable[..., NotifierProcessor], receiver: Receiver
) -> None:
    processor = make(webhooks=[{"url": receiver.url}], level="warning", per_minute=1)
    tell(processor, notification(1), notification(2, level="error"))
    settle(processor)
    assert [(r.json["id"], r.json["held_back"]) for r in receiver.requests] == [("n2", 0)]


def test_hook_is_called_on_several_threads(
    make: Callable[..., NotifierProcessor], receiver: Receiver
) -> None:
    processor = make(webhooks=[{"url": receiver.url}], per_minute=30)
    threads = [
        threading.Thread(target=tell, args=(processor, *(notification(10 * part + n) for n in range(10))))
        for part in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle(processor)
    assert len({request.json["id"] for request in receiver.requests}) == 30


def test_nothing_to_send_to_is_said(
    make: Callable[..., NotifierProcessor], caplog: pytest.LogCaptureFixture
) -> None:
    tell(make(), notification())
    assert "nothing is sent: set webhooks or apprise in [plugins.notifier]" in caplog.text


def test_logs_have_no_secrets(
    make: Callable[..., NotifierProcessor], receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    receiver.answers = [500, 500, 404, 500]
    webhook = {"url": receiver.url, "headers": {"X-Key": "SECRET-KEY"}, "secret": "SECRET-SIGNATURE"}
    processor = make(webhooks=[webhook], apprise=[receiver.apprise_url], tries=1)
    tell(processor, *(notification(number) for number in range(3)))
    settle(processor)
    processor.picctv_server_stopped()
    tell(processor, notification(4))
    assert caplog.text.count("was not delivered to") == 4
    assert "stops" in caplog.text
    assert "SECRET" not in caplog.text
    assert "SECRET" not in repr(vars(processor)) + repr([vars(one.channel) for one in processor.deliveries])
