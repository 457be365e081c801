"""Google-style docstrings as Markdown."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Example|Examples):$")
_ITEM = re.compile(r"^(\*{0,2}[\w.]+): (.*)$")


def docstring(owner: object) -> Iterator[str]:
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
        code = re.sub(r"(?<!:)\n(?= +(?:@|def __init__))|(?<=\.\.\.)\n", "\n\n", code)
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


def members(found: Any) -> Iterator[str]:
    """Give a line for each public method and property that a class has of its own."""
    if not isinstance(found, type):
        return
    lines = []
    for name, member in vars(found).items():
        function = member.fget if isinstance(member, property) else member
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            call = "" if isinstance(member, property) else "()"
            first = re.split(r"\n\n", inspect.cleandoc(function.__doc__))[0].replace("\n", " ")
            lines.append(f"- `{name}{call}`: {first}")
    if lines:
        yield "**Members**\n\n" + "\n".join(lines) + "\n"
