"""How plugins do, as nodes and servers say.

What they say is stored as it came. It may be of a newer version, or broken in any way, so nothing here relies on its form:
what is of another type than expected is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_core.plugins import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KINDS = {
    Status.ENABLED: "good",
    Status.DISABLED: "info",
    Status.NOT_HERE: "info",
    Status.WAITING: "warn",
    Status.RESTARTING: "warn",
}
_ORDER = ("bad", "warn", "good", "info", "")

_MAX_TEXT = 600
_MAX_WORD = 80
_MAX_PAIRS = 24
_MAX_USES = 8

_COUNTED = ("frames", "frames_dropped", "failures")
"""Counts that have a place of their own."""


@dataclass(frozen=True)
class Timing:
    """How long the calls of a hook took, in milliseconds; None where that is not known."""

    hook: str
    calls: int | None
    p50: float | None
    p95: float | None
    longest: float | None


@dataclass(frozen=True)
class State:
    """How a plugin does in one place: on a camera, or in a server.

    Attributes:
        name: the plugin's name.
        status: its status, as its place says.
        kind: the colour of the status: ``good``, ``info``, ``warn`` or ``bad``; empty where there is none.
        detail: why, in one line.
        distribution: the package that brings it there.
        version: that package's version.
        core: the versions of picctv-core that it asks for; empty where its place does not say.
        isolation: ``thread`` or ``process``.
        uses: whose results it hears.
        frames: how many frames it was given.
        frames_dropped: how many more there were.
        failures: how many of its calls raised.
        restarts: how often its process was started again.
        memory: what its process uses, as people read it.
        health: what it says of itself.
        counts: the other counts of its place.
        timing: of each of its hooks.
    """

    name: str
    status: str = ""
    kind: str = ""
    detail: str = ""
    distribution: str = ""
    version: str = ""
    core: str = ""
    isolation: str = ""
    uses: tuple[str, ...] = ()
    frames: int | None = None
    frames_dropped: int | None = None
    failures: int | None = None
    restarts: int | None = None
    memory: str = ""
    health: tuple[tuple[str, str], ...] = ()
    counts: tuple[tuple[str, str], ...] = ()
    timing: tuple[Timing, ...] = ()

    @property
    def package(self) -> str:
        """Its package and version; empty where its place does not say."""
        return f"{self.distribution} {self.version}".strip()


def states(stored: Any) -> list[State]:
    """Read what a camera's or a server's document says of its plugins, sorted by name."""
    return sorted(
        (read(str(name), value) for name, value in mapping(stored).items()), key=lambda own: own.name
    )


def read(name: str, stored: Any) -> State:
    """Read what is said of one plugin."""
    said = mapping(stored)
    status, counts = _text(said.get("status"), _MAX_WORD), mapping(said.get("counts"))
    memory, uses = _whole(said.get("memory_bytes")), said.get("uses")
    return State(
        name=name[:_MAX_WORD],
        status=status,
        kind=kind(status),
        detail=_text(said.get("detail")),
        distribution=_text(said.get("distribution"), _MAX_WORD),
        version=_text(said.get("version"), _MAX_WORD),
        core=_text(said.get("core"), _MAX_WORD),
        isolation=_text(said.get("isolation"), _MAX_WORD),
        uses=_names(uses),
        frames=_whole(counts.get("frames")),
        frames_dropped=_whole(counts.get("frames_dropped")),
        # On a node the failures stand with the counts, in a server's status beside them.
        failures=_whole(counts.get("failures", said.get("failures"))),
        restarts=_whole(said.get("restarts")),
        memory=f"{memory / 1e6:.0f} MB" if memory and memory > 0 else "",
        health=pairs(said.get("health")),
        counts=pairs({key: value for key, value in counts.items() if key not in _COUNTED}),
        timing=_timing(said),
    )


def kind(status: str) -> str:
    """Give the colour of a status; what we don't know is bad, for a newer node has more ways to fail."""
    if not status:
        return ""
    return next((kind for own, kind in _KINDS.items() if own == status), "bad")


def worst(kinds: Iterable[str]) -> str:
    """Give the colour that stands for several."""
    return min(kinds, key=rank, default="")


def rank(kind: str) -> int:
    """Give a colour's place among them, the worst first."""
    return _ORDER.index(kind)


def mapping(value: Any) -> Mapping[Any, Any]:
    """Give a dict; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def pairs(figures: Any) -> tuple[tuple[str, str], ...]:
    """Give names and values as people read them, in the order of names; no more than a page has room for."""
    named = sorted(
        (str(key).replace("_", " ")[:_MAX_WORD], _value(own)) for key, own in mapping(figures).items()
    )
    return tuple(named[:_MAX_PAIRS])


def _names(value: Any) -> tuple[str, ...]:
    found = [own for own in value if isinstance(own, str)] if isinstance(value, (list, tuple)) else []
    return tuple(own[:_MAX_WORD] for own in found[:_MAX_USES])


def _timing(said: Mapping[Any, Any]) -> tuple[Timing, ...]:
    # A server has no hooks apart: its figures stand at the top.
    by_hook = {**mapping(said.get("timing")), **({"calls": said} if "ms_p95" in said else {})}
    found = [
        Timing(
            str(hook).replace("_", " ")[:_MAX_WORD],
            _whole(figures.get("calls")),
            *(_number(figures.get(key)) for key in ("ms_p50", "ms_p95", "ms_max")),
        )
        for hook, value in by_hook.items()
        if (figures := mapping(value))
    ]
    known = [own for own in found if own.p95 is not None]
    return tuple(sorted(known, key=lambda own: own.hook)[:_MAX_PAIRS])


def _text(value: Any, most: int = _MAX_TEXT) -> str:
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = " ".join(str(value).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else _text("" if value is None else str(value), 120)


def _number(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e15 and math.isfinite(value) else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
