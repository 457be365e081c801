"""The window on what is on its way, on links that are simulated: a line of some rate behind some delay."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest

from picctv_core.node.pace import FIRST_BYTES, LEAST_BYTES, MOST_BYTES, TARGET_S, Pace, Probe

PART_BYTES = 16 * 1024


@dataclass
class Link:
    """A line with a queue before it that takes everything, as a modem does."""

    bytes_per_s: float
    round_trip_s: float
    pace: Pace = field(default_factory=Pace)
    now_s: float = 0.0
    delivered: int = 0
    longest_queue_s: float = 0.0
    _free_s: float = 0.0
    _under_way: deque[tuple[float, int, Probe | None]] = field(default_factory=deque)

    def run(self, seconds: float) -> None:
        """Send for so long as much as the window lets; always there is more to send."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            while self.pace.has_room:
                probe = self.pace.sent(PART_BYTES, self.now_s)
                self._free_s = max(self._free_s, self.now_s) + PART_BYTES / self.bytes_per_s
                self.longest_queue_s = max(self.longest_queue_s, self._free_s - self.now_s)
                self._under_way.append((self._free_s + self.round_trip_s, PART_BYTES, probe))
            self.now_s, size, probe = self._under_way.popleft()
            self.delivered += size
            if probe is not None:
                self.pace.arrived(probe, self.now_s)


@pytest.mark.parametrize(
    ("bytes_per_s", "round_trip_s"), [(32_000, 4.0), (32_000, 0.05), (250_000, 0.6), (10_000, 0.1)]
)
def test_slow_link_is_used_and_its_queue_stays_short(bytes_per_s: float, round_trip_s: float) -> None:
    link = Link(bytes_per_s, round_trip_s)
    link.run(60)
    link.delivered, link.longest_queue_s = 0, 0.0
    link.run(120)
    assert link.delivered > 0.8 * 120 * bytes_per_s
    # The least window alone takes 3.2 s on the slowest of them.
    assert link.longest_queue_s < 2 * TARGET_S + 2.5 * LEAST_BYTES / bytes_per_s


def test_fast_link_gets_a_wide_window_soon() -> None:
    link = Link(100e6, 0.001)
    link.run(1)
    assert link.pace.window_bytes == MOST_BYTES
    assert link.delivered > 50e6


def test_link_that_becomes_slow_is_noticed() -> None:
    link = Link(2e6, 0.1)
    link.run(30)
    link.bytes_per_s = 32_000
    link.run(120)
    link.longest_queue_s = 0.0
    link.run(30)
    assert link.longest_queue_s < 6


def test_single_late_answer_is_no_queue() -> None:
    pace = Pace()
    now_s = 0.0
    for number in range(100):
        probe = pace.sent(PART_BYTES, now_s)
        now_s += 5.0 if number % 10 == 5 else 0.1
        if probe is not None:
            pace.arrived(probe, now_s)
    assert pace.window_bytes >= FIRST_BYTES
