"""``picctv demo``: MongoDB, server, node and web on this machine, on the cameras given."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.cli import Command, HelpFormatter, add_strict_plugins

if TYPE_CHECKING:
    from collections.abc import Iterator

_EPILOG = """\
examples:
  picctv demo                                   two synthetic cameras
  picctv demo door.mp4 rtsp://host/stream       a file played in a loop, and a network camera
  picctv demo /dev/video0 --data ~/cctv         a USB camera; everything is kept in ~/cctv
  picctv demo --check door.mp4                  run without a person; exits with 0 when all of it works
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the demo's parser its arguments."""
    parser.formatter_class = HelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "cameras",
        nargs="*",
        metavar="CAMERA",
        help="a video file, an RTSP address or a V4L2 device; none: synthetic",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="where everything is kept (default: picctv/demo in the user's state directory; "
        "with --check, a folder that is removed afterwards)",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address of the web interface (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=_port, help="its port (default: 8080, or a free one where that is taken)"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="verify every camera's clip, video, motion, chart, thumbnail and live stream, print JSON, and stop",
    )
    add_strict_plugins(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demo until it is stopped, or with ``--check`` until it is verified."""
    # Deferred: these import the server's side, and `picctv --help` needs none of it.
    from picctv_web.demo.check import run_check
    from picctv_web.demo.plan import make_plan
    from picctv_web.demo.supervisor import Supervisor

    with _data_folder(args) as data:
        plan = make_plan(args.cameras, data, args.host, args.port)
        supervisor = Supervisor(plan, strict_plugins=args.strict_plugins)
        return supervisor.run(run_check if args.check else None)


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: they go from 1 to 65535")
    return port


@contextlib.contextmanager
def _data_folder(args: argparse.Namespace) -> Iterator[Path]:
    if args.data is not None:
        yield args.data.expanduser().absolute()
    elif args.check:
        with tempfile.TemporaryDirectory(prefix="picctv-check-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    else:
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        yield Path(state).expanduser() / "picctv" / "demo"


command = Command(help="run everything on this machine, on the cameras given", configure=configure)
