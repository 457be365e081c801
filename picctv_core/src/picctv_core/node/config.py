"""What a node is to do: ``node.toml``, read and checked as a whole.

Drivers and plugins bring settings models of their own, so the file is checked in two passes: its own tables first, and
then each source and each plugin against the model of whoever will use it. Faults of both passes are told together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretStr

from picctv_core import plugins
from picctv_core.config import Settings, SettingsFile, unknown_key
from picctv_core.errors import Fault, PluginError, SettingsError
from picctv_core.frames import AnalysisFormat
from picctv_core.hookspecs import node as hookspecs
from picctv_core.node._node_file import CameraTable, NodeFile, check_name, is_token
from picctv_core.plugins import Plugin, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SOURCES = "picctv.sources"


@dataclass(frozen=True)
class PluginConfig:
    """A plugin that runs on a camera, and its settings there."""

    plugin: Plugin
    settings: BaseModel


@dataclass(frozen=True)
class CameraConfig:
    """One camera.

    Attributes:
        name: unique on the node.
        title: what people call it.
        analysis: size and rate of the frames that plugins get.
        driver: the name of the source's driver.
        source: the driver's class, a `picctv_core.sources.base.Source`.
        source_settings: what the driver gets, an object of its own ``Settings``.
        plugins: what runs on it, by name.
        idle: the plugins that are installed and don't run on it: their status, and why.
    """

    name: str
    title: str
    analysis: AnalysisFormat
    driver: str
    source: type[Any]
    source_settings: BaseModel
    plugins: Mapping[str, PluginConfig]
    idle: Mapping[str, tuple[Status, str]]


@dataclass(frozen=True)
class NodeConfig:
    """Everything that a node is told.

    Attributes:
        path: the file that it was read from.
        name: the node's name, unique in the network.
        data: the directory that is the node's own.
        spool_max_bytes: how much may wait for the server.
        urls: the servers, tried one after another, without the path ``/uplink``.
        token: what the servers know the node by.
        cameras: those that are enabled.
        plugins: every installed node part, broken ones included.
    """

    path: Path
    name: str
    data: Path
    spool_max_bytes: int
    urls: tuple[str, ...]
    token: SecretStr
    cameras: tuple[CameraConfig, ...]
    plugins: tuple[Plugin, ...]


def load(path: Path, *, strict_plugins: bool = False) -> NodeConfig:
    """Read and check a ``node.toml``.

    Args:
        path: the file. Relative paths in it start at its folder.
        strict_plugins: whether a plugin that can't be loaded is an error; it is logged otherwise.

    Raises:
        SettingsError: with every fault of the file.
        PluginError: a plugin can't be loaded, and `strict_plugins` was asked for.
    """
    file = SettingsFile(path)
    installed = [_examined(plugin) for plugin in plugins.discover(plugins.NODE)]
    plugins.check_usable(installed, strict=strict_plugins)
    return _Reader(file, installed).read()


@dataclass
class _Reader:
    """One reading of one file; `faults` grows as it goes."""

    file: SettingsFile
    installed: list[Plugin]
    faults: list[Fault] = field(default_factory=list)

    def read(self) -> NodeConfig:
        shape, self.faults = self.file.validate(NodeFile, self.file.data)
        token = self._token(_table(self.file.data, "server"))
        general = _tables(self.file.data, "plugins")
        self._check_plugin_names(general, ("plugins",))
        cameras = [
            self._camera(name, table, general, None if shape is None else shape.cameras[name])
            for name, table in _tables(self.file.data, "cameras").items()
        ]
        if self.faults or shape is None:
            faults = dict.fromkeys(self.faults)  # a fault in [plugins.X] is found once for each camera
            raise SettingsError(self.file.path, sorted(faults, key=lambda fault: fault.line or 0))
        return NodeConfig(
            path=self.file.path,
            name=shape.node.name,
            data=self.file.path.parent / shape.node.data,
            spool_max_bytes=int(shape.node.spool_max),
            urls=tuple(shape.server.urls),
            token=token,
            cameras=tuple(camera for camera in cameras if camera is not None),
            plugins=tuple(self.installed),
        )

    def _token(self, server: Mapping[str, Any]) -> SecretStr:
        name = server.get("token_file")
        if not isinstance(name, str):
            return SecretStr(str(server.get("token", "")))
        path = self.file.path.parent / name
        node = _table(self.file.data, "node").get("name", "NODE")
        way_out = f"`picctv server token create {node}` prints one to put there"
        token = ""
        try:
            token = path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            self._fault(("server", "token_file"), f"there is no file {path}; {way_out}")
        except (OSError, UnicodeDecodeError) as error:
            self._fault(("server", "token_file"), f"the file {path} can't be read: {error}")
        else:
            if not is_token(token):
                self._fault(("server", "token_file"), f"the file {path} holds no token; {way_out}")
        return SecretStr(token)

    def _camera(
        self,
        name: str,
        table: Mapping[str, Any],
        general: Mapping[str, Mapping[str, Any]],
        checked: CameraTable | None,
    ) -> CameraConfig | None:
        """Check what a camera tells its driver and its plugins; None where it is disabled or has faults."""
        key = ("cameras", name)
        try:
            check_name(name)
        except ValueError as error:
            self._fault(key, str(error))
        source, source_settings = self._source(_table(table, "source"), (*key, "source"))
        overrides = _tables(table, "plugins")
        self._check_plugin_names(overrides, (*key, "plugins"))
        running: dict[str, PluginConfig] = {}
        idle: dict[str, tuple[Status, str]] = {}
        for plugin in self.installed:
            own, common = overrides.get(plugin.name, {}), general.get(plugin.name, {})
            if not self._enabled(own, common, name, plugin.name):
                idle[plugin.name] = Status.DISABLED, ""
            elif plugin.status is not Status.ENABLED:
                idle[plugin.name] = plugin.status, plugin.detail
            elif (settings := self._plugin_settings(plugin, own, common, name)) is not None:
                running[plugin.name] = PluginConfig(plugin, settings)
        if checked is None or not checked.enabled or source is None or source_settings is None:
            return None
        return CameraConfig(
            name=name,
            title=checked.title or name.replace("-", " ").capitalize(),
            analysis=AnalysisFormat.parse(checked.analysis),
            driver=checked.source["driver"],
            source=source,
            source_settings=source_settings,
            plugins=running,
            idle=idle,
        )

    def _source(
        self, table: Mapping[str, Any], key: tuple[str, ...]
    ) -> tuple[type[Any], BaseModel] | tuple[None, None]:
        settings = dict(table)
        name = settings.pop("driver", None)
        if name is None:
            if table:
                self._fault(
                    (*key, "driver"), f"name the source's driver: {_names(plugins.discover(SOURCES))}"
                )
            return None, None
        try:
            driver: type[Any] = plugins.driver(SOURCES, name)
        except PluginError as error:
            self._fault((*key, "driver"), str(error))
            return None, None
        checked, faults = self.file.validate(driver.Settings, settings, key)
        self.faults += faults
        return (driver, checked) if checked is not None else (None, None)

    def _enabled(self, own: Mapping[str, Any], common: Mapping[str, Any], camera: str, plugin: str) -> bool:
        key = ("cameras", camera, "plugins", plugin) if "enabled" in own else ("plugins", plugin)
        enabled = own.get("enabled", common.get("enabled", True))
        if not isinstance(enabled, bool):
            self._fault((*key, "enabled"), "enabled is true or false")
        return bool(enabled)

    def _plugin_settings(
        self, plugin: Plugin, own: Mapping[str, Any], common: Mapping[str, Any], camera: str
    ) -> BaseModel | None:
        """Check ``[plugins.X]`` with the camera's own values over it."""
        merged = {**common, **own}
        merged.pop("enabled", None)
        model = _settings_model(plugin.object)
        checked, of_common = self.file.validate(model, merged, ("plugins", plugin.name))
        own_key = ("cameras", camera, "plugins", plugin.name)
        _, of_own = self.file.validate(model, merged, own_key)
        start = len(".".join(own_key)) + 1
        for general_fault, own_fault in zip(of_common, of_own, strict=True):
            is_own = own_fault.key[start:].split(".")[0] in own
            self.faults.append(own_fault if is_own else general_fault)
        return checked

    def _check_plugin_names(self, tables: Mapping[str, Mapping[str, Any]], key: Sequence[str]) -> None:
        known = [plugin.name for plugin in self.installed]
        for name, table in tables.items():
            # Switched off and taken away is what a person means who keeps its settings for later.
            if name not in known and table.get("enabled", True):
                hint = unknown_key(name, known).removeprefix("there is no such key; ")
                self._fault((*key, name), f"no plugin of this name is installed on this node; {hint}")

    def _fault(self, key: Sequence[str], message: str) -> None:
        self.faults.append(self.file.fault(key, message))


def _examined(plugin: Plugin) -> Plugin:
    """Give the plugin, with a load error where its object can be no analyzer."""
    if plugin.status is not Status.ENABLED:
        return plugin
    if not isinstance(plugin.object, type):
        return replace(plugin, status=Status.LOAD_ERROR, detail=f"{plugin.value} is no class", object=None)
    if not issubclass(_settings_model(plugin.object), BaseModel):
        detail = f"the Settings of {plugin.value} is no pydantic model"
        return replace(plugin, status=Status.LOAD_ERROR, detail=detail, object=None)
    try:
        plugins.bind(plugin.object, plugin.name, hookspecs)
    except PluginError as error:
        return replace(plugin, status=Status.LOAD_ERROR, detail=str(error), object=None)
    return plugin


def _settings_model(analyzer: Any) -> type[BaseModel]:
    """Give a plugin's settings model; one without keys where it has none."""
    model: type[BaseModel] = getattr(analyzer, "Settings", Settings)
    return model


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Give a table of the raw file; empty where there is none, which the first pass has told."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _tables(data: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    return {name: table for name, table in _table(data, key).items() if isinstance(table, dict)}


def _names(found: Sequence[Plugin]) -> str:
    return ", ".join(plugin.name for plugin in found)
