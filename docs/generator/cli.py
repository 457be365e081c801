"""The page of the command line, made from the parsers.

It is made from their parts and not from ``--help``, whose form is another one with each version of Python.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from generator.texts import sentence
from picctv_core.cli import build_parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def page() -> Iterator[str]:
    """Describe every command."""
    parser, broken = build_parser()
    if broken:
        raise SystemExit("\n".join(broken))
    yield "# Command line\n"
    yield (
        "What `picctv --help` and the `--help` of each command say. Exit codes are in "
        "[errors and exit codes](errors-and-exit-codes.md).\n"
    )
    yield from _command(parser, "picctv")


def _command(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    # argparse has no public way to look at a parser.
    actions = [action for action in parser._actions if action.dest != "help"]  # noqa: SLF001
    subparsers = [action for action in actions if isinstance(action.choices, dict)]
    own = [action for action in actions if not isinstance(action.choices, dict)]
    if own or not subparsers:
        yield f"## {name}\n"
        yield f"{sentence(parser.description or '')}\n"
        if own:
            yield "| argument | meaning |\n|---|---|"
            yield "\n".join(_argument(action) for action in own) + "\n"
        if parser.epilog:
            heading, *lines = parser.epilog.strip().splitlines()
            # What stands beside an example is a comment, as a shell writes it.
            examples = re.sub(r"(?<=\S) {2,}(?=\S)", "  # ", textwrap.dedent("\n".join(lines)))
            yield f"{sentence(heading).rstrip('.:')}:\n\n```sh\n{examples}\n```\n"
    for action in subparsers:
        assert isinstance(action.choices, dict)
        for word, command in action.choices.items():
            yield from _command(command, f"{name} {word}")


def _argument(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings)
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.choices:
        value = "{" + ",".join(str(choice) for choice in action.choices) + "}"
    if action.option_strings:
        shown = names if action.nargs == 0 else f"{names} {value}"
    else:
        shown = {"*": f"[{value} ...]", "+": f"{value} [{value} ...]", "?": f"[{value}]"}.get(
            str(action.nargs), value
        )
    required = " (must be given)" if action.option_strings and action.required else ""
    meaning = (action.help or "").replace("%(default)s", str(action.default)) + required
    return f"| `{shown}` | {meaning}".replace("\n", " ") + " |"
