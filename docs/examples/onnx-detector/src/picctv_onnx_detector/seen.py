"""What was seen in a clip, as people read it: not frames but stretches of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND = 1_000_000_000

TOGETHER_S = 3.0
"""Two sightings of a class that are not further apart than this are one."""


@dataclass(frozen=True)
class Sighting:
    """A stretch of time in which objects of a class were seen.

    Attributes:
        label: the class.
        from_s: seconds into the clip.
        to_s: seconds into the clip; the last time that one was seen.
        best_s: seconds into the clip, where the model was surest.
        best_percent: how sure it was there.
        most: how many there were at once.
    """

    label: str
    from_s: float
    to_s: float
    best_s: float
    best_percent: float
    most: int


def sightings(results: Iterable[tuple[int, Any]], started_at_ns: int) -> list[Sighting]:
    """Put the results of a clip together.

    Args:
        results: of the plugin, as (captured_at_ns, result), in order of time.
        started_at_ns: where the clip begins.

    Returns:
        In order of their beginning.
    """
    last: dict[str, Sighting] = {}
    over: list[Sighting] = []
    for at_ns, result in results:
        at_s = (at_ns - started_at_ns) / SECOND
        for label, scores in _by_label(result).items():
            here = Sighting(label, at_s, at_s, at_s, 100 * max(scores), len(scores))
            before = last.get(label)
            if before is not None and at_s - before.to_s <= TOGETHER_S:
                last[label] = _together(before, here)
                continue
            if before is not None:
                over.append(before)
            last[label] = here
    return sorted([*over, *last.values()], key=lambda one: (one.from_s, one.label))


def _by_label(result: Any) -> dict[str, list[float]]:
    scores: dict[str, list[float]] = {}
    if isinstance(result, dict):  # what another plugin of this name once stored is nobody's fault now
        for label, score in zip(result.get("labels", []), result.get("scores", []), strict=False):
            scores.setdefault(label, []).append(score)
    return scores


def _together(before: Sighting, here: Sighting) -> Sighting:
    best = max(before, here, key=lambda one: one.best_percent)
    return Sighting(
        before.label,
        before.from_s,
        here.to_s,
        best.best_s,
        best.best_percent,
        max(before.most, here.most),
    )
