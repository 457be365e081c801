"""What the demo runs: its cameras, and the settings files of node, server and web."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.errors import PicctvError

if TYPE_CHECKING:
    from collections.abc import Sequence

NODE = "demo"
USER = "demo"

_SCENES = ("street", "room")
_WEB_PORT = 8080

# Short segments, so that a clip can be watched within half a minute.
_SEGMENT_S = 20


@dataclass(frozen=True)
class DemoCamera:
    """One camera of the demo.

    Attributes:
        name: its name on the node.
        title: what people read.
        source: the lines of its ``source`` table in node.toml.
    """

    name: str
    title: str
    source: dict[str, str | bool]

    @property
    def id(self) -> str:
        """Give the camera's id in the network."""
        return f"{NODE}/{self.name}"


@dataclass(frozen=True)
class Plan:
    """Everything that the supervisor needs to know before it starts anything."""

    data: Path
    cameras: tuple[DemoCamera, ...]
    host: str
    web_port: int
    server_port: int

    @property
    def address(self) -> str:
        """Give the address of the web interface."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.web_port}/"

    @property
    def server_config(self) -> Path:
        """Give the server's settings file."""
        return self.data / "server.toml"

    @property
    def node_config(self) -> Path:
        """Give the node's settings file."""
        return self.data / "node.toml"

    @property
    def web_config(self) -> Path:
        """Give the web's settings file."""
        return self.data / "web.toml"

    @property
    def token(self) -> Path:
        """Give the file with the node's token."""
        return self.data / "token.txt"

    @property
    def mongodb(self) -> Path:
        """Give the folder of the embedded MongoDB."""
        return self.data / "mongodb"

    @property
    def logs(self) -> Path:
        """Give the folder of the processes' logs."""
        return self.data / "logs"

    def write(self) -> None:
        """Write the three settings files, for the user's eyes only: an RTSP address may hold a password."""
        for path, text in (
            (self.server_config, self._server_toml()),
            (self.node_config, self._node_toml()),
            (self.web_config, self._web_toml()),
        ):
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")

    def _store_toml(self) -> str:
        return f"""\
[mongodb]
embedded = {_toml(str(self.mongodb))}

[clips]
store = "filesystem"
path = {_toml(str(self.data / "clips"))}
"""

    def _server_toml(self) -> str:
        return f"""\
# Made by `picctv demo`, anew at each start.
[server]
host = "127.0.0.1"
port = {self.server_port}

{self._store_toml()}"""

    def _web_toml(self) -> str:
        return f"""\
# Made by `picctv demo`, anew at each start.
[web]
host = {_toml(self.host)}
port = {self.web_port}
data = {_toml(str(self.data / "web"))}

{self._store_toml()}"""

    def _node_toml(self) -> str:
        head = f"""\
# Made by `picctv demo`, anew at each start.
[node]
name = {_toml(NODE)}
data = {_toml(str(self.data / "node"))}

[server]
urls = ["ws://127.0.0.1:{self.server_port}"]
token_file = {_toml(str(self.token))}
"""
        recording = (
            "" if not _installed("recording") else f"\n[plugins.recording]\nsegment_s = {_SEGMENT_S}\n"
        )
        return head + recording + "".join(map(_camera_toml, self.cameras))


def make_plan(arguments: Sequence[str], data: Path, host: str, port: int | None) -> Plan:
    """Turn the command's arguments into a plan.

    Raises:
        PicctvError: a camera that can't be, a data folder that can't be made, or a port that is taken.
    """
    cameras = _cameras(arguments)
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        msg = f"--data {data}: the folder can't be made: {error.strerror}"
        raise PicctvError(msg) from error
    return Plan(data, cameras, host, _web_port(host, port), _free_port("127.0.0.1"))


def _cameras(arguments: Sequence[str]) -> tuple[DemoCamera, ...]:
    if not arguments:
        return tuple(
            DemoCamera(scene, scene.capitalize(), {"driver": "synthetic", "scene": scene})
            for scene in _SCENES
        )
    cameras: list[DemoCamera] = []
    for number, argument in enumerate(arguments, start=1):
        camera = _camera(argument, number)
        if any(camera.name == other.name for other in cameras):
            camera = DemoCamera(f"{camera.name}-{number}", f"{camera.title} {number}", camera.source)
        cameras.append(camera)
    return tuple(cameras)


def _camera(argument: str, number: int) -> DemoCamera:
    if "://" in argument:
        # Nothing of the address goes into a name: it may hold a password.
        return DemoCamera(f"camera-{number}", f"Camera {number}", {"driver": "video", "url": argument})
    path = Path(argument).expanduser().absolute()
    if not path.exists():
        msg = f"camera {argument}: there is no such file or device; give a video file, rtsp://... or /dev/video0"
        raise PicctvError(msg)
    if path.is_dir():
        msg = f"camera {argument}: this is a folder; give a video file in it"
        raise PicctvError(msg)
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or f"camera-{number}"
    source: dict[str, str | bool] = {"driver": "video", "url": str(path)}
    if path.is_file():
        source["loop"] = True
    return DemoCamera(name, path.stem, source)


def _camera_toml(camera: DemoCamera) -> str:
    source = "\n".join(f"{key} = {_toml(value)}" for key, value in camera.source.items())
    return f"\n[cameras.{camera.name}]\ntitle = {_toml(camera.title)}\n\n[cameras.{camera.name}.source]\n{source}\n"


def _toml(value: str | bool) -> str:
    """Write a value as TOML. Its basic strings take JSON's escapes, apart from DEL, which no path needs."""
    return json.dumps(value, ensure_ascii=False)


def _installed(plugin: str) -> bool:
    """Say whether a plugin's node part is installed: settings of one that is not would be a fault."""
    return bool(entry_points(group="picctv.node", name=plugin))


def _web_port(host: str, port: int | None) -> int:
    if port is None:
        return _WEB_PORT if _is_free(host, _WEB_PORT) else _free_port(host)
    if not _is_free(host, port):
        msg = f"port {port} on {host} is taken: stop the other program, or give another --port"
        raise PicctvError(msg)
    return port


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
