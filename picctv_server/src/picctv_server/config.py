"""The settings of the server, ``server.toml``; the web has the sections ``mongodb`` and ``clips`` as well."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from picctv_core import plugins
from picctv_core.config import Settings, SettingsFile
from picctv_core.declarations import Options
from picctv_core.errors import SettingsError
from picctv_core.plugin_tables import Idle, TableReader
from picctv_core.redact import redact_url
from picctv_server.retention.settings import RetentionSettings

if TYPE_CHECKING:
    from picctv_core.plugins import Plugin


class ServerSettings(Settings):
    """Where the server listens: ``[server]``."""

    host: str = Field("127.0.0.1", min_length=1, description="address to listen at; 0.0.0.0 for all of IPv4")
    port: int = Field(8700, ge=1, le=65535, description="TCP port")
    name: str = Field(
        default_factory=socket.gethostname,
        min_length=1,
        description="what the server calls itself; the host's name by default",
    )
    notify_database_away: bool = Field(
        True,
        description="whether a notification says from when to when MongoDB was away, once it is back",
    )


class MongoSettings(Settings):
    """Which MongoDB: ``[mongodb]``, with either ``uri`` or ``embedded``."""

    uri: str | None = Field(
        None, repr=False, description="address of a MongoDB, mongodb://... or mongodb+srv://..."
    )
    embedded: Path | None = Field(
        None,
        description="folder of a MongoDB of picctv's own, for trying out and small sites; needs picctv-server[embedded]",
    )
    database: str = Field(
        "picctv", pattern=r"^[A-Za-z0-9_-]{1,38}$", description="name of the database in it"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.uri is None) == (self.embedded is None):
            raise ValueError("set either uri (a MongoDB of your own) or embedded (a folder for picctv's own)")
        if self.uri is not None and not self.uri.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("uri begins with mongodb:// or mongodb+srv://")
        return self

    @property
    def shown(self) -> str:
        """Give the address as it may be logged."""
        return redact_url(self.uri) if self.uri is not None else f"embedded in {self.embedded}"

    def relative_to(self, base: Path) -> MongoSettings:
        """Give the settings with a relative folder taken from `base`, the folder of the settings file."""
        return (
            self
            if self.embedded is None
            else self.model_copy(update={"embedded": _under(base, self.embedded)})
        )


class ClipSettings(Settings):
    """Where the bytes of clips are: ``[clips]``."""

    store: str = Field("filesystem", min_length=1, description="driver: filesystem or gridfs")
    path: Path | None = Field(None, description="folder of the filesystem store")

    @model_validator(mode="after")
    def _path_where_needed(self) -> Self:
        if self.store == "filesystem" and self.path is None:
            raise ValueError('the store "filesystem" needs path, the folder for the clips')
        if self.store == "gridfs" and self.path is not None:
            raise ValueError('the store "gridfs" is in MongoDB: take path away')
        return self

    def relative_to(self, base: Path) -> ClipSettings:
        """Give the settings with a relative path taken from `base`, the folder of the settings file."""
        return self if self.path is None else self.model_copy(update={"path": _under(base, self.path)})

    @staticmethod
    def default(mongodb: MongoSettings) -> ClipSettings:
        """Give what holds where there is no ``[clips]``: files beside the embedded MongoDB, else GridFS."""
        if mongodb.embedded is not None:
            return ClipSettings(store="filesystem", path=mongodb.embedded / "clips")
        return ClipSettings(store="gridfs")


class NodeSettings(Settings):
    """What people are told of nodes: ``[nodes]``."""

    notify_offline: bool = Field(
        True,
        description="whether a notification says that a node is offline, and another one that it is back",
    )
    offline_after_s: float = Field(
        60.0,
        ge=30.0,
        le=7 * 24 * 3600.0,
        description="seconds of silence after which a node counts as offline",
    )


class ServerFile(Settings):
    """``server.toml``, apart from what its plugins say of themselves."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    mongodb: MongoSettings
    clips: ClipSettings | None = None
    nodes: NodeSettings = Field(default_factory=NodeSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    # What is in there is the plugins' business: a fault in it is theirs, and not the file's.
    plugins: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class ServerConfig:
    """Everything that ``server.toml`` says, checked.

    Attributes:
        server: where to listen.
        mongodb: which MongoDB; its folder is absolute.
        clips: where clips go; its path is absolute.
        processors: the plugins' server parts that are to run, each with its settings.
        retention: what is kept for how long.
        nodes: what people are told of nodes.
        idle: those that are not, with status and detail, and plugins that the file names and nobody brings.
    """

    server: ServerSettings
    mongodb: MongoSettings
    clips: ClipSettings
    processors: tuple[tuple[Plugin, Any], ...] = field(default=())
    idle: tuple[Plugin, ...] = field(default=())
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    nodes: NodeSettings = field(default_factory=NodeSettings)


def load(path: Path) -> ServerConfig:
    """Read ``server.toml``, with the settings of the plugins' server parts.

    Relative paths in it are taken from its own folder. A fault in what a plugin is told keeps that plugin from running,
    and nothing else.

    Raises:
        SettingsError: the file itself has faults; it names them, and those in what plugins are told.
    """
    file = SettingsFile(path)
    value, faults = file.validate(ServerFile, file.data)
    reader = TableReader(file, plugins.discover(plugins.SERVER), Options)
    tables = file.data.get("plugins", {})
    processors, idle = _processors(reader, tables if isinstance(tables, dict) else {})
    if value is None:
        # Whoever has to mend the file anyway mends all of it.
        raise SettingsError(path, [*faults, *reader.faults])
    base = path.resolve().parent
    mongodb = value.mongodb.relative_to(base)
    return ServerConfig(
        server=value.server,
        mongodb=mongodb,
        clips=value.clips.relative_to(base) if value.clips else ClipSettings.default(mongodb),
        processors=tuple(processors),
        idle=tuple(idle),
        retention=value.retention,
        nodes=value.nodes,
    )


def _processors(
    reader: TableReader[Options], tables: dict[str, Any]
) -> tuple[list[tuple[Plugin, Any]], list[Plugin]]:
    """Give each server part that is to run with its settings, and those that are not."""
    processors, idle = [], []
    for plugin in reader.installed:
        found = reader.read(plugin, {("plugins", plugin.name): tables.get(plugin.name, {})})
        if isinstance(found, Idle):
            idle.append(found.told)
        else:
            processors.append((plugin, found.settings))
    return processors, idle + [
        absent.told for absent in reader.not_installed(("plugins",), tables, "a server part")
    ]


def _under(base: Path, path: Path) -> Path:
    return base / path.expanduser()
