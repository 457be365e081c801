"""What channels send, and what they say when it fails."""

from __future__ import annotations

import hashlib
import hmac
import socket
from typing import TYPE_CHECKING, Any

import pytest
from picctv_notifier.channels import SendError, Service, Webhook
from picctv_notifier.settings import WebhookSettings

from .conftest import HANG
from .notes import AT_NS, note

if TYPE_CHECKING:
    from .conftest import Receiver


def webhook(receiver: Receiver, timeout_s: float = 5.0, **keys: Any) -> Webhook:
    return Webhook(WebhookSettings.model_validate({"url": receiver.url, **keys}), timeout_s)


def test_webhook_posts_json(receiver: Receiver) -> None:
    webhook(receiver, headers={"Authorization": "Bearer abc"}).send(note(text="more"))
    [request] = receiver.requests
    assert request.path == "/hook/SECRET-PATH?key=SECRET-QUERY"
    assert request.headers["Authorization"] == "Bearer abc"
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.json == {
        "id": "n1",
        "level": "info",
        "title": "Motion 1 at Straße",
        "text": "more",
        "node": "garage",
        "camera": "garage/street",
        "plugin": "motion",
        "at": "2026-01-01T00:00:00.250+00:00",
        "at_ns": AT_NS,
        "held_back": 0,
    }


def test_webhook_signs_time_and_body(receiver: Receiver) -> None:
    webhook(receiver, secret="shared").send(note())
    [request] = receiver.requests
    signed = request.headers["X-Picctv-Timestamp"].encode() + b"." + request.body
    expected = hmac.new(b"shared", signed, hashlib.sha256).hexdigest()
    assert request.headers["X-Picctv-Signature"] == f"sha256={expected}"


def test_webhook_without_secret_is_not_signed(receiver: Receiver) -> None:
    webhook(receiver).send(note())
    assert not any(name.startswith("X-Picctv") for name in receiver.requests[0].headers)


@pytest.mark.parametrize(
    ("answer", "retry"),
    [(400, False), (401, False), (404, False), (408, True), (429, True), (500, True), (503, True)],
)
def test_webhook_says_whether_a_later_try_can_help(receiver: Receiver, answer: int, retry: bool) -> None:
    receiver.answers = [answer]
    with pytest.raises(SendError, match=rf"^it answered {answer}$") as error:
        webhook(receiver).send(note())
    assert error.value.retry is retry


@pytest.mark.parametrize("answer", [301, 302, 307])
def test_webhook_takes_its_headers_to_no_other_place(receiver: Receiver, answer: int) -> None:
    receiver.answers = [answer]
    with pytest.raises(SendError, match=f"it answered {answer}"):
        webhook(receiver, headers={"Authorization": "Bearer abc"}).send(note())
    assert len(receiver.requests) == 1


def test_webhook_that_hangs_times_out(receiver: Receiver) -> None:
    receiver.answers = [HANG]
    with pytest.raises(SendError, match=r"^it did not answer in time$"):
        webhook(receiver, timeout_s=0.2).send(note())


def test_webhook_that_is_not_there_can_come_back(receiver: Receiver) -> None:
    with socket.socket() as taken:  # bound, and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        receiver.port, port = taken.getsockname()[1], receiver.port
        with pytest.raises(SendError, match=r"^Connection refused$") as error:
            webhook(receiver).send(note())
        receiver.port = port
    assert error.value.retry


def test_webhook_is_shown_without_path_and_query(receiver: Receiver) -> None:
    assert webhook(receiver).shown == f"http://127.0.0.1:{receiver.port}"


def test_apprise_sends_title_and_text(receiver: Receiver) -> None:
    Service(receiver.apprise_url).send(note(level="error", text="more"))
    [request] = receiver.requests
    assert request.headers["X-Token"] == "SECRET-HEADER"
    assert (request.json["title"], request.json["type"]) == ("Motion 1 at Straße", "failure")
    assert request.json["message"].startswith("more\ngarage/street, ")


@pytest.mark.parametrize(("level", "kind"), [("info", "info"), ("warning", "warning"), ("error", "failure")])
def test_apprise_is_told_the_level(receiver: Receiver, level: str, kind: str) -> None:
    Service(receiver.apprise_url).send(note(level=level))
    assert receiver.requests[0].json["type"] == kind


def test_apprise_that_is_refused_says_so_without_the_address(receiver: Receiver) -> None:
    receiver.answers = [500]
    service = Service(receiver.apprise_url)
    with pytest.raises(SendError, match="Apprise could not") as error:
        service.send(note())
    assert "SECRET" not in f"{error.value} {service.shown}"
    assert service.shown == "apprise json://"
