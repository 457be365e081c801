"""Which plugins a replay runs, in which order, and with what settings."""

from __future__ import annotations

import difflib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from picctv_core import plugins
from picctv_core.config import SettingsFile, unknown_key
from picctv_core.declarations import TRIGGER, RunOptions, declared
from picctv_core.errors import PluginError, SettingsError
from picctv_core.hookspecs import node as hookspecs
from picctv_core.node.plugin_tables import PluginConfig, PluginTables
from picctv_core.plugin_tables import Idle, TableReader
from picctv_core.plugins import Plugin, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from picctv_core.errors import Fault

log = logging.getLogger(__name__)

NODE_TABLES = ("node", "server", "cameras", "plugins")
"""The tables of a ``node.toml``; a file with one of them is taken for one."""


def choose(name: str, beside: Sequence[str], settings: Path | None) -> list[PluginConfig]:
    """Find the plugins to run, and read their settings.

    Args:
        name: the plugin to replay.
        beside: others to run for their results; what they and the plugin use by name is run as well.
        settings: the settings file; None for what every setting is by itself.

    Returns:
        The plugins in the order in which each frame is given to them: a plugin comes after those that it hears.

    Raises:
        PluginError: one of them is not installed, or can't be used.
        SettingsError: with every fault of the settings.
    """
    installed = plugins.discover(plugins.NODE)
    chosen: dict[str, Plugin] = {}
    waiting = [(name, ""), *((other, "") for other in beside)]
    while waiting:
        wanted, user = waiting.pop(0)
        if wanted in chosen:
            continue
        plugin = chosen[wanted] = _usable(wanted, user, installed)
        waiting += [(used, wanted) for used in declared(plugin.object).uses if used != TRIGGER]
    configs = _configured(name, chosen, installed, settings)
    return [configs[wanted] for wanted in _ordered(chosen)]


def _usable(name: str, user: str, installed: Sequence[Plugin]) -> Plugin:
    whose = f", which {user} uses," if user else ""
    for plugin in installed:
        if plugin.name != name:
            continue
        if plugin.status is not Status.ENABLED:
            raise PluginError(
                f"the plugin {plugin.describe()}{whose} can't be replayed: {plugin.status}: {plugin.detail}"
            )
        return plugin
    known = sorted({plugin.name for plugin in installed})
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"installed are {', '.join(known) or 'none'}"
    raise PluginError(f"no plugin {name!r}{whose} is installed with a node part; {hint}")


def _configured(
    name: str, chosen: dict[str, Plugin], installed: Sequence[Plugin], path: Path | None
) -> dict[str, PluginConfig]:
    if path is None:
        return {each: _by_itself(plugin) for each, plugin in chosen.items()}
    file = SettingsFile(path)
    if any(isinstance(file.data.get(table), dict) for table in NODE_TABLES):
        return _of_node(file, name, chosen, installed)
    own = TableReader(file, [chosen[name]], RunOptions)
    told = own.read(chosen[name], {(): _without_enabled(file.data)})
    if isinstance(told, Idle):
        raise SettingsError(path, _in_order(own.faults))
    others = {each: _by_itself(plugin) for each, plugin in chosen.items() if each != name}
    return others | {
        name: PluginConfig(chosen[name], told.settings, declared(chosen[name].object), told.options)
    }


def _by_itself(plugin: Plugin) -> PluginConfig:
    """Give a plugin with what every setting is where nobody says anything."""
    declaration = declared(plugin.object)
    try:
        settings = declaration.settings.model_validate({}, context={"folder": Path.cwd()})
    except ValidationError as error:
        faults = [
            (".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors(include_url=False)
        ]
        lines = [f"the plugin {plugin.name}: {key}: {said}; give it with --settings" for key, said in faults]
        raise PluginError("\n".join(lines)) from error
    return PluginConfig(plugin, settings, declaration)


def _of_node(
    file: SettingsFile, name: str, chosen: dict[str, Plugin], installed: Sequence[Plugin]
) -> dict[str, PluginConfig]:
    """Take ``[plugins.X]`` of each plugin. The other tables are the node's, and may be those of another machine."""
    faults = [
        file.fault((key,), unknown_key(key, NODE_TABLES)) for key in file.data if key not in NODE_TABLES
    ]
    tables = file.data.get("plugins", {})
    if not isinstance(tables, dict):
        tables = {}
        faults.append(
            file.fault(("plugins",), "plugins is a table, with one for each plugin: [plugins.NAME]")
        )
    own = {each: _without_enabled(tables[each]) for each in chosen if each in tables}
    if name not in tables:
        known = {plugin.name for plugin in installed}
        near = difflib.get_close_matches(
            name, [table for table in tables if table not in known], n=1, cutoff=0.6
        )
        if near:
            faults.append(
                file.fault(("plugins", near[0]), f"no plugin has this name; did you mean {name!r}?")
            )
        else:
            log.warning("%s has no [plugins.%s]; every setting is as it is by itself", file.path, name)
    reader = PluginTables(file, list(chosen.values()), own)
    running, _ = reader.on_camera("", {})
    faults += reader.faults
    if faults:
        raise SettingsError(file.path, _in_order(faults))
    return running


def _without_enabled(table: Any) -> Any:
    """Give a plugin's table as if it were switched on: whoever replays a plugin wants it to run."""
    return (
        {key: value for key, value in table.items() if key != "enabled"} if isinstance(table, dict) else table
    )


def _in_order(faults: Sequence[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.line or 0)


def _ordered(chosen: dict[str, Plugin]) -> list[str]:
    """Order the plugins so that each comes after those that it hears; a circle is broken at its first."""
    ordered: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for heard in _heard(chosen[name], chosen):
            visit(heard)
        ordered.append(name)

    # The plugin that is replayed stands first in `chosen`: begun with the last, it stays behind those that hear no one.
    for name in reversed(chosen):
        visit(name)
    return ordered


def _heard(plugin: Plugin, chosen: dict[str, Plugin]) -> list[str]:
    uses = declared(plugin.object).uses
    named = [name for name in uses if name in chosen]
    hooks = plugins.bind(plugin.object, plugin.name, hookspecs)
    if not plugins.implements(hooks, "picctv_result") or (uses and TRIGGER not in uses):
        return named
    return [*named, *(name for name in chosen if name != plugin.name and name not in named)]
