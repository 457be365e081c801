"""``picctv server check``: whether MongoDB and the clip store agree."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from typing import TYPE_CHECKING

from picctv_core.cli import EXIT_ERROR, add_config, add_leaf

if TYPE_CHECKING:
    import argparse

    from picctv_server.check import Counts

_TOLD_EVERY_S = 5.0


def configure(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    check = add_leaf(
        commands,
        "check",
        _check,
        help="see that every clip has its bytes and all bytes their clip, and that checksums are right; beside a server that runs",
        example="picctv server check --repair --config server.toml",
    )
    check.add_argument(
        "--repair",
        action="store_true",
        help="mend what is found: a clip that can't be played becomes a gap, orphans go into quarantine",
    )
    check.add_argument("--fast", action="store_true", help="compare sizes only, no checksums")
    check.add_argument(
        "--empty-quarantine", action="store_true", help="at the end, remove for good what is in quarantine"
    )
    check.add_argument("--json", action="store_true", help="as JSON")
    add_config(check, "server.toml")


def _check(args: argparse.Namespace) -> int:
    # Imported here: `picctv --help` must not wait for MongoDB's driver.
    from picctv_core.clock import SystemClock
    from picctv_server import check, clips, config, database

    settings = config.load(args.config)
    counts = check.Counts()
    progress = _Progress()
    with database.connect(settings.mongodb):
        store = clips.open_store(settings.clips)
        findings = []
        for found in check.check(
            store, SystemClock(), counts, repair=args.repair, fast=args.fast, progress=progress
        ):
            findings.append(found)
            if not args.json:
                what = f"mended: {found.mended}" if found.mended else "not mended"
                print(f"{found.kind}\t{found.name}\t{found.detail}\t{what}", flush=True)
        released = check.empty_quarantine(store) if args.empty_quarantine else (0, 0)
    left = sum(not found.mended for found in findings)
    if args.json:
        said = {
            "findings": [dataclasses.asdict(found) for found in findings],
            "left": left,
            "counts": dataclasses.asdict(counts),
            "released": released[0],
            "checksums": not args.fast,
        }
        print(json.dumps(said, indent=2))
    else:
        _summary(counts, len(findings), left, released, fast=args.fast)
    return EXIT_ERROR if left else 0


def _summary(counts: Counts, found: int, left: int, released: tuple[int, int], *, fast: bool) -> None:
    how = "sizes" if fast else "checksums"
    print(
        f"{counts.clips} clips ({counts.clip_bytes:,} bytes) and {counts.payloads} payloads looked at, with {how}: "
        f"{found} findings, {found - left} mended"
    )
    if released[0]:
        print(f"quarantine emptied: {released[0]} names, {released[1]:,} bytes")
    elif counts.quarantined:
        print(
            f"in quarantine: {counts.quarantined} names, {counts.quarantined_bytes:,} bytes; "
            "--empty-quarantine removes them for good"
        )
    if left and not fast:
        print("`picctv server check --repair` mends what can be")


class _Progress:
    """Says on standard error how far it is, every few seconds."""

    def __init__(self) -> None:
        self._told_at_s = time.monotonic()

    def __call__(self, step: str, counts: Counts) -> None:
        now_s = time.monotonic()
        if now_s - self._told_at_s >= _TOLD_EVERY_S:
            self._told_at_s = now_s
            print(
                f"looking at {step}: {counts.clips} clips ({counts.clip_bytes:,} bytes) so far",
                file=sys.stderr,
            )
