"""Compares what cameras gave with what the store has. Pure: lists in, counts out.

A thing that was given must be stored once, unaltered, at its time; or lie in a gap of its camera and its plugin. A stretch
in which a camera gave nothing must be a gap too, and a gap must have a reason: something lost, or a camera silent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.faults.record import Item, Kind
    from tests.faults.stored import GapItem, Stored

S = 1_000_000_000

EXACT_NS = 1000
"""An MP4 counts microseconds."""

HOLE_NS = 2 * S
"""A camera that gives nothing for longer than this was away, and that must be a gap."""

SILENCE_NS = S // 2
"""The least silence of a camera that is a reason for a gap."""

SLACK_NS = 5 * S // 2
"""So far into what is stored may a gap reach, on either side: a group of pictures, a batch of results, and half a second."""

PLUGINS: dict[Kind, str] = {"unit": "recording", "result": "witness", "notification": "witness"}
"""Whose gaps speak of what; those of no plugin speak of everything."""


@dataclass
class Verdict:
    """What the comparison found; all but `given`, `stored` and `in_gaps` are to be 0.

    Attributes:
        given: things that cameras gave.
        stored: things of them that are stored as they were given.
        in_gaps: things of them that are not, and stand as gaps.
        missing: things that are not stored and lie in no gap.
        duplicated: things that are stored more than once.
        out_of_order: things that stand before others that were captured earlier.
        wrong_time: things that are stored with another time than they were given.
        altered: things in the store that no camera gave.
        unreadable: clips that can't be read, or are not what was stored.
        set_aside: messages that the node will not send any more, or that the server has set aside.
        gaps_without_cause: gaps in which nothing is missing.
        gaps_too_wide: gaps that reach further than `SLACK_NS` over what is stored.
        causes_without_gap: silences of a camera that no gap tells of.
        examples: some of them in words.
    """

    given: int = 0
    stored: int = 0
    in_gaps: int = 0
    missing: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    wrong_time: int = 0
    altered: int = 0
    unreadable: int = 0
    set_aside: int = 0
    gaps_without_cause: int = 0
    gaps_too_wide: int = 0
    causes_without_gap: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, int]:
        """Give the counts that are to be 0."""
        good = {"given", "stored", "in_gaps", "examples"}
        return {name: count for name, count in vars(self).items() if name not in good}


def compare(given: Sequence[Item], stored: Stored, set_aside: int = 0) -> Verdict:
    """Compare.

    Args:
        given: the record of all cameras, each camera's in the order in which it gave.
        stored: the store.
        set_aside: how many messages the node has set aside.
    """
    verdict = Verdict(
        given=len(given),
        out_of_order=stored.out_of_order,
        unreadable=len(stored.unreadable),
        set_aside=set_aside + stored.set_aside,
        examples=stored.unreadable[:10],
    )
    lost = _items(given, stored.items, verdict)
    for item in lost:
        if any(_speaks_of(gap, item) and gap.from_ns <= item.at_ns <= gap.to_ns for gap in stored.gaps):
            verdict.in_gaps += 1
        else:
            verdict.missing += 1
            _show(verdict, f"missing: {item.kind} of {item.camera} at {item.at_ns}")
    by_camera: dict[str, list[int]] = {}
    for item in given:
        if item.kind == "unit":
            by_camera.setdefault(item.camera, []).append(item.at_ns)
    for camera, times in by_camera.items():
        _silences(camera, times, stored.gaps, verdict)
    lost_ids = {_identity(item) for item in lost}
    kept = [item for item in given if _identity(item) not in lost_ids]
    for gap in stored.gaps:
        _gap(gap, lost, kept, by_camera, verdict)
    return verdict


def _items(given: Sequence[Item], found: Iterable[Item], verdict: Verdict) -> list[Item]:
    """Look at each thing that was given or stored; give those that are not stored."""
    known = {_identity(item): item for item in given}
    times: Counter[tuple[str, str, str]] = Counter()
    for item in found:
        identity = _identity(item)
        if (own := known.get(identity)) is None:
            verdict.altered += 1
            _show(verdict, f"altered: {item.kind} of {item.camera} at {item.at_ns}")
            continue
        times[identity] += 1
        if times[identity] > 1:
            verdict.duplicated += 1
            _show(verdict, f"duplicated: {item.kind} of {item.camera} at {item.at_ns}")
        if abs(own.at_ns - item.at_ns) > EXACT_NS:
            verdict.wrong_time += 1
            _show(verdict, f"wrong time: {item.kind} of {item.camera} at {item.at_ns}, not {own.at_ns}")
    verdict.stored = len(times)
    return [item for identity, item in known.items() if identity not in times]


def _silences(camera: str, times: Sequence[int], gaps: Sequence[GapItem], verdict: Verdict) -> None:
    """Look for stretches in which a camera gave nothing, and nobody says so."""
    own = [gap for gap in gaps if gap.camera in {camera, ""} and gap.plugin in {PLUGINS["unit"], ""}]
    for before, after in pairwise(times):
        # where the clock was set back, `after` is the smaller one
        if after - before > HOLE_NS and _uncovered(before, after, own) > HOLE_NS:
            verdict.causes_without_gap += 1
            _show(verdict, f"no gap: {camera} gave nothing from {before} to {after}")


def _uncovered(from_ns: int, to_ns: int, gaps: Sequence[GapItem]) -> int:
    """Give the longest part of a stretch of time that no gap covers."""
    longest, until_ns = 0, from_ns
    for gap in sorted(gaps, key=lambda gap: gap.from_ns):
        if gap.to_ns > until_ns and gap.from_ns < to_ns:
            longest = max(longest, gap.from_ns - until_ns)
            until_ns = gap.to_ns
    return max(longest, to_ns - until_ns)


def _gap(
    gap: GapItem,
    lost: Sequence[Item],
    kept: Sequence[Item],
    by_camera: dict[str, list[int]],
    verdict: Verdict,
) -> None:
    """Look whether a gap has a reason, and is no wider than that."""
    shown = f"{gap.camera or 'the node'} {gap.plugin} from {gap.from_ns} to {gap.to_ns}: {gap.cause}"
    missing = {item.kind for item in lost if _speaks_of(gap, item) and gap.from_ns <= item.at_ns <= gap.to_ns}
    silent = ends_a_clock = False
    rewound: list[tuple[int, int]] = []
    for camera, times in by_camera.items():
        if gap.camera not in {camera, ""}:
            continue
        for before, after in pairwise(times):
            if after < before:
                rewound.append((after, before))
                # By the clock of before, nothing was captured from here on; what is stored of these times is of the next.
                ends_a_clock = ends_a_clock or abs(gap.from_ns - before) <= SLACK_NS
            elif after - before > SILENCE_NS and before < gap.to_ns and after > gap.from_ns:
                silent = True
        # before the first picture, and after the last one, nobody looks
        silent = silent or (bool(times) and (gap.to_ns <= times[0] or gap.from_ns >= times[-1]))
    if ends_a_clock:
        return
    if not missing and not silent:
        verdict.gaps_without_cause += 1
        _show(verdict, f"nothing is missing in the gap of {shown}")
    within = [
        item
        for item in kept
        if _speaks_of(gap, item)
        # a plugin's notifications may be kept where its results are not
        and (not missing or item.kind in missing)
        and gap.from_ns + SLACK_NS < item.at_ns < gap.to_ns - SLACK_NS
        # what a clock gave twice can't be told apart by its time
        and not any(from_ns <= item.at_ns <= to_ns for from_ns, to_ns in rewound)
    ]
    if within:
        verdict.gaps_too_wide += 1
        _show(verdict, f"{len(within)} things are stored in the gap of {shown}")


def _speaks_of(gap: GapItem, item: Item) -> bool:
    return gap.camera in {item.camera, ""} and gap.plugin in {PLUGINS[item.kind], ""}


def _identity(item: Item) -> tuple[str, str, str]:
    return item.kind, item.camera, item.digest


def _show(verdict: Verdict, line: str) -> None:
    if len(verdict.examples) < 60:
        verdict.examples.append(line)
