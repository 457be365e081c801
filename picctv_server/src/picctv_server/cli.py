"""The command ``picctv server``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.cli import Command, HelpFormatter, add_config, add_leaf, add_strict_plugins
from picctv_server import aside_cli, check_cli, retention_cli, status_cli

if TYPE_CHECKING:
    import argparse


def _configure(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = add_leaf(
        commands,
        "run",
        _run,
        help="take in, process and store what the nodes send",
        example="picctv server run --config server.toml",
    )
    add_strict_plugins(run)
    for part in (status_cli, aside_cli, check_cli, retention_cli):
        part.configure(commands)
    token = commands.add_parser(
        "token", help="the nodes' tokens", description="The nodes' tokens.", formatter_class=HelpFormatter
    )
    leaves = token.add_subparsers(title="commands", metavar="COMMAND", required=True)
    create = add_leaf(
        leaves,
        "create",
        _create,
        help="make a token for a node, and print it: it is shown this once only",
        example="picctv server token create garage --config server.toml",
    )
    listing = add_leaf(
        leaves,
        "list",
        _list,
        help="show which nodes have tokens",
        example="picctv server token list --config server.toml",
    )
    revoke = add_leaf(
        leaves,
        "revoke",
        _revoke,
        help="take back all tokens of a node",
        example="picctv server token revoke garage --config server.toml",
    )
    for leaf in (create, revoke):
        leaf.add_argument("node", metavar="NODE", help="the node's name")
    for leaf in (run, create, listing, revoke):
        add_config(leaf, "server.toml")


# What the functions need is imported where they run: `picctv --help` must not wait for MongoDB's driver.


def _run(args: argparse.Namespace) -> int:
    from picctv_server import app, config

    return app.run(config.load(args.config), strict=args.strict_plugins)


def _create(args: argparse.Namespace) -> int:
    from picctv_core.clock import SystemClock
    from picctv_server import config, database, tokens

    with database.connect(config.load(args.config).mongodb):
        print(tokens.create(args.node, SystemClock()))
    return 0


def _list(args: argparse.Namespace) -> int:
    from picctv_server import config, database, tokens

    with database.connect(config.load(args.config).mongodb):
        for token in tokens.listed():
            state = f"revoked {token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else "good"
            print(f"{token.node}\tmade {token.created_at:%Y-%m-%d %H:%M} UTC\t{state}")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    from picctv_core.clock import SystemClock
    from picctv_core.errors import StoreError
    from picctv_server import config, database, tokens

    with database.connect(config.load(args.config).mongodb):
        count = tokens.revoke(args.node, SystemClock())
    if not count:
        raise StoreError(f"node {args.node} has no token to revoke; `picctv server token list` shows who has")
    print(f"{count} revoked")
    return 0


command = Command(help="the server, its store, and the tokens that let nodes in", configure=_configure)
