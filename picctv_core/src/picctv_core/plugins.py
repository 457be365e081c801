"""Which plugins are installed, what state each is in, and how its hooks are called.

stevedore finds and loads the entry points of a group, and goes on past those that fail; pluggy checks each plugin
against the hookspecs. Every plugin has a manager of its own, so that calling one plugin's hook can never run, or be
stopped by, another one's.
"""

from __future__ import annotations

import enum
import importlib.metadata
import logging
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from stevedore import ExtensionManager

from picctv_core.errors import PluginError
from picctv_core.hookspecs import PROJECT

if TYPE_CHECKING:
    from types import ModuleType

log = logging.getLogger(__name__)

NODE, SERVER, WEB = "picctv.node", "picctv.server", "picctv.web"
PARTS = {"node": NODE, "server": SERVER, "web": WEB}

_CORE = "picctv-core"

HOMES = {NODE: _CORE, SERVER: "picctv-server", WEB: "picctv-web"}
"""The distribution that runs the plugins of a group."""


class Status(enum.StrEnum):
    """The state of a plugin, as the command line and the web show it."""

    ENABLED = "enabled"
    NOT_HERE = "not here"
    DISABLED = "disabled"
    LOAD_ERROR = "load error"
    SETTINGS_ERROR = "settings error"
    INCOMPATIBLE = "incompatible"
    FAILING = "failing"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Plugin:
    """One entry point: a plugin's node, server or web part, or a driver.

    Attributes:
        name: the plugin's name.
        group: the entry-point group.
        distribution: the pip package that brings it.
        version: that package's version.
        value: where it is, ``module:object``.
        status: `Status.ENABLED`, `Status.LOAD_ERROR`, `Status.INCOMPATIBLE`, or `Status.NOT_HERE` where what would
            run it is not installed on this machine.
        detail: what went wrong, in one line; empty where nothing did.
        object: what was loaded; None where nothing was.
    """

    name: str
    group: str
    distribution: str
    version: str
    value: str
    status: Status
    detail: str = ""
    object: Any = field(default=None, repr=False)

    def describe(self) -> str:
        """Name the plugin as people know it: with its distribution and version."""
        return f"{self.name} ({self.distribution} {self.version})"


class _EntryPoints(ExtensionManager[Any]):
    """stevedore's manager, asked afresh each time: its cache on disk stays stale after an install and knows no dist."""

    def list_entry_points(self) -> list[importlib.metadata.EntryPoint]:
        return list(importlib.metadata.entry_points(group=self.namespace))


def discover(group: str) -> list[Plugin]:
    """Load every entry point of a group, broken ones included, sorted by name.

    A part that can't be loaded, that two distributions bring under one name, or whose distribution asks for another
    version of picctv-core, is in the list with its status and why; it never keeps the others from loading. Where what
    would run the group is not installed (a node has no Django), nothing of it is loaded.
    """
    if group in HOMES and not _is_installed(HOMES[group]):
        return [_listed(found, Status.NOT_HERE) for found in importlib.metadata.entry_points(group=group)]
    failures: dict[tuple[str, str], str] = {}

    def note(_manager: object, entry_point: importlib.metadata.EntryPoint, error: BaseException) -> None:
        log.debug("entry point %s did not load", entry_point, exc_info=error)
        failures[entry_point.name, entry_point.value] = _why(error)

    manager = _EntryPoints(group, invoke_on_load=False, on_load_failure_callback=note)
    loaded = {(extension.name, extension.entry_point_target): extension.plugin for extension in manager}
    entry_points = manager.list_entry_points()
    plugins = [_plugin(entry_point, entry_points, loaded, failures) for entry_point in entry_points]
    return sorted(plugins, key=lambda plugin: (plugin.name, plugin.distribution))


def driver(group: str, name: str) -> Any:
    """Give the driver of a name.

    Raises:
        PluginError: there is none of this name, or it can't be loaded.
    """
    drivers = discover(group)
    for found in drivers:
        if found.name == name and found.object is not None:
            return found.object
        if found.name == name:
            msg = f"the driver {found.describe()} can't be used: {found.detail}"
            raise PluginError(msg)
    msg = (
        f"there is no driver {name!r} in {group}; installed are {', '.join(found.name for found in drivers)}"
    )
    raise PluginError(msg)


def bind(plugin: object, name: str, hookspecs: ModuleType) -> pluggy.HookRelay:
    """Check a plugin's hookimpls against the hookspecs, and give the relay that calls them, and them alone.

    Args:
        plugin: the plugin's object.
        name: its name, for errors.
        hookspecs: one of the modules of `picctv_core.hookspecs`.

    Raises:
        PluginError: a hookimpl is of no hook there is, or names an argument that its hook does not have.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        msg = f"plugin {name}: {_one_line(str(error))}"
        raise PluginError(msg) from error
    return manager.hook


def implements(hooks: pluggy.HookRelay, hook: str) -> bool:
    """Say whether a plugin implements a hook, so that its runner need not feed it what it does not take."""
    caller: pluggy.HookCaller = getattr(hooks, hook)
    return bool(caller.get_hookimpls())


def check_usable(plugins: list[Plugin], *, strict: bool) -> list[Plugin]:
    """Give the plugins that can be used, and log the others.

    Raises:
        PluginError: there are others, and `strict` was asked for. The error names all of them.
    """
    broken = [plugin for plugin in plugins if plugin.status is not Status.ENABLED]
    lines = [f"plugin {plugin.describe()}: {plugin.status}: {plugin.detail}" for plugin in broken]
    if strict and broken:
        raise PluginError("\n".join(lines))
    for line in lines:
        log.warning("%s", line)
    return [plugin for plugin in plugins if plugin.status is Status.ENABLED]


def _plugin(
    entry_point: importlib.metadata.EntryPoint,
    siblings: list[importlib.metadata.EntryPoint],
    loaded: dict[tuple[str, str], Any],
    failures: dict[tuple[str, str], str],
) -> Plugin:
    key = (entry_point.name, entry_point.value)
    if rivals := _rivals(entry_point, siblings):
        detail = f"{rivals} bring a plugin of this name; uninstall all but one"
        return _listed(entry_point, Status.LOAD_ERROR, detail)
    if entry_point.dist is not None and (mismatch := _core_mismatch(entry_point.dist)):
        return _listed(entry_point, Status.INCOMPATIBLE, mismatch)
    if key in failures:
        return _listed(entry_point, Status.LOAD_ERROR, failures[key])
    return _listed(entry_point, Status.ENABLED, found=loaded[key])


def _listed(
    entry_point: importlib.metadata.EntryPoint, status: Status, detail: str = "", found: Any = None
) -> Plugin:
    distribution = entry_point.dist
    return Plugin(
        name=entry_point.name,
        group=entry_point.group,
        distribution=distribution.name if distribution else "unknown",
        version=distribution.version if distribution else "unknown",
        value=entry_point.value,
        status=status,
        detail=detail,
        object=found,
    )


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _rivals(entry_point: importlib.metadata.EntryPoint, siblings: list[importlib.metadata.EntryPoint]) -> str:
    names = {
        other.dist.name for other in siblings if other.name == entry_point.name and other.dist is not None
    }
    return " and ".join(sorted(names)) if len(names) > 1 else ""


def _core_mismatch(distribution: importlib.metadata.Distribution) -> str:
    """Say which version of picctv-core a distribution asks for, where it is not the one installed."""
    installed = importlib.metadata.version(_CORE)
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            return f"its requirement {text!r} can't be read"
        if canonicalize_name(requirement.name) == _CORE and not requirement.specifier.contains(
            installed, prereleases=True
        ):
            return f"it needs {_CORE}{requirement.specifier}, installed is {installed}"
    return ""


def _why(error: BaseException) -> str:
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")
    ]
    frame = frames[-1] if frames else None
    place = f" ({frame.filename}:{frame.lineno})" if frame else ""
    return _one_line(f"{type(error).__name__}: {error}") + place


def _one_line(text: str) -> str:
    return " ".join(text.split())
