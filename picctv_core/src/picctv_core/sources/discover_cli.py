"""``picctv cameras discover``: finds network cameras, and writes what `node.toml` needs for them."""

from __future__ import annotations

import getpass
import json
import re
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.cli import EXIT_ERROR, add_leaf

if TYPE_CHECKING:
    import argparse

    from pydantic import SecretStr

    from picctv_core.sources.onvif import Camera, Stream

_PASSWORD_FILE = "camera-password"  # noqa: S105 - where it is, not what
# A Raspberry Pi takes its time to read what ONVIF's services are, before anything is sent.
_ASKING_S = 30.0
_NOTHING = (
    "no camera answered; ONVIF may be switched off in the camera's settings, or it is in another network: "
    "--interface names this machine's address in the one to search, --timeout waits longer"
)


def add_discover(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    discover = add_leaf(
        subparsers,
        "discover",
        _discover,
        help="find the ONVIF cameras of the network, and write what node.toml needs for them",
        example="picctv cameras discover\n"
        "  picctv cameras discover --user admin --password-file camera-password >> node.toml",
    )
    discover.add_argument(
        "--timeout",
        type=_seconds,
        default=3.0,
        metavar="SECONDS",
        help="how long to wait for answers (default: 3)",
    )
    discover.add_argument(
        "--interface",
        metavar="ADDRESS",
        help="this machine's address in the network to search (default: all networks)",
    )
    discover.add_argument(
        "--user", help="ask every camera that is found for the addresses of its streams, as this user"
    )
    discover.add_argument(
        "--password-file", type=Path, metavar="FILE", help="holds the user's password; asked for without it"
    )
    discover.add_argument("--json", action="store_true", help="for programs")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 60:
        raise ValueError(text)
    return value


@dataclass
class Found:
    """A camera, and what it said when it was asked.

    Attributes:
        camera: the camera.
        streams: its streams, the largest first.
        fault: why it did not tell them; empty where it did, or was not asked.
    """

    camera: Camera
    streams: list[Stream] = field(default_factory=list)
    fault: str = ""


def _discover(args: argparse.Namespace) -> int:
    # Deferred: they import pydantic.
    from picctv_core.errors import SourceError
    from picctv_core.sources import onvif

    password = _password(args)
    found = [Found(camera) for camera in onvif.find(args.timeout, args.interface)]
    for each in found:
        if password is None:
            break
        try:
            each.streams = onvif.streams(each.camera, args.user, password, max(args.timeout, _ASKING_S))
        except SourceError as error:
            each.fault = str(error)
            print(f"picctv: warning: {error}", file=sys.stderr)
    if args.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
    else:
        print("\n\n".join(blocks(found, args.user)))
    if not found:
        print(f"picctv: {_NOTHING}", file=sys.stderr)
        return EXIT_ERROR
    return 0


def _password(args: argparse.Namespace) -> SecretStr | None:
    from pydantic import SecretStr

    from picctv_core.errors import SourceError
    from picctv_core.sources.video_settings import read_password

    if args.user is None:
        if args.password_file is not None:
            raise SourceError("--password-file needs --user: whose password it is", retry=False)
        return None
    if args.password_file is None:
        return SecretStr(getpass.getpass(f"Password of {args.user}: "))
    try:
        return SecretStr(read_password(str(args.password_file)))
    except ValueError as error:
        raise SourceError(str(error), retry=False) from None


def blocks(found: list[Found], user: str | None) -> list[str]:
    """Give the tables of ``node.toml`` for some cameras, each with a comment that says what was found.

    Args:
        found: the cameras.
        user: who was asked for; None for nobody.
    """
    taken: set[str] = set()
    return [_block(each, _name(each.camera, taken), user) for each in found]


def _block(found: Found, name: str, user: str | None) -> str:
    camera = found.camera
    said = [camera.name or "a camera without a name", camera.model, camera.location, camera.service]
    lines = [f"# {', '.join(part for part in said if part)}"]
    lines += [
        f"#   {stream.name}: {stream.encoding} {stream.width}x{stream.height}, {stream.url}"
        for stream in found.streams
    ]
    lines += [f"[cameras.{name}]", f"title = {_text(camera.name or name)}", "", f"[cameras.{name}.source]"]
    lines.append('driver = "video"')
    passed_on = [stream for stream in found.streams if stream.encoding == "H264"] or found.streams
    if passed_on:
        lines.append(f"url = {_text(passed_on[0].url)}")
        if passed_on[-1].width < passed_on[0].width:
            lines.append(f"analysis_url = {_text(passed_on[-1].url)}")
    else:
        host = f"[{camera.host}]" if ":" in camera.host else camera.host
        lines.append(
            f"url = {_text(f'rtsp://{host}/')}  # its path: ask with --user, or see the camera's manual"
        )
    if user is not None:
        lines += [f"user = {_text(user)}", f"password_file = {_text(_PASSWORD_FILE)}"]
    return "\n".join(lines)


def _name(camera: Camera, taken: set[str]) -> str:
    """Give a name for the camera's table that no other has."""
    base = "-".join(re.findall("[a-z0-9]+", camera.name.lower()))[:40].strip("-") or "camera"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name


def _text(text: str) -> str:
    """Give a text as TOML has it; the texts of cameras are printable already."""
    return json.dumps(text, ensure_ascii=False)
