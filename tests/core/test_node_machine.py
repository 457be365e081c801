"""What a node tells of its machine, and to systemd."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from picctv_core.node import machine
from picctv_core.node.systemd import Manager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_raspberry_pi_that_is_hot_and_short_of_power(tmp_path: Path) -> None:
    write(tmp_path / "sys/class/thermal/thermal_zone0/temp", "82541\n")
    write(tmp_path / "sys/class/thermal/thermal_zone1/temp", "61000\n")
    write(tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    (tmp_path / "run/systemd/timesync").mkdir(parents=True)
    found = machine.state(tmp_path)
    assert found.pop("load") >= 0
    assert found == {
        "temperature_c": 82.5,
        "throttled": ["under-voltage", "throttled"],
        "throttled_since_boot": ["under-voltage", "throttled"],
        "clock_set": False,
    }
    write(tmp_path / "run/systemd/timesync/synchronized", "")
    assert machine.state(tmp_path)["clock_set"] is True


def test_what_is_not_told_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "sys/class/thermal/thermal_zone0/temp", "no number\n")
    assert set(machine.state(tmp_path)) == {"load"}
    assert machine.state()["load"] == pytest.approx(os.getloadavg()[0], abs=1.0)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """What systemd has: a socket that hears what services say."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hearing:
        hearing.bind(address)
        hearing.settimeout(30)
        yield address, hearing


def test_a_node_tells_systemd_that_it_is_up_alive_and_stops(
    tmp_path: Path, token: str, manager: tuple[str, socket.socket]
) -> None:
    address, hearing = manager
    path = tmp_path / "node.toml"
    path.write_text(
        f'[node]\nname = "garage"\ndata = "data"\n[server]\nurls = ["ws://127.0.0.1:9"]\ntoken = "{token}"\n'
        '[cameras.door.source]\ndriver = "synthetic"\nrate = 2\n'
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "picctv_core", "node", "run", "--config", str(path)],
        stderr=subprocess.DEVNULL,
        env=os.environ | {"NOTIFY_SOCKET": address},
    )
    try:
        heard = {hearing.recv(100) for _ in range(2)}
        assert heard == {b"READY=1", b"WATCHDOG=1"}
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    hearing.settimeout(1)
    rest = []
    while b"STOPPING=1" not in rest:
        rest.append(hearing.recv(100))


def test_without_a_manager_nobody_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Manager().ready()
    # one that has gone is no reason to stop either, and those whom we start don't inherit it
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    gone = Manager()
    gone.alive()
    assert "NOTIFY_SOCKET" not in os.environ
