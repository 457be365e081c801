"""``./run faults``: a campaign from the command line. See docs/how-to/develop.md."""

from __future__ import annotations

import argparse
import json
import logging
import random
import shutil
import sys
from pathlib import Path

from tests.bench.conftest import machine
from tests.faults import campaign

FIGURES = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks" / "faults.json"

LONG_MINUTES, LONG_FAULTS = 60.0, 10_000
SHORT_MINUTES, SHORT_FAULTS = 3.5, 24
SHORT_SEED = 20
"""A change that lands must not fail by the chance of another schedule; the long form looks for those."""


def main() -> int:
    """Run a campaign and print its report; 1 where something was lost without a word, or did not recover."""
    parser = argparse.ArgumentParser(
        prog="./run faults", description="Let things go wrong, and see what is lost."
    )
    parser.add_argument(
        "--short", action="store_true", help="some minutes only, and leave the figures in docs as they are"
    )
    parser.add_argument("--minutes", type=float, help="let no fault begin later")
    parser.add_argument("--faults", type=int, help="let no more faults happen")
    parser.add_argument(
        "--seed",
        type=int,
        help="of the schedule; without it a new one each time, and with --short always the same",
    )
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    minutes = args.minutes or (SHORT_MINUTES if args.short else LONG_MINUTES)
    faults = args.faults or (SHORT_FAULTS if args.short else LONG_FAULTS)
    chosen = SHORT_SEED if args.short else random.randrange(2**31)
    seed = chosen if args.seed is None else args.seed
    report, folder = campaign.run(seed, minutes=minutes, faults=faults)
    print(json.dumps(report, indent=2))
    if not args.short:
        FIGURES.write_text(json.dumps({"machine": machine(), **report}, indent=1) + "\n", encoding="utf-8")
        print(f"\nwrote {FIGURES}")
    failed = {name: count for name, count in report["verdict"].items() if count}
    if failed:
        (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        print(f"\nfailed: {failed}\nlogs and report: {folder}\nagain: ./run faults --seed {seed}")
        return 1
    shutil.rmtree(folder)
    print(f"\n{report['faults']} faults in {report['seconds']} s: nothing was lost without a word")
    return 0


if __name__ == "__main__":
    sys.exit(main())
