"""``picctv server set-aside`` and ``picctv server reprocess``: what a plugin's server part failed with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from picctv_core.cli import EXIT_ERROR, add_config, add_leaf

if TYPE_CHECKING:
    import argparse

    from picctv_server.models import SetAside


def configure(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands."""
    listing = add_leaf(
        commands,
        "set-aside",
        _list,
        help="show the messages that a plugin's server part failed with; with --id, where it failed",
        example="picctv server set-aside --plugin people --config server.toml",
    )
    listing.add_argument("--plugin", metavar="NAME", help="only those of this plugin")
    listing.add_argument(
        "--id", nargs="+", metavar="ID", dest="ids", help="only these, with their tracebacks"
    )
    listing.add_argument("--json", action="store_true", help="as JSON, with the tracebacks")
    again = add_leaf(
        commands,
        "reprocess",
        _reprocess,
        help="process messages again that were set aside; also beside a server that runs",
        example="picctv server reprocess --plugin people --config server.toml",
    )
    which = again.add_mutually_exclusive_group(required=True)
    which.add_argument("--plugin", metavar="NAME", help="those of this plugin")
    which.add_argument("--id", nargs="+", metavar="ID", dest="ids", help="these")
    which.add_argument("--all", action="store_true", help="all of them")
    again.add_argument(
        "--as-is",
        action="store_true",
        help="store them without the plugin's server part, as if it were not installed",
    )
    for leaf in (listing, again):
        add_config(leaf, "server.toml")


# What the functions need is imported where they run: `picctv --help` must not wait for MongoDB's driver.


def _list(args: argparse.Namespace) -> int:
    from picctv_server import config, database

    with database.connect(config.load(args.config).mongodb):
        found = _chosen(args.plugin, args.ids)
        if args.json:
            print(json.dumps([_plain(one) for one in found], indent=2))
            return 0
        for one in found:
            print(_line(one))
            if args.ids:
                print(one.traceback)
    if not args.ids:
        print(f"{len(found)} set aside")
    return 0


def _reprocess(args: argparse.Namespace) -> int:
    from picctv_core.clock import SystemClock
    from picctv_server import aside, clips, config, database
    from picctv_server.app import STOP_SECONDS
    from picctv_server.processing import Processing

    clock = SystemClock()
    settings = config.load(args.config)
    with database.connect(settings.mongodb):
        # The oldest first, as they came.
        found = _chosen(args.plugin, args.ids)[::-1]
        processing = Processing(settings, clips.open_store(settings.clips), clock)
        stored = 0
        try:
            for number, one in enumerate(found, 1):
                outcome = aside.again(
                    processing, one, as_is=args.as_is, server=settings.server.name, at_ns=clock.now_ns()
                )
                stored += outcome.stored
                said = "stored" if outcome.stored else f"stays set aside: {outcome.error}"
                print(f"{number} of {len(found)}\t{one.id}\t{said}", flush=True)
        finally:
            processing.processors.stop(STOP_SECONDS)
    left = len(found) - stored
    print(f"{stored} stored, {left} still set aside")
    return EXIT_ERROR if left else 0


def _chosen(plugin: str | None, ids: list[str] | None) -> list[SetAside]:
    """Give what is meant, newest first.

    Raises:
        StoreError: an id is not set aside.
    """
    from picctv_core.errors import StoreError
    from picctv_server import aside

    found = list(aside.messages(plugin, ids))
    if unknown := sorted(set(ids or ()) - {str(one.id) for one in found}):
        raise StoreError(
            f"not set aside: {', '.join(unknown)}; `picctv server set-aside` shows the ids of those that are"
        )
    return found


def _line(one: SetAside) -> str:
    who = f"{one.plugin or 'picctv itself'} ({one.distribution} {one.version})"
    where = one.camera or one.node
    return f"{one.id}\t{one.set_aside_at:%Y-%m-%d %H:%M} UTC\t{one.kind} of {where}\t{who}\t{one.error}"


def _plain(one: SetAside) -> dict[str, Any]:
    fields = (
        "id",
        "node",
        "camera",
        "plugin",
        "kind",
        "captured_at_ns",
        "sequence",
        "payload_bytes",
        "distribution",
        "version",
        "error",
        "traceback",
        "tries",
        "server",
    )
    times = ("set_aside_at", "failed_at", "again_asked_at")
    own: dict[str, Any] = {name: getattr(one, name) for name in fields}
    return own | {name: at.isoformat() if (at := getattr(one, name)) else None for name in times}
