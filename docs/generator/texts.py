"""What the pages have in common."""

from __future__ import annotations


def sentence(text: str) -> str:
    """Give a text a capital and a full stop, except where it begins with an address or name of its own."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", ":")) or not text else ".")
