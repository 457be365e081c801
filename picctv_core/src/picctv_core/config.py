"""Settings: TOML files read into pydantic models, with every fault reported at once.

A fault names the file, the line, the key, what is wrong, and where a key is unknown, the nearest known one.
"""

from __future__ import annotations

import difflib
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from picctv_core._toml_lines import TomlLines
from picctv_core.errors import Fault, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails


class Settings(BaseModel):
    """The base of every settings model: unknown keys are refused, values don't change.

    Give each field a default that serves and a `Field(description=...)` with its unit; the reference is made from them.

    A relative path in a file begins at the folder of that file. A validator that takes a `pydantic.ValidationInfo` finds it
    as ``info.context["folder"]``, a `pathlib.Path`; `info.context` is None where the values are of no file, as in tests.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)


Model = TypeVar("Model", bound=BaseModel)


class SettingsFile:
    """A TOML file that has been read, and that knows on which line each key stands."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            SettingsError: there is no such file, it can't be read, or it is no TOML.
        """
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SettingsError(path, [Fault("there is no such file")]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(path, [Fault(f"the file can't be read: {error}")]) from error
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(path, [Fault(f"the file is not valid TOML: {error}")]) from error
        self._lines = TomlLines(text)

    def fault(self, key: Sequence[str | int], message: str) -> Fault:
        """Give a fault of a key, with the line on which the key stands."""
        return Fault(message, ".".join(str(part) for part in key), self._lines.find(key))

    def validate(
        self,
        model: type[Model],
        data: Mapping[str, Any],
        prefix: Sequence[str] = (),
        *,
        places: Mapping[str, Sequence[str]] | None = None,
        beside: Sequence[str] = (),
    ) -> tuple[Model | None, list[Fault]]:
        """Read a part of the file into a model.

        Args:
            model: the model to make.
            data: the part, as tomllib gave it.
            prefix: the keys that lead to it.
            places: for those of its keys that stand in another table, the keys that lead there.
            beside: keys that the part may have as well, which somebody else reads; for the hint at a misspelt one.

        Returns:
            The model and no faults, or None and all of its faults.

        Validators that take a `pydantic.ValidationInfo` find the file's folder in its context, under ``"folder"``:
        that is where relative paths begin.
        """
        try:
            return model.model_validate(data, context={"folder": self.path.parent}), []
        except ValidationError as error:
            faults = []
            for detail in error.errors(include_url=False):
                top = str(detail["loc"][0]) if detail["loc"] else ""
                faults.append(self._explain(model, detail, (places or {}).get(top, prefix), beside))
            return None, faults

    def _explain(
        self, model: type[BaseModel], detail: ErrorDetails, prefix: Sequence[str], beside: Sequence[str]
    ) -> Fault:
        key = (*prefix, *detail["loc"])
        if detail["type"] == "extra_forbidden":
            *inner, last = detail["loc"]
            return self.fault(
                key, unknown_key(str(last), [*_fields_at(model, inner), *(() if inner else beside)])
            )
        message = detail["msg"].removeprefix("Value error, ")
        return self.fault(key, message[:1].lower() + message[1:])


def load(path: Path, model: type[Model]) -> Model:
    """Read a TOML file into a model.

    Raises:
        SettingsError: with every fault of the file.
    """
    file = SettingsFile(path)
    value, faults = file.validate(model, file.data)
    if value is None:
        raise SettingsError(path, faults)
    return value


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Say that a key is unknown, and which known one is nearest."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f"there is no such key; did you mean {near[0]!r}?"
    return f"there is no such key; known here: {', '.join(sorted(known)) or 'none'}"


def _fields_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """List the fields of the model that a location leads to, through models nested in models and in dicts."""
    current: Any = model
    for part in location:
        current = _model_of(current.model_fields[part].annotation) if _has_field(current, part) else current
    return [field.alias or name for name, field in current.model_fields.items()]


def _has_field(model: type[BaseModel], part: str | int) -> bool:
    return isinstance(part, str) and part in model.model_fields


def _model_of(annotation: Any) -> type[BaseModel]:
    """Find the model inside an annotation such as ``dict[str, Model] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_of(inner)
        if found is not BaseModel:
            return found
    return BaseModel
