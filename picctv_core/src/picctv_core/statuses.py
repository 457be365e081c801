"""The states that a plugin can be in."""

from __future__ import annotations

import enum


class Status(enum.StrEnum):
    """The state of a plugin, as the command line and the web show it."""

    ENABLED = "enabled"
    NOT_HERE = "not here"
    NOT_INSTALLED = "not installed"
    DISABLED = "disabled"
    WAITING = "waiting"
    LOAD_ERROR = "load error"
    UNKNOWN_HOOK = "unknown hook"
    UNKNOWN_ARGUMENT = "unknown argument"
    NAME_CONFLICT = "name conflict"
    SETTINGS_ERROR = "settings error"
    INCOMPATIBLE = "incompatible"
    FAILING = "failing"
    RESTARTING = "restarting"
    QUARANTINED = "quarantined"

    @property
    def is_problem(self) -> bool:
        """Whether a plugin of this status is not as it was meant to be, so that people must be told."""
        return self not in {Status.ENABLED, Status.DISABLED, Status.NOT_HERE}
