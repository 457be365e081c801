"""What both drivers of Raspberry Pi cameras are told."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from picctv_core.config import Settings

_Part = Annotated[float, Field(ge=0.0, le=1.0)]


def _even_size(text: str) -> str:
    width, height = (int(part) for part in text.split("x"))
    if not (64 <= width <= 1920 and 64 <= height <= 1920) or width % 2 or height % 2:
        raise ValueError(f"{text}: width and height are even numbers from 64 to 1920, as the encoder has it")
    return text


class Look(Settings):
    """How the picture is exposed. What is not said is the camera's own choice."""

    compensation: float = Field(
        0.0, ge=-4.0, le=4.0, description="How much brighter or darker the automatic exposure aims, in stops."
    )
    shutter_ms: float | None = Field(
        None, gt=0.0, le=10_000.0, description="A fixed exposure time in milliseconds. Without it: automatic."
    )
    gain: float | None = Field(
        None, ge=1.0, le=16.0, description="A fixed amplification. Without it: automatic."
    )
    slowest: float | None = Field(
        None,
        gt=0.0,
        le=120.0,
        description="In the dark, pictures a second may fall to this, for longer exposures. Without it: never below `rate`.",
    )
    color: bool = Field(True, description="False gives a grey picture: colours at night are mostly noise.")


def _night_look() -> Look:
    return Look(color=False, slowest=5.0)


class Night(Settings):
    """When it is night, and what is other then."""

    mode: Literal["off", "schedule", "light"] = Field(
        "off",
        description="`off`: there is no night; `schedule`: from `begins` to `ends`; `light`: when it is dark.",
    )
    begins: dt.time = Field(dt.time(21), description="When the night begins, in the node's own time zone.")
    ends: dt.time = Field(dt.time(6, 30), description="When it ends.")
    below_lux: float = Field(
        8.0, gt=0.0, description="With `light`: it is night when there is less light than this, in lux."
    )
    above_lux: float = Field(
        20.0, gt=0.0, description="With `light`: it is day again when there is more than this."
    )
    for_s: float = Field(
        20.0,
        ge=0.0,
        le=3600.0,
        description="With `light`: for how many seconds it must be so; a car's headlights are no day.",
    )
    look: Look = Field(
        default_factory=_night_look, description="How the picture is exposed at night, in place of `look`."
    )

    @model_validator(mode="after")
    def _apart(self) -> Night:
        if self.above_lux < self.below_lux:
            raise ValueError("above_lux is at least below_lux, or day and night would alternate")
        return self


class PiSettings(Settings):
    """A camera module of a Raspberry Pi."""

    camera: int = Field(0, ge=0, le=3, description="Which camera, where there are several.")
    size: Annotated[str, AfterValidator(_even_size)] = Field(
        "1280x720", pattern=r"^\d+x\d+$", description="The video's size in pixels, WIDTHxHEIGHT."
    )
    rate: float = Field(25.0, gt=0.0, le=120.0, description="Pictures a second.")
    bitrate: int = Field(
        3000, ge=50, le=25_000, description="How much video the encoder makes, in kilobits a second."
    )
    key_interval_s: float = Field(
        2.0,
        gt=0.0,
        le=60.0,
        description="How often there is a key picture, where clips can begin, in seconds.",
    )
    mirror: bool = Field(False, description="Whether left and right are swapped.")
    region: tuple[_Part, _Part, _Part, _Part] = Field(
        (0.0, 0.0, 1.0, 1.0),
        description="The part of the sensor to use: [left, top, width, height] in fractions of it.",
    )
    look: Look = Field(default_factory=Look, description="How the picture is exposed.")
    night: Night = Field(default_factory=Night, description="Night mode.")

    @property
    def width(self) -> int:
        """Columns of the video."""
        return int(self.size.partition("x")[0])

    @property
    def height(self) -> int:
        """Rows of the video."""
        return int(self.size.partition("x")[2])

    @property
    def key_interval(self) -> int:
        """Pictures from one key picture to the next."""
        return max(1, round(self.key_interval_s * self.rate))

    @model_validator(mode="after")
    def _possible(self) -> PiSettings:
        left, top, width, height = self.region
        if width < 0.05 or height < 0.05 or left + width > 1.0 + 1e-9 or top + height > 1.0 + 1e-9:
            raise ValueError("region lies within the sensor, and is at least 0.05 wide and high")
        return self

    def changes_while_running(self, other: PiSettings) -> bool:
        """Say whether the camera can go over to other settings without being opened anew."""
        still = {"look", "night", "region"}
        return self.model_dump(exclude=still) == other.model_dump(exclude=still)
