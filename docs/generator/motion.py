"""The page of the motion benchmark and its curves, made from what `./run bench motion` has written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.curves import Axis, Series, chart

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "motion.json"
OURS = "picctv"
RATIOS = {"of_mog2_grey": "MOG2 on grey", "of_frigate": "Frigate's detector"}
MOST_FALSE, LEAST_FOUND = 0.02, 0.9
FEEDS = {
    "whole": "The files in their own size and rate",
    "node": "As a node gives them to its analyzers: 320x240, at most ten a second",
}


def _figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def page() -> Iterator[str]:
    """Show the figures."""
    figures = _figures()
    yield "# How the motion detector compares\n"
    yield (
        "Our detector and others on the same decoded pictures, in one run of `./run bench motion`. It takes about twenty minutes, and "
        "the real footage, which is not ours to give away: `PICCTV_FOOTAGE` names its folder. `./run docs` makes this page of "
        "what it wrote to `docs/benchmarks/motion.json`.\n"
    )
    yield from _machine(figures)
    yield from _footage(figures["footage"])
    yield from _hard_cases(figures["hard_cases"])
    yield from _fails(figures)
    if "vectors" in figures:
        yield from _vectors(figures["vectors"])
    yield from _speed(figures["speed"])
    yield from _memory(figures["memory"])
    yield from _instructions(figures["instructions"])


def _machine(figures: dict[str, Any]) -> Iterator[str]:
    machine = figures["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in figures["versions"].items())
    yield (
        f"Measured on {machine['date']} with Python {machine['python']} and {versions}, on {machine['cores']} cores of "
        f"{machine['cpu']}. The load average was {machine['load_before']} before and {machine['load_after']} after: above 1, "
        "something else ran meanwhile. All detectors take turns, so that it met all alike: ratios suffer less from it than "
        "milliseconds do.\n"
    )
    yield from (f"{note}\n" for note in figures.get("notes", []))
    if figures["missing"]:
        yield "Left out, for they were not installed: " + ", ".join(figures["missing"]) + ".\n"
    yield "## The detectors\n"
    yield (
        "All run on one thread, with their default settings. Ours is `MotionDetector` with the defaults of the motion plugin, one set for "
        "everything. OpenCV's MOG2 and KNN, and CNT of its contributed modules, give a mask; it is opened by 3x3, and a picture counts as motion "
        "where more than 0.06 % of it is left, which is DVR-Scan's default. *Best F1* is with the threshold that suits the detector best on all of "
        "this footage, chosen afterwards: more than anybody has who does not know the footage yet. Ours has no such column: its default is what it is. "
        "Shadows that MOG2 and KNN tell apart do not count. DVR-Scan's own detector is asked as its scanner does, without its rule of how many "
        "frames make an event. Converting to colours is no part of anybody's time. Motion is Debian's program, reading the file as a network camera at its own pace; it "
        "looks three times a second while it sees nothing, what it says is laid over the file to some tenths of a second, and its default threshold is 1500 pixels. Its time "
        "can't be told from that of its decoding. Frigate's detector comes from a checkout of its repository and looks at 100 rows of brightness; a picture counts as motion where it "
        "gives a box and is not calibrating, for then Frigate takes no notice of the box, and its best threshold is one for the part of the picture in its boxes. It is made to find where an "
        "object detector should look, five times a second, and asked here about motion.\n"
    )


def _footage(footage: dict[str, Any]) -> Iterator[str]:
    truth = footage["truth"]
    scored = sum(one["moving"] + one["still"] for one in truth.values())
    yield "## On real footage\n"
    yield (
        f"{len(truth)} files, {scored} frames of which it is known whether something moves. TPR is the part of the frames with motion that "
        "trigger, FPR that of the frames with none, each averaged over the files, and F1 is made of both averages: 2 TPR / (1 + TPR + FPR). A *false "
        "alarm* is a frame that triggers where certainly nothing moves, after one that did not; an *event* is found if one of its frames triggers. *Pixel "
        "F* is CDnet's F-measure over all evaluated pixels. In the files with truth for each pixel a frame shows motion if 0.1 % of it moves, and "
        "none if nothing does and nothing is unknown; the rest is not scored.\n"
    )
    for feed, title in FEEDS.items():
        yield f"### {title}\n"
        pixel_files = [
            name for name, one in footage[feed][OURS].get("pixel_f", {}).items() if one is not None
        ]
        heads = "".join(f" pixel F {Path(name).stem} |" for name in pixel_files)
        yield f"| detector | F1 | TPR | FPR | false alarms an hour | events found | best F1 |{heads}"
        yield "|---|---:|---:|---:|---:|---:|---:|" + "---:|" * len(pixel_files)
        for who, row in footage[feed].items():
            one, best = row["default"], row.get("best")
            alarms = "" if one["alarms_per_hour"] is None else f"{one['alarms_per_hour']:.0f}"
            best_f1 = f"{best['f1']:.3f}" if best else ""
            pixels = "".join(
                f" {row['pixel_f'][name]:.2f} |" if "pixel_f" in row else " |" for name in pixel_files
            )
            rates = f"{one['f1']:.3f} | {one['tpr']:.3f} | {one['fpr']:.3f} | {alarms}"
            yield f"| {who} | {rates} | {one['events_found']} of {one['events']} | {best_f1} |{pixels}"
        yield ""
    yield "![TPR over FPR](../images/motion-tpr-over-fpr.svg)\n"
    yield (
        "Each detector's threshold, and our sensitivity (0 to 1), from strict to keen, on the files in their own size and rate. The dot is the default.\n"
    )
    yield "![F1 over cost](../images/motion-f1-over-cost.svg)\n"
    yield "Filled: with the default threshold; ring: with the best one. The cost is that of 1280x720, the mean of quiet and busy pictures.\n"
    yield "### Ours, file by file\n"
    yield "| file | frames a second | scored: moving, still | TPR | FPR | false alarms | events found | as a node: TPR | FPR |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    node = footage["node"][OURS]["files"]
    for name, row in footage["whole"][OURS]["files"].items():
        said = truth[name]
        yield (
            f"| {name} | {said['rate']:g} | {said['moving']}, {said['still']} | {_part(row['tpr'])} | {_part(row['fpr'])} | {row['alarms']} | "
            f"{row['events_found']} of {row['events']} | {_part(node[name]['tpr'])} | {_part(node[name]['fpr'])} |"
        )
    yield ""


def _part(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _hard_cases(cases: dict[str, Any]) -> Iterator[str]:
    names = list(next(iter(cases.values())))
    yield "## Hard cases\n"
    yield (
        "Drawn scenes, the same on every machine, given as a node gives them; `tests/bench/motion/hard_cases.py` draws them. The first three seconds are not scored. For each detector "
        "the part of the frames that trigger, in %: of those with nothing in them, which should be 0, and after the stroke of those in which somebody walks "
        "through the same scene, which should be 100. In the dark noise nobody would be seen, and nobody walks. The far walkers are "
        "6 % of the picture's height, in coats from dark to light: hardly larger than the default threshold of the others, which a smaller one would see, with more of the noise.\n"
    )
    yield "| scene | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names)
    for case, rows in cases.items():
        cells = [f"{_percent(row['quiet'])} / {_percent(row['recall'])}" for row in rows.values()]
        yield f"| {case} | " + " | ".join(cells) + " |"
    yield ""
    bests = [name for name in names if "quiet_best" in next(iter(cases.values()))[name]]
    if not bests:
        return
    yield "The same, with the threshold of each that was best on the footage:\n"
    yield "| scene | " + " | ".join(bests) + " |\n|---|" + "---:|" * len(bests)
    for case, rows in cases.items():
        cells = [
            f"{_percent(rows[name]['quiet_best'])} / {_percent(rows[name]['recall_best'])}" for name in bests
        ]
        yield f"| {case} | " + " | ".join(cells) + " |"
    yield ""


def _vectors(vectors: dict[str, Any]) -> Iterator[str]:
    yield "## From the encoder's motion vectors\n"
    yield (
        "The motion plugin's other detector, `VectorDetector`, which sees no picture. The MP4 files are as the cameras' own encoders made them, one with "
        "B-frames; the others were encoded by x264 as a Raspberry Pi does it: baseline, one reference, no B-frames, a key picture every 60, constant rate factor 23. No Pi was "
        "there. Every picture is looked at, but for key pictures, which have no vectors and are not scored. Many of the wrong pictures come right after something that moved, for what "
        "was found is held for 0.7 s.\n"
    )
    yield from (f"{note}\n" for note in vectors.get("notes", []))
    one = vectors["footage"]["default"]
    yield (
        f"All files: F1 {one['f1']:.3f}, TPR {one['tpr']:.3f}, FPR {one['fpr']:.3f}, {one['alarms']} false alarms, {one['events_found']} of {one['events']} events "
        "found.\n"
    )
    yield "| file | TPR | FPR | false alarms | events found |\n|---|---:|---:|---:|---:|"
    for name, row in vectors["footage"]["files"].items():
        rates = f"{_part(row['tpr'])} | {_part(row['fpr'])} | {row['alarms']}"
        yield f"| {name} | {rates} | {row['events_found']} of {row['events']} |"
    yield "\nThe hard cases, drawn in 640x480 and encoded: the part of the empty pictures that trigger, and of those with somebody, in %.\n"
    yield "| scene | empty | with somebody |\n|---|---:|---:|"
    for case, row in vectors["hard_cases"].items():
        yield f"| {case} | {_percent(row['quiet'])} | {_percent(row['recall'])} |"
    yield (
        "\nWhat it takes, milliseconds a picture: to decode it; the same and tell of vectors; to make a grid of them; to detect.\n"
    )
    yield "| pictures | decode | and tell | grid | detect |\n|---|---:|---:|---:|---:|"
    for size, contents in vectors["speed"].items():
        for content, row in contents.items():
            told = " | ".join(f"{row[key]:.2f}" for key in ("decode", "decode_export", "grid", "detect"))
            yield f"| {size} {content} | {told} |"
    yield ""
    if vectors["instructions"] is not None:
        yield "Millions of instructions a picture, counted by valgrind:\n"
        yield "| pictures | grid | detect |\n|---|---:|---:|"
        for size, contents in vectors["instructions"].items():
            for content, row in contents.items():
                yield f"| {size} {content} | {row['grid'] / 1e6:.2f} | {row['detect'] / 1e6:.2f} |"
        yield ""


def _fails(figures: dict[str, Any]) -> Iterator[str]:
    """List what is beyond some bounds, so that nobody has to look for it in the tables."""
    yield "## Where ours falls short\n"
    yield f"More than {100 * MOST_FALSE:g} % of empty frames trigger, or fewer than {100 * LEAST_FOUND:g} % of those with motion:\n"
    files = {
        f"{name}, {'as a node' if feed == 'node' else 'whole'}": (row["fpr"], row["tpr"])
        for feed in FEEDS
        for name, row in figures["footage"][feed][OURS]["files"].items()
    }
    cases = {
        name: (rows[OURS]["quiet"], rows[OURS]["recall"]) for name, rows in figures["hard_cases"].items()
    }
    found = False
    for name, (false, right) in (files | cases).items():
        said = (
            [f"{_percent(false)} % of the empty frames"] if false is not None and false > MOST_FALSE else []
        )
        if right is not None and right < LEAST_FOUND:
            said.append(f"{_percent(right)} % of the frames with motion")
        if said:
            found = True
            yield f"- {name}: {' and '.join(said)}"
    yield "" if found else "None.\n"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _speed(speed: dict[str, Any]) -> Iterator[str]:
    yield "## Time\n"
    columns = [(size, content) for size, contents in speed.items() for content in contents]
    first = speed[columns[0][0]][columns[0][1]]
    ratios = [ratio for ratio in RATIOS if ratio in first[OURS]]
    parts = ", and after the next ".join(
        f"as a part of what {RATIOS[ratio]} took in the same rounds" for ratio in ratios
    )
    yield (
        "Milliseconds a picture on one thread, the median over seven rounds of the mean over thirty pictures, with its learning in it; after the stroke the same "
        f"{parts}. *Quiet* has nothing but noise, *busy* somebody who walks. *Scaling included* is what a node does: to 320x240 first.\n"
    )
    yield "| detector | " + " | ".join(f"{size} {content}" for size, content in columns) + " |"
    yield "|---|" + "---:|" * len(columns)
    for who in first:
        rows = [speed[size][content][who] for size, content in columns]
        cells = [" / ".join([f"{row['ms']:.2f}", *(f"{row[ratio]:.3f}" for ratio in ratios)]) for row in rows]
        yield f"| {who} | " + " | ".join(cells) + " |"
    shares = ", ".join(f"{100 * speed[size]['busy'][OURS]['triggered']:.0f} %" for size in speed)
    yield f"\nOf the busy pictures ours triggered on {shares}, the seconds after its start included.\n"


def _memory(memory: dict[str, Any]) -> Iterator[str]:
    yield "## Memory\n"
    yield "By how much a fresh process grows at most while a detector sees its first thirty pictures, MB.\n"
    yield "| detector | " + " | ".join(memory) + " |\n|---|" + "---:|" * len(memory)
    for who in next(iter(memory.values())):
        yield f"| {who} | " + " | ".join(f"{rows[who] / 1e6:.1f}" for rows in memory.values()) + " |"
    yield ""


def _instructions(counted: dict[str, Any] | None) -> Iterator[str]:
    yield "## Instructions\n"
    if counted is None:
        yield "Not counted: valgrind was not installed.\n"
        return
    yield (
        "Millions of instructions a picture of 640x480, counted by valgrind (callgrind), which no load changes; it knows no vectors wider than AVX2's, so the same code may "
        "need fewer on a machine that has them. The processor's own counters, which `perf stat` reads, are out of reach in many virtual machines; these figures need none.\n"
    )
    yield "| detector | quiet | busy |\n|---|---:|---:|"
    for who, row in counted.items():
        yield f"| {who} | {row['quiet'] / 1e6:.2f} | {row['busy'] / 1e6:.2f} |"


def tpr_over_fpr() -> Iterator[str]:
    """Draw TPR over FPR, as each detector's threshold changes."""
    rows = _figures()["footage"]["whole"]
    ticks = tuple(value / 10 for value in range(11))
    series = [
        Series(
            who,
            tuple((x, y) for x, y in row["curve"]),
            ((row["default"]["fpr"], row["default"]["tpr"]),),
        )
        for who, row in rows.items()
    ]
    across, up = (
        Axis("FPR: part of the frames without motion that trigger", 0, 1, ticks),
        Axis("TPR", 0, 1, ticks),
    )
    yield from chart("TPR over FPR", across, up, series)


def f1_over_cost() -> Iterator[str]:
    """Draw F1 over what a picture of 1280x720 takes."""
    figures = _figures()
    speed = figures["speed"]["1280x720"]
    series = []
    for who, row in figures["footage"]["whole"].items():
        if who in speed["quiet"]:
            ms = (speed["quiet"][who]["ms"] + speed["busy"][who]["ms"]) / 2
            marks = [(ms, one["f1"]) for one in (row["default"], row.get("best")) if one]
            series.append(Series(who, (), tuple(marks)))
    across = Axis(
        "ms a picture of 1280x720, one thread",
        0.1,
        100,
        (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
        logarithmic=True,
    )
    up = Axis("F1", 0.5, 1, (0.5, 0.6, 0.7, 0.8, 0.9, 1))
    yield from chart("F1 over cost", across, up, series)
