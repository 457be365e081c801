"""django-graphos, imported on a Django that no longer has two of the names it asks for.

Its last release imports ``django.utils.six`` and ``django.utils.encoding.force_text``, which went with Django 3.0 and
4.0. It only needs both while `graphos.utils` is imported, so they are there for just that long.
"""

from __future__ import annotations

import types
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import django.utils
from django.utils import encoding

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _names_of_old() -> Iterator[None]:
    absent = object()
    lent: tuple[tuple[Any, str, Any], ...] = (
        (django.utils, "six", types.SimpleNamespace(text_type=str, binary_type=bytes)),
        (encoding, "force_text", encoding.force_str),
    )
    before = [getattr(module, name, absent) for module, name, _ in lent]
    for module, name, value in lent:
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name, _), value in zip(lent, before, strict=True):
            if value is absent:
                delattr(module, name)
            else:
                setattr(module, name, value)


with _names_of_old():
    from graphos.renderers.base import BaseChart
    from graphos.sources.simple import SimpleDataSource

__all__ = ["BaseChart", "SimpleDataSource"]
