"""``picctv plugins``: which plugins are installed, and what state each is in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from picctv_core.cli import Command, add_leaf

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_COLUMNS = ("name", "distribution", "version", "node", "server", "web")


def _configure(parser: argparse.ArgumentParser) -> None:
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = add_leaf(
        subparsers, "list", _list, help="list the installed plugins", example="picctv plugins list --json"
    )
    listing.add_argument("--json", action="store_true", help="print JSON, for programs")


def _list(args: argparse.Namespace) -> int:
    found = _installed()
    if args.json:
        print(json.dumps(found, indent=2))
    elif found:
        print("\n".join(_table(found)))
    else:
        print("no plugins are installed; `pip install picctv-plugins-motion` brings one")
    return 0


def _installed() -> list[dict[str, Any]]:
    """Give one entry for each plugin of each distribution, its parts together."""
    from picctv_core.plugins import PARTS, Status, discover

    found: dict[tuple[str, str], dict[str, Any]] = {}
    for part, group in PARTS.items():
        for plugin in discover(group):
            entry = found.setdefault(
                (plugin.name, plugin.distribution),
                {
                    "name": plugin.name,
                    "distribution": plugin.distribution,
                    "version": plugin.version,
                    **dict.fromkeys(PARTS),
                    "status": str(Status.ENABLED),
                    "detail": "",
                },
            )
            entry[part] = str(plugin.status)
            if plugin.status not in {Status.ENABLED, Status.NOT_HERE}:
                entry["status"] = str(plugin.status)
                entry["detail"] = "; ".join(filter(None, [entry["detail"], f"{part} part: {plugin.detail}"]))
    return [found[key] for key in sorted(found)]


def _table(found: Sequence[dict[str, Any]]) -> list[str]:
    """Lay the plugins out in columns; why one is broken stands in a line of its own below it."""
    rows = [_COLUMNS, *([_shown(entry[column]) for column in _COLUMNS] for entry in found)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    for index, entry in reversed(list(enumerate(found, start=1))):
        if entry["detail"]:
            lines.insert(index + 1, f"  {entry['status']}: {entry['detail']}")
    return lines


def _shown(cell: str | None) -> str:
    return {None: "-", "enabled": "yes"}.get(cell, str(cell))


command = Command("show which plugins are installed", _configure)
