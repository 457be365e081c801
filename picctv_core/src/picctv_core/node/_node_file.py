"""The tables of a ``node.toml`` that are the node's own; what drivers and plugins have in them, `config` checks."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, ByteSize, Field, SecretStr, model_validator

from picctv_core.config import Settings
from picctv_core.frames import AnalysisFormat

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TOKEN = re.compile(r"[!-~]{1,1000}")


def check_name(name: str) -> str:
    """Give the name of a node or a camera if it is one; raises a ValueError otherwise."""
    if len(name) > 64 or not _NAME.fullmatch(name):
        raise ValueError("names are of lower-case letters and digits, with single hyphens between them")
    return name


def is_token(text: str) -> bool:
    """Say whether a text can be a token, and so stand in an HTTP header."""
    return _TOKEN.fullmatch(text) is not None


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise ValueError("a server's address is of the form ws://HOST:PORT or wss://HOST:PORT")
    if "@" in parts.netloc:
        raise ValueError("the address holds a name or password; nodes are known by their token")
    return url.rstrip("/")


def _check_analysis(text: str) -> str:
    AnalysisFormat.parse(text)
    return text


class NodeTable(Settings):
    """The node itself."""

    name: Annotated[str, AfterValidator(check_name)] = Field(
        description="Unique in the network: lower-case letters and digits, with single hyphens between them."
    )
    data: str = Field(
        min_length=1, description="Folder of the spool and of what plugins keep; made where it is not there."
    )
    spool_max: ByteSize = Field(
        default=ByteSize(10 * 10**9),
        ge=10**6,
        description="How much may wait for the server. Beyond it the oldest video goes first, and leaves a gap.",
    )
    spool_min_free: ByteSize | None = Field(
        default=None,
        description="How much room the disk of `data` shall keep; 200 MB, or a tenth of the disk where that is less, if it is "
        "not given. Where it is less, whoever has filled it, the oldest video that waits goes first, and leaves a gap.",
    )
    notify_camera_offline: bool = Field(
        default=True,
        description="Whether people get a notification when a camera goes offline, and when it is back.",
    )
    notify_clock_set: bool = Field(
        default=True, description="Whether people get a notification when the machine's clock was set."
    )
    clock_wait_s: float = Field(
        default=300.0,
        ge=0.0,
        le=86400.0,
        description="On a machine that does not know the time when it starts (no clock that runs while it is off, and NTP has "
        "not answered yet): how many seconds messages wait for that, so that their times can be corrected.",
    )
    notify_plugin_failing: bool = Field(
        default=True,
        description="Whether people get a notification when a plugin is quarantined, or its process started again.",
    )


class SpoolTable(Settings):
    """When what waits for the server is written to the disk."""

    durability: Literal["always", "on-delay"] = Field(
        default="always",
        description="`always`: everything is on the disk before anybody counts on it. `on-delay`: only what the server has not "
        "acknowledged within `delay_s`; an SD card lives longer, and a power cut costs those seconds, which become a gap.",
    )
    delay_s: float = Field(
        default=30.0,
        ge=10.0,
        le=600.0,
        description="With `on-delay`: how many seconds after its capture something may be in memory only. Clips are cut into "
        "pieces of half as long.",
    )
    memory_max: ByteSize = Field(
        default=ByteSize(64 * 10**6),
        ge=10**6,
        description="With `on-delay`: how much of what waits may be in memory only. What comes on top is written at once.",
    )


class ServerTable(Settings):
    """The way to the server. Either `token` or `token_file` must be given."""

    urls: list[Annotated[str, AfterValidator(_check_url)]] = Field(
        min_length=1,
        description="Addresses of servers, `ws://HOST:PORT` or `wss://HOST:PORT`, tried one after another.",
    )
    token: SecretStr | None = Field(
        default=None, description="What the server knows the node by; `picctv server token create` makes it."
    )
    token_file: str | None = Field(default=None, description="A file that holds the token, and nothing else.")

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if (self.token is None) == (self.token_file is None):
            raise ValueError(
                "give either token or token_file; `picctv server token create NODE` makes a token"
            )
        if self.token is not None and not is_token(self.token.get_secret_value()):
            raise ValueError("this is no token; `picctv server token create NODE` makes one")
        return self


class CameraTable(Settings):
    """A camera; its id in the network is `node/camera`."""

    title: str = Field(default="", description="What people read; the name, where it is empty.")
    analysis: Annotated[str, AfterValidator(_check_analysis)] = Field(
        default="320x240@10",
        description="Size of the frames that plugins get, and how many a second at the most: `WIDTHxHEIGHT@RATE`.",
    )
    enabled: bool = Field(default=True, description="False leaves the camera out.")
    source: dict[str, Any] = Field(
        description="What to read: `driver` names the source, the other keys are the driver's own."
    )
    # What is in there is the plugins' business: a fault in it is theirs, and not the file's.
    plugins: dict[str, Any] = Field(
        default_factory=dict,
        description="What a plugin is told on this camera, over what `[plugins.NAME]` says.",
    )


class NodeFile(Settings):
    node: NodeTable
    server: ServerTable
    spool: SpoolTable = Field(default_factory=SpoolTable)
    cameras: dict[str, CameraTable] = Field(min_length=1)
    plugins: dict[str, Any] = Field(default_factory=dict)
