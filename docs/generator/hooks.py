"""The page of hooks, made from the hookspecs and their docstrings."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from typing import TYPE_CHECKING

from generator.docstrings import docstring
from picctv_core.hookspecs import node, server, web

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator


def hooks_of(module: types.ModuleType) -> list[types.FunctionType]:
    """List a module's hookspecs in the order in which they stand there."""
    return [
        found
        for name, found in vars(module).items()
        if name.startswith("picctv_") and inspect.isfunction(found)
    ]


def page() -> Iterator[str]:
    """Describe every hook, and the declarations that web hooks return."""
    yield "# Hooks\n"
    yield (
        "Every hook that a plugin can implement. A plugin marks its methods with `hookimpl` from "
        "`picctv_core.hookspecs`, and names only the arguments that it needs. "
        "[Your first plugin](../tutorial/first-plugin.md) shows how it goes; "
        "[how plugins run](../explanation/plugins.md) says what keeps one from harming the others.\n"
    )
    for module in (node, server, web):
        for found in hooks_of(module):
            yield f"- [`{found.__name__}`](#{found.__name__})"
    yield ""
    for title, module in (("Node", node), ("Server", server), ("Web", web)):
        yield f"## {title}\n"
        yield from docstring(module)
        for declaration in vars(module).values():
            if (
                isinstance(declaration, type)
                and is_dataclass(declaration)
                and getattr(declaration, "__module__", "") == module.__name__
            ):
                yield f"### {declaration.__name__}\n"
                yield from docstring(declaration)
        for found in hooks_of(module):
            yield f"### {found.__name__}\n"
            yield f"```python\n{_signature(found)}\n```\n"
            yield from docstring(found)


def _signature(function: types.FunctionType) -> str:
    # The annotations are texts (PEP 563), and stay as the source has them.
    signature = inspect.signature(function)
    shown = ", ".join(f"{name}: {parameter.annotation}" for name, parameter in signature.parameters.items())
    return f"def {function.__name__}({shown}) -> {signature.return_annotation}"
