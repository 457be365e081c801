"""Which node part hears which: the graph of what plugins use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from picctv_core import plugins
from picctv_core.declarations import TRIGGER, declared
from picctv_core.hookspecs import node as hookspecs
from picctv_core.plugins import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from picctv_core.plugins import Plugin

_ALL = "all"


@dataclass(frozen=True)
class Uses:
    """What a plugin's node part hears of others, and who hears it.

    Attributes:
        uses: names of plugins, and `TRIGGER`; as the plugin declares them.
        used_by: names of the plugins that use it, each with how: ``name``, ``trigger`` (where its results are marked as
            triggers), or ``all`` (they hear all results).
    """

    uses: tuple[str, ...] = ()
    used_by: dict[str, str] = field(default_factory=dict)


def uses_of(name: str, installed: Iterable[Plugin]) -> Uses:
    """Find what a plugin uses, and who uses it, among the node parts."""
    uses: tuple[str, ...] = ()
    used_by: dict[str, str] = {}
    for plugin in installed:
        if plugin.status is not Status.ENABLED:
            continue
        own = declared(plugin.object).uses
        if plugin.name == name:
            uses = own
        elif name in own:
            used_by[plugin.name] = "name"
        elif TRIGGER in own:
            used_by[plugin.name] = TRIGGER
        elif not own and _hears(plugin):
            used_by[plugin.name] = _ALL
    return Uses(uses, used_by)


def lines(name: str, found: Uses) -> list[str]:
    """Draw a plugin's part of the graph: what it uses above it, who uses it below."""
    words = {"name": "", TRIGGER: "where its results are marked as triggers", _ALL: "as it hears all results"}
    above = [
        f"{used if used != TRIGGER else 'whatever is marked as a trigger'} ──▶ {name}" for used in found.uses
    ]
    below = [f"{name} ──▶ {user}  {words[how]}".rstrip() for user, how in found.used_by.items()]
    return [*above, *below]


def _hears(plugin: Plugin) -> bool:
    return plugins.implements(plugins.bind(plugin.object, plugin.name, hookspecs), "picctv_result")
