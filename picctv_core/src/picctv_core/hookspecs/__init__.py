"""Every hook of picctv: `node`, `server` and `web`, one module for each place where plugins run.

A plugin marks what it implements with `hookimpl`, and names only the arguments that it needs.
"""

from __future__ import annotations

import pluggy

PROJECT = "picctv"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

__all__ = ["PROJECT", "hookimpl", "hookspec"]
