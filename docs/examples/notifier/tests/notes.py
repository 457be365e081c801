"""Notifications for tests."""

from __future__ import annotations

from typing import Any

from picctv_notifier.note import Note, of

from picctv_server.models import Notification

AT_NS = 1_767_225_600_250_000_000  # 1 January 2026, 00:00:00.25 UTC


def notification(number: int = 1, **other: Any) -> Notification:
    fields = {
        "id": f"n{number}",
        "node": "garage",
        "camera": "garage/street",
        "plugin": "motion",
        "level": "info",
        "title": f"Motion {number} at Straße",
        "text": "",
        "at_ns": AT_NS,
    }
    return Notification(**fields | other)


def note(number: int = 1, **other: Any) -> Note:
    return of(notification(number, **other))
