"""Which plugins are installed, and what state each is in.

stevedore finds and loads the entry points of a group, and goes on past those that fail; pluggy checks each plugin
against the hookspecs.
"""

from __future__ import annotations

import importlib.metadata
import logging
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import stevedore.extension
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from stevedore import ExtensionManager

from picctv_core.binding import HookError, bind, implements
from picctv_core.declarations import TRIGGER, check_settings, declared
from picctv_core.errors import PluginError
from picctv_core.hookspecs import node, server, web
from picctv_core.statuses import Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import Distribution, EntryPoint
    from types import ModuleType

__all__ = [
    "CORE",
    "HOMES",
    "HOOKSPECS",
    "NODE",
    "PARTS",
    "SERVER",
    "WEB",
    "HookError",
    "Plugin",
    "Status",
    "bind",
    "check_usable",
    "core_requirement",
    "discover",
    "driver",
    "implements",
]

log = logging.getLogger(__name__)

NODE, SERVER, WEB = "picctv.node", "picctv.server", "picctv.web"
PARTS = {"node": NODE, "server": SERVER, "web": WEB}

CORE = "picctv-core"

HOMES = {NODE: CORE, SERVER: "picctv-server", WEB: "picctv-web"}
"""The distribution that runs the plugins of a group."""

HOOKSPECS: dict[str, ModuleType] = {NODE: node, SERVER: server, WEB: web}
"""The hooks of a group's plugins; drivers have none."""

# The place that people are sent to is in the plugin, not in who imports it.
_IMPORTERS = {__file__, stevedore.extension.__file__, importlib.metadata.__file__, importlib.__file__}


@dataclass(frozen=True)
class Plugin:
    """One entry point: a plugin's node, server or web part, or a driver.

    Attributes:
        name: the plugin's name.
        group: the entry-point group.
        distribution: the pip package that brings it.
        version: that package's version.
        value: where it is, ``module:object``.
        status: `Status.ENABLED`; what `discover` found wrong with it; or `Status.NOT_HERE` where what would run it is
            not installed on this machine.
        detail: what went wrong and the way out, in one line; empty where nothing did.
        object: what was loaded; None where nothing was.
        core: the versions of picctv-core that the package asks for, such as ``>=0.1,<0.2``; empty where it asks for none.
    """

    name: str
    group: str
    distribution: str
    version: str
    value: str
    status: Status
    detail: str = ""
    object: Any = field(default=None, repr=False)
    core: str = ""

    def describe(self) -> str:
        """Name the plugin as people know it: with its distribution and version, where anybody brings it."""
        return f"{self.name} ({self.distribution} {self.version})" if self.distribution else self.name

    def complain(self) -> str:
        """Say in one line what is wrong with it."""
        return f"plugin {self.describe()}: {self.status}: {self.detail}".removesuffix(": ")


class _EntryPoints(ExtensionManager[Any]):
    """stevedore's manager, given what to load: its cache on disk stays stale after an install and knows no dist."""

    def __init__(
        self, group: str, entry_points: list[EntryPoint], failures: dict[EntryPoint, BaseException]
    ) -> None:
        self._given = entry_points

        def note(_manager: object, entry_point: EntryPoint, error: BaseException) -> None:
            log.debug("entry point %s did not load", entry_point, exc_info=error)
            failures[entry_point] = (
                error.__cause__ if isinstance(error, _LoadError) and error.__cause__ else error
            )

        super().__init__(group, invoke_on_load=False, on_load_failure_callback=note)

    def list_entry_points(self) -> list[EntryPoint]:
        return self._given

    def _load_one_plugin(self, *args: Any, **kwargs: Any) -> Any:
        # stevedore lets these two through, and with them one bad module would end every command.
        try:
            return super()._load_one_plugin(*args, **kwargs)
        except (AssertionError, SystemExit) as error:
            raise _LoadError from error


class _LoadError(Exception):
    """What stevedore would not have caught, as one that it does."""


def discover(group: str) -> list[Plugin]:
    """Load every entry point of a group, broken ones included, sorted by name.

    A part that can't be loaded, is not what it must be, has a hook or an argument that there is not, that two
    distributions bring under one name, or whose distribution asks for another version of picctv-core, is in the list
    with its status and why; it never keeps the others from loading. What can't be used anyway, and all of a group whose
    runner is not installed (a node has no Django), is not even imported.
    """
    entry_points = list(importlib.metadata.entry_points(group=group))
    if group in HOMES and not _is_installed(HOMES[group]):
        return _sorted(_listed(found, Status.NOT_HERE) for found in entry_points)
    refused = {found: why for found in entry_points if (why := _refusal(found, entry_points)) is not None}
    failures: dict[EntryPoint, BaseException] = {}
    manager = _EntryPoints(group, [found for found in entry_points if found not in refused], failures)
    loaded = {extension.entry_point: extension.plugin for extension in manager}
    return _sorted(
        _listed(found, *refused[found])
        if found in refused
        else _failed(found, _why(failures[found]))
        if found in failures
        else _checked(found, loaded[found])
        for found in entry_points
    )


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


def check_usable(plugins: Iterable[Plugin], *, strict: bool) -> None:
    """Log each plugin that is not as it was meant to be.

    Raises:
        PluginError: there is one, and `strict` was asked for. The error names all of them.
    """
    lines = [plugin.complain() for plugin in plugins if plugin.status.is_problem]
    if strict and lines:
        raise PluginError("\n".join(lines))
    for line in lines:
        log.warning("%s", line)


def _refusal(found: EntryPoint, siblings: list[EntryPoint]) -> tuple[Status, str] | None:
    """Say why an entry point is not to be loaded at all; None where it is."""
    if rivals := _rivals(found, siblings):
        return Status.NAME_CONFLICT, f"{rivals} bring a plugin of this name; uninstall all but one"
    if found.group in HOOKSPECS and found.name == TRIGGER:
        return Status.NAME_CONFLICT, f"the name {TRIGGER!r} is picctv's own; {_way_out(found)}"
    if found.dist is not None and (mismatch := _core_mismatch(found.dist)):
        return Status.INCOMPATIBLE, mismatch
    return None


def _checked(found: EntryPoint, loaded: Any) -> Plugin:
    """Check what was loaded as far as that goes without making an object of it."""
    hookspecs = HOOKSPECS.get(found.group)
    if hookspecs is not None:
        try:
            _check_class(found, loaded)
            bind(loaded, found.name, hookspecs)
        except HookError as error:
            return _failed(found, error.reason, error.status)
        except PluginError as error:
            return _failed(found, str(error))
        except Exception as error:  # noqa: BLE001 - a class can do anything when it is looked at
            return _failed(found, _why(error))
    return _listed(found, Status.ENABLED, loaded=loaded)


def _check_class(found: EntryPoint, loaded: Any) -> None:
    if not isinstance(loaded, type):
        raise PluginError(f"{found.value} is no class")
    if found.group == NODE:
        declared(loaded)
    elif found.group == SERVER:
        check_settings(loaded)
    # By name, for core knows no Django.
    elif found.group == WEB and not any(
        (base.__module__, base.__name__) == ("django.apps.config", "AppConfig") for base in loaded.__mro__
    ):
        raise PluginError(f"{found.value} is no django.apps.AppConfig class")


def _failed(found: EntryPoint, reason: str, status: Status = Status.LOAD_ERROR) -> Plugin:
    return _listed(found, status, f"{reason}; {_way_out(found)}")


def _way_out(found: EntryPoint) -> str:
    owner = found.dist.name if found.dist else "the package that brings it"
    return f"mend, update or uninstall {owner}"


def _listed(found: EntryPoint, status: Status, detail: str = "", loaded: Any = None) -> Plugin:
    distribution = found.dist
    return Plugin(
        name=found.name,
        group=found.group,
        distribution=distribution.name if distribution else "unknown",
        version=distribution.version if distribution else "unknown",
        value=found.value,
        status=status,
        detail=detail,
        object=loaded,
        core=_core_wanted(distribution),
    )


def _core_wanted(distribution: Distribution | None) -> str:
    try:
        return "" if distribution is None else core_requirement(distribution)
    except PluginError:
        return "unreadable"


def _sorted(plugins: Iterable[Plugin]) -> list[Plugin]:
    return sorted(plugins, key=lambda plugin: (plugin.name, plugin.distribution))


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _rivals(found: EntryPoint, siblings: list[EntryPoint]) -> str:
    owners = {
        other.dist.name: other.dist.version for other in siblings if other.name == found.name and other.dist
    }
    return " and ".join(f"{name} {owners[name]}" for name in sorted(owners)) if len(owners) > 1 else ""


def core_requirement(distribution: Distribution) -> str:
    """Give the versions of picctv-core that a distribution asks for, such as ``>=0.1``; empty where it asks for none.

    Raises:
        PluginError: one of its requirements can't be read.
    """
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise PluginError(f"its requirement {text!r} can't be read") from error
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and canonicalize_name(requirement.name) == CORE:
            return ",".join(sorted(map(str, requirement.specifier), reverse=True))
    return ""


def _core_mismatch(distribution: Distribution) -> str:
    """Say which version of picctv-core a distribution asks for, where it is not the one installed."""
    installed = importlib.metadata.version(CORE)
    try:
        wanted = core_requirement(distribution)
    except PluginError as error:
        return f"{error}; mend, update or uninstall {distribution.name}"
    if SpecifierSet(wanted).contains(installed, prereleases=True):
        return ""
    return (
        f"it needs {CORE}{wanted}, installed is {installed}; `pip install --upgrade {distribution.name} {CORE}` looks for "
        f"versions that fit, or uninstall {distribution.name}"
    )


def _why(error: BaseException) -> str:
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<") and frame.filename not in _IMPORTERS
    ]
    frame = frames[-1] if frames else None
    place = f" ({frame.filename}:{frame.lineno})" if frame else ""
    return _one_line(f"{type(error).__name__}: {error}").removesuffix(":") + place


def _one_line(text: str) -> str:
    return " ".join(text.split())
