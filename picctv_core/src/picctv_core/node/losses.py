"""What was lost, until it stands as a gap: one stretch of time for each camera and plugin."""

from __future__ import annotations

import threading
from typing import Any

from picctv_core.errors import CodecError
from picctv_core.messages import CLIP, EVENT, GAP, RESULTS, SCHEMA

Stretch = tuple[int, int, int]
"""From, to (UTC nanoseconds since the epoch), and the bytes that were lost."""


def span_of(kind: str, payload: Any, captured_at_ns: int) -> tuple[int, int]:
    """Give the stretch of time that a message speaks of, from and to in UTC nanoseconds.

    Raises:
        CodecError: it is of one of picctv's own kinds, and its payload is not as `picctv_core.messages` says.
    """
    try:
        if kind == RESULTS:
            times = [int(at_ns) for at_ns, _ in payload["items"]]
            return min(times), max(times)
        if kind in {CLIP, EVENT}:
            ended_at_ns = payload["ended_at_ns"]
            return int(payload["started_at_ns"]), int(captured_at_ns if ended_at_ns is None else ended_at_ns)
        if kind == GAP:
            return int(payload["from_ns"]), int(payload["to_ns"])
        if kind == SCHEMA:
            int(payload["version"]), list(payload["fields"]), dict(payload["json_schema"])
    except (KeyError, TypeError, ValueError) as error:
        raise CodecError(
            f"a message of kind {kind!r} has another payload than this kind must have: {type(error).__name__}: {error}"
        ) from error
    return captured_at_ns, captured_at_ns


class Losses:
    """A ledger of losses; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stretches: dict[tuple[str, str], list[Stretch]] = {}
        self._closed: set[tuple[str, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._stretches)

    def add(self, key: tuple[str, str], from_ns: int, to_ns: int, lost_bytes: int) -> None:
        """Note a loss of a camera and plugin; it widens the stretch that is noted already, if nothing was kept since."""
        with self._lock:
            stretches = self._stretches.setdefault(key, [])
            if stretches and key not in self._closed:
                before = stretches.pop()
                from_ns, to_ns = min(before[0], from_ns), max(before[1], to_ns)
                lost_bytes += before[2]
            stretches.append((from_ns, to_ns, lost_bytes))
            self._closed.discard(key)

    def kept(self, key: tuple[str, str]) -> None:
        """Note that something of a camera and plugin was not lost: what is lost later is another stretch."""
        if self._stretches:
            with self._lock:
                self._closed.add(key)

    def items(self) -> list[tuple[tuple[str, str], Stretch]]:
        """Give every stretch, with the camera and plugin that lost something."""
        with self._lock:
            return [(key, stretch) for key, stretches in self._stretches.items() for stretch in stretches]

    def pop(self, key: tuple[str, str]) -> Stretch | None:
        """Give the newest stretch of a camera and plugin, and forget all of it; None where there is none."""
        with self._lock:
            self._closed.discard(key)
            stretches = self._stretches.pop(key, None)
            return stretches[-1] if stretches else None

    def clear(self) -> None:
        """Forget them: they stand as gaps now."""
        with self._lock:
            self._stretches.clear()
            self._closed.clear()
