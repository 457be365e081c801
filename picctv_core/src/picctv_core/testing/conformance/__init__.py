"""Whether an analyzer keeps its contract: picctv's own plugins pass the same clauses as anybody's.

In a test file, one subclass is enough; each clause becomes a test::

    class TestPeople(AnalyzerConformance):
        analyzer = PeopleAnalyzer

or one call, which raises one error that lists every broken clause::

    check_analyzer(PeopleAnalyzer)
"""

from __future__ import annotations

from typing import Any

from picctv_core.errors import PicctvError, PluginError
from picctv_core.testing.conformance.base import BrokenClauseError, clauses_of
from picctv_core.testing.conformance.declaration import DeclarationClauses
from picctv_core.testing.conformance.frames import FrameClauses
from picctv_core.testing.conformance.life import LifeClauses
from picctv_core.testing.conformance.results import ResultClauses

__all__ = ["AnalyzerConformance", "BrokenClauseError", "ConformanceError", "check_analyzer", "clauses_of"]

_LAST_BEFORE_RUNNING = "test_bad_settings_are_refused"
"""One that is not even declared right can't be run, and would break every clause after this in the same way."""

_OPTIONS = ("settings", "scene", "seconds", "results", "time_budget")


class ConformanceError(PluginError):
    """An analyzer that does not keep its contract.

    Attributes:
        broken: the names of the broken clauses, each with what is wrong.
    """

    def __init__(self, name: str, broken: dict[str, str]) -> None:
        """Keep the broken clauses, and give each its line in the error's text."""
        self.broken = broken
        lines = [f"{clause.removeprefix('test_')}: {text}" for clause, text in broken.items()]
        super().__init__("\n".join([f"the analyzer {name} breaks {len(broken)} clauses:", *lines]))


class AnalyzerConformance(FrameClauses, ResultClauses, LifeClauses, DeclarationClauses):
    """All clauses, as a test class: name the analyzer in a subclass whose name begins with ``Test``.

    A clause that can't hold is left out by saying so: ``test_time_budget_is_kept = None  # runs at 1 frame a second``.

    Attributes:
        analyzer: the class; or
        plugin: the name of an installed plugin.
        settings: keys and values to run it with; absolute paths.
        scene: the name of the scene that it is shown.
        seconds: how much of the scene it is shown each time.
        results: what the camera's other plugins say meanwhile.
        time_budget: which part of the pause between two frames its median call may take.
    """


def check_analyzer(analyzer: type[Any] | str, **options: Any) -> None:
    """Check every clause.

    Args:
        analyzer: the class, or the name of an installed plugin.
        options: ``settings``, ``scene``, ``seconds``, ``results`` and ``time_budget``; see `AnalyzerConformance`.

    Raises:
        ConformanceError: at least one clause is broken; the error lists all that are.
        PluginError: no plugin of this name is installed, or it can't be loaded.
        TypeError: there is no such option.
    """
    if unknown := options.keys() - set(_OPTIONS):
        raise TypeError(f"there is no option {', '.join(sorted(unknown))}; there are {', '.join(_OPTIONS)}")
    named = {"plugin": analyzer} if isinstance(analyzer, str) else {"analyzer": analyzer}
    kind = type("Checked", (AnalyzerConformance,), {**named, **options})
    broken: dict[str, str] = {}
    clauses = kind()
    name = clauses._name()  # noqa: SLF001 - its own kit
    for clause in clauses_of(kind):
        try:
            getattr(clauses, clause)()
        except (BrokenClauseError, PicctvError) as error:
            broken[clause] = str(error)
        except Exception as error:  # noqa: BLE001 - whatever an analyzer raises is its own fault
            broken[clause] = f"{type(error).__name__}: {error}"
        if clause == _LAST_BEFORE_RUNNING and broken:
            break
    if broken:
        raise ConformanceError(name, broken)
