"""What a settings file tells its plugins: the tables ``[plugins.NAME]``, read the same way by the node and the server.

A fault in what a plugin is told keeps that plugin from running, and nothing else: here it becomes its status.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from picctv_core.declarations import Options, settings_of
from picctv_core.plugins import Plugin, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from picctv_core.config import SettingsFile
    from picctv_core.errors import Fault

    Key = tuple[str, ...]

AnyOptions = TypeVar("AnyOptions", bound=Options)


@dataclass(frozen=True)
class Idle:
    """A plugin that is not to run, and why."""

    plugin: Plugin
    status: Status
    detail: str = ""

    @property
    def told(self) -> Plugin:
        """Give the plugin with this status, as the lists of plugins have it."""
        return replace(self.plugin, status=self.status, detail=self.detail)


@dataclass(frozen=True)
class Told(Generic[AnyOptions]):
    """What a plugin that is to run is told.

    Attributes:
        options: the keys of its tables that are not its own.
        settings: its own keys, an object of its ``Settings``.
    """

    options: AnyOptions
    settings: BaseModel


@dataclass
class TableReader(Generic[AnyOptions]):
    """Reads the plugins' tables of one file.

    Args:
        file: the file.
        installed: the plugins of the group, broken ones included.
        options: the keys of a plugin's table that are not the plugin's own.

    Attributes:
        faults: what is wrong in the tables, as far as they have been read, for those who want no fault in the file.
    """

    file: SettingsFile
    installed: Sequence[Plugin]
    options: type[AnyOptions]
    faults: list[Fault] = field(default_factory=list)

    def read(self, plugin: Plugin, tables: Mapping[Key, Any]) -> Told[AnyOptions] | Idle:
        """Read what a plugin is told.

        Args:
            plugin: the plugin.
            tables: its tables, as they stand in the file, by the keys that lead to them; what stands in a later one
                goes over what stands in an earlier one.
        """
        if wrong := [key for key, table in tables.items() if not isinstance(table, dict)]:
            hint = f"is to be a table: write [plugins.{plugin.name}] and the keys below it, for example enabled = true"
            return self._idle(plugin, [self.file.fault(key, hint) for key in wrong])
        values: dict[str, Any] = {}
        places: dict[str, Key] = {}
        for key, table in tables.items():
            values |= table
            places |= dict.fromkeys(table, key)
        if values.get("enabled") is False:
            return Idle(plugin, Status.DISABLED)
        if plugin.status is not Status.ENABLED:
            return Idle(plugin, plugin.status, plugin.detail)
        # A key that is missing is looked for where the plugin's others are.
        home = next(reversed(places.values()), next(iter(tables)))
        model, shared = settings_of(plugin.object), self.options.model_fields.keys()
        options, faults = self.file.validate(
            self.options, {key: value for key, value in values.items() if key in shared}, home, places=places
        )
        own = {key: value for key, value in values.items() if key not in shared}
        try:
            settings, own_faults = self.file.validate(model, own, home, places=places, beside=[*shared])
        except Exception as error:  # noqa: BLE001 - a plugin's validators can raise anything
            text = " ".join(f"{type(error).__name__}: {error}".split())
            settings, own_faults = (
                None,
                [self.file.fault(home, f"its Settings can't be made of this: {text}")],
            )
        if options is None or settings is None:
            return self._idle(plugin, [*faults, *own_faults])
        return Told(options, settings)

    def not_installed(self, key: Key, tables: Mapping[str, Any], part: str) -> list[Idle]:
        """Find the tables of plugins that nobody brings: a misspelt name, or one that was uninstalled.

        A plugin that is taken away must not keep anything from starting; one that is switched off and taken away is
        what a person means who keeps its settings for later.

        Args:
            key: the keys that lead to the tables.
            tables: the tables by the plugins' names.
            part: what is missing, ``a node part``.
        """
        known = [plugin.name for plugin in self.installed]
        found = []
        for name, table in tables.items():
            if name in known or (isinstance(table, dict) and table.get("enabled") is False):
                continue
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.65)
            hint = f"did you mean {near[0]!r}? If not, " if near else ""
            fault = self.file.fault(
                (*key, name),
                f"no plugin of this name with {part} is installed; {hint}install it, or set enabled = false in its table",
            )
            self._note([fault])
            nobody = Plugin(name, "", "", "", "", Status.NOT_INSTALLED)
            found.append(Idle(nobody, Status.NOT_INSTALLED, self._describe([fault])))
        return found

    def _idle(self, plugin: Plugin, faults: Sequence[Fault]) -> Idle:
        self._note(
            [replace(fault, message=f"plugin {plugin.describe()}: {fault.message}") for fault in faults]
        )
        return Idle(plugin, Status.SETTINGS_ERROR, self._describe(faults))

    def _note(self, faults: Sequence[Fault]) -> None:
        # What stands in a table for all cameras is found once for each.
        self.faults += [fault for fault in faults if fault not in self.faults]

    def _describe(self, faults: Sequence[Fault]) -> str:
        # In a status, which people read elsewhere, the file's name says enough.
        return "; ".join(fault.describe(Path(self.file.path.name)) for fault in faults)
