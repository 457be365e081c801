"""``picctv server status``: how servers and nodes do, and what waits for a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from picctv_core.cli import add_config, add_leaf

if TYPE_CHECKING:
    import argparse

    from picctv_server.clips import ClipStore


def configure(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    status = add_leaf(
        commands,
        "status",
        _status,
        help="show servers, nodes and clips, what is wrong, and what was set aside",
        example="picctv server status --config server.toml",
    )
    status.add_argument("--json", action="store_true", help="as JSON")
    add_config(status, "server.toml")


def _status(args: argparse.Namespace) -> int:
    # Imported here: `picctv --help` must not wait for MongoDB's driver.
    from picctv_server import clips, config, database

    settings = config.load(args.config)
    with database.connect(settings.mongodb):
        found = status(clips.open_store(settings.clips))
    if args.json:
        print(json.dumps(found, indent=2))
        return 0
    for kind in ("servers", "nodes"):
        for name, own in found[kind].items():
            state = "online" if own["online"] else f"silent since {own['last_seen_at']}"
            print(f"{kind[:-1]} {name}\t{state}\tversion {own['version']}")
    for name, own in found["servers"].items():
        if own["away"]:
            print(f"server {name} can't store\t{own['away']}")
        for plugin, state in own["plugins"].items():
            print(f"plugin {plugin} in {name}\t{state['status']}\t{state['detail']}".rstrip())
    own = found["clips"]
    room = "" if own["free"] is None else f", {own['free']:,} of {own['room']:,} bytes are free"
    print(f"clips\t{own['count']}, of which {own['kept']} are kept by somebody\t{own['bytes']:,} bytes{room}")
    for alarm in found["alarms"]:
        print(f"alarm\t{alarm['key']}\tsince {alarm['since']}")
    for plugin, count in found["set_aside"].items():
        print(f"set aside of {plugin or 'picctv itself'}\t{count}\t`picctv server set-aside` shows them")
    return 0


def status(store: ClipStore) -> dict[str, Any]:
    """Give the status of everything, as plain data.

    Args:
        store: the clip store.
    """
    from picctv_server import aside, models

    servers = {
        str(server.id): {
            "online": server.online(),
            "last_seen_at": _text(server.last_seen_at),
            "version": server.version,
            "away": server.away,
            "plugins": {
                name: {"status": own.get("status", ""), "detail": own.get("detail", "")}
                for name, own in server.plugins.items()
            },
        }
        for server in models.ServerStatus.objects
    }
    nodes = {
        str(node.name): {
            "online": node.online(),
            "last_seen_at": _text(node.last_seen_at),
            "version": node.version,
        }
        for node in models.Node.objects
    }
    space = store.space()
    return {
        "servers": servers,
        "nodes": nodes,
        "set_aside": aside.counts(),
        "clips": {
            "count": models.Clip.objects.count(),
            "bytes": int(models.Clip.objects.sum("bytes")),
            "kept": models.Clip.objects(kept_by__gt="").count(),
            "free": None if space is None else space.free,
            "room": None if space is None else space.total,
        },
        "alarms": [
            {"key": str(alarm.id), "since": _text(models.moment(alarm.since_ns))}
            for alarm in models.Alarm.objects.order_by("since_ns")
        ],
    }


def _text(at: Any) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
