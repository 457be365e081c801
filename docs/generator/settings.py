"""The page of settings, made from the pydantic models that read them."""

from __future__ import annotations

import copy
import inspect
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from generator.texts import sentence
from picctv_core import plugins
from picctv_core.declarations import RunOptions
from picctv_core.node._node_file import NodeFile
from picctv_core.setting_texts import described
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
        "camera. A fault in them keeps that plugin from running, and nothing else.\n"
    )
    yield "### Every plugin\n"
    yield (_own_doc(RunOptions) + "\n")
    yield from _table([_row(name, field) for name, field in RunOptions.model_fields.items()])
    yield from _parts(plugins.NODE, "[plugins.{name}]")
    yield "## server.toml\n"
    yield from _file(ServerFile)
    yield "## Server parts of plugins\n"
    yield (
        "The keys of `[plugins.NAME]` in `server.toml`. Beside them each plugin with a server part takes `enabled` (true "
        "or false; default true). A fault in them keeps that server part from running, and nothing else.\n"
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
            yield from _inner_tables(model, "")


def _inner_tables(model: type[BaseModel], path: str) -> Iterator[str]:
    """Describe the tables within a plugin's or a driver's own."""
    for name, field in model.model_fields.items():
        inner = typing.get_args(field.annotation)
        is_list = typing.get_origin(field.annotation) is list
        found = inner[0] if is_list else field.annotation
        if not (isinstance(found, type) and issubclass(found, BaseModel)):
            continue
        key = f"{path}{field.alias or name}"
        yield f"#### Each of `{key}`\n" if is_list else f"#### `{key}`\n"
        if doc := _own_doc(found):
            yield doc + "\n"
        defaults = None if is_list else field.get_default(call_default_factory=True)
        yield from _table(
            [_row(own, _with_default(one, defaults, own)) for own, one in found.model_fields.items()]
        )
        yield from _inner_tables(found, f"{key}.")


def _with_default(field: FieldInfo, defaults: Any, name: str) -> FieldInfo:
    """Give a field with the default that it has where it stands: a table can have others than its model."""
    if not isinstance(defaults, BaseModel) or isinstance(own := getattr(defaults, name), BaseModel):
        return field
    changed = copy.copy(field)
    changed.default, changed.default_factory = own, None
    return changed


def _own_doc(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")


def _table(rows: list[str]) -> Iterator[str]:
    if rows:
        yield "| key | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    found = described(name, field)
    kind = ", ".join(filter(None, (found.type, found.bounds)))
    cells = (f"`{found.key}`", kind, found.default, sentence(found.description))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Give the model of a table, and whether it is a table of named tables."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        return _model_in(inner[1])[0], True
    models = [found for one in inner if (found := _model_in(one)[0]) is not None]
    return (models[0], False) if models and typing.get_origin(annotation) is not list else (None, False)
