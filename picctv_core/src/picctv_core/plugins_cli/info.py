"""``picctv plugins info``: all that is known of one plugin."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from picctv_core import plugins
from picctv_core.declarations import RunOptions, declared, settings_of
from picctv_core.errors import PluginError
from picctv_core.plugins_cli import graph, info_text
from picctv_core.plugins_cli.installed import installed
from picctv_core.plugins_cli.on_node import look
from picctv_core.setting_texts import settings_in
from picctv_core.typed import fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from picctv_core.plugins import Plugin
    from picctv_core.plugins_cli.installed import Installed
    from picctv_core.plugins_cli.on_node import OnNode


def run(name: str, config: Path | None, *, as_json: bool) -> int:
    """Print what is known of a plugin; give the exit code.

    Args:
        name: the plugin's name.
        config: a ``node.toml`` whose cameras are meant; None for what is installed only.
        as_json: whether programs are to read it.

    Raises:
        PluginError: there is no plugin of this name.
        PicctvError: the node's file has faults, or the node can't be asked.
    """
    found = about(name, installed(), look(config) if config else None)
    # A plugin's health is its own; what JSON can't have becomes text.
    print(json.dumps(found, indent=2, default=str) if as_json else "\n".join(info_text.lines(found)))
    return 0


def about(name: str, everything: Sequence[Installed], node: OnNode | None) -> dict[str, Any]:
    """Gather what is known of a plugin, as plain data.

    Raises:
        PluginError: there is no plugin of this name; the text names the nearest one.
    """
    own = [one for one in everything if one.name == name]
    if not own:
        near = difflib.get_close_matches(name, [one.name for one in everything], n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise PluginError(
            f"no plugin {name!r} is installed; {hint}`picctv plugins list` shows those that are"
        )
    node_parts = [one.node for one in everything if one.node is not None]
    parts = [(part, plugin) for one in own for part, plugin in one.parts.items()]
    analyzer = next((plugin for part, plugin in parts if part == "node" and plugin.object is not None), None)
    uses = graph.uses_of(name, node_parts)
    return {
        "name": name,
        "packages": [asdict(one.package) for one in own],
        "parts": [_part(part, plugin) for part, plugin in parts],
        "settings": {
            part: _settings(part, plugin) for part, plugin in parts if part != "web" and plugin.object
        },
        "result": None if analyzer is None else _result(analyzer),
        "uses": list(uses.uses),
        "used_by": uses.used_by,
        "graph": graph.lines(name, uses),
        "isolation": None if analyzer is None else declared(analyzer.object).isolation,
        "on_node": None if node is None else _on_node(name, node),
    }


def _part(part: str, plugin: Plugin) -> dict[str, Any]:
    return {
        "part": part,
        "package": plugin.distribution,
        "where": plugin.value,
        "status": str(plugin.status),
        "detail": plugin.detail,
        "hooks": _hooks(plugin),
    }


def _hooks(plugin: Plugin) -> list[str]:
    """List the hooks that a part implements, in the order of the reference."""
    if plugin.object is None:
        return []
    hooks = plugins.bind(plugin.object, plugin.name, plugins.HOOKSPECS[plugin.group])
    return [hook for hook in vars(hooks) if plugins.implements(hooks, hook)]


def _settings(part: str, plugin: Plugin) -> list[dict[str, Any]]:
    own = settings_in(settings_of(plugin.object))
    beside = settings_in(RunOptions) if part == "node" else settings_in(RunOptions)[:1]
    return [asdict(setting) for setting in (*own, *beside)]


def _result(analyzer: Plugin) -> dict[str, Any] | None:
    model = declared(analyzer.object).result
    if model is None:
        return None
    fields = [asdict(field) for field in fields_of(model)]
    return {"model": model.__name__, "version": model.version, "fields": fields}


def _on_node(name: str, node: OnNode) -> dict[str, Any]:
    return {
        "config": str(node.path),
        "node": node.name,
        "runs": node.runs,
        "cameras": {camera: dict(found) for camera, found in node.of(name).items()},
    }
