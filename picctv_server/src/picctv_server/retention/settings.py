"""What is kept for how long: ``[retention]`` in ``server.toml``."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import ByteSize, Field, model_validator

from picctv_core.config import Settings

if TYPE_CHECKING:
    from picctv_server.clips.base import Space

Days = Annotated[float, Field(gt=0.0, le=36_500.0)]

DEFAULT_FREE_BYTES = 2 * 10**9
DEFAULT_FREE_PERCENT = 5

ANY_PLUGIN = "any"
"""In `days_with_events`: an event of whatever plugin."""


class CameraRetention(Settings):
    """How long clips, results and events of some cameras are kept; what is not set here is as in ``[retention]``."""

    clip_days: Days | None = Field(
        None, description="days that clips are kept; until there is no more room without it"
    )
    days_with_events: dict[str, Days] = Field(
        default_factory=dict,
        description='days that clips with an event of a plugin are kept, by its name, or "any"; more than clip_days',
    )
    camera_max: ByteSize | None = Field(
        None, gt=0, description="room that each camera's clips may take; beyond it the oldest go"
    )
    results_days: Days | None = Field(None, description="days that results are kept; for ever without it")
    events_days: Days | None = Field(None, description="days that events are kept; for ever without it")


class RetentionSettings(CameraRetention):
    """What is kept for how long: ``[retention]``. Without it all is kept until the clips' disk is nearly full."""

    enabled: bool = Field(True, description="whether anything is ever removed")
    free_min: ByteSize | None = Field(
        None,
        gt=0,
        description="room that stays free where the clips are: below it the oldest clips go, whatever the days say; "
        "2 GB without it, on small disks 5 % of them",
    )
    clips_max: ByteSize | None = Field(
        None, gt=0, description="room that all clips together may take; beyond it the oldest go"
    )
    notifications_days: Days | None = Field(
        None, description="days that notifications are kept; for ever without it"
    )
    gaps_days: Days | None = Field(None, description="days that gaps are kept; for ever without it")
    messages_days: Days | None = Field(
        None, description="days that payloads of plugins' own messages are kept; for ever without it"
    )
    plugin_days: Days | None = Field(
        None, description="days that plugins keep what they store by themselves; results_days without it"
    )
    message_ids_days: float = Field(
        90.0,
        ge=1.0,
        le=36_500.0,
        description="days that the ids of stored messages are kept at the least; longer while their node may send them again",
    )
    full_warning_hours: float = Field(
        6.0,
        ge=0.0,
        le=720.0,
        description="a notification says that the clips' disk will be full, so many hours before; 0 for none",
    )
    cameras: dict[str, CameraRetention] = Field(
        default_factory=dict,
        description='other values for cameras, by a pattern of their ids such as "garage/*"; the first that fits holds',
    )

    def floor(self, space: Space) -> int:
        """Give how much room stays free, in bytes."""
        if self.free_min is not None:
            return int(self.free_min)
        return min(DEFAULT_FREE_BYTES, space.total * DEFAULT_FREE_PERCENT // 100)

    def of(self, camera: str) -> CameraRetention:
        """Give what holds for a camera."""
        for pattern, own in self.cameras.items():
            if fnmatch.fnmatchcase(camera, pattern):
                return self._over(own)
        return CameraRetention.model_construct(
            **{name: getattr(self, name) for name in CameraRetention.model_fields}
        )

    @model_validator(mode="after")
    def _longer_with_events(self) -> Self:
        rules = {"": self} | {f"cameras.{name}: ": self._over(own) for name, own in self.cameras.items()}
        faults = [where + fault for where, rule in rules.items() if (fault := _fault(rule))]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _over(self, own: CameraRetention) -> CameraRetention:
        values = {
            name: getattr(own if name in own.model_fields_set else self, name)
            for name in CameraRetention.model_fields
        }
        return CameraRetention.model_construct(**values)


def _fault(own: CameraRetention) -> str:
    """Say what is wrong with the days of clips with events; empty where they are as they should be."""
    if own.days_with_events and own.clip_days is None:
        return "days_with_events needs clip_days, which it prolongs"
    short = [name for name, days in own.days_with_events.items() if days < (own.clip_days or 0)]
    if short:
        return f"days_with_events of {', '.join(short)} is less than clip_days, which holds for every clip"
    return ""
