"""How a plugin's hookimpls are checked against the hookspecs, and called.

Every plugin has a manager of pluggy's of its own, so that calling one plugin's hook can never run, or be stopped by,
another one's.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import pluggy

from picctv_core.errors import PluginError
from picctv_core.hookspecs import PROJECT
from picctv_core.statuses import Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

_PREFIX = f"{PROJECT}_"


class HookError(PluginError):
    """A hookimpl that fits no hook.

    Attributes:
        status: `Status.UNKNOWN_HOOK` or `Status.UNKNOWN_ARGUMENT`; `Status.LOAD_ERROR` for what else pluggy refuses.
        reason: the error's text without the plugin's name.
    """

    def __init__(self, name: str, reason: str, status: Status) -> None:
        """Keep whose hookimpl it is, what is wrong with it, and which kind of fault that is."""
        self.status = status
        self.reason = reason
        super().__init__(f"plugin {name}: {reason}")


def bind(plugin: object, name: str, hookspecs: ModuleType) -> pluggy.HookRelay:
    """Check a plugin's hookimpls against the hookspecs, and give the relay that calls them, and them alone.

    Args:
        plugin: the plugin's object.
        name: its name, for errors.
        hookspecs: one of the modules of `picctv_core.hookspecs`.

    Raises:
        HookError: a hookimpl is of no hook there is, or names an argument that its hook does not have.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    known = {hook: caller.spec.argnames for hook, caller in vars(manager.hook).items()}
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise HookError(name, *_wrong_arguments(str(error), known)) from error
    unknown = [
        hook
        for hook, caller in vars(manager.hook).items()
        if hook not in known and any(not found.optionalhook for found in caller.get_hookimpls())
    ]
    if unknown:
        reason = "; ".join(f"there is no hook {hook!r}{_nearest(hook, known)}" for hook in unknown)
        raise HookError(name, reason, Status.UNKNOWN_HOOK)
    return manager.hook


def implements(hooks: pluggy.HookRelay, hook: str) -> bool:
    """Say whether a plugin implements a hook, so that its runner need not feed it what it does not take."""
    caller: pluggy.HookCaller = getattr(hooks, hook)
    return bool(caller.get_hookimpls())


def _wrong_arguments(text: str, known: dict[str, tuple[str, ...]]) -> tuple[str, Status]:
    """Say in our words what pluggy says of a hookimpl's arguments."""
    found = re.search(r"for hook '(\w+)'.*Argument\(s\) \{(.*)\} are declared", text, re.DOTALL)
    if found is None or found[1] not in known:
        return " ".join(text.split()), Status.LOAD_ERROR
    takes, gives = found[2], ", ".join(map(repr, known[found[1]])) or "none"
    return (
        f"its {found[1]} takes {takes}, which that hook does not give; it gives {gives}",
        Status.UNKNOWN_ARGUMENT,
    )


def _nearest(hook: str, known: Iterable[str]) -> str:
    # Without the prefix that all of them have, and that makes any two alike.
    short = [name.removeprefix(_PREFIX) for name in known]
    near = difflib.get_close_matches(hook.removeprefix(_PREFIX), short, n=1)
    return f" (did you mean {_PREFIX + near[0]!r}?)" if near else ""
