"""What people can set about motion, in people's units."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from picctv_core.config import Settings

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


def _with_corners(polygon: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(polygon) < 3:
        raise ValueError(f"a polygon has at least three corners, this one has {len(polygon)}")
    return polygon


Polygon = Annotated[list[tuple[Fraction, Fraction]], AfterValidator(_with_corners)]


class Zone(Settings):
    """A part of the picture that people care about, or do not."""

    name: str = Field(min_length=1, max_length=80, description="What people call it.")
    polygon: Polygon = Field(description="Its corners, each [x, y] in fractions of the picture.")
    sensitivity: Fraction | None = Field(
        None, description="How faint a change counts within it, 0 to 1; as elsewhere where not given."
    )
    ignore: bool = Field(False, description="Whether what moves within it is left out.")


class MotionSettings(Settings):
    """The settings of the motion plugin."""

    source: Literal["frames", "vectors"] = Field(
        "frames",
        description="What to look at: the pictures, or the motion vectors of the camera's encoder. These cost less, and miss "
        "what is slow, small or stands still; only cameras whose stream is H.264 have them. `settle_s` means nothing then.",
    )
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
        30.0,
        ge=1.0,
        le=86400.0,
        description="After how many seconds a thing that stands still belongs to the background.",
    )
    warm_up_s: float = Field(
        0.5,
        ge=0.0,
        le=600.0,
        description="For how many seconds after the start, or after the whole picture changed, nothing is reported.",
    )
    ignore: list[Polygon] = Field(
        default_factory=list,
        description="Parts of the picture to leave out: polygons, each a list of [x, y] in fractions of the picture.",
    )
    zones: list[Zone] = Field(
        default_factory=list,
        description="Parts of the picture with a name, which results tell of when something moves there; "
        "each may have a sensitivity of its own, or be left out. Elsewhere motion is reported as well.",
    )
    masks: bool = Field(
        True,
        description="Whether to keep the moving cells with each result: they show why it triggered, in about 150 bytes.",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> MotionSettings:
        names = [zone.name for zone in self.zones]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two zones are called {name!r}; each needs a name of its own")
        return self
