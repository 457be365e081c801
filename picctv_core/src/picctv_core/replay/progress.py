"""How far a replay has come, in one line on a terminal."""

from __future__ import annotations

import sys
import time

from picctv_core.replay.times import offset

_EVERY_S = 0.1
_WIDTH = 30
_CLEAR = "\x1b[2K\r"


class Progress:
    """A bar on standard error, where that is a terminal; else nothing.

    Args:
        total_ns: how long the file is; 0 where it does not say.
        shown: whether to show it at all.
    """

    def __init__(self, total_ns: int, *, shown: bool) -> None:
        self._total_ns = total_ns
        self._shown = shown and sys.stderr.isatty()
        self._began_s = time.monotonic()
        self._due_s = 0.0

    def at(self, media_ns: int) -> None:
        """Say how much of the file has been gone through, in nanoseconds since its first picture."""
        if not self._shown or (now_s := time.monotonic()) < self._due_s:
            return
        self._due_s = now_s + _EVERY_S
        times = media_ns / 1e9 / max(now_s - self._began_s, 1e-3)
        text = f"{offset(media_ns)}  {times:.1f} times real time"
        if self._total_ns > 0:
            part = min(1.0, max(0.0, media_ns / self._total_ns))
            text = f"[{'#' * round(part * _WIDTH):{_WIDTH}}] {part:4.0%}  {text}"
        # The cursor goes back to the start, so that a line of the log takes the bar's place.
        self._write(_CLEAR + text + "\r")

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._write(_CLEAR)

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
