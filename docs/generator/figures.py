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
    parts = {"machine": _machine, "demo": _demo, "help": _help}
    for path in sorted(BENCHMARKS.glob("*.json")):
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
