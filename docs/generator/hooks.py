"""The page of hooks, made from the hookspecs and their docstrings."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import is_dataclass
from typing import TYPE_CHECKING

from picctv_core.hookspecs import node, server, web

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Example|Examples):$")
_ITEM = re.compile(r"^(\*{0,2}[\w.]+): (.*)$")


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
        yield from _docstring(module)
        for declaration in vars(module).values():
            if (
                isinstance(declaration, type)
                and is_dataclass(declaration)
                and getattr(declaration, "__module__", "") == module.__name__
            ):
                yield f"### {declaration.__name__}\n"
                yield from _docstring(declaration)
        for found in hooks_of(module):
            yield f"### {found.__name__}\n"
            yield f"```python\n{_signature(found)}\n```\n"
            yield from _docstring(found)


def _signature(function: types.FunctionType) -> str:
    # The annotations are texts (PEP 563), and stay as the source has them.
    signature = inspect.signature(function)
    shown = ", ".join(f"{name}: {parameter.annotation}" for name, parameter in signature.parameters.items())
    return f"def {function.__name__}({shown}) -> {signature.return_annotation}"


def _docstring(owner: object) -> Iterator[str]:
    """Give a Google-style docstring as Markdown."""
    section, block = "", list[str]()
    for line in (
        *(inspect.getdoc(owner) or "").splitlines(),
        "Args:",
    ):  # a section's head ends the last one too
        if head := _SECTION.match(line):
            yield from _render(section, textwrap.dedent("\n".join(block)).strip())
            section, block = head[1], []
        else:
            block.append(line)


def _render(section: str, text: str) -> Iterator[str]:
    if not text:
        return
    if not section:
        yield text + "\n"
    elif section.startswith("Example"):
        code = "\n".join(line[4:] for line in text.splitlines())  # without the prompts
        # Blank lines where the formatter has them, which looks at the code in pages too.
        code = re.sub(r"^class ", "\n\nclass ", code, flags=re.MULTILINE).strip()
        code = re.sub(r"(?<!:)\n(?= +@)|(?<=\.\.\.)\n", "\n\n", code)
        yield f"**Example**\n\n```python\n{code.rstrip()}\n```\n"
    else:
        yield f"**{section}**\n\n{_items(text)}\n"


def _items(text: str) -> str:
    """Give ``name: what it is`` as a list; text that has no names stays text."""
    lines: list[str] = []
    for line in text.splitlines():
        if item := _ITEM.match(line):
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            lines.append(f"  {line.strip()}" if lines and lines[0].startswith("- ") else line)
    return "\n".join(lines)
