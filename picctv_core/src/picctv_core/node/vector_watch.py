"""Noticing that a camera gives video, but no motion vectors."""

from __future__ import annotations

PATIENCE_NS = 10 * 1_000_000_000
"""So much video without any is enough: even a camera of one picture a second has had many that could have some."""


class VectorWatch:
    """Follows one camera. Used on the thread of its source."""

    def __init__(self) -> None:
        """Begin before the first picture."""
        self._first_ns: int | None = None
        self._over = False

    def saw_picture(self, captured_at_ns: int) -> bool:
        """Take note of a picture; say True once, when there have been enough without motion vectors."""
        if self._over:
            return False
        if self._first_ns is None:
            self._first_ns = captured_at_ns
        self._over = captured_at_ns - self._first_ns >= PATIENCE_NS
        return self._over

    def saw_vectors(self) -> None:
        """Take note of motion vectors: then all is well."""
        self._over = True
