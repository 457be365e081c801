"""The page of settings, made from the pydantic models that read them."""

from __future__ import annotations

import enum
import inspect
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ByteSize, SecretStr
from pydantic_core import PydanticUndefined

from generator.texts import sentence
from picctv_core import plugins
from picctv_core.node._node_file import NodeFile
from picctv_server.config import ServerFile
from picctv_web.config import WebFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


def page() -> Iterator[str]:
    """Describe every key of the three settings files, of the sources and of the plugins."""
    yield "# Settings\n"
    yield (
        "Every key of `node.toml`, `server.toml` and `web.toml`. A key that is not here is refused, with the nearest "
        "known one. Relative paths begin at the folder of the file.\n"
    )
    yield "## node.toml\n"
    yield from _file(NodeFile)
    yield "## Sources\n"
    yield "The keys of `[cameras.NAME.source]` beside `driver`, for each driver.\n"
    yield from _parts("picctv.sources", 'driver = "{name}"')
    yield "## Node parts of plugins\n"
    yield (
        "The keys of `[plugins.NAME]` in `node.toml`, for all cameras, and of `[cameras.CAMERA.plugins.NAME]` for one "
        "camera. Beside them each plugin takes `enabled` (true or false; default true).\n"
    )
    yield from _parts(plugins.NODE, "[plugins.{name}]")
    yield "## server.toml\n"
    yield from _file(ServerFile)
    yield "## Server parts of plugins\n"
    yield (
        "The keys of `[plugins.NAME]` in `server.toml`. Beside them each plugin with a server part takes `enabled` (true "
        "or false; default true).\n"
    )
    yield from _parts(plugins.SERVER, "[plugins.{name}]")
    yield "## web.toml\n"
    yield from _file(WebFile)


def _file(model: type[BaseModel]) -> Iterator[str]:
    """Describe a whole file, table by table."""
    yield from _tables(model, "")


def _tables(model: type[BaseModel], path: str) -> Iterator[str]:
    inner: list[tuple[str, type[BaseModel]]] = []
    rows: list[str] = []
    for name, field in model.model_fields.items():
        found, keyed = _model_in(field.annotation)
        if found is None and path:
            rows.append(_row(name, field))
        elif found is not None:  # tables of plugins have a part of their own
            inner.append((f"{path}.{name}".lstrip(".") + (".NAME" if keyed else ""), found))
    if path:
        yield f"### `[{path}]`\n"
        if doc := _own_doc(model):
            yield doc + "\n"
    yield from _table(rows)
    for key, found in inner:
        yield from _tables(found, key)


def _parts(group: str, heading: str) -> Iterator[str]:
    """Describe the settings of what the six distributions bring in one entry-point group."""
    for plugin in plugins.discover(group):
        if not plugin.distribution.startswith("picctv-"):
            continue
        if plugin.object is None:
            raise SystemExit(f"{plugin.describe()}: {plugin.detail}")
        model = getattr(plugin.object, "Settings", None)
        if isinstance(model, type) and issubclass(model, BaseModel) and model.model_fields:
            yield f"### `{heading.format(name=plugin.name)}`\n"
            if doc := _own_doc(model):
                yield doc + "\n"
            yield from _table([_row(name, field) for name, field in model.model_fields.items()])


def _own_doc(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _table(rows: list[str]) -> Iterator[str]:
    if rows:
        yield "| key | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    bounds = _bounds(field.metadata)
    kind = _kind(field.annotation) + (f", {bounds}" if bounds else "")
    cells = (f"`{field.alias or name}`", kind, _default(field), sentence(field.description or ""))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be given"
    if value is None or value == {}:
        return "none"
    if field.default_factory is not None and not isinstance(value, (list, tuple)):
        return "see meaning"  # it is another one on each machine
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
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
}


def _kind(annotation: Any) -> str:
    """Name a type as people who write TOML know it."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        bounds = _bounds(list(inner[1:]))
        return _kind(inner[0]) + (f", {bounds}" if bounds else "")
    if origin is Literal:
        return _either([f'`"{value}"`' for value in inner])
    if origin in {types.UnionType, typing.Union}:
        return " or ".join(_kind(one) for one in inner if one is not types.NoneType)
    if origin is tuple and Ellipsis not in inner:
        return (
            "["
            + ", ".join(_kind(typing.get_args(one)[0] if typing.get_args(one) else one) for one in inner)
            + "]"
        )
    if origin in {list, tuple, frozenset, set}:
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return "table"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _either([f'`"{value.value}"`' for value in annotation])
    return _KINDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _either(choices: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Give the model of a table, and whether it is a table of named tables."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        return _model_in(inner[1])[0], True
    models = [found for one in inner if (found := _model_in(one)[0]) is not None]
    return (models[0], False) if models and typing.get_origin(annotation) is not list else (None, False)
