"""Live view as the node runs it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from picctv_core.errors import PluginError
from picctv_core.hookspecs import node
from picctv_core.plugins import bind
from picctv_core.testing import FakeCamera
from picctv_plugins_live.analyzer import LiveAnalyzer

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.frames import AccessUnit


def test_analyzer_serves_from_start_to_stop(tmp_path: Path, units: list[AccessUnit]) -> None:
    hooks = bind(LiveAnalyzer(LiveAnalyzer.Settings(), FakeCamera(tmp_path)), "live", node)
    assert hooks.picctv_health() is None
    hooks.picctv_camera_started(camera=None)
    address = hooks.picctv_health()["address"]
    hooks.picctv_access_unit(unit=units[0])
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    assert host == "127.0.0.1"
    with socket.create_connection((host, int(port)), timeout=10) as viewer:
        data = viewer.recv(len(units[0].annexb), socket.MSG_WAITALL)
        assert data == units[0].annexb
        assert hooks.picctv_health() == {"address": address, "viewers": 1, "too slow": 0, "turned away": 0}
        hooks.picctv_camera_stopped()
        assert viewer.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=10)


def test_camera_whose_port_is_taken_can_still_be_stopped(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = LiveAnalyzer.Settings(port=other.getsockname()[1])
        hooks = bind(LiveAnalyzer(settings, FakeCamera(tmp_path)), "live", node)
        with pytest.raises(PluginError, match="is taken"):
            hooks.picctv_camera_started(camera=None)
    hooks.picctv_camera_stopped()
