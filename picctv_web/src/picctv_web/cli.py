"""The command ``picctv web``. Nothing heavy is imported before one of its commands runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.cli import Command, add_config, add_leaf, add_strict_plugins

if TYPE_CHECKING:
    import argparse


def _configure(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = add_leaf(
        commands, "run", _run, help="serve the web interface", example="picctv web run --config web.toml"
    )
    add_config(run, "web.toml")
    add_strict_plugins(run)
    user = commands.add_parser("user", help="people who may log in")
    users = user.add_subparsers(title="commands", metavar="COMMAND", required=True)
    create = add_leaf(
        users,
        "create",
        _create_user,
        help="make a user, or give one a new password",
        example="picctv web user create ann --config web.toml",
    )
    create.add_argument("name", metavar="NAME", help="the name to log in with")
    add_config(create, "web.toml")
    create.add_argument(
        "--staff",
        action="store_true",
        help="let the user do what changes something: have messages processed again that were set aside",
    )
    create.add_argument(
        "--password-stdin", action="store_true", help="read the password from the first line of the input"
    )


def _run(args: argparse.Namespace) -> int:
    # Deferred here and below: Django is not imported for `picctv --help`.
    from picctv_web.start import set_up

    set_up(args.config)

    from picctv_web.run import serve

    serve(strict_plugins=args.strict_plugins)
    return 0


def _create_user(args: argparse.Namespace) -> int:
    from picctv_web.start import migrate, set_up

    set_up(args.config)
    migrate()

    from picctv_web.users import create_user, read_password

    new = create_user(args.name, read_password(stdin=args.password_stdin), staff=args.staff)
    if new:
        print(f"the user {args.name} can log in now")
    else:
        print(f"the user {args.name} was there already and has the new password now; its sessions have ended")
    return 0


command = Command("the web interface: clips, charts and cameras in a browser", _configure)
