"""Where notifications go: a channel sends one, or says why it could not. No text of theirs has a secret in it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from picctv_notifier import services

if TYPE_CHECKING:
    from picctv_notifier.note import Note
    from picctv_notifier.settings import WebhookSettings

SIGNATURE, TIMESTAMP = "X-Picctv-Signature", "X-Picctv-Timestamp"

LATER = frozenset({408, 425, 429})
"""Answers below 500 after which a later try can help (RFC 9110 and RFC 6585): too slow, too early, too many."""


class SendError(Exception):
    """A notification was not delivered.

    Attributes:
        retry: whether a later try can help.
    """

    def __init__(self, message: str, *, retry: bool = True) -> None:
        self.retry = retry
        super().__init__(message)


class Channel(Protocol):
    """One place that notifications go to.

    Attributes:
        shown: what it is called in logs.
    """

    shown: str

    def send(self, note: Note) -> None:
        """Send one, and wait for the answer.

        Raises:
            SendError: it was not delivered.
        """
        ...


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET without its body, with the secret headers, to wherever it is sent."""

    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        """Follow none: the redirect is the answer."""


class Webhook:
    """Posts notifications as JSON."""

    def __init__(self, settings: WebhookSettings, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirects)
        parts = urlsplit(settings.url.get_secret_value())
        self.shown = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

    def send(self, note: Note) -> None:
        """Post one.

        Raises:
            SendError: nobody answered in time, or the answer was no.
        """
        try:
            # The scheme was checked with the settings.
            with self._opener.open(self._request(note), timeout=self._timeout_s):
                return
        except urllib.error.HTTPError as error:
            error.close()
            retry = error.code >= 500 or error.code in LATER
            raise SendError(f"it answered {error.code}", retry=retry) from None
        except urllib.error.URLError as error:
            raise SendError(_why(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise SendError(_why(error)) from None

    def _request(self, note: Note) -> urllib.request.Request:
        body = json.dumps(note.as_json(), ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "picctv-notifier"}
        headers |= {name: value.get_secret_value() for name, value in self._settings.headers.items()}
        if self._settings.secret is not None:
            timestamp = str(int(time.time()))
            headers |= {
                TIMESTAMP: timestamp,
                SIGNATURE: sign(self._settings.secret.get_secret_value(), timestamp, body),
            }
        return urllib.request.Request(self._settings.url.get_secret_value(), body, headers, method="POST")  # noqa: S310


class Service:
    """Sends notifications by Apprise."""

    def __init__(self, url: str) -> None:
        self._service = services.Service(url)
        self.shown = f"apprise {self._service.scheme}://"

    def send(self, note: Note) -> None:
        """Send one.

        Raises:
            SendError: Apprise could not.
        """
        if not self._service.send(note.level, note.title, note.as_text()):
            raise SendError("Apprise could not; try the address with the command `apprise -vv`")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Give the signature of a request.

    It covers the time too, so that a receiver can refuse a request that somebody recorded and sends again.

    Args:
        secret: what both sides know.
        timestamp: what stands in the header ``X-Picctv-Timestamp``: seconds since the epoch.
        body: of the request, as it was sent.

    Returns:
        ``sha256=`` and the HMAC (RFC 2104) of timestamp, a dot, and body, in hexadecimal digits.
    """
    made = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={made.hexdigest()}"


def _why(error: object) -> str:
    """Say what went wrong without the texts of libraries, which may repeat an address or what a stranger sent."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
