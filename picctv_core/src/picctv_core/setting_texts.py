"""A settings model in words, for the reference and for ``picctv plugins info``; values stand in backticks."""

from __future__ import annotations

import datetime as dt
import enum
import json
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ByteSize, SecretStr
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Setting:
    """One key, as people who write TOML know it.

    Attributes:
        key: the key.
        type: what its value is: ``number``, ``list of text``.
        default: what holds where it is not given.
        bounds: ``at least 0 and at most 1``; empty where there are none.
        description: a sentence; may be empty.
    """

    key: str
    type: str
    default: str
    bounds: str = ""
    description: str = ""


def settings_in(model: type[BaseModel]) -> list[Setting]:
    """Describe all keys of a model, in its order."""
    return [described(name, field) for name, field in model.model_fields.items()]


def described(name: str, field: FieldInfo) -> Setting:
    """Describe one key.

    Args:
        name: the field's name.
        field: the field.
    """
    return Setting(
        key=field.alias or name,
        type=_kind(field.annotation),
        default=_default(field),
        bounds=_bounds(field.metadata),
        description=field.description or "",
    )


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be given"
    if value is None or value == {}:
        return "none"
    if isinstance(value, BaseModel):
        return "as below"
    if field.default_factory is not None and not isinstance(value, (list, tuple)):
        return "see meaning"  # it is another one on each machine
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dt.time):
        return f'`"{value.isoformat("minutes")}"`'
    if isinstance(value, ByteSize):
        return f'`"{value.human_readable(decimal=True)}"`'
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, (list, tuple, frozenset, set)):
        return f"`{list(value)}`"
    if isinstance(value, (int, float)):
        return f"`{value}`"
    return f'`"{value}"`' if str(value) else '`""`'


def _bounds(metadata: list[Any]) -> str:
    signs = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
    limits = [
        text.format(f"{limit:g}" if isinstance(limit, float) else limit)
        for item in metadata
        for sign, text in signs.items()
        if (limit := getattr(item, sign, None)) is not None
    ]
    return " and ".join(limits)


_KINDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "text",
    ByteSize: 'size, as `"10 GB"`',
    dt.time: 'time of day, as `"21:00"`',
}


def _kind(annotation: Any) -> str:
    """Name a type as people who write TOML know it."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        bounds = _bounds(list(inner[1:]))
        return _kind(inner[0]) + (f", {bounds}" if bounds else "")
    if origin is Literal:
        return _either([f"`{json.dumps(value)}`" for value in inner])
    if origin in {types.UnionType, typing.Union}:
        return " or ".join(_kind(one) for one in inner if one is not types.NoneType)
    if origin is tuple and Ellipsis not in inner:
        return (
            "["
            + ", ".join(_kind(typing.get_args(one)[0] if typing.get_args(one) else one) for one in inner)
            + "]"
        )
    if origin in {list, tuple, frozenset, set}:
        return f"list of {_kind(inner[0])}".replace("list of table", "list of tables")
    if origin is dict:
        return "table"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _either([f'`"{value.value}"`' for value in annotation])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return _KINDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _either(choices: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))
