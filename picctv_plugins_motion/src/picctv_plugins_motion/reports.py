"""What the node part sends, checked: a node can be older or newer than its server, and is not to be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

from picctv_core.errors import CodecError
from picctv_plugins_motion.masks import unpacked_mask
from picctv_plugins_motion.settings import Fraction, Polygon

if TYPE_CHECKING:
    from picctv_core.messages import Message

ZONES = "zones"
"""The kind of the message by which a node tells where the zones of a camera are."""

MAX_BOXES = 1000
MAX_ZONES = 200


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _unpacked(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError(f"a packed mask is a map, not {type(value).__name__}")  # noqa: TRY004 - pydantic's way to a fault
    return unpacked_mask(value)


NanoSeconds = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Box = tuple[float, float, float, float]


class _Report(BaseModel):
    # A newer node may say more than we know.
    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
    )


class Seen(_Report):
    """What motion said about a frame, as far as the server and the web go by it. Older nodes say less.

    Attributes:
        triggered: whether something moves.
        score: how much moves, and how clearly, 0 to 1; None where it was not said.
        area: the moving part of the picture, 0 to 1; None where it was not said.
        boxes: left, top, width and height of each moving thing, in fractions of the picture.
        ids: which thing each box shows; as many as boxes, or none.
        zones: the names of the zones in which something moves.
        mask: the cells that move, (rows, columns) bool; None where masks are off, or nothing moves.
        scene_changed: whether from here on the camera shows another view.
    """

    triggered: StrictBool = False
    score: Fraction | None = None
    area: Fraction | None = None
    boxes: Annotated[list[Box], BeforeValidator(_listed), Field(max_length=MAX_BOXES)] = []
    ids: list[int] = []
    zones: Annotated[list[Name], Field(max_length=MAX_ZONES)] = []
    mask: Annotated[npt.NDArray[np.bool_] | None, BeforeValidator(_unpacked)] = None
    scene_changed: StrictBool = False


class Results(_Report):
    """The payload of ``results`` of this plugin: when each frame was captured, and what was said about it."""

    items: list[tuple[NanoSeconds, Seen]] = Field(min_length=1)


class Best(_Report):
    """The best moment of an event: where the moving thing was then."""

    box: Box


class Details(_Report):
    """What the analyzer said of an event that is over, as far as lists go by it."""

    zones: Annotated[list[Name], Field(max_length=MAX_ZONES)] = []
    best: Best | None = None


class Event(_Report):
    """The payload of ``event`` of this plugin.

    Attributes:
        event_id: its id.
        started_at_ns: when it began.
        ended_at_ns: when it ended; None while it goes on.
        peak: what was said at its peak; None where that was not told.
        details: what more was said; None where it goes on, and from older nodes.
    """

    event_id: str
    started_at_ns: NanoSeconds
    ended_at_ns: NanoSeconds | None = None
    peak: Seen | None = None
    details: Details | None = None

    @property
    def zones(self) -> list[str]:
        """Give the zones in which something moved; of an older node those of the peak."""
        return self.details.zones if self.details is not None else self.peak.zones if self.peak else []


class ToldZone(_Report):
    """A zone as a node tells of it; see `picctv_plugins_motion.settings.Zone`."""

    name: Name
    polygon: Polygon
    sensitivity: Fraction | None = None
    ignore: StrictBool = False


class Zones(_Report):
    """The payload of ``zones``: where the zones of a camera are, and what is left out of its picture."""

    zones: Annotated[list[ToldZone], Field(max_length=MAX_ZONES)]
    ignore: Annotated[list[Polygon], Field(max_length=MAX_ZONES)]


Report = TypeVar("Report", bound=_Report)


def read(message: Message, model: type[Report]) -> Report:
    """Read a message's payload.

    Raises:
        CodecError: it is not of its kind's form; the text names the message, the place in it and what is wrong there.
    """
    try:
        return model.model_validate(message.payload)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the payload"
        raise CodecError(
            f"the {message.kind} message {message.id} of motion at {message.camera} is not of its form: "
            f"{place}: {fault['msg']}"
        ) from error


def seen(result: Any) -> Seen | None:
    """Read a stored result; None for one that is none of motion's, as another plugin of this name may have sent."""
    try:
        return Seen.model_validate(result)
    except ValidationError:
        return None
