"""The settings of the server, ``server.toml``; the web has the sections ``mongodb`` and ``clips`` as well."""

from __future__ import annotations

import difflib
import logging
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from picctv_core import plugins
from picctv_core.config import Settings, SettingsFile
from picctv_core.errors import Fault, SettingsError
from picctv_core.redact import redact_url

log = logging.getLogger(__name__)


class ServerSettings(Settings):
    """Where the server listens: ``[server]``."""

    host: str = Field("127.0.0.1", min_length=1, description="address to listen at; 0.0.0.0 for all of IPv4")
    port: int = Field(8700, ge=1, le=65535, description="TCP port")
    name: str = Field(
        default_factory=socket.gethostname,
        min_length=1,
        description="what the server calls itself; the host's name by default",
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


class ServerFile(Settings):
    """``server.toml``, apart from what its plugins say of themselves."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    mongodb: MongoSettings
    clips: ClipSettings | None = None
    plugins: dict[str, dict[str, Any]] = Field(default_factory=dict)


@dataclass(frozen=True)
class ServerConfig:
    """Everything that ``server.toml`` says, checked.

    Attributes:
        server: where to listen.
        mongodb: which MongoDB; its folder is absolute.
        clips: where clips go; its path is absolute.
        processors: the plugins' server parts that can be used, each with its settings.
        problems: the plugins' server parts that can't.
    """

    server: ServerSettings
    mongodb: MongoSettings
    clips: ClipSettings
    processors: tuple[tuple[plugins.Plugin, Any], ...] = field(default=())
    problems: tuple[plugins.Plugin, ...] = field(default=())


def load(path: Path) -> ServerConfig:
    """Read ``server.toml``, with the settings of the plugins' server parts.

    Relative paths in it are taken from its own folder.

    Raises:
        SettingsError: with every fault, those in the plugins' sections included.
    """
    file = SettingsFile(path)
    value, faults = file.validate(ServerFile, file.data)
    found = plugins.discover(plugins.SERVER)
    processors, plugin_faults = _processors(file, found)
    if value is None or faults or plugin_faults:
        raise SettingsError(path, [*faults, *plugin_faults])
    base = path.resolve().parent
    mongodb = value.mongodb.relative_to(base)
    return ServerConfig(
        server=value.server,
        mongodb=mongodb,
        clips=value.clips.relative_to(base) if value.clips else ClipSettings.default(mongodb),
        processors=tuple(processors),
        problems=tuple(plugin for plugin in found if plugin.status is not plugins.Status.ENABLED),
    )


def _processors(
    file: SettingsFile, found: list[plugins.Plugin]
) -> tuple[list[tuple[plugins.Plugin, Any]], list[Fault]]:
    """Give each usable processor with its settings, and the faults in them."""
    sections = file.data.get("plugins", {})
    if not isinstance(sections, dict):
        return [], []  # the model has said so
    processors, faults = [], []
    for plugin in found:
        section = sections.get(plugin.name, {})
        if not isinstance(section, dict) or plugin.status is not plugins.Status.ENABLED:
            continue
        values = dict(section)
        enabled = values.pop("enabled", True)
        if not isinstance(enabled, bool):
            faults.append(file.fault(("plugins", plugin.name, "enabled"), "must be true or false"))
        model = getattr(plugin.object, "Settings", Settings)
        settings, own_faults = file.validate(model, values, ("plugins", plugin.name))
        faults += own_faults
        if enabled and settings is not None:
            processors.append((plugin, settings))
    for name in sorted(set(sections) - {plugin.name for plugin in found}):
        # No fault: a plugin that was uninstalled must not keep the server from starting.
        near = difflib.get_close_matches(name, [plugin.name for plugin in found], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        fault = file.fault(("plugins", name), f"no plugin of this name with a server part is installed{hint}")
        log.warning("%s", fault.describe(file.path))
    return processors, faults


def _under(base: Path, path: Path) -> Path:
    return base / path.expanduser()
