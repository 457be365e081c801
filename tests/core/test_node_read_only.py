"""A node on a machine whose file systems are read-only, but for the node's data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.core.node_process import CONFIG

if TYPE_CHECKING:
    from pathlib import Path

# In a mount namespace of its own, which ends with the node. /proc and /sys are not files on a disk, and /dev is devices.
READ_ONLY = """
set -e
mount --make-rprivate /
mount --bind "$DATA" "$DATA"
cut -d ' ' -f 2 /proc/self/mounts | sort -u | while read -r place; do
    case "$place" in
        "$DATA" | /proc* | /sys* | /dev | /dev/pts | /dev/mqueue) ;;
        *) mount -o remount,bind,ro "$place" ;;
    esac
done
for place in /tmp /var/tmp /run "$PWD" "$DATA/.."; do
    if touch "$place/probe" 2> /dev/null; then echo "$place can be written"; exit 9; fi
done
exec "$@"
"""

MORE = """
[plugins.motion]
isolation = "process"
[plugins.recording]
segment_s = 2
"""


def test_node_writes_to_its_data_folder_alone(tmp_path: Path, uplink_server: Any, token: str) -> None:
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("file systems can be made read-only by root alone, in a mount namespace of its own")
    data, log = tmp_path / "data", tmp_path / "log"
    data.mkdir()
    config = tmp_path / "node.toml"
    config.write_text(CONFIG.format(url=uplink_server.url, token=token, more=MORE))
    node = [sys.executable, "-m", "picctv_core", "node", "run", "--config", str(config)]
    environment = {name: value for name, value in os.environ.items() if name not in {"HOME", "TMPDIR"}}
    with log.open("w") as output:
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", *node],
            env={**environment, "DATA": str(data)},
            stdout=output,
            stderr=output,
        )
    try:
        uplink_server.wait_for(lambda: uplink_server.of_kind("clip") and uplink_server.of_kind("results"), 60)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    said = log.read_text()
    assert code == 0, said
    assert "ead-only" not in said
    assert sorted(path.name for path in data.iterdir() if path.suffix not in {".db-wal", ".db-shm"}) == [
        "alive.json",
        "plugins",
        "spool.db",
        "spool.db.lock",
    ]
