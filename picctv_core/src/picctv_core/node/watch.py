"""What people are told of without any plugin: a camera that goes away and comes back, and a clock that is set."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from picctv_core.messages import NOTIFICATION, notification_payload
from picctv_core.node.boot_clock import STEP_NS
from picctv_core.node.capture import ENDED

if TYPE_CHECKING:
    from picctv_core.clock import Clock
    from picctv_core.node.spool import Spool

log = logging.getLogger(__name__)

OFFLINE_S = 15.0
"""A camera that has given nothing for so long is offline, or for four of its own pictures."""

_OFFLINE_PICTURES = 4


class Notifier:
    """Sends notifications of the node itself; what goes wrong in it, the spool tells.

    Args:
        spool: where they go.
        clock: their time.
    """

    def __init__(self, spool: Spool, clock: Clock) -> None:
        self._spool = spool
        self._clock = clock

    def notify(self, level: str, title: str, text: str, *, camera: str = "") -> None:
        """Send a line for people, without waiting for the disk."""
        log.warning("%s: %s", title, text)
        payload = notification_payload(level, title, text)
        at_ns = self._clock.now_ns()
        self._spool.post(camera=camera, plugin="", kind=NOTIFICATION, payload=payload, captured_at_ns=at_ns)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a camera.

    Attributes:
        at_s: when its newest picture came, or when it was first asked for one; monotonic seconds.
        state: of its capture.
        detail: why it is in that state.
        rate: pictures a second; 0 where that is not known.
    """

    at_s: float
    state: str
    detail: str
    rate: float


class Watched(Protocol):
    """A camera, as far as it is looked at here."""

    id: str
    title: str

    def seen(self) -> Seen:
        """Give what is known of it."""
        ...


class OfflineWatch:
    """Tells when a camera goes offline, and when it is back.

    Args:
        camera: the camera.
        clock: the time.
        notifier: what tells it.
    """

    def __init__(self, camera: Watched, clock: Clock, notifier: Notifier) -> None:
        self._camera = camera
        self._clock = clock
        self._notifier = notifier
        self._since_s: float | None = None

    def look(self) -> None:
        """Look at the camera; call it about once a second."""
        seen, now_s = self._camera.seen(), self._clock.monotonic()
        silent_s = now_s - seen.at_s
        longest_s = max(OFFLINE_S, _OFFLINE_PICTURES / seen.rate if seen.rate > 0 else 0.0)
        title = self._camera.title
        if self._since_s is None:
            if silent_s > longest_s and seen.state != ENDED:
                self._since_s = seen.at_s
                why = seen.detail or "it gives no pictures"
                text = f"Nothing has come for {silent_s:.0f} s: {why}."
                self._notifier.notify("warning", f"{title} is offline", text, camera=self._camera.id)
        elif silent_s <= longest_s:
            away = dt.timedelta(seconds=round(seen.at_s - self._since_s))
            self._since_s = None
            self._notifier.notify(
                "info", f"{title} is back", f"It was away for {away}.", camera=self._camera.id
            )


class Stepping(Protocol):
    """A clock that knows of the wall clock's steps."""

    def step_ns(self) -> int:
        """Give how far the wall clock has stepped away from this one, in nanoseconds."""
        ...


class ClockWatch:
    """Tells when the machine's clock was set while the node runs.

    Args:
        clock: the node's.
        notifier: what tells it.
    """

    def __init__(self, clock: Stepping, notifier: Notifier) -> None:
        self._clock = clock
        self._notifier = notifier
        self._told_ns = 0

    def look(self) -> None:
        """Look at the clock; call it about once a second."""
        step_ns = self._clock.step_ns()
        if abs(step_ns - self._told_ns) >= STEP_NS:
            moved_s, self._told_ns = (step_ns - self._told_ns) / 1e9, step_ns
            way = "forward" if moved_s > 0 else "back"
            self._notifier.notify(
                "warning",
                "The clock of a node was set",
                f"It was set {way} by {abs(moved_s):.1f} s. Pictures keep the time from before until the node is started "
                f"again; the machine's clock is {abs(step_ns) / 1e9:.1f} s {'ahead of' if step_ns > 0 else 'behind'} it.",
            )


def tell_of_clock_before(record_ns: int, clock: Clock, notifier: Notifier) -> None:
    """Tell when the clock stands before the end of the run before: how long the node did not run is unknown then."""
    behind_ns = record_ns - clock.now_ns()
    if behind_ns >= STEP_NS:
        notifier.notify(
            "warning",
            "The clock of a node was set",
            f"It stands {behind_ns / 1e9:.1f} s before the time at which the node ran last, so how long it did not run is "
            "not known, and times come a second time.",
        )
