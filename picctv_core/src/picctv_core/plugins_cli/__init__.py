"""``picctv plugins``: which plugins are installed, what state each is in, and how to begin a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.cli import Command, add_leaf
from picctv_core.scaffold import cli as scaffold

if TYPE_CHECKING:
    import argparse


def _configure(parser: argparse.ArgumentParser) -> None:
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = add_leaf(
        subparsers,
        "list",
        _list,
        help="list the installed plugins",
        example="picctv plugins list --config node.toml",
    )
    info = add_leaf(
        subparsers,
        "info",
        _info,
        help="show all that is known of a plugin",
        example="picctv plugins info motion --config node.toml",
    )
    info.add_argument("name", metavar="NAME", help="the plugin's name")
    for leaf in (listing, info):
        leaf.add_argument("--json", action="store_true", help="print JSON, for programs")
        leaf.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            help="a node.toml: show how the plugins do on that node's cameras, or would if it ran",
        )
    scaffold.configure(subparsers)


# What the functions need is imported where they run: `picctv --help` must not wait for it.


def _list(args: argparse.Namespace) -> int:
    from picctv_core.plugins_cli import listing

    return listing.run(args.config, as_json=args.json)


def _info(args: argparse.Namespace) -> int:
    from picctv_core.plugins_cli import info

    return info.run(args.name, args.config, as_json=args.json)


command = Command("show which plugins are installed, and make new ones", _configure)
