"""Between what the numbers of results lie: of a minute for charts, of a clip to find clips by.

A clip knows the least and the greatest of each number in the results within it, exactly: from capture time to capture
time, and apart for each version of a plugin's results. So clips are found by results without reading results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from picctv_server.models import MINUTE_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Batch = tuple[int | None, list[tuple[int, Any]]]
    """Version of the results, and the results as (captured_at_ns, result)."""

_MAX_FIELDS = 32
_MAX_NAME_LENGTH = 64
_GREATEST = 1e300

Test = Literal["at-least", "at-most", "is", "true", "never-true"]


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """What the results within a clip must have said.

    Attributes:
        plugin: whose results.
        field: the number's or boolean's name in them.
        versions: of the results that count; None for results of a plugin that declared no model yet.
        test: ``at-least`` and ``at-most``: at some time within the clip; ``is``: all the time; ``true``: at some time;
            ``never-true``: at no time, though something was said.
        value: what it is compared with; 1 is true.
    """

    plugin: str
    field: str
    versions: tuple[int | None, ...]
    test: Test
    value: float = 1.0

    def condition(self) -> dict[str, Any]:
        """Give the condition on a clip's ``ranges``, in MongoDB's words."""
        places = [f"ranges.{self.plugin}.{_key(version)}.{self.field}" for version in self.versions]
        if self.test in {"at-least", "true"}:
            return {"$or": [{f"{place}.max": {"$gte": self.value}} for place in places]}
        if self.test == "at-most":
            return {"$or": [{f"{place}.min": {"$lte": self.value}} for place in places]}
        only = 0.0 if self.test == "never-true" else self.value
        throughout = [
            {"$or": [{place: {"$exists": False}}, {f"{place}.min": only, f"{place}.max": only}]}
            for place in places
        ]
        return {"$and": [{"$or": [{place: {"$exists": True}} for place in places]}, *throughout]}


def numbers(results: Iterable[Any]) -> dict[str, list[float]]:
    """Collect the numbers at the top of results that are dicts by field; true is 1, false 0."""
    found: dict[str, list[float]] = {}
    for result in results:
        if not isinstance(result, dict):
            continue
        for field, value in result.items():
            if not isinstance(value, (bool, int, float)) or not abs(value) < _GREATEST or not is_name(field):
                continue
            if field in found or len(found) < _MAX_FIELDS:
                found.setdefault(field, []).append(float(value))
    return found


def is_name(name: Any) -> bool:
    """Say whether MongoDB can have it in a path."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= _MAX_NAME_LENGTH
        and not any(sign in name for sign in ".$\0")
    )


def update(plugin: str, batches: Iterable[Batch], from_ns: int, to_ns: int) -> dict[str, Any]:
    """Give MongoDB's update that widens a clip's ranges; empty where there is nothing to say.

    Args:
        plugin: whose results.
        batches: its results.
        from_ns: what is earlier does not count.
        to_ns: nor what is at this time or later.
    """
    if not is_name(plugin):
        return {}
    made: dict[str, Any] = {}
    for version, items in batches:
        within = numbers(result for at_ns, result in items if from_ns <= at_ns < to_ns)
        for field, values in within.items():
            _widen(made, f"ranges.{plugin}.{_key(version)}.{field}", min(values), max(values))
    return made


def update_from_minutes(
    plugin: str,
    minutes: Iterable[dict[str, Any]],
    from_ns: int,
    to_ns: int,
    read: Callable[[dict[str, Any]], Iterator[Batch]],
) -> dict[str, Any]:
    """Give such an update from stored minutes; of those wholly within, with results of one version, the summaries do.

    Args:
        plugin: whose results.
        minutes: documents of the collection ``analyses``.
        from_ns: what is earlier does not count.
        to_ns: nor what is at this time or later.
        read: gives the results of such a document.
    """
    made: dict[str, Any] = {}
    for minute in minutes:
        versions = {batch.get("version") for batch in minute["batches"]}
        if from_ns <= minute["minute_ns"] and minute["minute_ns"] + MINUTE_NS <= to_ns and len(versions) == 1:
            (version,) = versions
            for field, found in minute.get("summary", {}).items() if is_name(plugin) else ():
                _widen(made, f"ranges.{plugin}.{_key(version)}.{field}", found["min"], found["max"])
            continue
        own = update(plugin, read(minute), from_ns, to_ns)
        for sign, choose in (("$min", min), ("$max", max)):
            for place, value in own.get(sign, {}).items():
                before = made.setdefault(sign, {}).get(place, value)
                made[sign][place] = choose(before, value)
    return made


def _widen(update: dict[str, Any], place: str, least: float, greatest: float) -> None:
    lows, highs = update.setdefault("$min", {}), update.setdefault("$max", {})
    lows[f"{place}.min"] = min(least, lows.get(f"{place}.min", least))
    highs[f"{place}.max"] = max(greatest, highs.get(f"{place}.max", greatest))


def _key(version: int | None) -> str:
    return str(version or 0)
