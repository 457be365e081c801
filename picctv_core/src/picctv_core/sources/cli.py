"""``picctv sources``: the drivers of cameras, what each needs, and whether it can run here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from picctv_core.cli import Command, add_leaf

if TYPE_CHECKING:
    import argparse


def _configure(parser: argparse.ArgumentParser) -> None:
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = add_leaf(
        subparsers,
        "list",
        _list,
        help="show every source driver, what it needs, and whether it can run on this machine",
        example="picctv sources list",
    )
    listing.add_argument("--json", action="store_true", help="for programs")


def _list(args: argparse.Namespace) -> int:
    found = entries()
    if args.json:
        print(json.dumps(found, indent=2))
        return 0
    width = max(len(entry["name"]) for entry in found)
    for entry in found:
        print(f"{entry['name']:{width}}  {'runs here' if entry['runs_here'] else 'does not run here'}")
        print(f"{'':{width}}  needs {entry['needs'] or 'what its distribution says'}")
        if entry["detail"]:
            print(f"{'':{width}}  {entry['detail']}")
    return 0


def entries() -> list[dict[str, Any]]:
    """Give one entry for each driver: ``name``, ``distribution``, ``version``, ``needs``, ``runs_here`` and ``detail``."""
    # Deferred: it imports every driver.
    from picctv_core import plugins
    from picctv_core.sources.base import SOURCES

    found = []
    for plugin in plugins.discover(SOURCES):
        # a driver of somebody else may leave both out
        missing = getattr(plugin.object, "missing", str)() if plugin.object is not None else ""
        detail = plugin.detail or missing
        found.append(
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "needs": getattr(plugin.object, "needs", ""),
                "runs_here": not detail,
                "detail": detail,
            }
        )
    return found


command = Command("the drivers of cameras", _configure)
