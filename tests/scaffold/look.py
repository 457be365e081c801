"""Runs the demo with a plugin that is installed beside it, and looks at the plugin as a user would.

``./run scaffold`` runs it in an environment that has wheels only. It prints what it saw, and ends with 0 when all of it
was there, with 1 and the reason otherwise.

    python -P look.py PLUGIN --away-from CHECKOUT
"""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import picctv_core
from picctv_web.demo.client import Client
from picctv_web.demo.media import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

USER = "demo"
ARRIVED_S = 60
STOP_S = 20


def main() -> int:
    """Look at all of it."""
    parser = argparse.ArgumentParser(description="run the demo, and look at a plugin in it")
    parser.add_argument("plugin")
    parser.add_argument(
        "--away-from", type=Path, required=True, help="the checkout, of which nothing may be used"
    )
    args = parser.parse_args()
    plugin, folder = args.plugin, args.plugin.replace("-", "_")
    try:
        check_paths(args.away_from.resolve())
        with demo() as client:
            page = eventually(lambda: page_with_events(client, plugin))
            say(f"/plugins/{plugin}/ lists {page.count('<tr>') - 1} events")
            check_style(client, page, folder)
            eventually(lambda: check_listed(client, plugin))
            eventually(lambda: check_running(client, plugin))
            eventually(lambda: check_clip(client, plugin))
    except CheckFailed as error:
        print(f"scaffold: failed: {error}", file=sys.stderr)
        return 1
    say("all of it is there")
    return 0


def check_paths(checkout: Path) -> None:
    """Make sure that nothing of the checkout can be imported."""
    core = Path(picctv_core.__file__).resolve()
    expect(core.is_relative_to(Path(sys.prefix).resolve()), f"picctv_core is {core}, outside of {sys.prefix}")
    inside = [path for path in sys.path if Path(path or ".").resolve().is_relative_to(checkout)]
    # the environment itself may lie in the checkout's .nox
    foreign = [path for path in inside if not Path(path).resolve().is_relative_to(Path(sys.prefix).resolve())]
    expect(not foreign, f"the checkout is on the path: {', '.join(foreign)}")
    say(f"picctv is {core.parent}")


@contextlib.contextmanager
def demo() -> Iterator[Client]:
    """Run ``picctv demo`` on its synthetic cameras; give somebody who is logged in."""
    with tempfile.TemporaryDirectory(prefix="picctv-scaffold-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        command = [sys.executable, "-P", "-m", "picctv_core", "demo", "--data", folder, "--port", str(port)]
        say(f"starting the demo on port {port}")
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            client = Client(f"http://127.0.0.1:{port}/")
            client.log_in(USER, password_of(process))
            say("logged in")
            yield client
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    expect(process.returncode == 0, f"the demo ended with {process.returncode}")


def password_of(process: subprocess.Popen[str]) -> str:
    """Read what the demo says until it has named the password; it ends by itself where it can't start."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.match(r" +password +(\S+)", line):
            return found[1]
    raise CheckFailed("the demo named no password; its own words are above")


def page_with_events(client: Client, plugin: str) -> str:
    """Give the plugin's page, once it lists events."""
    page = client.get(f"/plugins/{plugin}/").decode()
    expect(page.count("<tr>") > 1, f"/plugins/{plugin}/ lists no event")
    return page


def check_style(client: Client, page: str, folder: str) -> None:
    """Fetch the static file that the page names."""
    found = re.search(rf'href="(/static/{folder}/[^"]+\.css[^"]*)"', page)
    expect(found is not None, "the page names no style of the plugin's")
    assert found is not None
    style = client.get(found[1])
    expect(b"{" in style, f"{found[1]} is no style")
    say(f"{found[1]} has {len(style)} bytes")


def check_listed(client: Client, plugin: str) -> None:
    """Find the plugin on the page of all plugins, each of its parts in order."""
    rows = client.get("/plugins/").decode().split("<li")
    row = next((row for row in rows if f"picctv-{plugin} " in row), "")
    states = re.findall(r'class="tag [^>]*>([^<]*)<', row)
    in_order = bool(states) and all(state.endswith("enabled") for state in states)
    expect(in_order, f"/plugins/ shows picctv-{plugin} as {states}")
    say(f"/plugins/ lists picctv-{plugin}: {', '.join(states)}")


def check_running(client: Client, plugin: str) -> None:
    """Find the plugin running on each camera."""
    cameras = client.json("/api/cameras")["cameras"]
    states = {camera["id"]: camera["plugins"].get(plugin, {}).get("status") for camera in cameras}
    expect(bool(states) and set(states.values()) == {"enabled"}, f"{plugin} on the cameras: {states}")
    say(f"it is enabled on {', '.join(states)}")


def check_clip(client: Client, plugin: str) -> None:
    """Find a clip with an event, results and a chart of the plugin, and its card on the clip's page."""
    clips = client.json("/api/clips", **{"with": plugin})["clips"]
    expect(bool(clips), f"no clip has an event of {plugin} yet")
    clip = client.json(f"/api/clips/{clips[0]['id']}")
    results = client.json(f"/api/clips/{clip['id']}/results/{plugin}")["results"]
    charts: list[Any] = [chart for chart in clip["charts"] if chart["plugin"] == plugin and chart["rows"]]
    expect(bool(results) and bool(charts), f"clip {clip['id']}: {len(results)} results, {len(charts)} charts")
    expect("Changes from" in client.get(clip["page"]).decode(), f"{clip['page']} has no card of {plugin}")
    say(f"a clip has {len(results)} results, {len(charts)} charts and a card")


def eventually(look: Callable[[], T]) -> T:
    """Look again and again until it is there."""
    deadline = time.monotonic() + ARRIVED_S
    while True:
        try:
            return look()
        except CheckFailed:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def expect(truth: bool, otherwise: str) -> None:
    """Fail where something is not so."""
    if not truth:
        raise CheckFailed(otherwise)


def free_port() -> int:
    """Find a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(text: str) -> None:
    """Tell what was seen."""
    print(f"scaffold: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
