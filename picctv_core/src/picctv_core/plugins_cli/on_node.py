"""How the plugins do on a node's cameras: from the node itself where it runs, else from what its file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_core.node import status_socket
from picctv_core.node.config import read
from picctv_core.plugins import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from picctv_core.node.config import NodeConfig
    from picctv_core.node.plugin_tables import Idle, PluginConfig

    Cameras = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class OnNode:
    """The plugins of one node.

    Attributes:
        path: its ``node.toml``.
        name: the node's name.
        runs: whether it runs at this moment.
        cameras: for each camera, by its id ``node/camera``, each plugin's part of the status, by name. Of a node that
            does not run, that is only what is known before: ``status``, ``detail``, ``distribution``, ``version``,
            ``uses`` and, where the plugin would run, ``isolation``.
    """

    path: Path
    name: str
    runs: bool
    cameras: Cameras

    def of(self, plugin: str) -> dict[str, Mapping[str, Any]]:
        """Give how a plugin does on each camera."""
        return {camera: plugins[plugin] for camera, plugins in self.cameras.items() if plugin in plugins}


def look(path: Path) -> OnNode:
    """Ask the node of a ``node.toml``, or read what it would do.

    Raises:
        SettingsError: the file has faults beside those in what plugins are told.
        PicctvError: the node runs, but can't be asked.
    """
    config = read(path)
    status = status_socket.ask(config.data)
    if status is None:
        return OnNode(path, config.name, runs=False, cameras=_planned(config))
    cameras = {camera: found.get("plugins", {}) for camera, found in status["cameras"].items()}
    return OnNode(path, config.name, runs=True, cameras=cameras)


def _planned(config: NodeConfig) -> Cameras:
    return {
        f"{config.name}/{camera.name}": {name: _would_run(plugin) for name, plugin in camera.plugins.items()}
        | {name: _idle(plugin) for name, plugin in camera.idle.items()}
        for camera in config.cameras
    }


def _would_run(config: PluginConfig) -> dict[str, Any]:
    return {
        "status": str(Status.WAITING if config.waiting else Status.ENABLED),
        "detail": config.waiting,
        "distribution": config.plugin.distribution,
        "version": config.plugin.version,
        "isolation": config.isolation,
        "uses": list(config.declaration.uses),
    }


def _idle(idle: Idle) -> dict[str, Any]:
    return {
        "status": str(idle.status),
        "detail": idle.detail,
        "distribution": idle.plugin.distribution,
        "version": idle.plugin.version,
        "isolation": "",
        "uses": [],
    }
