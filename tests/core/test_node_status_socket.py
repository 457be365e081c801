"""The socket that tells programs on the same machine how a node does: real sockets, real folders."""

from __future__ import annotations

import os
import socket
import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.errors import PicctvError
from picctv_core.node import status_socket
from picctv_core.node.status_socket import StatusSocket, ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def status(state: str = "running") -> dict[str, Any]:
    return {
        "at_ns": 3,
        "cameras": {"garage/door": {"state": state, "picture": b"\xff\xd8" * 1000, "plugins": {}}},
    }


@pytest.fixture
def running(tmp_path: Path) -> Iterator[StatusSocket]:
    served = StatusSocket(tmp_path)
    served.start()
    yield served
    served.stop()


def test_newest_status_is_told_without_pictures(running: StatusSocket, tmp_path: Path) -> None:
    running.put(status("connecting"))
    running.put(status())
    for _ in range(3):
        assert ask(tmp_path) == {"at_ns": 3, "cameras": {"garage/door": {"state": "running", "plugins": {}}}}


def test_socket_is_for_the_nodes_own_user_and_goes_with_the_node(tmp_path: Path) -> None:
    served = StatusSocket(tmp_path)
    before = os.umask(0)
    try:
        served.start()
    finally:
        os.umask(before)
    path = tmp_path / "status.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    threads = threading.active_count()
    served.stop()
    assert not path.exists()
    assert threading.active_count() == threads - 1


def test_folder_where_no_node_runs_has_no_status(tmp_path: Path, running: StatusSocket) -> None:
    assert ask(tmp_path / "nowhere") is None
    assert ask(tmp_path) is None  # it runs, and has made none yet


def test_folder_may_be_as_deep_as_it_likes(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    served = StatusSocket(deep)
    served.start()
    try:
        served.put(status())
        assert (ask(deep) or {})["at_ns"] == 3
        assert (deep / "status.sock").is_socket()
    finally:
        served.stop()
    assert list(deep.iterdir()) == []


def test_socket_of_a_node_that_was_killed_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "status.sock"))
    assert ask(tmp_path) is None
    served = StatusSocket(tmp_path)
    served.start()
    try:
        served.put(status())
        assert ask(tmp_path) is not None
    finally:
        served.stop()


def test_one_who_does_not_read_holds_nobody_up_for_long(
    running: StatusSocket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = status()
    large["cameras"]["garage/door"]["plugins"] = {"talker": {"health": {"text": "x" * 8 * 2**20}}}
    running.put(large)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(tmp_path / "status.sock"))
        monkeypatch.setattr(status_socket, "_PATIENCE_S", 5.0)
        assert ask(tmp_path) is not None


def test_file_in_the_way_keeps_the_node_from_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "status.sock").write_text("mine")
    served = StatusSocket(tmp_path)
    served.start()
    served.put(status())
    served.stop()
    assert (tmp_path / "status.sock").read_text() == "mine"
    assert caplog.messages == [
        f"`picctv plugins info` can't ask this node: {tmp_path}/status.sock can't be made: Address already in use"
    ]


@pytest.mark.parametrize(
    ("said", "why"), [(b"\xc1", "can't be read"), (b"\x03", "is no status; is it of another version")]
)
def test_what_is_no_status_is_an_error(tmp_path: Path, said: bytes, why: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "status.sock"))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(PicctvError, match=why):
            ask(tmp_path)
        thread.join()
