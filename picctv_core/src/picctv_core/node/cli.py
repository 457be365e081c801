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
    for leaf in (run, check):
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


command = Command("run a node, or check its configuration", _configure)
