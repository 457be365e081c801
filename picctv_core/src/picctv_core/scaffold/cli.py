"""``picctv plugins new``: makes a plugin to begin with."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.cli import add_leaf

if TYPE_CHECKING:
    import argparse

    from picctv_core.scaffold.render import Plan

_PARTS = {
    "server": "the server part, which makes notifications",
    "web": "the whole web part",
    "page": "the page in the web, with its template and static file",
    "panel": "the card on the page of each clip",
    "chart": "the chart under each clip",
    "tests": "the tests",
}


def configure(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``new``."""
    parser = add_leaf(
        subparsers,
        "new",
        run,
        help="make a new plugin that runs, to begin with",
        example="picctv plugins new people-counter --no-server",
    )
    parser.add_argument("name", metavar="NAME", help="the plugin's name, such as people-counter")
    parser.add_argument(
        "--into",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="where its folder, picctv-NAME, is made (default: here)",
    )
    parser.add_argument("--description", default="", metavar="TEXT", help="what it does, in one line")
    parser.add_argument(
        "--author", default="", metavar="NAME", help="who writes it, for its package and licence"
    )
    # As in LICENCES, whose module this one imports only where it runs.
    parser.add_argument(
        "--license", default="MIT", choices=["MIT", "BSD-3-Clause", "none"], help="its licence (default: MIT)"
    )
    left_out = parser.add_argument_group("parts to leave out")
    for part, what in _PARTS.items():
        left_out.add_argument(f"--no-{part}", action="store_true", help=what)


def run(args: argparse.Namespace) -> int:
    """Make the plugin, and say what to do next."""
    # Deferred: `picctv` imports this module whenever it starts.
    from picctv_core.scaffold.names import check_free, parse
    from picctv_core.scaffold.render import Plan, render, write

    names = parse(args.name)
    check_free(names)
    plan = Plan(
        names=names,
        description=one_line(args.description) or f"{names.title} for picctv",
        author=one_line(args.author),
        licence=args.license,
        server=not args.no_server,
        page=not (args.no_web or args.no_page),
        panel=not (args.no_web or args.no_panel),
        chart=not (args.no_web or args.no_chart),
        tests=not args.no_tests,
    )
    folder = args.into.expanduser() / names.distribution
    files = render(plan)
    write(files, folder)
    print(
        "\n".join([f"{folder} is the plugin {names.name}:", *_shown(files), "", *_next_steps(plan, folder)])
    )
    return 0


def one_line(text: str) -> str:
    """Give a text as one line, with nothing in it that can't be seen."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _shown(files: dict[str, str]) -> list[str]:
    return [f"  {name}" for name in sorted(files)]


def _next_steps(plan: Plan, folder: Path) -> list[str]:
    where = shlex.quote(str(folder))
    steps = [
        f"cd {where}",
        "pip install --editable '.[test]'" if plan.tests else "pip install --editable .",
        *(["pytest"] if plan.tests else []),
        "picctv demo",
    ]
    page = [f"Its page is /plugins/{plan.names.name}/."] if plan.page else []
    return ["Next, in an environment with picctv:", *(f"  {step}" for step in steps), *page]
