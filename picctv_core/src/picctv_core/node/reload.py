"""What of new settings a running node can go over to, and what has to wait until it is started again."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from picctv_core.node.config import CameraConfig, NodeConfig

_OF_THE_NODE = (
    "name",
    "data",
    "spool_max_bytes",
    "spool_min_free_bytes",
    "spool_delay",
    "urls",
    "token",
    "notify_camera_offline",
    "notify_clock_set",
    "clock_wait_s",
    "notify_plugin_failing",
)


@dataclass(frozen=True)
class Changes:
    """The difference between two readings of a ``node.toml``.

    Attributes:
        sources: by camera, the settings that its source can go over to now.
        waiting: what has changed beside that, in words.
    """

    sources: dict[str, BaseModel]
    waiting: list[str]


def changes(running: NodeConfig, wanted: NodeConfig) -> Changes:
    """Compare the settings that a node runs with and those of now."""
    sources: dict[str, BaseModel] = {}
    waiting = [f"node: {name}" for name in _OF_THE_NODE if getattr(running, name) != getattr(wanted, name)]
    before = {camera.name: camera for camera in running.cameras}
    for camera in wanted.cameras:
        was = before.pop(camera.name, None)
        if was is None:
            waiting.append(f"cameras.{camera.name}: is new")
            continue
        waiting += [f"cameras.{camera.name}: {what}" for what in _other(was, camera)]
        if was.driver == camera.driver and was.source_settings != camera.source_settings:
            if hasattr(camera.source, "change"):
                sources[camera.name] = camera.source_settings
            else:
                waiting.append(
                    f"cameras.{camera.name}: source; the driver {camera.driver} can't change while it runs"
                )
    waiting += [f"cameras.{name}: is gone" for name in before]
    return Changes(sources, waiting)


def _other(was: CameraConfig, camera: CameraConfig) -> list[str]:
    """Name what differs beside what a source is told."""
    changed = [
        name for name in ("title", "analysis", "driver") if getattr(was, name) != getattr(camera, name)
    ]
    if was.plugins.keys() != camera.plugins.keys():
        return [*changed, "plugins"]
    # the object that was loaded is another one with each reading; what it is told counts
    differ = [
        f"plugins.{name}"
        for name, plugin in camera.plugins.items()
        if any(
            getattr(plugin, field.name) != getattr(was.plugins[name], field.name)
            for field in fields(plugin)
            if field.name not in {"plugin", "declaration"}
        )
    ]
    return changed + differ
