"""The page of figures, made from what the benchmarks have written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def page() -> Iterator[str]:
    """Show the figures of every benchmark."""
    yield "# Figures\n"
    yield (
        "What picctv takes of one machine; another machine gives other figures. `./run bench` measures anew on yours "
        "(let nothing else run meanwhile), and `./run docs` makes this page of it.\n"
    )
    parts = {"machine": _machine, "demo": _demo, "help": _help, "isolation": _isolation, "wear": _wear}
    # the others have pages of their own
    for benchmark in ("demo", "isolation", "wear"):
        path = BENCHMARKS / f"{benchmark}.json"
        for name, part in json.loads(path.read_text(encoding="utf-8")).items():
            yield from parts[name](part)


def _machine(machine: dict[str, Any]) -> Iterator[str]:
    yield (
        f"Measured on {machine['date']} with Python {machine['python']}, on {machine['cores']} cores of "
        f"{machine['cpu']}; the load average before was {machine['load_before']}.\n"
    )


def _demo(demo: dict[str, Any]) -> Iterator[str]:
    yield "## The demo\n"
    yield (
        "`picctv demo` with its two synthetic cameras, 640x480 at 10 pictures a second each, encoded, analysed for "
        f"motion and recorded. Measured for {demo['seconds']:g} s from when both cameras ran; memory at the end of "
        "that. Nobody was looking at the web interface. It is one run: the next one gives somewhat other figures, and "
        "none of them says what the memory is after a day.\n"
    )
    yield "| process | RSS, MB | PSS, MB | CPU, % of one core |\n|---|---:|---:|---:|"
    for name, row in demo["processes"].items():
        yield _row(name, row)
    yield _row("**sum**", demo["sum"]) + "\n"
    yield (
        "RSS counts what processes share once for each of them, PSS divides it among them: the sum of PSS is the "
        f"memory that the demo takes. From SIGTERM until everything had stopped it was {demo['stop_s']} s.\n"
    )


def _row(name: str, row: dict[str, Any]) -> str:
    return (
        f"| {name} | {row['rss_bytes'] / 1e6:.1f} | {row['pss_bytes'] / 1e6:.1f} | {row['cpu_percent']:.1f} |"
    )


def _help(figures: dict[str, Any]) -> Iterator[str]:
    yield "## The command line\n"
    yield f"Medians of {figures['runs']} runs each, in turns.\n"
    yield "| command | ms | times the bare interpreter |\n|---|---:|---:|"
    yield f"| `picctv --help` | {figures['picctv_ms']} | {figures['ratio']} |"
    yield f"| `python -c pass` | {figures['python_ms']} | 1 |\n"


def _isolation(sizes: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "## Plugins on threads and in processes\n"
    yield (
        "From the moment that a frame is given to a plugin's worker until its result is given on, with an analyzer that "
        "does next to nothing, against a call of the same analyzer without any worker. Putting a frame into shared memory "
        "is in it. *Full speed* is one frame after another; with a pause before each frame, as a camera makes it, waking "
        "the processors that have fallen asleep is part of the figure. What it means: "
        "[plugins in processes of their own](../explanation/isolation.md).\n"
    )
    yield "| frames | pace | run | median, ms | 95 of 100 within, ms | more than a bare call (median), ms |"
    yield "|---|---|---|---:|---:|---:|"
    paces = {"full": "full speed", "camera": "with pauses"}
    for size, found in sizes.items():
        for pace, name in paces.items():
            for how, row in found[pace].items():
                more = f"{row['overhead_ms']:.3f}" if "overhead_ms" in row else ""
                yield f"| {size} | {name} | {how} | {row['ms_p50']:.3f} | {row['ms_p95']:.3f} | {more} |"
    first = next(iter(sizes.values()))
    yield (
        f"\n{first['frames']} frames each. The analyzer's process had {first['process_pss_bytes'] / 1e6:.0f} MB of memory "
        f"for itself (PSS; RSS {first['process_rss_bytes'] / 1e6:.0f} MB): an interpreter, numpy, and picctv's core.\n"
    )


def _wear(modes: dict[str, dict[str, Any]]) -> Iterator[str]:
    always, on_delay = modes["always"], modes["on-delay"]
    yield "## What a node writes to its disk\n"
    yield (
        "A node with two synthetic cameras, 640x480 at 10 pictures a second each, analysed for motion and recorded all the "
        f"time, and a server that answers. Measured for {always['seconds']:g} s with each setting of `durability` in "
        "`[spool]`, as Linux counts it for the process (`write_bytes` in `/proc/PID/io`), and extrapolated to an hour. The "
        "journal of the file system comes on top, and a card writes larger blocks than it is told to.\n"
    )
    yield "| durability | MB an hour | times the video |\n|---|---:|---:|"
    for name, row in modes.items():
        written, video = row["written_bytes_per_hour"], row["video_bytes_per_hour"]
        yield f"| `{name}` | {written / 1e6:.1f} | {written / video:.3f} |"
    yield (
        f"\nThe video alone was {always['video_bytes_per_hour'] / 1e6:.0f} MB an hour. With `always` it is written as it is "
        "made, into the spool's journal, and in part into the spool; the rest is results and what was acknowledged. What is left "
        f"with `on-delay`, {on_delay['written_bytes_per_hour'] / 1e6:.0f} MB, is that events begin and end, and the node's record. "
        "What it costs: [durability](../explanation/delivery.md#durability).\n"
    )
