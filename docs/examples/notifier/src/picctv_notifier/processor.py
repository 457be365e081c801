"""The server part: hears of each notification, and hands it to the channels."""

from __future__ import annotations

import datetime as dt
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from picctv_core.hookspecs import hookimpl
from picctv_notifier import note
from picctv_notifier.channels import Channel, Service, Webhook
from picctv_notifier.choice import Choice, RateLimit
from picctv_notifier.delivery import Delivery
from picctv_notifier.settings import NotifierSettings

if TYPE_CHECKING:
    from picctv_server.models import Notification

log = logging.getLogger(__name__)

LAST_S = 2.0
"""How long the server's end waits for what is still to be sent, in seconds: less than the hook may take."""


class NotifierProcessor:
    """Sends notifications elsewhere. The hook returns at once: sending is the business of each channel's own thread.

    Attributes:
        deliveries: one for each channel.
    """

    Settings: ClassVar[type[NotifierSettings]] = NotifierSettings

    def __init__(self, settings: NotifierSettings, store: Any) -> None:  # noqa: ARG002 - by contract
        self._choice = Choice(settings)
        self._limit = RateLimit(settings.per_minute)
        channels: list[Channel] = [Webhook(webhook, settings.timeout_s) for webhook in settings.webhooks]
        channels += [Service(url.get_secret_value()) for url in settings.apprise]
        self.deliveries = [
            Delivery(channel, tries=settings.tries, most=settings.most_waiting) for channel in channels
        ]
        if not channels:
            log.warning(
                "nothing is sent: set webhooks or apprise in [plugins.notifier] of the server's settings"
            )

    @hookimpl
    def picctv_notification(self, notification: Notification) -> None:
        """Hand a notification that people want to every channel."""
        told = note.of(notification)
        if not self._choice.wants(told, dt.datetime.now().astimezone().time()):
            return
        held_back = self._limit.admit(told.camera or told.node, time.monotonic())
        if held_back is None:
            return
        for delivery in self.deliveries:
            delivery.put(replace(told, held_back=held_back))

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        """Say what became of the notifications so far, over all channels."""
        counts = [delivery.counts for delivery in self.deliveries]
        return {
            "sent": sum(one.sent for one in counts),
            "failed": sum(one.failed for one in counts),
            "dropped": sum(one.dropped for one in counts),
            "held_back": self._limit.held_back,
            "waiting": sum(delivery.waiting for delivery in self.deliveries),
        }

    @hookimpl
    def picctv_server_stopped(self) -> None:
        """Send what can be sent within `LAST_S`, and give up the rest."""
        until = time.monotonic() + LAST_S
        for delivery in self.deliveries:
            delivery.stop()
        for delivery in self.deliveries:
            delivery.join(max(0.0, until - time.monotonic()))
        log.info(
            "at the end: %s", ", ".join(f"{name} {count}" for name, count in self.picctv_health().items())
        )
