"""What is known of a spool from elsewhere than its own file, so that it can be seen that something is missing from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Witness:
    """What the spool held when it was last looked at.

    Attributes:
        sequence: the largest number that its file knew.
        given: the largest number that a message had, whether it was in the file or only in memory.
        waiting_from_ns: from when on there was something that waited, UTC nanoseconds; None where nothing did.
        alive_at_ns: when that was.
        cameras: the ids of the node's cameras then.
    """

    sequence: int = 0
    given: int = 0
    waiting_from_ns: int | None = None
    alive_at_ns: int = 0
    cameras: tuple[str, ...] = ()
