"""Where the bytes of clips are: drivers of one small protocol, chosen by name in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core import plugins
from picctv_server.clips.base import ClipStore

if TYPE_CHECKING:
    from picctv_server.config import ClipSettings

GROUP = "picctv.clips"

__all__ = ["GROUP", "ClipStore", "open_store"]


def open_store(settings: ClipSettings) -> ClipStore:
    """Open the clip store that the settings name. Stores in MongoDB use the process's connection.

    Raises:
        PluginError: there is no such driver.
        StoreError: its place can't be used.
    """
    store: ClipStore = plugins.driver(GROUP, settings.store)(settings)
    return store
