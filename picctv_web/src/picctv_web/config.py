"""The settings of the web interface, ``web.toml``, and the folder with its accounts and its key."""

from __future__ import annotations

import os
import secrets
import socket
import zoneinfo
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator

from picctv_core.config import Settings, SettingsFile
from picctv_core.errors import PicctvError, SettingsError
from picctv_server.config import ClipSettings, MongoSettings

CONFIG_VARIABLE = "PICCTV_WEB_CONFIG"
"""The environment variable that names ``web.toml``, for Django's settings."""

_EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not bound to


class WebSettings(Settings):
    """Where the web interface listens, and where its accounts are: ``[web]``."""

    host: str = Field("127.0.0.1", description="address to listen at; 0.0.0.0 for all of IPv4")
    port: int = Field(8080, ge=1, le=65535, description="TCP port")
    data: Path = Field(
        description="folder for accounts, sessions and the secret key; made if it is not there"
    )
    allowed_hosts: list[str] = Field(
        default_factory=list,
        description="names by which browsers reach it; empty for localhost, this machine's name and `host`",
    )
    time_zone: str = Field("UTC", description="time zone of the times shown, for example Europe/Berlin")
    https: bool = Field(
        False, description="true where people reach it by https only: its cookies then never leave without"
    )

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {value!r}; they are named like Europe/Berlin") from None
        return value

    def hosts(self) -> list[str]:
        """List the names by which the site may be asked for; any other is a page in disguise (DNS rebinding)."""
        if self.allowed_hosts:
            return list(self.allowed_hosts)
        name = socket.gethostname()
        own = [] if self.host in _EVERYWHERE else [f"[{self.host}]" if ":" in self.host else self.host]
        return ["localhost", "127.0.0.1", "[::1]", name, f"{name}.local", *own]

    @property
    def address(self) -> str:
        """The address to open in a browser on this machine."""
        host = "127.0.0.1" if self.host in _EVERYWHERE else self.host
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"


class WebFile(Settings):
    """``web.toml`` as it is written."""

    web: WebSettings
    mongodb: MongoSettings
    clips: ClipSettings | None = None


@dataclass(frozen=True)
class WebConfig:
    """Everything that ``web.toml`` says, checked; its paths are absolute."""

    web: WebSettings
    mongodb: MongoSettings
    clips: ClipSettings


def load_settings(path: Path) -> WebConfig:
    """Read ``web.toml``. Relative paths in it are taken from its own folder.

    Raises:
        SettingsError: with every fault.
    """
    file = SettingsFile(path)
    value, faults = file.validate(WebFile, file.data)
    if value is None:
        raise SettingsError(path, faults)
    base = path.resolve().parent
    mongodb = value.mongodb.relative_to(base)
    return WebConfig(
        web=value.web.model_copy(update={"data": base / value.web.data.expanduser()}),
        mongodb=mongodb,
        clips=value.clips.relative_to(base) if value.clips else ClipSettings.default(mongodb),
    )


def make_data_folder(folder: Path) -> None:
    """Make the folder of the accounts, for its owner's eyes only.

    Raises:
        PicctvError: it can't be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PicctvError(f"[web] data: the folder {folder} can't be made: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PicctvError(
            f"[web] data: the folder {folder} can't be written to; give it to this user, or name another"
        )


def secret_key(folder: Path) -> str:
    """Give the key that signs sessions; it is made at the first start and kept in a file of mode 0600.

    Raises:
        PicctvError: it can't be read or made.
    """
    path = folder / "secret_key"
    make_data_folder(folder)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(path)
    except OSError as error:
        raise PicctvError(f"the secret key {path} can't be made: {error.strerror}") from error
    key = secrets.token_urlsafe(64)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _read_key(path: Path) -> str:
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PicctvError(f"the secret key {path} can't be read: {error}") from error
    if len(key) < 32:
        raise PicctvError(
            f"the secret key {path} is damaged; remove it, and a new one is made (everybody logs in again)"
        )
    return key
