"""Every detector on every picture of the footage and of the hard cases; then thresholds, rates, curves."""

from __future__ import annotations

import time
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.bench.motion import hard_cases
from tests.bench.motion.detectors import OURS, detectors, swept, thresholds
from tests.bench.motion.pictures import Feed, decoded
from tests.bench.motion.scoring import Answers, Pixels, score, together

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.motion.detectors import Detector
    from tests.bench.motion.hard_cases import Case
    from tests.bench.motion.pictures import Bytes, Picture
    from tests.bench.motion.scoring import Truth

FEEDS = {"whole": False, "node": True}
"""How the files are given: in their own size and rate, and as a node does; whether the latter."""

THRESHOLDS = [float(value) for value in np.geomspace(1e-5, 0.5, 60)]
By = dict[str, dict[str, Answers]]


def at_sensitivity(value: float) -> str:
    """Name our detector at another sensitivity than the default."""
    return f"{OURS} at {value:g}"


def _makers() -> dict[str, Callable[[], Detector]]:
    return detectors() | {at_sensitivity(value): make for value, make in swept().items()}


def on_footage(folder: Path, truths: dict[str, Truth], limit: int | None) -> dict[str, By]:
    """Show each file to all detectors, decoded once.

    Returns:
        The answers by feed, detector and file.
    """
    found: dict[str, By] = {feed: defaultdict(dict) for feed in FEEDS}
    for name, truth in truths.items():
        began = time.monotonic()
        feeds = {feed: Feed(as_node=as_node) for feed, as_node in FEEDS.items()}
        running = {feed: {who: make() for who, make in _makers().items()} for feed in FEEDS}
        for feed in FEEDS:
            for who in running[feed]:
                found[feed][who][name] = Answers(pixels=Pixels() if truth.masks else None)
        masks = decoded(truth.masks) if truth.masks else None
        for number, captured_at_ns, frame in islice(decoded(folder / name), limit):
            mask: Any = next(masks)[2].to_ndarray() if masks else None
            if not truth.evaluated[0] <= number <= truth.evaluated[1]:
                mask = None
            for feed in FEEDS:
                picture = feeds[feed].take(frame, number, captured_at_ns)
                if picture is not None:
                    _ask(running[feed], picture, mask, {who: found[feed][who][name] for who in running[feed]})
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return found


def on_hard_cases(cases: list[Case], seeds: list[int], duration_s: float | None) -> dict[str, Any]:
    """Show each hard case to all detectors, as a node would give it.

    Returns:
        By case and detector, the answers to empty and to peopled pictures with their truth.
    """
    found: dict[str, Any] = {}
    for case in cases:
        began = time.monotonic()
        rows: dict[str, list[tuple[Answers, dict[int, bool]]]] = defaultdict(list)
        for seed in seeds:
            for peopled in (False, True) if case.peopled else (False,):
                running = {who: make() for who, make in _makers().items()}
                answers = {who: Answers() for who in running}
                labels: dict[int, bool] = {}
                feed = Feed(as_node=True)
                drawn = hard_cases.frames(case, peopled=peopled, seed=seed, duration_s=duration_s)
                for number, captured_at_ns, frame, moving in drawn:
                    picture = feed.take(frame, number, captured_at_ns)
                    if picture is None:
                        continue
                    if moving is not None:
                        labels[number] = moving
                    _ask(running, picture, None, answers)
                for who, said in answers.items():
                    rows[who].append((said, labels))
        found[case.name] = rows
        print(f"{case.name}: {time.monotonic() - began:.0f} s", flush=True)
    return found


def _ask(
    running: dict[str, Detector], picture: Picture, truth: Bytes | None, answers: dict[str, Answers]
) -> None:
    assert picture.colours.ndim == 3  # made now, so that no detector's time has it
    for who, detector in running.items():
        began = time.perf_counter()
        found = detector.apply(picture)
        said = answers[who]
        said.ms.append(1000 * (time.perf_counter() - began))
        said.scores[picture.number] = found.score
        if found.triggered is not None:
            said.decided[picture.number] = found.triggered
        if truth is not None and said.pixels is not None:
            said.pixels.add(found.mask if found.triggered is not False else None, truth)


def summary(
    answers: dict[str, dict[str, Answers]], truths: dict[str, Truth], defaults: dict[str, float | None]
) -> dict[str, Any]:
    """Give rates and curves of each detector on one feed.

    Args:
        answers: by detector and file.
        truths: by file.
        defaults: each detector's threshold; None where it decides by itself.
    """
    found: dict[str, Any] = {}
    for who, files in answers.items():
        if who not in defaults:
            continue
        threshold = defaults[who]
        row: dict[str, Any] = {"default": _at(files, truths, threshold)}
        row["files"] = _files(files, truths, threshold)
        if threshold is None:
            others = {value: answers.get(at_sensitivity(value)) for value in swept()}
            points = [_at(other, truths, None) for other in others.values() if other]
            row["curve"] = _curve([*points, row["default"]])
        else:
            tried = [_at(files, truths, value) for value in THRESHOLDS]
            row["best"] = max([*tried, row["default"]], key=lambda one: one["f1"])
            row["curve"] = _curve(tried)
        pixels = {name: round(said.pixels.f, 4) for name, said in files.items() if said.pixels}
        if any(said.pixels.right for said in files.values() if said.pixels):
            row["pixel_f"] = pixels
        found[who] = row
    return found


def _files(files: dict[str, Answers], truths: dict[str, Truth], threshold: float | None) -> dict[str, Any]:
    found = {}
    for name, said in files.items():
        one = score(said.triggered(threshold), truths[name])
        found[name] = {
            "tpr": None if one.tpr is None else round(one.tpr, 4),
            "fpr": None if one.fpr is None else round(one.fpr, 4),
            "alarms": one.alarms,
            "still_s": round(one.still_s, 1),
            "events_found": one.found,
            "events": one.events,
            "ms": round(sum(said.ms) / len(said.ms), 3) if said.ms else None,
        }
    return found


def _at(files: dict[str, Answers], truths: dict[str, Truth], threshold: float | None) -> dict[str, Any]:
    scores = {name: score(said.triggered(threshold), truths[name]) for name, said in files.items()}
    return {"threshold": threshold, **together(scores)}


def _curve(points: list[dict[str, Any]]) -> list[list[float]]:
    return [list(pair) for pair in sorted({(one["fpr"], one["tpr"]) for one in points})]


def hard_summary(found: dict[str, Any], bests: dict[str, float]) -> dict[str, Any]:
    """Give, by case and detector, the part of empty frames that trigger and the part of frames with somebody that do.

    Args:
        found: of `on_hard_cases`.
        bests: the threshold of each peer that was best on the footage.
    """
    defaults = thresholds()
    return {
        case: {
            who: {
                "quiet": _share(runs, defaults[who], moving=False),
                "recall": _share(runs, defaults[who], moving=True),
                **(
                    {
                        "quiet_best": _share(runs, bests[who], moving=False),
                        "recall_best": _share(runs, bests[who], moving=True),
                    }
                    if who in bests
                    else {}
                ),
            }
            for who, runs in rows.items()
            if who in defaults
        }
        for case, rows in found.items()
    }


def _share(
    runs: list[tuple[Answers, dict[int, bool]]], threshold: float | None, *, moving: bool
) -> float | None:
    said = [
        answer
        for answers, labels in runs
        for number, answer in answers.triggered(threshold).items()
        if labels.get(number) is moving
    ]
    return round(sum(said) / len(said), 4) if said else None
