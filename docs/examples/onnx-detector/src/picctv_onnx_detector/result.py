"""What the plugin says of a frame."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from picctv_core.typed import ResultModel

Box = Annotated[list[float], Field(min_length=4, max_length=4)]


class Objects(ResultModel):
    """The objects of one frame. The three lists belong together, the surest object first."""

    triggered: bool = Field(description="Whether an object is of a class that triggers.")
    score: float = Field(
        ge=0.0,
        le=1.0,
        description="How sure the model is of the surest object that triggers; else of the surest.",
    )
    count: int = Field(ge=0, description="How many objects there are.", json_schema_extra={"unit": "objects"})
    boxes: list[Box] = Field(description="[x, y, w, h] of each in fractions of the picture.")
    labels: list[str] = Field(description="The class of each.")
    scores: list[float] = Field(description="How sure the model is of each, 0 to 1.")
