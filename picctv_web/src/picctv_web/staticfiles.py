"""Addresses of static files that change with their content."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


class VersionedStaticStorage(StaticFilesStorage):
    """Adds ``?v=<hash of the content>`` to each file's address, so that an upgrade shows at once.

    Django's manifest storage would do it in the name, but needs a collectstatic, and refuses to start when one plugin's
    style sheet names a picture that is not there.
    """

    def url(self, name: str | None) -> str:
        """Give the address of a file."""
        address = str(super().url(name))
        version = _version(name or "")
        return f"{address}?v={version}" if version else address


@functools.cache
def _version(name: str) -> str:
    found = finders.find(name) if name else None
    if not isinstance(found, str):
        return ""
    return hashlib.sha256(Path(found).read_bytes()).hexdigest()[:12]
