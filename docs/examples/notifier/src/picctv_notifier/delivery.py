"""Delivery to one channel: in order, with pauses between tries, and never in the way of whoever hands one in."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_notifier.channels import SendError

if TYPE_CHECKING:
    from picctv_notifier.channels import Channel
    from picctv_notifier.note import Note

log = logging.getLogger(__name__)


@dataclass
class Counts:
    """What became of the notifications of a channel.

    Attributes:
        sent: delivered.
        retried: tries that were not the first.
        failed: given up after the last try, or because no try can help.
        dropped: given up untried, because too many waited or the server stopped.
    """

    sent: int = 0
    retried: int = 0
    failed: int = 0
    dropped: int = 0


class Delivery:
    """Sends to one channel, on a thread that lives while there is something to send.

    Args:
        channel: where to.
        tries: how often each notification is tried.
        most: how many wait at the most; beyond that the oldest goes.
        first_pause_s: the pause after the first try, in seconds; it doubles.
        longest_pause_s: the pause does not grow beyond this.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        tries: int = 6,
        most: int = 200,
        first_pause_s: float = 1.0,
        longest_pause_s: float = 60.0,
    ) -> None:
        self.channel = channel
        self.counts = Counts()
        self._tries = tries
        self._most = most
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._changed = threading.Condition()
        self._waiting: deque[Note] = deque()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._in_hand = 0

    @property
    def waiting(self) -> int:
        """How many are neither sent nor given up, the one in hand included."""
        with self._changed:
            return len(self._waiting) + self._in_hand

    def put(self, note: Note) -> None:
        """Hand in a notification; returns at once."""
        with self._changed:
            if self._closing:
                self._drop(note, "the server stops")
                return
            if len(self._waiting) >= self._most:
                self._drop(self._waiting.popleft(), f"{self._most} wait already")
            self._waiting.append(note)
            if self._thread is None:
                # A daemon: a receiver that hangs must not keep the server from ending.
                self._thread = threading.Thread(
                    target=self._run, name=f"notifier {self.channel.shown}", daemon=True
                )
                self._thread.start()

    def stop(self) -> None:
        """Take no more, and try what waits once, without pauses. Returns at once."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def join(self, timeout_s: float) -> None:
        """Wait for the end after `stop`, and give up what is not sent by then."""
        with self._changed:
            self._changed.wait_for(lambda: self._thread is None, timeout_s)
            while self._waiting:
                self._drop(self._waiting.popleft(), "the server stops")

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is left to send; say whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: self._thread is None, timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    # Under the lock: whoever hands in the next one finds no thread, and starts one.
                    self._thread = None
                    self._changed.notify_all()
                    return
                note = self._waiting.popleft()
                self._in_hand = 1
            self._deliver(note)
            with self._changed:
                self._in_hand = 0

    def _deliver(self, note: Note) -> None:
        pause_s = self._first_pause_s
        for number in range(1, self._tries + 1):
            try:
                self.channel.send(note)
            except SendError as error:
                why, retry = str(error), error.retry
            except Exception as error:  # noqa: BLE001 - of a library; its text may have a secret in it
                why, retry = type(error).__name__, True
            else:
                self.counts.sent += 1
                return
            if not retry or number == self._tries or not self._pause(pause_s):
                self.counts.failed += 1
                log.warning(
                    "notification %s (%s) was not delivered to %s, after %s %s: %s; so far %s are sent, %s are not",
                    note.id,
                    note.level,
                    self.channel.shown,
                    number,
                    "try" if number == 1 else "tries",
                    why,
                    self.counts.sent,
                    self.counts.failed + self.counts.dropped,
                )
                return
            self.counts.retried += 1
            pause_s = min(2 * pause_s, self._longest_pause_s)

    def _pause(self, seconds: float) -> bool:
        """Wait before the next try; False when there is to be none."""
        until = time.monotonic() + seconds
        with self._changed:
            while not self._closing:
                rest = until - time.monotonic()
                if rest <= 0:
                    return True
                self._changed.wait(rest)
            return False

    def _drop(self, note: Note, why: str) -> None:
        self.counts.dropped += 1
        log.warning(
            "notification %s (%s) is not sent to %s: %s; it stays in the web",
            note.id,
            note.level,
            self.channel.shown,
            why,
        )
