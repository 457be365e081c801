"""The page of the models, made from their docstrings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.docstrings import docstring, members
from picctv_server import models

if TYPE_CHECKING:
    from collections.abc import Iterator

_ITS_OWN = (models.NodeToken, models.Lease, models.Alarm)
"""What no plugin has any business with."""


def page() -> Iterator[str]:
    """Describe every document that plugins read."""
    yield "# Models\n"
    yield (
        "What is stored in MongoDB, as the documents of `picctv_server.models`: the hooks of processors and web parts are "
        "given some of them, and `picctv_server.queries` gives the others. "
        "[Write a processor](../how-to/write-a-processor.md#keep-data-of-your-own) shows how a plugin has documents of its own.\n"
    )
    yield from docstring(models)
    for document in models.DOCUMENTS:
        if document not in _ITS_OWN:
            yield f"## {document.__name__}\n"
            yield from docstring(document)
            yield from members(document)
