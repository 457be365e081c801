"""``picctv replay``: run a plugin's analyzer over a recorded file."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.cli import EXIT_TERMINATED, Command, HelpFormatter

if TYPE_CHECKING:
    from picctv_core.frames import AnalysisFormat

_EPILOG = """\
examples:
  picctv replay door.mp4 --plugin motion --out motion.ndjson        one line of JSON for each frame
  picctv replay door.mp4 --plugin motion --settings node.toml       with the settings of a node
  picctv replay door.mp4 --plugin motion --out /dev/null --annotate seen.mp4
  picctv replay door.mp4 --plugin recording --with motion           what would be recorded
"""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = HelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "video", type=Path, metavar="VIDEO", help="a recorded file, in any format that FFmpeg reads"
    )
    parser.add_argument("--plugin", required=True, metavar="NAME", help="the plugin to run")
    parser.add_argument(
        "--with",
        dest="beside",
        action="append",
        default=[],
        metavar="NAME",
        help="run another plugin beside it, for its results; what the plugin uses by name runs anyway. May be repeated",
    )
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="TOML: the plugin's own table, or a whole node.toml, of which [plugins.NAME] is taken",
    )
    parser.add_argument(
        "--analysis",
        type=_analysis,
        default="320x240@10",
        metavar="WIDTHxHEIGHT@RATE",
        help="size of the frames that the plugin gets, and how many a second at the most (default: %(default)s)",
    )
    parser.add_argument(
        "--start",
        type=_time,
        metavar="TIME",
        help="when the first picture was taken, ISO 8601, UTC where it has no zone (default: the file's creation_time, "
        "else 1970-01-01T00:00:00Z)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where the lines of JSON go (default: standard output)"
    )
    parser.add_argument(
        "--messages", type=Path, metavar="FILE", help="write what the plugin emits, as lines of JSON too"
    )
    parser.add_argument(
        "--annotate", type=Path, metavar="FILE", help="write an MP4 with the results drawn into the pictures"
    )
    parser.add_argument("--strict", action="store_true", help="end at the first error of the plugin")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    # Deferred: these import PyAV and numpy, and `picctv --help` needs none of it.
    from picctv_core.replay.run import Wishes, run
    from picctv_core.replay.stopping import TerminatedError, sigterm_raises

    wishes = Wishes(
        video=args.video,
        plugin=args.plugin,
        beside=tuple(args.beside),
        settings=args.settings,
        analysis=args.analysis,
        start_ns=args.start,
        out=args.out,
        messages=args.messages,
        annotate=args.annotate,
        strict=args.strict,
    )
    try:
        with sigterm_raises():
            return run(wishes)
    except TerminatedError:
        return EXIT_TERMINATED


def _analysis(text: str) -> AnalysisFormat:
    from picctv_core.frames import AnalysisFormat

    try:
        return AnalysisFormat.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _time(text: str) -> int:
    from picctv_core.replay.times import EPOCH, ns_of

    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time in ISO 8601, such as 2026-01-31T12:00:00Z"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    if at < EPOCH:
        raise argparse.ArgumentTypeError(f"{text} is before 1970, where times begin")
    return ns_of(at)


command = Command(
    "run a plugin over a recorded file: its results, its speed, and a video that shows them", _configure
)
