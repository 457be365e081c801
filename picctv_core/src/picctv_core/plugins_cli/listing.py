"""``picctv plugins list``: one line for each plugin, and below it what is wrong with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from picctv_core.plugins import PARTS, Status
from picctv_core.plugins_cli.installed import installed
from picctv_core.plugins_cli.on_node import look

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from picctv_core.plugins_cli.installed import Installed
    from picctv_core.plugins_cli.on_node import OnNode

_COLUMNS = ("name", "distribution", "version", "core", *PARTS)


def run(config: Path | None, *, as_json: bool) -> int:
    """Print the list; give the exit code.

    Args:
        config: a ``node.toml`` whose cameras are meant; None for what is installed only.
        as_json: whether programs are to read it.

    Raises:
        PicctvError: the node's file has faults, or the node can't be asked.
    """
    node = look(config) if config else None
    found = entries(node)
    if as_json:
        print(json.dumps(found, indent=2))
    elif found:
        if node is not None:
            runs = "runs" if node.runs else "does not run; this is what it would do"
            print(f"node {node.name} {runs}\n")
        print("\n".join(_lines(found)))
    else:
        print("no plugins are installed; `pip install picctv-plugins-motion` brings one")
    return 0


def entries(node: OnNode | None) -> list[dict[str, Any]]:
    """Give one entry for each plugin of each distribution, its parts together."""
    found = [_entry(plugin, node) for plugin in installed()]
    if node is not None:
        known = {entry["name"] for entry in found}
        absent = {name for plugins in node.cameras.values() for name in plugins} - known
        found += [_absent(name, node) for name in absent]
    return sorted(found, key=lambda entry: (entry["name"], entry["distribution"]))


def _entry(plugin: Installed, node: OnNode | None) -> dict[str, Any]:
    parts = {part: str(plugin.parts[part].status) if part in plugin.parts else None for part in PARTS}
    problems = [
        (str(part.status), f"{name} part", part.detail)
        for name, part in plugin.parts.items()
        if part.status.is_problem
    ]
    cameras = {} if node is None or plugin.node is None else _cameras(plugin.name, node)
    if cameras:
        # On the cameras more is known than that it loads.
        parts["node"] = _together(cameras)
        problems = [found for found in problems if found[1] != "node part"] + _problems_on(cameras)
    return {
        "name": plugin.name,
        "distribution": plugin.package.name,
        "version": plugin.package.version,
        "core": plugin.package.core,
        **parts,
        **_summary(problems),
        **({"cameras": cameras} if node is not None else {}),
    }


def _absent(name: str, node: OnNode) -> dict[str, Any]:
    cameras = _cameras(name, node)
    return {
        "name": name,
        "distribution": "",
        "version": "",
        "core": "",
        **dict.fromkeys(PARTS),
        "node": _together(cameras),
        **_summary(_problems_on(cameras)),
        "cameras": cameras,
    }


def _cameras(name: str, node: OnNode) -> dict[str, dict[str, str]]:
    return {
        camera: {key: str(found.get(key, "")) for key in ("status", "detail")}
        for camera, found in node.of(name).items()
    }


def _together(cameras: dict[str, dict[str, str]]) -> str:
    """Give one status for those on all cameras: what is wrong anywhere goes first."""
    statuses = [found["status"] for found in cameras.values()]
    wrong = [status for status in statuses if _is_problem(status)]
    return (wrong or [status for status in statuses if status == Status.ENABLED] or statuses)[0]


def _problems_on(cameras: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    together: dict[tuple[str, str], list[str]] = {}
    for camera, found in cameras.items():
        if _is_problem(found["status"]):
            together.setdefault((found["status"], found["detail"]), []).append(camera)
    return [(status, f"on {', '.join(on)}", detail) for (status, detail), on in together.items()]


def _is_problem(status: str) -> bool:
    # A node of a newer picctv may have statuses that this one does not know.
    return status not in set(Status) or Status(status).is_problem


def _summary(problems: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    told = [{"status": status, "where": where, "detail": detail} for status, where, detail in problems]
    return {"status": told[0]["status"] if told else str(Status.ENABLED), "problems": told}


def _lines(found: Sequence[dict[str, Any]]) -> list[str]:
    rows = [_COLUMNS, *([_shown(column, entry[column]) for column in _COLUMNS] for entry in found)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    for index, entry in reversed(list(enumerate(found, start=1))):
        lines[index + 1 : index + 1] = [
            f"  {problem['status']}: {problem['where']}: {problem['detail']}" for problem in entry["problems"]
        ]
    return lines


def _shown(column: str, cell: str | None) -> str:
    if column == "core":
        return cell or "any"
    return {None: "-", "": "-", "enabled": "yes"}.get(cell, str(cell))
