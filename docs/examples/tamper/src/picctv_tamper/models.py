"""What people can set about tampering, and what the plugin says of a picture."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from picctv_core.config import Settings
from picctv_core.typed import ResultModel


class TamperSettings(Settings):
    """What people can set in ``[plugins.tamper]``."""

    after_s: float = Field(
        3.0,
        ge=0.5,
        le=600.0,
        description="How many seconds a camera has to be covered or defocused before it counts, and to be well before "
        "it is over. A moved one needs twice as long, for a lorry that stops in front also hides the view.",
    )
    settle_s: float = Field(
        60.0,
        ge=1.0,
        le=86400.0,
        description="After how many seconds the new view of a camera that was moved is taken as its own.",
    )
    memory_s: float = Field(
        600.0,
        ge=10.0,
        le=86400.0,
        description="Over how many seconds the view that others are compared with is learnt.",
    )
    warm_up_s: float = Field(
        10.0, ge=1.0, le=600.0, description="For how many seconds after the start the view is learnt only."
    )
    interval_s: float = Field(
        0.5, ge=0.05, le=10.0, description="The pause between two looks at the picture, in seconds."
    )


class TamperResult(ResultModel):
    """What a look at the picture says. The numbers are compared with the camera's own view of the last minutes."""

    version: ClassVar[int] = 1

    triggered: bool = Field(description="Whether the camera is covered, defocused or moved.")
    score: float = Field(
        ge=0.0,
        le=1.0,
        description="How far the picture is from the camera's own view.",
        json_schema_extra={"chart": False},  # the charts of the numbers that it is made of say more
    )
    covered: bool = Field(description="Whether nearly the whole picture has lost its contrast.")
    defocused: bool = Field(description="Whether fine detail is gone while the view is the same.")
    moved: bool = Field(description="Whether the picture shows another view.")
    sharpness: float = Field(
        ge=0.0,
        description="Fine detail, as a part of what is normal for this camera.",
        json_schema_extra={"unit": "%"},
    )
    contrast: float = Field(
        ge=0.0,
        description="Contrast, as a part of what is normal for this camera.",
        json_schema_extra={"unit": "%"},
    )
    lost: float = Field(
        ge=0.0,
        le=100.0,
        title="View lost",
        description="The part of the view in which the camera's own edges are not seen.",
        json_schema_extra={"unit": "%"},
    )
