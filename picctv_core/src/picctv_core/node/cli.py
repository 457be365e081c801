"""``picctv node``: run a node, or check what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.cli import Command, add_config, add_leaf, add_strict_plugins

if TYPE_CHECKING:
    import argparse


def _configure(parser: argparse.ArgumentParser) -> None:
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = add_leaf(
        subparsers,
        "run",
        _run,
        help="read the cameras, run the plugins, deliver to the server",
        example="picctv node run --config node.toml",
    )
    check = add_leaf(
        subparsers,
        "check",
        _check,
        help="check a node.toml and its plugins, and print every fault",
        example="picctv node check --config node.toml",
    )
    spool = add_leaf(
        subparsers,
        "spool",
        _spool,
        help="look into the spool, also while the node runs: what waits for the server, and what is set aside",
        example="picctv node spool --config node.toml\n"
        "  picctv node spool --config node.toml --json\n"
        "  picctv node spool --config node.toml --resend     all that is set aside, after an upgrade of the server\n"
        "  picctv node spool --config node.toml --resend 0f3b5c7d9e1f40a2b4c6d8e0f1a3b5c7",
    )
    spool.add_argument(
        "--json", action="store_true", help="as JSON, with sizes in bytes and times in nanoseconds"
    )
    spool.add_argument(
        "--resend",
        nargs="*",
        metavar="ID",
        help="send again what the server had rejected: these messages, or all where no ID is given",
    )
    for leaf in (run, check, spool):
        add_config(leaf, "node.toml")
    add_strict_plugins(run)


def _run(args: argparse.Namespace) -> int:
    from picctv_core.node.app import Node
    from picctv_core.node.config import load

    Node(load(args.config, strict_plugins=args.strict_plugins)).run()
    return 0


def _check(args: argparse.Namespace) -> int:
    from picctv_core.node.config import load

    config = load(args.config, strict_plugins=True)
    cameras = ", ".join(camera.name for camera in config.cameras) or "none"
    running = sorted({name for camera in config.cameras for name in camera.plugins})
    print(
        f"{args.config} is fine: {len(config.cameras)} camera{'s' * (len(config.cameras) != 1)} ({cameras}), "
        f"plugins {', '.join(running) or 'none'}"
    )
    return 0


def _spool(args: argparse.Namespace) -> int:
    from picctv_core.node.spool_cli import run

    return run(args)


command = Command("run a node, check its configuration, or look into its spool", _configure)
