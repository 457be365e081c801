"""The page of what plugin authors test with, made from its docstrings."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import picctv_core.testing as kit
import picctv_core.testing.pytest_plugin as core_fixtures
import picctv_server.testing.pytest_plugin as server_fixtures
import picctv_web.testing.pytest_plugin as web_fixtures
from generator.docstrings import docstring, members
from picctv_core.testing.conformance import clauses_of

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator

_OBJECTS = (
    "scene",
    "Scene",
    "Shot",
    "run_analyzer",
    "Run",
    "Timing",
    "AnalyzerRunner",
    "make_message",
    "FakeCamera",
    "FakeClock",
)


def page() -> Iterator[str]:
    """Describe scenes, fixtures, functions and clauses."""
    yield "# Testing\n"
    yield (
        "What `picctv_core.testing` and the fixtures offer to whoever writes a plugin. "
        "[Test a plugin](../how-to/test-a-plugin.md) shows how it goes.\n"
    )
    yield "## Scenes\n"
    yield 'Synthetic video with known truth: `scene("walking", 640, 480)`. Any size and rate, the same for the same seed.\n'
    for name, kind in kit.SCENES.items():
        yield f"### {name}\n"
        yield from docstring(kind)
        yield f"{kind.length_s:g} seconds.\n"
    yield "## Fixtures\n"
    yield "pytest finds them by itself wherever the distribution is installed.\n"
    for module in (core_fixtures, server_fixtures, web_fixtures):
        yield f"With `{module.__name__.partition('.')[0].replace('_', '-')}`:\n"
        for name, function in fixtures_of(module).items():
            yield f"### {name}\n"
            yield from docstring(function)
    yield "## Functions and classes\n"
    yield "All of them are imported from `picctv_core.testing`.\n"
    for name in _OBJECTS:
        yield f"### {name}\n"
        yield f"```python\n{name}{_signature(getattr(kit, name))}\n```\n"
        yield from docstring(getattr(kit, name))
        yield from members(getattr(kit, name))
    yield "## Conformance\n"
    yield from docstring(kit.AnalyzerConformance)
    yield f"```python\ncheck_analyzer{_signature(kit.check_analyzer)}\n```\n"
    yield from docstring(kit.check_analyzer)
    yield "The clauses:\n"
    for name, clause in clauses_of(kit.AnalyzerConformance).items():
        yield f"### {name}\n"
        yield from docstring(clause)


def fixtures_of(module: types.ModuleType) -> dict[str, Any]:
    """List a module's fixtures by name; each is the function behind it, with its docstring."""
    # pytest wraps a fixture in an object of its own, which it marks as such.
    return {
        name: found.__wrapped__
        for name, found in vars(module).items()
        if name.startswith("picctv_") and hasattr(found, "__wrapped__")
    }


def _signature(found: Any) -> str:
    # The annotations are texts (PEP 563), and stay as the source has them.
    signature = inspect.signature(found)
    parameters = []
    for parameter in signature.parameters.values():
        # Those of a NamedTuple are wrapped.
        annotation = getattr(parameter.annotation, "__forward_arg__", parameter.annotation)
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in "".join(parameters):
            parameters.append("*")
        star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        parameters.append(f"{star}{parameter.name}: {annotation}{default}")
    gives = "" if isinstance(found, type) else f" -> {signature.return_annotation}"
    return f"({', '.join(parameters)}){gives}"
