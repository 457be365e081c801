"""Writes the pages of the reference that come from the code, and those of the benchmarks' figures with their curves.

``./run docs`` writes them; ``./run docs --check`` only says which of them are stale, and a test does the same.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from generator import cli, cpu, delivery, faults, figures, hooks, models, motion, settings, testing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REFERENCE = Path(__file__).resolve().parent / "reference"

_MADE = "<!-- Made by docs/generate.py from the code. `./run docs` makes it anew. -->\n\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or with ``--check`` say which are stale; 1 where some are."""
    parser = argparse.ArgumentParser(description="Write the generated pages of the reference.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is stale")
    check = parser.parse_args(arguments).check
    stale = {name: text for name, text in pages().items() if _read(REFERENCE / name) != text}
    for name, text in stale.items():
        if check:
            sys.stderr.write(f"docs/reference/{name} is stale: run ./run docs\n")
        else:
            (REFERENCE / name).parent.mkdir(exist_ok=True)
            (REFERENCE / name).write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote docs/reference/{name}\n")
    return int(check and bool(stale))


def pages() -> dict[str, str]:
    """Make the text of every generated page and picture, by its name as seen from ``docs/reference``."""
    makers: dict[str, Callable[[], Iterator[str]]] = {
        "hooks.md": hooks.page,
        "settings.md": settings.page,
        "cli.md": cli.page,
        "figures.md": figures.page,
        "testing.md": testing.page,
        "models.md": models.page,
        "motion-benchmark.md": motion.page,
        "delivery-benchmark.md": delivery.page,
        "cpu-benchmark.md": cpu.page,
        "faults.md": faults.page,
        "../images/motion-tpr-over-fpr.svg": motion.tpr_over_fpr,
        "../images/motion-f1-over-cost.svg": motion.f1_over_cost,
    }
    return {name: _MADE + "\n".join(make()).rstrip() + "\n" for name, make in makers.items()}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
