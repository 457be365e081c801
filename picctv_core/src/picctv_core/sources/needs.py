"""What a source driver needs that is not on every machine."""

from __future__ import annotations

import importlib.util


def missing_module(name: str, way_out: str) -> str:
    """Say that a module is not installed, and how to install it; nothing where it is."""
    return "" if importlib.util.find_spec(name) is not None else f"there is no module {name}: {way_out}"
