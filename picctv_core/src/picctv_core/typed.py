"""Typed results: a plugin's own pydantic model of what it says about a frame.

A plugin that declares one has its results checked as they are made. Their numbers and booleans are known by name, title
and unit then, so that the web charts them and filters by them without any code of the plugin's.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError, to_jsonable_python

from picctv_core import codec
from picctv_core.errors import CodecError, PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["number", "boolean"]

_KINDS: dict[str, Kind] = {"number": "number", "integer": "number", "boolean": "boolean"}

_MAX_FAULTS = 8


class ResultModel(BaseModel):
    """The base of a plugin's result model.

    Give each field a description; a unit goes into ``Field(json_schema_extra={"unit": "px"})``, bounds (``ge``, ``le``)
    become those of the chart. ``json_schema_extra={"chart": False}`` leaves a field out of the charts; it can be filtered by
    all the same. Numpy's numbers and arrays are taken as numbers and lists.

    Attributes:
        version: counts up from 1 whenever a field changes its meaning, so that what is stored stays readable as it was
            meant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: ClassVar[int] = 1

    @model_validator(mode="before")
    @classmethod
    def _without_arrays(cls, value: Any) -> Any:
        return _listed(value) if isinstance(value, dict) else value


@dataclass(frozen=True, slots=True)
class ResultField:
    """A number or a boolean of a typed result.

    Attributes:
        name: its key in the result.
        type: what it is.
        title: what people read.
        description: one sentence; may be empty.
        unit: of a number; may be empty.
        minimum: the least that a number can be; None where there is no bound.
        maximum: the greatest.
        chart: whether the web makes charts of it by itself.
    """

    name: str
    type: Kind
    title: str
    description: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    chart: bool = True


class _Schema(GenerateJsonSchema):
    # A default that JSON has no word for is left out; nothing asks for defaults.
    ignored_warning_kinds: ClassVar[set[Any]] = {"skipped-choice", "non-serializable-default"}  # type: ignore[misc]


def fields_of(model: type[ResultModel]) -> tuple[ResultField, ...]:
    """Give the numbers and booleans at the top of a model, in its order; those that may be None too.

    Raises:
        PluginError: the model can't be described.
    """
    return _fields(model, _json_schema(model))


def schema_of(model: type[ResultModel]) -> dict[str, Any]:
    """Give the payload of the message that tells the server of a model: ``version``, ``fields`` and ``json_schema``.

    Raises:
        PluginError: the model can't be described, or its version is no whole number from 1 on.
    """
    version: Any = model.version
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version < 2**31:
        raise PluginError(f"the version of {model.__name__} is {version!r}; it is a whole number from 1 on")
    json_schema = _json_schema(model)
    fields = [asdict(field) for field in _fields(model, json_schema)]
    payload = {"version": version, "fields": fields, "json_schema": json_schema}
    try:
        codec.pack(payload)
    except CodecError as error:
        raise PluginError(f"{model.__name__} can't be described: {error}") from error
    return payload


def plain(model: type[ResultModel] | None, value: Any) -> Any:
    """Check what an analyzer returned against its model, and give it as plain data.

    Enumerations become their values, and what `picctv_core.codec` does not know (a path, a decimal, a date) becomes what
    it is in JSON.

    Args:
        model: the model; None for a plugin that declares none.
        value: an object of the model, or a dict that fits it. None is no result, and stays None.

    Raises:
        PluginError: it does not fit; the text names each field.
    """
    if model is None or value is None:
        return value
    try:
        checked = value if isinstance(value, model) else model.model_validate(value)
        # An object made by `model_construct` was never checked: then this finds what does not fit.
        return _packable(checked.model_dump(warnings="error"))
    except ValidationError as error:
        faults = _told(error)
        raise PluginError(f"the result does not fit {model.__name__}: {faults}") from error
    except PydanticSerializationError as error:
        why = " ".join(str(error).split())
        raise PluginError(f"the result does not fit {model.__name__}: {why}") from error


def _told(error: ValidationError) -> str:
    """Say in one line what does not fit: a result's own keys may have line breaks in them, and be any number."""
    faults = [
        ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"]]))
        for fault in error.errors(include_url=False)
    ]
    more = [f"and {len(faults) - _MAX_FAULTS} more"] if len(faults) > _MAX_FAULTS else []
    return " ".join("; ".join([*faults[:_MAX_FAULTS], *more]).split())


def _json_schema(model: type[ResultModel]) -> dict[str, Any]:
    try:
        return model.model_json_schema(mode="serialization", by_alias=False, schema_generator=_Schema)
    except PydanticUserError as error:
        raise PluginError(f"{model.__name__} can't be described: {' '.join(str(error).split())}") from error


def _fields(model: type[ResultModel], json_schema: Mapping[str, Any]) -> tuple[ResultField, ...]:
    # Read from the JSON schema and not from annotations: there pydantic has seen through aliases, Annotated, unions
    # and computed fields.
    definitions = json_schema.get("$defs", {})
    titles = {name: field.title for name, field in model.model_fields.items()}
    titles |= {name: field.title for name, field in model.model_computed_fields.items()}
    found = []
    for name, own in _resolved(json_schema, definitions).get("properties", {}).items():
        shapes = [_resolved(shape, definitions) for shape in own.get("anyOf", [own])]
        kinds = {shape.get("type") for shape in shapes} - {"null"}
        kind = {_KINDS.get(str(kind)) for kind in kinds}
        if len(kind) == 1 and (only := kind.pop()) is not None:
            title = titles.get(name) or name.replace("_", " ").strip().capitalize() or name
            found.append(_field(name, only, title, [own, *shapes]))
    return tuple(found)


def _field(name: str, kind: Kind, title: str, shapes: list[Mapping[str, Any]]) -> ResultField:
    def said(*keys: str) -> Any:
        return next((shape[key] for shape in shapes for key in keys if key in shape), None)

    return ResultField(
        name=name,
        type=kind,
        title=title,
        description=str(said("description") or ""),
        unit=str(said("unit") or ""),
        minimum=_number(said("minimum", "exclusiveMinimum")),
        maximum=_number(said("maximum", "exclusiveMaximum")),
        chart=said("chart") is not False,
    )


def _resolved(shape: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give an enumeration in the place of the reference to it; an object stays none of a number."""
    reference = shape.get("$ref", "")
    found: Mapping[str, Any] = definitions.get(reference.removeprefix("#/$defs/"), shape)
    return found


def _number(bound: Any) -> float | None:
    return float(bound) if isinstance(bound, (int, float)) and np.isfinite(bound) else None


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(_listed(item) for item in value)
    return value


def _packable(value: Any) -> Any:
    """Give dumped data with what the codec does not know in JSON's form."""
    if isinstance(value, enum.Enum):
        return _packable(value.value)
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if isinstance(value, dict):
        return {_key(key): _packable(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        # In the same order in every process.
        return [_packable(item) for item in sorted(value, key=repr)]
    if isinstance(value, (list, tuple)):
        return [_packable(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)) or (isinstance(value, dt.datetime) and value.tzinfo):
        return value
    return to_jsonable_python(value)


def _key(key: Any) -> str | int:
    made = _packable(key)
    return made if isinstance(made, (str, int)) else str(made)
