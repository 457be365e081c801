"""Our motion detector and others, on the same pictures in one run: what they find, and what they take.

They measure and print. That the figures are good is for readers to say: no assert here is about accuracy or time. The figures go to
`docs/benchmarks/motion.json`, if all parts ran.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import pytest

from tests.bench.conftest import machine
from tests.bench.motion import accuracy, costs, debian_motion, frigate_checkout, hard_cases, vectors
from tests.bench.motion.detectors import FRIGATE, GREY, OURS, SCREEN, detectors, missing, thresholds
from tests.bench.motion.scoring import Answers, truths

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

FIGURES = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "motion.json"
PARTS = {"footage", "hard_cases", "vectors", "speed", "memory", "instructions"}
MOTION = "Motion"
SHORT_FRAMES, SHORT_S = 30, 4.0


@pytest.fixture(scope="module")
def found(short: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The figures of this run by part, as in the other benchmarks."""
    load = os.getloadavg()[0]
    lacking = missing()
    if debian_motion.available() is None:
        lacking[MOTION] = "apt install motion"
    for name, how in lacking.items():
        print(f"\n{name} is left out: {how}")
    figures: dict[str, Any] = {}
    yield figures
    if figures.keys() == PARTS:
        path = tmp_path_factory.mktemp("figures") / FIGURES.name if short else FIGURES
        loads = {"load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2)}
        whole = {"machine": {**machine(), **loads}, "versions": versions(), "missing": lacking, **figures}
        path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
        print(f"\nwrote {path}")


def versions() -> dict[str, str]:
    """Give the versions of what is compared."""
    said = {"OpenCV": cv2.__version__}
    if (version := debian_motion.available()) is not None:
        said[MOTION] = version
    if "DVR-Scan" in detectors():
        said["DVR-Scan"] = importlib.metadata.version("dvr-scan")
    if FRIGATE in detectors():
        said[FRIGATE] = frigate_checkout.version()
    return said


def test_footage(footage: Path, short: bool, found: dict[str, Any]) -> None:
    known = truths(footage)
    if short:
        known = {name: known[name] for name in ("one-by-one.mp4", "office.avi")}
    with ThreadPoolExecutor(1) as beside:
        asked = debian_motion.available() is not None and not short
        theirs = beside.submit(debian_motion.watch, [footage / name for name in known]) if asked else None
        answers = accuracy.on_footage(footage, known, SHORT_FRAMES if short else None)
    figures: dict[str, Any] = {"truth": {name: described(truth) for name, truth in known.items()}}
    for feed, said in answers.items():
        figures[feed] = accuracy.summary(said, known, thresholds())
    if theirs is not None:
        said = {MOTION: {name: Answers(scores=scores) for name, scores in theirs.result().items()}}
        figures["whole"] |= motions(said, footage, known)
    found["footage"] = figures
    for feed in accuracy.FEEDS:
        print(f"\n{feed:16}{'F1':>7}{'TPR':>7}{'FPR':>7}{'/h':>8}{'events':>9}{'best F1':>9}  pixel F")
        for who, row in figures[feed].items():
            one, best = row["default"], row.get("best")
            rates = f"{one['f1']:7.3f}{one['tpr']:7.3f}{one['fpr']:7.3f}{one['alarms_per_hour'] or 0:8.0f}"
            events = f"{one['events_found']}/{one['events']}"
            best_f1 = f"{best['f1']:.3f}" if best else ""
            print(f"{who:16}{rates}{events:>9}{best_f1:>9}  {row.get('pixel_f', '')}")


def described(truth: Any) -> dict[str, Any]:
    """Say how much of a file is scored."""
    moving = sum(truth.labels.values())
    return {
        "rate": round(truth.rate, 2),
        "moving": moving,
        "still": len(truth.labels) - moving,
        "events": len(truth.events),
    }


def motions(said: dict[str, dict[str, Answers]], footage: Path, known: dict[str, Any]) -> dict[str, Any]:
    """Give Motion's figures: its threshold is a number of pixels, so its default is another part of each size."""
    rows = accuracy.summary(said, known, {MOTION: SCREEN})
    decided: dict[str, Answers] = {}
    for name, answers in said[MOTION].items():
        part = debian_motion.THRESHOLD_PIXELS / debian_motion.pixels(footage / name)
        decided[name] = Answers(scores=answers.scores, decided=answers.triggered(part))
    by_default = accuracy.summary({MOTION: decided}, known, {MOTION: None})[MOTION]
    return {MOTION: rows[MOTION] | {"default": by_default["default"], "files": by_default["files"]}}


def test_hard_cases(short: bool, found: dict[str, Any]) -> None:
    cases = list(hard_cases.CASES[1:3] if short else hard_cases.CASES)
    seen = accuracy.on_hard_cases(cases, [1] if short else [1, 2], SHORT_S if short else None)
    node = found.get("footage", {}).get("node", {})
    bests = {who: row["best"]["threshold"] for who, row in node.items() if "best" in row}
    found["hard_cases"] = accuracy.hard_summary(seen, bests)
    for case, rows in found["hard_cases"].items():
        print(f"\n{case}: part of frames that trigger, empty and with somebody (at the best threshold)")
        for who, row in rows.items():
            print(
                f"  {who:14}"
                + "".join(f"{'-' if part is None else f'{part:.3f}':>9}" for part in row.values())
            )


def test_vectors(footage: Path, short: bool, found: dict[str, Any]) -> None:
    known, cases = truths(footage), list(hard_cases.CASES)
    if short:
        known, cases = {"office.avi": known["office.avi"]}, cases[1:2]
    found["vectors"] = figures = vectors.measure(footage, known, cases, short=short)
    print(f"\n{figures['footage']['default']}")
    for case, row in figures["hard_cases"].items():
        print(f"  {case:16}{row}")
    for size, contents in figures["speed"].items():
        for content, row in contents.items():
            print(f"  {size} {content}: {row}")
    print(f"  {figures['instructions']}")


def test_speed(short: bool, found: dict[str, Any]) -> None:
    sizes = list(costs.SIZES)[: 1 if short else None]
    found["speed"] = costs.speed(sizes, rounds=1 if short else 7, pictures=10 if short else 30)
    for size, contents in found["speed"].items():
        for content, rows in contents.items():
            compared = [ratio for ratio, other in costs.RATIOS.items() if other in rows]
            print(
                f"\n{size}, {content}: ms a picture"
                + "".join(f", {costs.RATIOS[ratio]} = 1" for ratio in compared)
            )
            for who, row in rows.items():
                print(f"  {who:26}{row['ms']:9.3f}" + "".join(f"{row[ratio]:9.4f}" for ratio in compared))


def test_memory(short: bool, found: dict[str, Any]) -> None:
    sizes, names = (["640x480"], [OURS, GREY]) if short else (list(costs.SIZES), list(detectors()))
    found["memory"] = costs.memory(sizes, names)
    for size, rows in found["memory"].items():
        print(f"\n{size}: " + ", ".join(f"{who} {grown / 1e6:.1f} MB" for who, grown in rows.items()))


def test_instructions(short: bool, found: dict[str, Any]) -> None:
    names = [OURS, GREY] if short else list(detectors())
    contents = ["quiet"] if short else list(costs.CONTENTS)
    counted = costs.instructions("640x480", names, 3 if short else 10, contents)
    found["instructions"] = counted
    if counted is None:
        pytest.skip("valgrind is missing: apt install valgrind")
    for who, row in counted.items():
        print(
            f"\n{who:14}" + ", ".join(f"{content} {count / 1e6:.2f} M" for content, count in row.items()),
            end="",
        )
