"""The page of the CPU benchmark, made from what `./run bench cpu` has written."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "cpu.json"

GOAL = 0.25

SMALL, WHOLE = "small stream", "video itself"

_STAGES = {
    "source": "the camera's video: read, passed on, and decoded where it is analysed itself",
    "(analysis) source": "the camera's small stream: read, decoded, scaled",
    "motion": "motion: detector, results, events",
    "recording": "recording: clips in the making, written and forced to the disk",
    "live": "live view, with nobody watching",
    "spool": "spool: what waits for the server, forced to the disk",
    "uplink": "uplink: to the server and back",
    "health": "status and picture for the web, every ten seconds",
    "rest": "signs of life and all else",
}

_STEPS = {
    "read": "read a packet",
    "decode": "decode a picture",
    "shrink": "scale it to 320x240",
    "detect": "look for motion",
    "tell": "check and pack the result",
}


def page() -> Iterator[str]:
    """Show the figures."""
    figures: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    machine, video = figures["machine"], figures["video"]
    yield "# What a camera costs\n"
    yield (
        "What a node takes of one core for a camera of 1920x1080, beside Debian's "
        f"[motion](https://motion-project.github.io/) {figures['peer']['version']} on the same video. `./run bench cpu` measures "
        "anew, `./run docs` makes this page of it.\n"
    )
    yield (
        f"Measured on {machine['date']} with Python {machine['python']}, on {machine['cores']} cores of {machine['cpu']}; the "
        f"load average before was {machine['load_before']}. It was on x86-64: **no Raspberry Pi has been measured**.\n"
    )
    yield (
        f"The video is a drawn {video['scene']} in which something moves most of the time: {_format(video['video'])} as H.264, "
        f"with a key picture every two seconds and no B-frames; the small stream beside it is {_format(video['small'])}. Both are "
        "files, played at their own speed. The node is the real one, with motion, recording and live view as they are "
        f'by default, `analysis = "{video["analysis"]}"`, and a real server on the same machine, which is not counted. Nobody '
        "watches. It records the video as it comes, and so does motion.\n"
    )
    yield from _cases(figures)
    yield from _stages(figures["stages"])
    yield from _steps(figures["pictures"])
    yield from _peer(figures["peer"])


def _format(form: dict[str, int]) -> str:
    return f"{form['width']}x{form['height']} with {form['rate']} pictures and {form['kbps']} kbit a second"


def _cases(figures: dict[str, Any]) -> Iterator[str]:
    video, ratios = figures["video"], figures["ratios"]
    yield "## Beside motion\n"
    yield (
        f"Each alone on one core, in turns, {video['rounds']} rounds of {video['seconds']} s after a warm-up; CPU time of all its "
        "threads, user and system.\n"
    )
    yield "| | analysed | CPU, % of the core, by round | of motion that analyses the video |\n|---|---|---:|---:|"
    base = figures["cases"][f"motion, {WHOLE}"]
    for name, rounds in figures["cases"].items():
        program, looks = name.split(", ")
        ratio = statistics.median(one / other for one, other in zip(rounds, base, strict=True))
        shown = ", ".join(f"{one:.1f}" for one in rounds)
        yield f"| {program} | {looks} | {shown} | {ratio:.2f} |"
    yield ""
    yield (
        f"The goal is a quarter. With a small stream to analyse, as a Raspberry Pi's camera gives it without any decoding and most "
        f"network cameras give it beside the large one ([`analysis_url`](../how-to/usb-and-ip-cameras.md)), a node takes "
        f"{ratios[SMALL]:.2f} of what motion takes: {_judged(ratios[SMALL])}. Where the video has to be decoded, it takes "
        f"{ratios[WHOLE]:.2f}: {_judged(ratios[WHOLE])}, for decoding alone is most of it, in both programs.\n"
    )
    own, peer = (
        statistics.median(figures["cases"][f"{program}, {SMALL}"]) for program in ("picctv", "motion")
    )
    yield (
        f"Motion can analyse a small stream, too (`netcam_high_url`), and takes {peer:.1f} % then, where picctv takes {own:.1f} %. It "
        "is written in C and does less: it compares pictures pixel by pixel, and sends nothing anywhere. "
        "[How the detectors compare](motion-benchmark.md) is on a page of its own.\n"
    )


def _judged(ratio: float) -> str:
    return "reached" if ratio <= GOAL else "not reached"


def _stages(stages: dict[str, dict[str, float]]) -> Iterator[str]:
    yield "## Where it goes\n"
    yield "The node's threads, in % of the core; medians of the rounds.\n"
    yield f"| | {SMALL} | {WHOLE} |\n|---|---:|---:|"
    for stage, meaning in _STAGES.items():
        yield f"| {meaning} | {_cell(stages[SMALL].get(stage))} | {_cell(stages[WHOLE].get(stage))} |"
    totals = (f"{sum(stages[looks].values()):.2f}" for looks in (SMALL, WHOLE))
    yield f"| **sum** | {' | '.join(totals)} |\n"


def _steps(rows: dict[str, dict[str, float]]) -> Iterator[str]:
    yield "## What a picture costs\n"
    yield (
        "The steps of the analysis alone, one after the other without pauses, in ms of CPU time. In a node each picture finds cold "
        "caches and costs more.\n"
    )
    yield f"| | {SMALL} | {WHOLE} |\n|---|---:|---:|"
    for step, meaning in _STEPS.items():
        yield f"| {meaning} | {_cell(rows[SMALL].get(step), 3)} | {_cell(rows[WHOLE].get(step), 3)} |"
    yield (
        "\nAll pictures of a stream have to be decoded, also where only some are analysed: each is made of the ones before. What is "
        "only analysed is decoded without H.264's loop filter, which saves a fifth; on the footage of the motion benchmark "
        "the detector finds as much as with it.\n"
    )


def _cell(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _peer(peer: dict[str, Any]) -> Iterator[str]:
    yield "## How motion is set\n"
    yield (
        "Beside these, `netcam_url`, `width` and `height` are those of the stream that it analyses; all else is as Debian has it. For "
        "the small stream `threshold` is as large a part of the picture as its default is of the video.\n"
    )
    yield "```"
    for key, value in peer["settings"].items():
        yield f"{key} {value}"
    yield "```"
