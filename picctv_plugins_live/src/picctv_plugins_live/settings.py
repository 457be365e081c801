"""What people can set about live view."""

from __future__ import annotations

from pydantic import Field

from picctv_core.config import Settings


class LiveSettings(Settings):
    """The settings of the live plugin."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="The address to listen on. Whoever can reach it can watch, without a password: leave it on loopback, "
        "or open it only to a network that you trust.",
    )
    port: int = Field(
        0,
        ge=0,
        le=65535,
        description="The port of this camera; 0 takes a free one, which the plugin's health shows. Each camera needs one "
        "of its own: set it under [cameras.NAME.plugins.live].",
    )
    max_viewers: int = Field(20, ge=1, le=1000, description="How many may watch a camera at a time.")
    max_delay_s: float = Field(
        1.0,
        gt=0.0,
        le=60.0,
        description="A viewer who falls behind by more than these seconds is disconnected.",
    )
