"""What authors of pages test with: the fixtures of `picctv_web.testing.pytest_plugin`, which pytest finds by itself."""

from __future__ import annotations
