"""What people can set in ``[plugins.notifier]`` of ``server.toml``."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from picctv_core.config import Settings
from picctv_notifier import services

Level = Literal["info", "warning", "error"]

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110
_QUIET = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")


class WebhookSettings(Settings):
    """One address that gets each notification as JSON: a table of ``[[plugins.notifier.webhooks]]``.

    The address and the headers' values are secrets: addresses of webhooks often have a token in them.
    """

    url: SecretStr = Field(description="Where to POST to, http://... or https://...")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description='Further headers, for example {Authorization = "Bearer ..."}.'
    )
    secret: SecretStr | None = Field(
        None,
        description="Signs each request: the receiver can check that it comes from here. None: no signature.",
    )

    @field_validator("url")
    @classmethod
    def _url_is_of_http(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        try:
            parts = urlsplit(url)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:  # a port that is no number; its text has the address in it
            usable = False
        if not usable or not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError(
                "write an address of the form https://host/path, with anything special in it %-encoded"
            )
        if parts.username is not None:
            raise ValueError("take user and password out of the address and set a header Authorization")
        return value

    @field_validator("headers")
    @classmethod
    def _headers_can_be_sent(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, content in value.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} can't be the name of a header")
            text = content.get_secret_value()
            if not text.isascii() or not text.isprintable():
                raise ValueError(f"the value of {name!r} must be printable ASCII on one line")
        return value

    @field_validator("secret")
    @classmethod
    def _secret_is_one(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value():
            raise ValueError("an empty secret signs nothing: set one, or take the key away")
        return value


class NotifierSettings(Settings):
    """The settings of the notifier."""

    webhooks: list[WebhookSettings] = Field(
        default_factory=list, description="Addresses that get each notification as JSON."
    )
    apprise: list[SecretStr] = Field(
        default_factory=list,
        description="Addresses of Apprise, for example ntfys://topic; one for each service.",
    )
    level: Level = Field("info", description="From which level on notifications are sent.")
    plugins: list[str] = Field(
        default_factory=list,
        description='Only what these plugins say; "picctv" is picctv itself. Empty for all.',
    )
    cameras: list[str] = Field(
        default_factory=list,
        description='Only what is about these cameras, as "node/camera"; * stands for anything. Empty for all.',
    )
    per_minute: int = Field(
        6,
        ge=1,
        le=600,
        description="How many are sent in a minute for each camera; the next tells of the others.",
    )
    quiet: str | None = Field(
        None,
        description='Quiet hours in the server\'s local time, for example "22:00-06:30". None: there are none.',
    )
    quiet_level: Level = Field(
        "error", description="From which level on notifications are sent in quiet hours."
    )
    timeout_s: float = Field(
        10.0, gt=0.0, le=60.0, description="How many seconds a webhook may take to answer."
    )
    tries: int = Field(6, ge=1, le=20, description="How often a notification is tried, with growing pauses.")
    most_waiting: Annotated[int, Field(ge=1, le=10_000)] = Field(
        200, description="How many wait for each address at the most; beyond that the oldest is given up."
    )

    @field_validator("apprise")
    @classmethod
    def _apprise_knows_them(cls, value: list[SecretStr]) -> list[SecretStr]:
        for number, url in enumerate(value, start=1):
            if not services.is_known(url.get_secret_value()):
                raise ValueError(
                    f"Apprise can't use address {number} of this list: see its page of services for the form, and "
                    "try it with the command `apprise`"
                )
        return value

    @field_validator("quiet")
    @classmethod
    def _quiet_is_two_times(cls, value: str | None) -> str | None:
        if value is not None:
            quiet_hours(value)
        return value


def quiet_hours(text: str) -> tuple[dt.time, dt.time]:
    """Read ``HH:MM-HH:MM``.

    Raises:
        ValueError: the text is of another form, or no time of day.
    """
    match = _QUIET.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
        begin, end = dt.time(from_hour, from_minute), dt.time(to_hour, to_minute)
    except ValueError:
        raise ValueError('write quiet hours as "22:00-06:30"') from None
    if begin == end:
        raise ValueError("quiet hours that begin and end at one time are no hours: change one of them")
    return begin, end
