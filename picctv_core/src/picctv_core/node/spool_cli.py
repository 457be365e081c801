"""``picctv node spool``: what waits on a node, as text or JSON, and sending again what was set aside."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from picctv_core.node import spool_view, status_socket
from picctv_core.node._spool_file import default_min_free
from picctv_core.node.app import SPOOL_FILE
from picctv_core.node.config import read

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from picctv_core.node.config import NodeConfig
    from picctv_core.node.spool_view import View

_HEADINGS = ("camera", "plugin", "kind", "messages", "size", "oldest", "newest")


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    config = read(args.config)
    path = config.data / SPOOL_FILE
    if args.resend is not None:
        ids = spool_view.resend(path, args.resend)
        left = len(spool_view.look(path).aside)
        print(f"{len(ids)} messages wait again; {left} {'is' if left == 1 else 'are'} still set aside")
        return 0
    view = spool_view.look(path)
    status = status_socket.ask(config.data)
    if args.json:
        print(json.dumps(_document(view, config, status), indent=2))
    else:
        print("\n".join(_lines(view, config, status)))
    return 0


def _document(view: View, config: NodeConfig, status: dict[str, Any] | None) -> dict[str, Any]:
    in_memory, memory_bytes = _in_memory(status)
    return {
        "path": str(view.path),
        "node": config.name,
        "node_runs": status is not None,
        "messages": sum(group.messages for group in view.waiting),
        "bytes": sum(group.bytes for group in view.waiting),
        "waits_for_clock": _waits_for_clock(status),
        "memory_messages": in_memory,
        "memory_bytes": memory_bytes,
        "max_bytes": config.spool_max_bytes,
        "file_bytes": view.file_bytes,
        "free_bytes": view.free_bytes,
        "min_free_bytes": _min_free(view, config),
        "oldest_ns": min((group.oldest_ns for group in view.waiting), default=None),
        "newest_ns": max((group.newest_ns for group in view.waiting), default=None),
        "waiting": [dataclasses.asdict(group) for group in view.waiting],
        "set_aside": [dataclasses.asdict(aside) for aside in view.aside],
        "damaged_files": [str(file) for file in view.damaged],
    }


def _lines(view: View, config: NodeConfig, status: dict[str, Any] | None) -> Iterator[str]:
    messages = sum(group.messages for group in view.waiting)
    size = _size(sum(group.bytes for group in view.waiting))
    in_memory, memory_bytes = _in_memory(status)
    yield f"{view.path}, of a node that {'does not run' if status is None else 'runs'}"
    yield f"{messages} messages wait, {size} of {_size(config.spool_max_bytes)} (spool_max)"
    if in_memory:
        yield f"{in_memory} more were only in the node's memory when it last said so, {_size(memory_bytes)}"
    yield f"{_size(view.free_bytes)} of the disk are free, {_size(_min_free(view, config))} shall be (spool_min_free)"
    if _waits_for_clock(status):
        yield "nothing is sent until the machine's clock is set, or `clock_wait_s` is over"
    if view.waiting:
        rows = [
            (
                group.camera or "(the node)",
                group.plugin or "(picctv)",
                group.kind,
                str(group.messages),
                _size(group.bytes),
                _time(group.oldest_ns),
                _time(group.newest_ns),
            )
            for group in view.waiting
        ]
        yield ""
        yield from _table([_HEADINGS, *rows])
    if view.aside:
        yield ""
        yield f"{len(view.aside)} messages are set aside and not sent; --resend sends them again:"
        for aside in view.aside:
            whose = f"{aside.camera or 'the node'}, {aside.plugin or 'picctv'}, {aside.kind}"
            when = _time(aside.captured_at_ns)
            yield f"  {aside.id}  {whose}, {when}, {_size(aside.bytes)}: {aside.reason}"
    for file in view.damaged:
        yield f"kept because it was damaged, remove it when you do not need it: {file}"


def _in_memory(status: dict[str, Any] | None) -> tuple[int, int]:
    """Give the messages, and their bytes, that a running node had in memory only."""
    spool = {} if status is None else status["spool"]
    return spool.get("memory_messages", 0), spool.get("memory_bytes", 0)


def _waits_for_clock(status: dict[str, Any] | None) -> bool:
    return status is not None and bool(status["spool"].get("waits_for_clock"))


def _min_free(view: View, config: NodeConfig) -> int:
    given = config.spool_min_free_bytes
    return default_min_free(view.path) if given is None else given


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    size = float(count)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} TB"


def _time(at_ns: int) -> str:
    return f"{dt.datetime.fromtimestamp(at_ns / 1e9, dt.UTC):%Y-%m-%d %H:%M:%S}Z"
