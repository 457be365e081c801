"""What the benchmarks share: how long they measure, and where their figures go."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks" / "demo.json"
PARTS = {"demo", "help"}
SECONDS = 60
SHORT_SECONDS = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--short",
        action="store_true",
        help=f"measure for {SHORT_SECONDS} s instead of {SECONDS}, and leave the figures in docs as they are",
    )


@pytest.fixture(scope="session")
def short(request: pytest.FixtureRequest) -> bool:
    """Whether it is only to be seen that the benchmarks work."""
    # without the folder on pytest's command line this file is read too late for its option to be there
    return bool(request.config.getoption("--short", default=False))


@pytest.fixture
def seconds(short: bool) -> int:
    """How long to measure, in s."""
    return SHORT_SECONDS if short else SECONDS


@pytest.fixture(scope="session")
def figures(short: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The figures of this run by part; they are written at its end if all parts are there.

    So what is in one file was measured on one machine, in one run.
    """
    load = os.getloadavg()[0]  # before the demo adds to it: it says how quiet the machine was
    found: dict[str, Any] = {}
    yield found
    if found.keys() == PARTS:
        path = tmp_path_factory.mktemp("figures") / FIGURES.name if short else FIGURES
        path.parent.mkdir(exist_ok=True)
        whole = {"machine": {**machine(), "load_before": round(load, 2)}, **dict(sorted(found.items()))}
        path.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
        print(f"\nwrote {path}")


def machine() -> dict[str, Any]:
    """Say what the figures were measured on; nothing that tells whose machine it is."""
    # ARM kernels name no model
    model = re.search(
        r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE
    )
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model[1] if model else platform.machine(),
        "python": platform.python_version(),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }
