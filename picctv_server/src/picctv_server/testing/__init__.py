"""What authors of processors test with: the fixtures of `picctv_server.testing.pytest_plugin`, which pytest finds by itself."""

from __future__ import annotations
