"""What people can set about motion, in people's units."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from picctv_core.config import Settings

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Polygon = list[tuple[Fraction, Fraction]]


class MotionSettings(Settings):
    """The settings of the motion plugin."""

    sensitivity: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="How faint a change counts: 0 only what stands out strongly, 1 the faintest.",
    )
    smallest: float = Field(
        0.0006,
        gt=0.0,
        le=1.0,
        description="The smallest thing to notice, as a part of the picture's area; "
        "0.0006 is a person of 6 % of the picture's height.",
    )
    settle_s: float = Field(
        60.0,
        ge=1.0,
        le=86400.0,
        description="After how many seconds a thing that stands still belongs to the background.",
    )
    warm_up_s: float = Field(
        1.0,
        ge=0.0,
        le=600.0,
        description="For how many seconds after the start, or after the whole picture changed, nothing is reported.",
    )
    ignore: list[Polygon] = Field(
        default_factory=list,
        description="Parts of the picture to leave out: polygons, each a list of [x, y] in fractions of the picture.",
    )

    @field_validator("ignore")
    @classmethod
    def _polygons_have_corners(cls, value: list[Polygon]) -> list[Polygon]:
        for polygon in value:
            if len(polygon) < 3:
                raise ValueError(f"a polygon has at least three corners, this one has {len(polygon)}")
        return value
