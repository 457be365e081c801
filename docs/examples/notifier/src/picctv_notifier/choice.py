"""Which notifications are sent: by level, plugin, camera and time of day, and only so many a minute."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from picctv_notifier.settings import quiet_hours

if TYPE_CHECKING:
    import datetime as dt

    from picctv_notifier.note import Note
    from picctv_notifier.settings import NotifierSettings

ORDER = ("info", "warning", "error")
ITSELF = "picctv"
MINUTE_S = 60.0


class Choice:
    """Says whether a notification is one of those that people want."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._quiet = quiet_hours(settings.quiet) if settings.quiet is not None else None

    def wants(self, note: Note, now: dt.time) -> bool:
        """Say whether to send it.

        Args:
            note: the notification.
            now: the local time of day.
        """
        settings = self._settings
        least = (
            max(settings.level, settings.quiet_level, key=ORDER.index)
            if self._is_quiet(now)
            else settings.level
        )
        if ORDER.index(note.level) < ORDER.index(least):
            return False
        if settings.plugins and (note.plugin or ITSELF) not in settings.plugins:
            return False
        return not settings.cameras or any(fnmatchcase(note.camera, pattern) for pattern in settings.cameras)

    def _is_quiet(self, now: dt.time) -> bool:
        if self._quiet is None:
            return False
        begin, end = self._quiet
        return begin <= now < end if begin < end else now >= begin or now < end


@dataclass
class _Sent:
    times: deque[float] = field(default_factory=deque)
    held_back: int = 0


class RateLimit:
    """Lets so many through in any minute for each camera, and counts the others. For any number of threads.

    Attributes:
        held_back: how many were not let through so far, of all cameras.
    """

    def __init__(self, per_minute: int) -> None:
        self.held_back = 0
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._cameras: dict[str, _Sent] = {}

    def admit(self, camera: str, now_s: float) -> int | None:
        """Ask for one more.

        Args:
            camera: whose it is.
            now_s: seconds of a clock that never runs backwards.

        Returns:
            None to hold it back; else how many were held back since the last one that was let through.
        """
        with self._lock:
            sent = self._cameras.setdefault(camera, _Sent())
            while sent.times and now_s - sent.times[0] >= MINUTE_S:
                sent.times.popleft()
            if len(sent.times) >= self._per_minute:
                sent.held_back += 1
                self.held_back += 1
                return None
            sent.times.append(now_s)
            held_back, sent.held_back = sent.held_back, 0
            return held_back
