"""What a node is to do: ``node.toml``, read and checked as a whole.

Drivers and plugins bring settings models of their own, so the file is checked in two passes: its own tables first, and
then each source and each plugin against the model of whoever will use it. Faults of both passes are told together.

A fault in what a plugin is told keeps that plugin from running, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import BaseModel, SecretStr

from picctv_core import plugins
from picctv_core.config import SettingsFile
from picctv_core.errors import Fault, PluginError, SettingsError
from picctv_core.frames import AnalysisFormat
from picctv_core.node._node_file import CameraTable, NodeFile, SpoolTable, check_name, is_token
from picctv_core.node._spool_store import Delay
from picctv_core.node.plugin_tables import Idle, PluginConfig, PluginTables
from picctv_core.plugins import Plugin, Status
from picctv_core.sources.base import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


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
        idle: the plugins that don't run on it, by name, and why.
    """

    name: str
    title: str
    analysis: AnalysisFormat
    driver: str
    source: type[Any]
    source_settings: BaseModel
    plugins: Mapping[str, PluginConfig]
    idle: Mapping[str, Idle]


@dataclass(frozen=True)
class NodeConfig:
    """Everything that a node is told.

    Attributes:
        path: the file that it was read from.
        name: the node's name, unique in the network.
        data: the directory that is the node's own.
        spool_max_bytes: how much may wait for the server.
        spool_min_free_bytes: how much room the disk shall keep; None for what suits the disk.
        spool_delay: how long, and how much of it, may be in memory only.
        notify_camera_offline: whether people are told of cameras that go away and come back.
        notify_clock_set: whether they are told when the machine's clock was set.
        clock_wait_s: how long messages wait for a clock that is not set when the node starts.
        notify_plugin_failing: whether they are told of plugins that are quarantined or started again.
        urls: the servers, tried one after another, without the path ``/uplink``.
        token: what the servers know the node by.
        cameras: those that are enabled.
        plugins: every installed node part, broken ones included.
        problems: the plugins that are not as they were meant to be on some camera, with status and detail: those that
            can't be used, and those that wait for another one.
    """

    path: Path
    name: str
    data: Path
    spool_max_bytes: int
    spool_min_free_bytes: int | None
    urls: tuple[str, ...]
    token: SecretStr
    cameras: tuple[CameraConfig, ...]
    plugins: tuple[Plugin, ...]
    problems: tuple[Plugin, ...] = ()
    spool_delay: Delay = field(default_factory=Delay)
    notify_camera_offline: bool = True
    notify_clock_set: bool = True
    clock_wait_s: float = 300.0
    notify_plugin_failing: bool = True


def load(path: Path, *, strict_plugins: bool = False) -> NodeConfig:
    """Read and check a ``node.toml``, and say which plugins are not as they were meant to be.

    Args:
        path: the file. Relative paths in it start at its folder.
        strict_plugins: whether any such plugin is an error; it is logged otherwise, and left out.

    Raises:
        SettingsError: the file itself has faults; it names them, and those in what plugins are told. With `strict_plugins`
            these are enough.
        PluginError: a plugin can't be used for another reason, and `strict_plugins` was asked for. It names all of them,
            and every fault of the file.
    """
    config = read(path, strict_plugins=strict_plugins)
    plugins.check_usable(config.problems, strict=strict_plugins)
    return config


def read(path: Path, *, strict_plugins: bool = False) -> NodeConfig:
    """Read and check a ``node.toml`` as `load` does, and say nothing of the plugins."""
    return _Reader(SettingsFile(path), plugins.discover(plugins.NODE), strict=strict_plugins).read()


@dataclass
class _Reader:
    """One reading of one file; `faults` grows as it goes."""

    file: SettingsFile
    installed: list[Plugin]
    strict: bool
    faults: list[Fault] = field(default_factory=list)

    def read(self) -> NodeConfig:
        shape, self.faults = self.file.validate(NodeFile, self.file.data)
        token = self._token(_table(self.file.data, "server"))
        tables = PluginTables(self.file, self.installed, _table(self.file.data, "plugins"))
        cameras = [
            self._camera(name, table, tables, None if shape is None else shape.cameras[name])
            for name, table in _tables(self.file.data, "cameras").items()
        ]
        if self.faults or shape is None or (self.strict and tables.faults):
            # Whoever has to mend the file anyway mends all of it.
            self.faults += tables.faults
            self._refuse(tables.problems)
        return NodeConfig(
            path=self.file.path,
            name=shape.node.name,
            data=self.file.path.parent / shape.node.data,
            spool_max_bytes=int(shape.node.spool_max),
            spool_min_free_bytes=None
            if shape.node.spool_min_free is None
            else int(shape.node.spool_min_free),
            urls=tuple(shape.server.urls),
            token=token,
            cameras=tuple(camera for camera in cameras if camera is not None),
            plugins=tuple(self.installed),
            problems=tuple(tables.problems),
            spool_delay=_delay(shape.spool),
            notify_camera_offline=shape.node.notify_camera_offline,
            notify_clock_set=shape.node.notify_clock_set,
            clock_wait_s=shape.node.clock_wait_s,
            notify_plugin_failing=shape.node.notify_plugin_failing,
        )

    def _refuse(self, problems: Sequence[Plugin]) -> NoReturn:
        error = SettingsError(self.file.path, sorted(self.faults, key=lambda fault: fault.line or 0))
        # What stands in the file has been told with its line.
        others = [
            plugin.complain()
            for plugin in problems
            if self.strict and plugin.status not in {Status.SETTINGS_ERROR, Status.NOT_INSTALLED}
        ]
        if others:
            raise PluginError("\n".join([str(error), *others])) from error
        raise error

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
        tables: PluginTables,
        checked: CameraTable | None,
    ) -> CameraConfig | None:
        """Check what a camera tells its driver and its plugins; None where it is disabled or has faults."""
        key = ("cameras", name)
        try:
            check_name(name)
        except ValueError as error:
            self._fault(key, str(error))
        source, source_settings = self._source(_table(table, "source"), (*key, "source"))
        if checked is not None and not checked.enabled:
            return None
        running, idle = tables.on_camera(name, _table(table, "plugins"))
        if checked is None or source is None or source_settings is None:
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

    def _fault(self, key: Sequence[str], message: str) -> None:
        self.faults.append(self.file.fault(key, message))


def _delay(spool: SpoolTable) -> Delay:
    return Delay(spool.delay_s, int(spool.memory_max)) if spool.durability == "on-delay" else Delay()


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Give a table of the raw file; empty where there is none, which the first pass has told."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _tables(data: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    return {name: table for name, table in _table(data, key).items() if isinstance(table, dict)}


def _names(found: Sequence[Plugin]) -> str:
    return ", ".join(plugin.name for plugin in found)
