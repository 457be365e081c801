"""``picctv server retention``: what goes when, and what would go now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from picctv_core.cli import add_config, add_leaf

if TYPE_CHECKING:
    import argparse

    from picctv_server.retention import Removed


def configure(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    retention = add_leaf(
        commands,
        "retention",
        _retention,
        help="show what the rules of [retention] would remove now, or remove it",
        example="picctv server retention --dry-run --config server.toml",
    )
    what = retention.add_mutually_exclusive_group(required=True)
    what.add_argument("--dry-run", action="store_true", help="show what would go, by camera and rule")
    what.add_argument(
        "--now", action="store_true", help="remove it, all at once; also beside a server that runs"
    )
    retention.add_argument("--json", action="store_true", help="as JSON")
    add_config(retention, "server.toml")


def _retention(args: argparse.Namespace) -> int:
    # Imported here: `picctv --help` must not wait for MongoDB's driver.
    from picctv_core.clock import SystemClock
    from picctv_server import clips, config, database
    from picctv_server.app import STOP_SECONDS
    from picctv_server.processing import Processing
    from picctv_server.retention import Retention

    clock = SystemClock()
    settings = config.load(args.config)
    with database.connect(settings.mongodb):
        store = clips.open_store(settings.clips)
        processing = Processing(settings, store, clock)
        try:
            retention = Retention(settings.retention, store, processing.alarms, clock, processing.expire)
            found = retention.run() if args.now else retention.dry_run()
        finally:
            processing.processors.stop(STOP_SECONDS)
    if args.json:
        print(json.dumps(plain(found), indent=2))
    else:
        _print(found, "went" if args.now else "would go", enabled=settings.retention.enabled)
    return 0


def plain(found: Removed) -> dict[str, object]:
    """Give what went as plain data."""
    return {
        "clips": [
            {"camera": camera, "rule": rule, "clips": count, "bytes": found.bytes[camera, rule]}
            for (camera, rule), count in sorted(found.clips.items())
        ],
        "records": [
            {"kind": kind, "camera": camera, "documents": count}
            for (kind, camera), count in sorted(found.records.items())
        ],
        "total": {"clips": found.clips.total(), "bytes": found.bytes.total()},
    }


def _print(found: Removed, went: str, *, enabled: bool) -> None:
    for (camera, rule), count in sorted(found.clips.items()):
        print(f"{camera}\t{rule}\t{count} clips\t{found.bytes[camera, rule]:,} bytes")
    for (kind, camera), count in sorted(found.records.items()):
        print(f"{camera or 'all cameras'}\t{kind}\t{count} documents")
    print(f"{found.clips.total()} clips {went}, {found.bytes.total():,} bytes")
    if not enabled:
        print("[retention] enabled is false: nothing is ever removed")
