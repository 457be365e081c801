"""The command ``picctv``: one parser, its subcommands found in the entry-point group ``picctv.commands``.

Each entry point is a `Command`. Its module is imported whenever ``picctv`` starts, so it imports nothing heavy: what it
needs to run, it imports where it runs.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.errors import PicctvError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GROUP = "picctv.commands"

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

_LOG_FORMAT = "%(asctime)sZ %(levelname)s %(name)s: %(message)s"


@dataclass(frozen=True)
class Command:
    """A subcommand.

    Attributes:
        help: one line that says what it is for.
        configure: gives its parser its arguments. Each leaf sets ``run``, a function that takes the parsed
            arguments and returns the exit code: ``parser.set_defaults(run=...)``.
    """

    help: str
    configure: Callable[[argparse.ArgumentParser], None]


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help that keeps the line breaks of examples."""


def add_leaf(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help: str,  # noqa: A002 - argparse's own word
    example: str,
) -> argparse.ArgumentParser:
    """Add a command that does something, with its example shown by ``--help``."""
    parser = subparsers.add_parser(
        name, help=help, description=help, epilog=f"example:\n  {example}", formatter_class=HelpFormatter
    )
    parser.set_defaults(run=run)
    return parser


def add_config(parser: argparse.ArgumentParser, name: str) -> None:
    """Add ``--config``: the settings file, by its usual name."""
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help=f"the settings, {name}")


def add_strict_plugins(parser: argparse.ArgumentParser) -> None:
    """Add ``--strict-plugins``."""
    parser.add_argument(
        "--strict-plugins", action="store_true", help="refuse to start when a plugin can't be used"
    )


def build_parser() -> tuple[argparse.ArgumentParser, list[str]]:
    """Make the parser with every command that is installed.

    Returns:
        The parser, and a line for each command that could not be loaded.
    """
    parser = argparse.ArgumentParser(
        prog="picctv",
        description="A CCTV network: nodes that analyse their cameras with plugins, a server, a web interface.",
        epilog="example:\n  picctv node check --config node.toml",
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"picctv {importlib.metadata.version('picctv-core')}"
    )
    parser.add_argument(
        "--log-level",
        default="info",
        choices=["debug", "info", "warning", "error"],
        help="how much to say while running (default: info)",
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    broken = []
    for entry_point in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda found: found.name):
        try:
            command: Command = entry_point.load()
        except Exception as error:  # noqa: BLE001 - one broken distribution must not take the others' commands away
            owner = entry_point.dist.name if entry_point.dist else entry_point.value
            broken.append(f"the command {entry_point.name!r} of {owner} can't be loaded: {error}")
            continue
        command.configure(
            subparsers.add_parser(
                entry_point.name, help=command.help, description=command.help, formatter_class=HelpFormatter
            )
        )
    return parser, broken


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``picctv``; give its exit code: 0 for done, 1 for an error that was explained, 2 for wrong usage."""
    parser, broken = build_parser()
    for line in broken:
        print(f"picctv: warning: {line}", file=sys.stderr)
    args = parser.parse_args(argv)
    set_up_logging(args.log_level)
    # What a command writes may be video of people's homes, or a token: it is for this user alone.
    os.umask(0o077)
    try:
        return int(args.run(args))
    except PicctvError as error:
        for line in str(error).splitlines():
            print(f"picctv: error: {line}", file=sys.stderr)
        if args.log_level == "debug":
            logging.getLogger(__name__).debug("where it came from", exc_info=error)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left (`picctv ... | head`); keep the interpreter from flushing into the void.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR


def set_up_logging(level: str) -> None:
    """Log to stderr, in UTC as everything else; one zone for all machines, whatever Django makes of the process's own."""
    formatter = logging.Formatter(_LOG_FORMAT)
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # At debug these print the headers of a connection, and so a node's token.
    for name in ("websockets", "uvicorn.error"):
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(level.upper())))
