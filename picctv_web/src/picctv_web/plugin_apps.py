"""The web parts of plugins as Django apps, none of which can keep the site from starting."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from picctv_core import plugins as core
from picctv_core.errors import PluginError, one_line
from picctv_core.hookspecs import web as hookspecs
from picctv_core.plugins import Status

if TYPE_CHECKING:
    import pluggy
    from django.apps import AppConfig

log = logging.getLogger(__name__)

# Errors whose text never repeats (it may have a time in it) must not fill the memory.
_REMEMBERED = 100


@dataclass
class WebPlugin:
    """A plugin's web part, as it runs in this process.

    Attributes:
        entry: what was found installed.
        app: its Django app; None where it could not be made.
        hooks: calls its hooks, and no other plugin's; None where there is no app.
        status: how it is doing.
        detail: what went wrong last, in one line; empty where nothing did.
        failures: how often each thing went wrong.
    """

    entry: core.Plugin
    app: AppConfig | None = None
    hooks: pluggy.HookRelay | None = None
    status: Status = Status.ENABLED
    detail: str = ""
    failures: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.entry.name

    @property
    def told(self) -> core.Plugin:
        """What was found installed, with the status that it has in this process."""
        return replace(self.entry, status=self.status, detail=self.detail)

    def fail(self, doing: str, error: BaseException, status: Status = Status.FAILING) -> None:
        """Note that the plugin raised, and log it: with the way to the place once, then at 10, 100, ... times."""
        self.status = status
        self.detail = f"{doing}: {type(error).__name__}: {' '.join(str(error).split())}"
        times = self.failures[self.detail] = self.failures.get(self.detail, 0) + 1
        if times == 1:
            log.error("plugin %s: %s", self.entry.describe(), self.detail, exc_info=error)
        elif str(times).strip("0") == "1":
            log.error("plugin %s: %s (%s times)", self.entry.describe(), self.detail, times)
        while len(self.failures) > _REMEMBERED:
            del self.failures[next(iter(self.failures))]


def load_plugins(taken: set[str]) -> list[WebPlugin]:
    """Find the web parts that are installed and make a Django app of each.

    Args:
        taken: labels of apps that no plugin can have.

    Returns:
        All of them, sorted by name. Those that can't be used have no app, a status and a detail.
    """
    plugins = [_load(entry, taken) for entry in core.discover(core.WEB)]
    for plugin in plugins:
        if plugin.app is None:
            log.warning("%s", plugin.told.complain())
        else:
            log.info("plugin %s: %s", plugin.entry.describe(), plugin.status)
    return plugins


def check_strict(plugins: list[WebPlugin]) -> None:
    """Refuse any plugin that is not in order, for ``--strict-plugins``.

    Raises:
        PluginError: with a line for each.
    """
    core.check_usable((plugin.told for plugin in plugins), strict=True)


def _load(entry: core.Plugin, taken: set[str]) -> WebPlugin:
    plugin = WebPlugin(entry, status=entry.status, detail=entry.detail)
    if entry.status is not Status.ENABLED:
        return plugin
    try:
        app = _make_app(plugin, entry.object)
        if app.label in taken:
            msg = f"there is another Django app with the label {app.label!r}; give it a label of its own"
            raise PluginError(msg)
        # Its class has been checked; what its object brings of its own has not.
        plugin.hooks = core.bind(app, entry.name, hookspecs)
    except Exception as error:  # noqa: BLE001 - a plugin can raise anything, and the site starts without it
        plugin.status = error.status if isinstance(error, core.HookError) else Status.LOAD_ERROR
        plugin.detail = f"{one_line(error, PluginError)}; mend, update or uninstall {entry.distribution}"
        return plugin
    taken.add(app.label)
    plugin.app = app
    return plugin


def _make_app(plugin: WebPlugin, cls: Any) -> AppConfig:
    base: Any = cls

    class Guarded(base):
        """The plugin's app; what it raises while Django starts is noted instead of stopping the site."""

        def import_models(self) -> None:
            try:
                super().import_models()
            except Exception as error:  # noqa: BLE001 - as above
                plugin.fail("importing its models", error, Status.LOAD_ERROR)

        def ready(self) -> None:
            try:
                super().ready()
            except Exception as error:  # noqa: BLE001 - as above
                plugin.fail("in its app's ready()", error)

    Guarded.__name__, Guarded.__qualname__, Guarded.__module__ = (
        cls.__name__,
        cls.__qualname__,
        cls.__module__,
    )
    name = getattr(cls, "name", None)
    if not isinstance(name, str):
        msg = (
            f"{plugin.entry.value} has no name: set it to the package that has its templates and static files"
        )
        raise PluginError(msg)
    return Guarded(name, import_module(name))
