"""When to record because of what other plugins say: pure logic on capture times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from picctv_core.frames import Result

SECOND = 1_000_000_000

LATENESS_S = 2.0
"""How much later than the video a result may come: an analyzer needs its time."""


@dataclass(slots=True)
class Window:
    """A stretch of time that shall be recorded.

    Attributes:
        plugin: whose result opened it.
        from_ns: where it begins: the first trigger less the pre-roll.
        until_ns: where it ends as far as is known: the last trigger plus the post-roll.
    """

    plugin: str
    from_ns: int
    until_ns: int


class Triggers:
    """Makes windows of results.

    Triggers whose clips would overlap or touch make one window. So a window is over only when the video has gone on
    beyond its end by the pre-roll, and by the time that a result may be late.
    """

    def __init__(self, pre_roll_s: float, post_roll_s: float, plugins: Collection[str] = ()) -> None:
        """Take seconds, and the names of the plugins that count; empty for all."""
        self._pre_ns = round(pre_roll_s * SECOND)
        self._post_ns = round(post_roll_s * SECOND)
        self._grace_ns = max(self._pre_ns, round(LATENESS_S * SECOND))
        self._plugins = frozenset(plugins)
        self.window: Window | None = None
        """The open window."""

    def counts(self, result: Result) -> bool:
        """Say whether a result is a trigger of a plugin that counts."""
        return bool(result.triggered) and (not self._plugins or result.plugin in self._plugins)

    def hear(self, result: Result) -> Window:
        """Take a result that counts, and give the window that is open then."""
        until_ns = result.captured_at_ns + self._post_ns
        if self.window is None:
            self.window = Window(result.plugin, result.captured_at_ns - self._pre_ns, until_ns)
        else:
            self.window.until_ns = max(self.window.until_ns, until_ns)
        return self.window

    def over(self, now_ns: int) -> bool:
        """Say whether the open window is over, for the video has gone on until `now_ns`."""
        return self.window is not None and now_ns > self.window.until_ns + self._grace_ns

    def close(self) -> None:
        """Close the window."""
        self.window = None
