"""What people can set about recording."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from picctv_core.config import Settings


class RecordingSettings(Settings):
    """The settings of the recording plugin's node part."""

    mode: Literal["continuous", "triggered", "both"] = Field(
        "continuous",
        description="What is recorded: everything in segments, only around triggers, or both as clips of their own.",
    )
    segment_s: float = Field(
        60.0,
        ge=1.0,
        le=3600.0,
        description="Length of a continuous segment in seconds; it ends with the first key frame after that.",
    )
    pre_roll_s: float = Field(
        5.0,
        ge=0.0,
        le=300.0,
        description="Seconds of video before a trigger; at least so much is kept in memory.",
    )
    post_roll_s: float = Field(5.0, ge=0.0, le=600.0, description="Seconds of video after the last trigger.")
    max_clip_s: float = Field(
        300.0,
        ge=1.0,
        le=3600.0,
        description="A triggered clip that gets longer than these seconds goes on in another clip, without a hole.",
    )
    triggers: list[str] = Field(
        default_factory=list,
        description="The plugins whose results trigger recording; empty for all of the camera's.",
    )
    not_recording_after_s: float = Field(
        60.0,
        ge=0.0,
        description="When nothing was recorded for so many seconds, as no video comes or it can't be kept, people get a "
        "notification, and another one when it goes on; 0 for never.",
    )
    max_memory_mb: float = Field(
        64.0,
        gt=0.0,
        le=1024.0,
        description="What the pre-roll may take of the node's memory, and again a clip when it is sent, in millions of "
        "bytes. A clip that reaches it ends there and goes on at the next key frame. Until then it is on the disk.",
    )
