"""``picctv cameras devices``: the cameras of this machine, and what each offers."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from picctv_core.cli import EXIT_ERROR, add_leaf

if TYPE_CHECKING:
    import argparse


def add_devices(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_leaf(
        subparsers,
        "devices",
        _devices,
        help="show the USB cameras and capture cards of this machine, their formats and sizes",
        example="picctv cameras devices",
    )
    parser.add_argument("device", nargs="*", metavar="DEVICE", help="the devices (default: all, /dev/video*)")
    parser.add_argument("--json", action="store_true", help="for programs")


def _devices(args: argparse.Namespace) -> int:
    from picctv_core.errors import SourceError
    from picctv_core.sources import v4l2

    found = []
    for path in args.device or v4l2.devices():
        try:
            found.append(v4l2.look_at(path))
        except SourceError as error:
            print(f"picctv: {error}", file=sys.stderr)
    if args.json:
        print(json.dumps([asdict(device) for device in found], indent=2))
    for device in () if args.json else found:
        print(f"{device.path}  {device.name}")
        for each in device.formats:
            print(f"  {each}")
    if not found:
        print("picctv: this machine has no such camera", file=sys.stderr)
        return EXIT_ERROR
    return 0
