"""What people can set about the plugin. Each setting has a default that serves, bounds, and a sentence with its unit."""

from __future__ import annotations

from picctv_core.config import Settings
from pydantic import Field


class NewPluginSettings(Settings):
    """``[plugins.new-plugin]`` in ``node.toml``; ``[cameras.NAME.plugins.new-plugin]`` for one camera alone."""

    step: float = Field(
        25.0,
        gt=0.0,
        le=255.0,
        description="By how many grey levels, of 255, a pixel changes at least to count.",
    )
    smallest_percent: float = Field(
        0.2,
        gt=0.0,
        le=100.0,
        description="How many percent of the picture change at least to count.",
    )
    memory_s: float = Field(
        5.0,
        ge=0.1,
        le=3600.0,
        description="How many seconds it takes until what is new in the picture is no longer a change.",
    )
    pause_s: float = Field(
        2.0,
        ge=0.0,
        le=3600.0,
        description="How many seconds the picture is still before a stretch of change is over.",
    )
