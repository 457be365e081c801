"""The payloads that picctv itself understands, checked: what a node sends is not to be trusted to have its form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from picctv_core.errors import CodecError

if TYPE_CHECKING:
    from picctv_core.messages import Message

NanoSeconds = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Line = Annotated[str, Field(max_length=1000)]
Version = Annotated[int, Field(strict=True, ge=1, lt=2**31)]
Identity = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def _known_types(fields: Any) -> Any:
    """Leave fields out that a newer node has of a type that we have no charts for."""
    if not isinstance(fields, list):
        return fields
    known = ("number", "boolean")
    return [
        field
        for field in fields
        if not (isinstance(field, dict) and isinstance(field.get("type"), str) and field["type"] not in known)
    ]


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


class _Content(BaseModel):
    # A newer node may say more than we know.
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Results(_Content):
    """The payload of ``results``."""

    items: list[tuple[NanoSeconds, Any]] = Field(min_length=1)
    version: Version | None = None


class SchemaField(_Content):
    """A number or a boolean of a typed result."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    type: Literal["number", "boolean"]
    title: Line
    description: Annotated[str, Field(max_length=10_000)] = ""
    unit: Annotated[str, Field(max_length=40)] = ""
    minimum: Annotated[float | None, AfterValidator(_finite)] = None
    maximum: Annotated[float | None, AfterValidator(_finite)] = None
    chart: bool = True


class SchemaContent(_Content):
    """The payload of ``schema``."""

    version: Version
    fields: Annotated[list[SchemaField], BeforeValidator(_known_types), Field(max_length=256)]
    json_schema: dict[str, Any]


class EventContent(_Content):
    """The payload of ``event``."""

    event_id: Identity
    started_at_ns: NanoSeconds
    ended_at_ns: NanoSeconds | None = None
    peak_score: Annotated[float | None, AfterValidator(_finite)] = None
    peak_at_ns: NanoSeconds | None = None
    peak: Any = None
    details: dict[Any, Any] | None = None

    @model_validator(mode="after")
    def _forwards(self) -> EventContent:
        if self.ended_at_ns is not None and self.ended_at_ns < self.started_at_ns:
            raise ValueError("the event ends before it begins")
        return self


class GapContent(_Content):
    """The payload of ``gap``."""

    from_ns: NanoSeconds
    to_ns: NanoSeconds
    cause: Line
    bytes: NanoSeconds = 0


class NotificationContent(_Content):
    """The payload of ``notification``."""

    level: Literal["info", "warning", "error"]
    title: Line
    text: str = Field("", max_length=100_000)


Content = TypeVar("Content", bound=BaseModel)


def read(message: Message, model: type[Content]) -> Content:
    """Read a message's payload.

    Raises:
        CodecError: it is not of its kind's form.
    """
    return _read(model, message.payload, f"the {message.kind} message {message.id}")


def notification(level: str, title: str, text: str) -> NotificationContent:
    """Check what a plugin has to say to people.

    Raises:
        CodecError: the level is none, or a text is far too long.
    """
    return _read(NotificationContent, {"level": level, "title": title, "text": text}, "the notification")


def _read(model: type[Content], payload: Any, what: str) -> Content:
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"][:4]) or "the payload"
        raise CodecError(f"{what} is not of its form: {place}: {fault['msg']}") from error
