"""What people can set about lines, and what the plugin says of a picture."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from picctv_core.config import Settings
from picctv_core.typed import ResultModel

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Line(Settings):
    """A line across the picture, and what its two directions are called."""

    name: str = Field("Line", min_length=1, max_length=40, description="What people call it.")
    start: tuple[Fraction, Fraction] = Field(
        (0.5, 0.0), description="Where it begins: [x, y] in fractions of the picture, from its left top."
    )
    end: tuple[Fraction, Fraction] = Field((0.5, 1.0), description="Where it ends, written as `start`.")
    to_right: str = Field(
        "to the right",
        min_length=1,
        max_length=40,
        description="What it is called to cross to the right hand of somebody who walks from `start` to `end`. "
        "For a line from the top to the bottom that is the left of the picture.",
    )
    to_left: str = Field(
        "to the left", min_length=1, max_length=40, description="What the other direction is called."
    )

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if abs(self.start[0] - self.end[0]) + abs(self.start[1] - self.end[1]) < 0.01:
            raise ValueError(f"the line {self.name!r} is a point: start and end have to differ")
        if self.to_right == self.to_left:
            raise ValueError(f"the two directions of the line {self.name!r} have the same name")
        return self


class CrossingSettings(Settings):
    """What people can set in ``[plugins.crossing]``."""

    lines: list[Line] = Field(
        default_factory=lambda: [Line()],
        min_length=1,
        max_length=20,
        description="The lines. Without any: one down the middle of the picture.",
    )
    margin: float = Field(
        0.015,
        ge=0.0,
        le=0.2,
        description="How far beyond a line something has to get to have crossed it, as a part of the picture, so that "
        "who stands on the line is not counted again and again.",
    )
    lost_after_s: float = Field(
        1.5,
        gt=0.0,
        le=60.0,
        description="For how many seconds something may be hidden and still be the same.",
    )

    @field_validator("lines")
    @classmethod
    def _names_differ(cls, lines: list[Line]) -> list[Line]:
        names = [line.name for line in lines]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"more than one line is called {', '.join(map(repr, twice))}")
        return lines


class CrossingResult(ResultModel):
    """What is said of a picture."""

    version: ClassVar[int] = 1

    triggered: bool = Field(description="Whether something crossed a line just now.")
    score: float = Field(
        ge=0.0,
        description="How many crossings there were since the last picture.",
        json_schema_extra={"chart": False},  # next to always 0
    )
    tracked: int = Field(ge=0, title="Things in sight", description="How many moving things are followed.")
    total: int = Field(
        ge=0,
        description="All crossings since the node started.",
        json_schema_extra={"chart": False},  # the plugin's own page has them by the hour
    )
