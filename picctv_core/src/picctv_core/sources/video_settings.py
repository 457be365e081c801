"""What the source ``video`` is told, and the credentials of a camera, which nobody gets to see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from picctv_core.config import Settings
from picctv_core.errors import SourceError, one_line
from picctv_core.sources.encode import Preset, Quality

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["file", "network", "device"]

# The kernel's names, and those of udev, which stay where a device gets another number.
_DEVICE = re.compile(r"/dev/(?:video|v4l/by-(?:id|path)/)[\w.:@+-]+")


def kind_of(url: str) -> Kind:
    """Say what an address names: a file, a camera on the network, or a V4L2 device."""
    if "://" in url:
        return "network"
    return "device" if _DEVICE.fullmatch(url) else "file"


class VideoSettings(Settings):
    """What to read, and how to encode it where it is not H.264."""

    # Addresses may have a password in them: they are left out where a model is printed.
    url: str = Field(
        min_length=1,
        repr=False,
        description="A video file's path, a network camera's address (rtsp://host/path), or a V4L2 device (/dev/video0).",
    )
    analysis_url: str | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="Where the camera sends a small stream beside the one of `url`: the frames for analysis are made of that, "
        "and what `url` gives is recorded and watched without being decoded. Without it: one stream is for all.",
    )
    user: str = Field(
        default="", description="The user that a network camera asks for, where the address does not have it."
    )
    password: SecretStr | None = Field(
        default=None, description="The user's password. `password_file` keeps it out of this file."
    )
    password_file: str | None = Field(
        default=None,
        min_length=1,
        description="A file that holds the user's password, and nothing else; read whenever the camera is opened.",
    )
    paced: bool | None = Field(
        default=None,
        description="Play a file at its own speed; false plays it as fast as it can be read. Means nothing for "
        "live cameras. Without it: true.",
    )
    loop: bool = Field(default=False, description="Begin a file again when it is over.")
    transport: Literal["tcp", "udp"] = Field(
        default="tcp", description="How an RTSP camera sends; tcp loses no packets."
    )
    timeout_s: float = Field(
        default=10.0,
        ge=1,
        le=120,
        description="Seconds for which a live camera may keep silent, when it is opened or read; then it counts as away, and is tried again.",
    )
    format: Literal["h264", "mjpeg", "yuyv"] | None = Field(
        default=None,
        description="A V4L2 device's format: h264 is passed on as it comes, the others are encoded; of those, mjpeg needs less "
        "of a USB bus and more CPU. Without it: the device's own choice. `picctv cameras devices` shows what there is.",
    )
    size: str | None = Field(
        default=None,
        pattern=r"^\d+x\d+$",
        description="A V4L2 device's picture size in pixels, such as 1280x720. Without it: the device's own choice.",
    )
    rate: float | None = Field(
        default=None,
        gt=0,
        le=240,
        description="A V4L2 device's pictures a second. Without it: the device's own choice.",
    )
    preset: Preset = Field(
        default="ultrafast",
        description="For what is not H.264: x264's preset; slower ones take more CPU and give less data.",
    )
    quality: Quality = Field(
        default=23,
        description="For what is not H.264: x264's constant rate factor, from 10 (large, good) to 45 (small, bad).",
    )
    bitrate: int | None = Field(
        default=None,
        ge=50,
        le=100_000,
        description="For what is not H.264: at most so many kilobits a second.",
    )

    @field_validator("url", "analysis_url")
    @classmethod
    def _from_the_files_folder(cls, url: str | None, info: ValidationInfo) -> str | None:
        """Begin a relative path at the folder of the settings file that it stands in."""
        if url is None or kind_of(url) != "file":
            return url
        return _in_folder(url, info.context)

    @field_validator("password_file")
    @classmethod
    def _readable(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is None:
            return None
        path = _in_folder(name, info.context)
        read_password(path)
        return path

    @model_validator(mode="after")
    def _one_set_of_credentials(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give either password or password_file")
        has_password = self.password is not None or self.password_file is not None
        if has_password and not self.user:
            raise ValueError("a password needs its user: give user as well")
        for key, url in (("url", self.url), ("analysis_url", self.analysis_url)):
            if self.user and url is not None and "@" in urlsplit(url).netloc:
                raise ValueError(f"user is given, and {key} has a user in it as well: leave one of them out")
        return self

    def address(self) -> str:
        """Give the address as FFmpeg takes it, with user and password: not for anybody's eyes.

        Raises:
            SourceError: the password's file can't be read.
        """
        if not self.user or kind_of(self.url) != "network":
            return self.url
        scheme, rest = self.url.split("://", 1)
        return f"{scheme}://{quote(self.user, safe='')}:{quote(self._password(), safe='')}@{rest}"

    def _password(self) -> str:
        if self.password is not None:
            return self.password.get_secret_value()
        if self.password_file is None:
            return ""
        try:
            return read_password(self.password_file)
        except ValueError as error:
            raise SourceError(str(error)) from None

    def for_analysis(self) -> VideoSettings | None:
        """Give the settings of the stream that is only for analysis; None where there is none."""
        if self.analysis_url is None:
            return None
        # What is said of a device is said of the one that `url` names.
        own = {
            "url": self.analysis_url,
            "analysis_url": None,
            "format": None,
            "size": None,
            "rate": None,
        }
        return self.model_copy(update=own)


def _in_folder(path: str, context: Mapping[str, Path] | None) -> str:
    return path if context is None else str(context["folder"] / path)


def read_password(name: str) -> str:
    """Read a file with a password; raises a ValueError that says what is wrong with it."""
    try:
        password = Path(name).read_text(encoding="utf-8").rstrip("\r\n")
    except FileNotFoundError:
        raise ValueError(f"there is no file {name}; put the camera's password there") from None
    except OSError as error:
        raise ValueError(f"the file {name} can't be read: {one_line(error)}") from None
    except UnicodeDecodeError:
        # The error's own text has a part of the password in it.
        raise ValueError(f"the file {name} can't be read: it is not text in UTF-8") from None
    if not password or "\n" in password:
        raise ValueError(f"the file {name} must hold one line, the camera's password")
    return password
