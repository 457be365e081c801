"""What a ``node.toml`` tells the plugins: ``[plugins.NAME]``, and ``[cameras.CAMERA.plugins.NAME]`` over it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from picctv_core.declarations import TRIGGER, Declaration, RunOptions, declared
from picctv_core.errors import PluginError
from picctv_core.inputs import called_hooks
from picctv_core.plugin_tables import Idle, TableReader
from picctv_core.plugins import Plugin, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from picctv_core.config import SettingsFile
    from picctv_core.errors import Fault

__all__ = ["Idle", "PluginConfig", "PluginTables"]

_PART = "a node part"


@dataclass(frozen=True)
class PluginConfig:
    """A plugin that runs on a camera.

    Attributes:
        plugin: the plugin.
        settings: what it is told there, an object of its own model.
        declaration: what its class says of itself.
        run: how the node is to run it.
        waiting: what it uses and does not run on this camera, in words; empty where all is there.
    """

    plugin: Plugin
    settings: BaseModel
    declaration: Declaration = field(default_factory=Declaration)
    run: RunOptions = field(default_factory=RunOptions)
    waiting: str = ""

    @property
    def isolation(self) -> str:
        """Give where it runs, ``thread`` or ``process``: as the node is told, else as the plugin asks for."""
        return self.run.isolation or self.declaration.isolation

    @cached_property
    def hooks(self) -> frozenset[str]:
        """Give the hooks that it is to be called by; raises PluginError as `picctv_core.inputs.called_hooks`."""
        return called_hooks(self.plugin.object, self.plugin.name, self.settings)


class PluginTables:
    """The plugins' tables of one file.

    Args:
        file: the file.
        installed: every node part, broken ones included.
        general: the tables ``[plugins.NAME]``, by name.

    Attributes:
        problems: the plugins that are not as they were meant to be on a camera that was read, with status and detail;
            by name.
    """

    def __init__(self, file: SettingsFile, installed: Sequence[Plugin], general: Mapping[str, Any]) -> None:
        self.problems: list[Plugin] = []
        self._reader = TableReader(file, installed, RunOptions)
        self._general = general

    @property
    def faults(self) -> list[Fault]:
        """Give what is wrong in the tables that were read."""
        return self._reader.faults

    def on_camera(
        self, camera: str, own: Mapping[str, Any]
    ) -> tuple[dict[str, PluginConfig], dict[str, Idle]]:
        """Give the plugins that run on a camera, and those that don't; both by name.

        Args:
            camera: its name.
            own: the camera's own tables.
        """
        key = ("cameras", camera, "plugins")
        running: dict[str, PluginConfig] = {}
        idle: dict[str, Idle] = {}
        for plugin in self._reader.installed:
            name = plugin.name
            tables = {("plugins", name): self._general.get(name, {}), (*key, name): own.get(name, {})}
            found = self._reader.read(plugin, tables)
            if isinstance(found, Idle):
                idle[name] = found
            else:
                config = PluginConfig(plugin, found.settings, declared(plugin.object), found.options)
                try:
                    _ = config.hooks  # asked now, so that the worker needs not fear what a plugin answers
                    running[name] = config
                except PluginError as error:
                    idle[name] = Idle(plugin, Status.SETTINGS_ERROR, str(error))
        # What one camera is told last: a plugin that is switched off for it is not missed there.
        general = {name: table for name, table in self._general.items() if name not in own}
        for absent in (
            *self._reader.not_installed(("plugins",), general, _PART),
            *self._reader.not_installed(key, own, _PART),
        ):
            idle[absent.plugin.name] = absent
        running = {name: _with_waiting(config, running, idle) for name, config in running.items()}
        self._note(found.told for found in idle.values())
        self._note(
            replace(config.plugin, status=Status.WAITING, detail=f"on {camera}: {config.waiting}")
            for config in running.values()
            if config.waiting
        )
        return running, idle

    def _note(self, found: Iterable[Plugin]) -> None:
        # What holds for all cameras is found once for each.
        self.problems += [
            plugin for plugin in found if plugin.status.is_problem and plugin not in self.problems
        ]
        self.problems.sort(key=lambda plugin: plugin.name)


def _with_waiting(
    config: PluginConfig, running: Mapping[str, PluginConfig], idle: Mapping[str, Idle]
) -> PluginConfig:
    missing = [name for name in config.declaration.uses if name != TRIGGER and name not in running]
    if not missing:
        return config
    words = [f"{name} ({idle[name].status if name in idle else Status.NOT_INSTALLED})" for name in missing]
    way_out = "see to that, or disable this one" if all(name in idle for name in missing) else "install it"
    return replace(config, waiting=f"it uses {' and '.join(words)}; {way_out}")
