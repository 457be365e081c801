"""What motion saw in a clip, in three lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND = 1_000_000_000

LONGEST_STEP_S = 2.0
"""A result speaks for the time up to the next one, but not for longer than this: then nothing is known."""


@dataclass(frozen=True)
class Peak:
    """The largest of some values: in percent, and seconds into the clip."""

    percent: float
    at_s: float


@dataclass(frozen=True)
class Summary:
    """What motion saw in a clip.

    Attributes:
        moving_s: for how many seconds something moved.
        score: the highest score.
        area: the largest moving part of the picture.
    """

    moving_s: float
    score: Peak
    area: Peak


def summarise(results: Sequence[tuple[int, Any]], started_at_ns: int, ended_at_ns: int) -> Summary | None:
    """Sum up the results of a clip.

    Args:
        results: of motion, as (captured_at_ns, result), in order of time.
        started_at_ns: where the clip begins.
        ended_at_ns: where it ends.

    Returns:
        None where nothing moved.
    """
    times = [at_ns for at_ns, _ in results] + [ended_at_ns]
    moving = [
        ((at_ns - started_at_ns) / SECOND, (until_ns - at_ns) / SECOND, result)
        for (at_ns, result), until_ns in zip(results, times[1:], strict=True)
        if isinstance(result, dict) and result.get("triggered") is True
    ]
    if not moving:
        return None

    def peak(field: str) -> Peak:
        at_s, _, result = max(moving, key=lambda step: float(step[2].get(field) or 0.0))
        return Peak(100.0 * float(result.get(field) or 0.0), at_s)

    moving_s = sum(min(max(seconds, 0.0), LONGEST_STEP_S) for _, seconds, _ in moving)
    return Summary(moving_s, peak("score"), peak("area"))
