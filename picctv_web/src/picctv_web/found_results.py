"""Filters of clips by what plugins said of them: which numbers and booleans there are, and what can be asked of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_server.ranges import ResultFilter, Test, is_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from picctv_core.typed import ResultField
    from picctv_web.schemas import TypedPlugin

OF_NUMBERS: dict[Test, str] = {
    "at-least": "at least",
    "at-most": "at most",
    "is": "all the time",
}
"""What can be asked of a number, and how people read it."""

OF_BOOLEANS: dict[Test, str] = {"true": "ever true", "never-true": "never true"}
"""What can be asked of a boolean."""

_GREATEST = 1e300


class FilterError(ValueError):
    """What is asked makes no sense.

    Attributes:
        parameter: ``result``, ``test`` or ``value``.
    """

    def __init__(self, parameter: str, message: str) -> None:
        self.parameter = parameter
        super().__init__(message)


@dataclass(frozen=True)
class Choice:
    """A number or a boolean that clips can be found by.

    Attributes:
        plugin: whose.
        field: the number or boolean.
        versions: of the results in which it means the same.
    """

    plugin: str
    field: ResultField
    versions: tuple[int | None, ...]

    @property
    def key(self) -> str:
        """Its name in an address."""
        return f"{self.plugin}.{self.field.name}"

    @property
    def label(self) -> str:
        """What people read: its title, with its unit or bounds."""
        low, high = self.field.minimum, self.field.maximum
        bounds = f"{low:g} to {high:g}" if low is not None and high is not None else ""
        more = " ".join(part for part in (bounds, self.field.unit) if part)
        return f"{self.field.title} ({more})" if more else self.field.title

    def shown_in(self, ranges: Any) -> str:
        """Say in a few words what a clip's results were; empty where there were none.

        Args:
            ranges: the clip's ``ranges``.
        """
        of_plugin = ranges.get(self.plugin) if isinstance(ranges, dict) else None
        stored = of_plugin if isinstance(of_plugin, dict) else {}
        found = [stored.get(str(version or 0), {}).get(self.field.name) for version in self.versions]
        pairs = [(own["min"], own["max"]) for own in found if own]
        if not pairs:
            return ""
        low, high = min(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
        if self.field.type == "boolean":
            return f"{self.field.title}: {'yes' if high else 'no'}"
        span = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        return f"{self.field.title} {span} {self.field.unit}".rstrip()


def choices(plugins: Iterable[TypedPlugin]) -> dict[str, Choice]:
    """List what clips can be found by: the fields of the newest version of each plugin's results, by key."""
    found = [
        Choice(plugin.name, field, plugin.versions_with(field))
        for plugin in plugins
        for field in plugin.newest.result_fields
        if is_name(plugin.name) and is_name(field.name)
    ]
    return {choice.key: choice for choice in found}


def parse(query: Mapping[str, Any], known: Mapping[str, Choice]) -> ResultFilter | None:
    """Read ``result``, ``test`` and ``value`` of an address; None where no result is asked for.

    Without a test, a number was at least the value, and a boolean was ever true.

    Raises:
        FilterError: they make no sense.
    """
    key, test, text = (str(query.get(name) or "").strip() for name in ("result", "test", "value"))
    if not key:
        if text:
            raise FilterError("result", "Choose what the value is of.")
        return None
    choice = known.get(key)
    if choice is None:
        raise FilterError("result", "There is no such result.")
    allowed = OF_BOOLEANS if choice.field.type == "boolean" else OF_NUMBERS
    asked = next((own for own in allowed if own == test or not test), None)
    if asked is None:
        what = "true or false" if choice.field.type == "boolean" else "a number"
        words = " or ".join(f"“{text}”" for text in allowed.values())
        raise FilterError("test", f"{choice.field.title} is {what}: choose {words}.")
    value = 1.0 if choice.field.type == "boolean" else _number(text)
    return ResultFilter(choice.plugin, choice.field.name, choice.versions, asked, value)


def _number(text: str) -> float:
    if not text:
        raise FilterError("value", "Enter a number.")
    try:
        # No number worth asking for is longer, and Python is slow at reading very long ones.
        number = float(text[:60].replace(",", "."))
    except ValueError:
        raise FilterError("value", "Enter a number.") from None
    if not math.isfinite(number) or abs(number) > _GREATEST:
        raise FilterError("value", "Enter a number that is not that large.")
    return number
