"""``picctv cameras``: what cameras there are, on the network and on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.cli import Command
from picctv_core.sources.devices_cli import add_devices
from picctv_core.sources.discover_cli import add_discover

if TYPE_CHECKING:
    import argparse


def _configure(parser: argparse.ArgumentParser) -> None:
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_discover(subparsers)
    add_devices(subparsers)


command = Command("find cameras", _configure)
