"""How much may be on its way to the server at once, so that what is urgent never waits behind a long queue.

Between the node and the server are buffers: of the operating systems, of modems and routers. Whoever fills them makes
everything wait that comes later, on a slow link for minutes. A window on the bytes that have not arrived keeps them
nearly empty: it grows as long as they arrive without waiting, and shrinks when they do wait. That is the idea of LEDBAT
(RFC 6817), on the round trips of WebSocket pings that are sent between the parts: their answers come when all before
them has arrived, whatever the version of the server.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

FIRST_BYTES = 32 * 1024
LEAST_BYTES = 32 * 1024
MOST_BYTES = 16 * 2**20

TARGET_S = 0.75
"""How long a byte may wait in the buffers."""

_RECENT = 4
"""A single late answer may be a lost segment; so many are a queue."""

_PROBES = 8
"""So many pings are on their way when the window is full."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A ping: what was sent since the one before, and when it was."""

    bytes: int
    sent_s: float


class Pace:
    """The window of one connection. Used on the event loop only; times are monotonic seconds.

    Attributes:
        window_bytes: how many bytes may be on their way.
        in_flight_bytes: how many are, as far as a probe follows them: so an answer is to come as long as there are any.
    """

    def __init__(self) -> None:
        self.window_bytes = FIRST_BYTES
        self.in_flight_bytes = 0
        self._since_probe = 0
        self._least_s = float("inf")
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._until_next = 0

    @property
    def has_room(self) -> bool:
        """Say whether something may be sent that is not urgent."""
        return self.in_flight_bytes < self.window_bytes

    def sent(self, size: int, now_s: float) -> Probe | None:
        """Note that bytes were sent; give a probe where a ping is to follow them."""
        self._since_probe += size
        if self._since_probe < self.window_bytes // _PROBES:
            return None
        probe, self._since_probe = Probe(self._since_probe, now_s), 0
        self.in_flight_bytes += probe.bytes
        return probe

    def arrived(self, probe: Probe, now_s: float) -> None:
        """Note that the answer to a probe is there, and with it all that was sent before."""
        was_full = 2 * self.in_flight_bytes >= self.window_bytes
        self.in_flight_bytes -= probe.bytes
        round_trip_s = now_s - probe.sent_s
        self._least_s = min(self._least_s, round_trip_s)
        self._recent.append(round_trip_s)
        waited_s = min(self._recent) - self._least_s
        self._until_next -= probe.bytes
        if waited_s < TARGET_S / 2:
            if was_full and self._until_next <= 0:
                self.window_bytes = min(MOST_BYTES, self.window_bytes + probe.bytes // 2)
        elif waited_s > TARGET_S and self._until_next <= 0:
            # What is on its way was sent before this was known: not again before that has arrived.
            self._until_next = self.in_flight_bytes
            share = (self._least_s + TARGET_S) / (self._least_s + waited_s)
            self.window_bytes = max(LEAST_BYTES, int(self.window_bytes * share))
