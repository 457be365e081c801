"""The plugins' server parts as they run in this process: made, called one by one, measured."""

from __future__ import annotations

import functools
import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from picctv_core.errors import PluginError, one_line
from picctv_core.hookspecs import server as hookspecs
from picctv_core.plugins import Plugin, Status, bind, check_usable, implements
from picctv_core.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pluggy

    from picctv_server.store import Store

log = logging.getLogger(__name__)

HEALTH_SECONDS = 1.0
"""How long the status waits for what processors say of themselves."""


class Figures:
    """How the calls of a plugin's hooks go; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._last_failure = ""
        self._timing = Timing()

    def add(self, duration_ms: float, failure: str = "") -> None:
        """Note a call, and in one line how it failed."""
        with self._lock:
            self._failures += bool(failure)
            self._last_failure = failure
            self._timing.add(duration_ms)

    @property
    def last_failure(self) -> str:
        """Give how the last call failed; empty where it went well."""
        return self._last_failure

    def summary(self) -> dict[str, Any]:
        """Give ``calls``, ``failures`` and ``ms_mean``, ``ms_p50``, ``ms_p95``, ``ms_max``."""
        nothing = dict.fromkeys(("ms_mean", "ms_p50", "ms_p95", "ms_max"))
        with self._lock:
            return nothing | self._timing.summary() | {"failures": self._failures}


class Processor:
    """One plugin's server part.

    Attributes:
        plugin: what was found installed.
        figures: how its calls go.
    """

    def __init__(self, plugin: Plugin, hooks: pluggy.HookRelay) -> None:
        self.plugin = plugin
        self.figures = Figures()
        self._hooks = hooks
        self._health: dict[str, Any] = {}
        self._health_failure = ""
        self._health_thread: threading.Thread | None = None

    def implements(self, hook: str) -> bool:
        """Say whether it implements a hook."""
        return implements(self._hooks, hook)

    def call(self, hook: str, not_its_fault: tuple[type[Exception], ...] = (), **arguments: Any) -> Any:
        """Call a hook, and give what it returns.

        Args:
            hook: the hook's name.
            not_its_fault: errors that say nothing against the plugin.
            arguments: the hook's arguments.

        Raises:
            Exception: whatever the plugin raises.
        """
        started_s = time.perf_counter()
        failure = ""
        try:
            return getattr(self._hooks, hook)(**arguments)
        except not_its_fault:
            raise
        except Exception as error:
            failure = f"{hook}: {one_line(error, PluginError)}"
            raise
        finally:
            self.figures.add((time.perf_counter() - started_s) * 1000, failure)

    def start_health(self) -> threading.Thread | None:
        """Ask it how it goes, on a thread that nobody needs to wait for; give the thread.

        None where it does not implement `picctv_health`, or where the last call has not returned yet.
        """
        if not self.implements("picctv_health"):
            return None
        if self._health_thread is not None and self._health_thread.is_alive():
            return None
        self._health_thread = in_thread(f"health of {self.plugin.name}", self._ask_health)
        return self._health_thread

    def _ask_health(self) -> None:
        # Beside the figures of the other hooks: that it can say how it goes does not mean that it goes.
        try:
            said = self._hooks.picctv_health()
            if not isinstance(said, dict | None):
                raise TypeError(f"it gave a {type(said).__name__}, not a dict")
            self._health, self._health_failure = dict(said or {}), ""
        except Exception as error:
            log.debug("where it came from", exc_info=error)
            self._health, self._health_failure = {}, f"picctv_health: {one_line(error, PluginError)}"

    def health(self) -> dict[str, Any]:
        """Give what it last said of itself."""
        return self._health

    def state(self) -> Plugin:
        """Give the plugin with the status that it has at this moment."""
        hangs = self._health_thread is not None and self._health_thread.is_alive()
        failure = self.figures.last_failure or self._health_failure
        failure = failure or ("picctv_health has not returned yet" if hangs else "")
        return replace(self.plugin, status=Status.FAILING, detail=failure) if failure else self.plugin


class Processors:
    """All server parts of this process, by name.

    Args:
        wanted: those that are to run, each with its settings.
        idle: those that are not, and why.
        store: what each of them gets.
        strict: whether one that can't be used is an error.

    Raises:
        PluginError: there is one, and `strict` was asked for.
    """

    def __init__(
        self, wanted: Iterable[tuple[Plugin, Any]], idle: Iterable[Plugin], store: Store, *, strict: bool
    ) -> None:
        made = [_make(plugin, settings, store) for plugin, settings in wanted]
        self._idle = [*idle, *(one for one in made if isinstance(one, Plugin))]
        self._running = {one.plugin.name: one for one in made if isinstance(one, Processor)}
        check_usable(self._idle, strict=strict)
        for processor in self._running.values():
            log.info("plugin %s: enabled", processor.plugin.describe())

    def of(self, plugin: str) -> Processor | None:
        """Give the one of a name; None where it does not run."""
        return self._running.get(plugin)

    def names(self) -> list[str]:
        """List those that run."""
        return sorted(self._running)

    def with_hook(self, hook: str) -> Sequence[Processor]:
        """Give those that implement a hook."""
        return [processor for processor in self._running.values() if processor.implements(hook)]

    def report(self) -> dict[str, dict[str, Any]]:
        """Give the status of each, as `picctv_server.models.ServerStatus` keeps it; asks them for their health."""
        started = [thread for one in self._running.values() if (thread := one.start_health()) is not None]
        join_all(started, HEALTH_SECONDS)
        nothing = {"health": {}} | Figures().summary()
        found = {plugin.name: _described(plugin) | nothing for plugin in self._idle}
        for name, one in self._running.items():
            found[name] = _described(one.state()) | {"health": one.health()} | one.figures.summary()
        return dict(sorted(found.items()))

    def stop(self, budget_s: float) -> None:
        """Tell all of them that the server stops, and leave behind who takes longer.

        Args:
            budget_s: how long that may take in all, in seconds.
        """
        threads = {
            one: in_thread(f"stop of {one.plugin.name}", functools.partial(_stop, one))
            for one in self.with_hook("picctv_server_stopped")
        }
        join_all(threads.values(), budget_s)
        for one, thread in threads.items():
            if thread.is_alive():
                log.warning(
                    "plugin %s: picctv_server_stopped takes longer than %g s; the server ends without it",
                    one.plugin.describe(),
                    budget_s,
                )


def in_thread(name: str, function: Callable[[], None]) -> threading.Thread:
    """Call a function on a thread of its own, which does not keep the process from ending."""
    thread = threading.Thread(target=function, name=name, daemon=True)
    thread.start()
    return thread


def join_all(threads: Iterable[threading.Thread], budget_s: float) -> None:
    """Wait for threads, so many seconds in all."""
    until_s = time.monotonic() + budget_s
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))


def _stop(processor: Processor) -> None:
    try:
        processor.call("picctv_server_stopped")
    except Exception:
        log.exception("plugin %s failed in picctv_server_stopped", processor.plugin.describe())


def _make(plugin: Plugin, settings: Any, store: Store) -> Processor | Plugin:
    """Make a plugin's processor; give the plugin with its fault where it can't be made."""
    try:
        made = plugin.object(settings, store)
        return Processor(plugin, bind(made, plugin.name, hookspecs))
    except Exception as error:
        log.debug("where it came from", exc_info=error)
        detail = f"it can't be made: {one_line(error, PluginError)}; mend its settings, or update or uninstall {plugin.distribution}"
        return replace(plugin, status=Status.FAILING, detail=detail)


def _described(plugin: Plugin) -> dict[str, Any]:
    return {
        "status": str(plugin.status),
        "detail": plugin.detail,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "core": plugin.core,
    }
