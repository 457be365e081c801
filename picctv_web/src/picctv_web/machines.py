"""How a node's machine does, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from picctv_server.models import Node

HOT_C = 80.0
"""From here on a Raspberry Pi slows itself down."""


def facts(node: Node | None) -> list[tuple[str, str, str]]:
    """Give what a node told of its machine, as name, text and the colour of a tag; empty where no tag is wanted."""
    told = {} if node is None else (node.status or {}).get("machine") or {}
    found = []
    degrees = told.get("temperature_c")
    if isinstance(degrees, (int, float)):
        found.append(("Temperature", f"{degrees:.0f} °C", "bad" if degrees >= HOT_C else ""))
    if reasons := _texts(told.get("throttled")):
        found.append(("Held back", reasons, "bad"))
    elif reasons := _texts(told.get("throttled_since_boot")):
        found.append(("Held back", f"{reasons}, since its start", "warn"))
    if told.get("clock_set") is False:
        found.append(("Clock", "not set yet: times are wrong", "bad"))
    return found


def _texts(value: object) -> str:
    return ", ".join(text for text in value if isinstance(text, str)) if isinstance(value, list) else ""
