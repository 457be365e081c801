"""``picctv node spool``: looking into a spool, and sending again what was set aside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.cli import main
from picctv_core.node import spool_view
from picctv_core.node.app import SPOOL_FILE
from picctv_core.node.spool import Spool
from picctv_core.testing import FakeClock
from tests.core.node_process import CONFIG, NodeProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

S = 1_000_000_000
START_NS = 1_767_225_600 * S


@pytest.fixture
def command(tmp_path: Path, capsys: Any) -> Callable[..., tuple[int, str, str]]:
    """Run the command on the test's folder; give exit code, output and errors."""
    config = tmp_path / "node.toml"
    config.write_text(CONFIG.format(url="ws://127.0.0.1:1", token="abc", more=""), encoding="utf-8")

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["node", "spool", "--config", str(config), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def filled(tmp_path: Path) -> Spool:
    """An open spool with something of each kind, and two messages set aside."""
    (tmp_path / "data").mkdir()
    spool = Spool(tmp_path / "data" / SPOOL_FILE, FakeClock(START_NS))
    for second in range(3):
        at_ns = START_NS + second * S
        spool.append(
            camera="garage/street",
            plugin="motion",
            kind="results",
            payload={"items": [[at_ns, 1]]},
            captured_at_ns=at_ns,
        )
    for number in range(2):
        refused = spool.append(
            camera="garage/street",
            plugin="tamper",
            kind="note",
            payload=number,
            captured_at_ns=START_NS,
            message_id=f"{number:032x}",
        )
        spool.set_aside(refused, "the server does not know this plugin").result()
    spool.append(
        camera="",
        plugin="",
        kind="notification",
        payload={"level": "info", "title": "t", "text": ""},
        captured_at_ns=S,
    )
    return spool


def test_text_shows_what_waits_and_what_is_set_aside_while_the_spool_is_in_use(
    command: Any, filled: Spool
) -> None:
    code, out, _ = command()
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == f"{filled.path}, of a node that does not run"
    assert lines[1] == "4 messages wait, 83 bytes of 10.0 GB (spool_max)"
    assert lines[4].split() == ["camera", "plugin", "kind", "messages", "size", "oldest", "newest"]
    assert lines[5].startswith("(the node)     (picctv)  notification  1         ")
    assert lines[6].split()[:4] == ["garage/street", "motion", "results", "3"]
    assert lines[6].endswith("2026-01-01 00:00:00Z  2026-01-01 00:00:02Z")
    assert f"  {0:032x}  garage/street, tamper, note, 2026-01-01 00:00:00Z, 1 bytes: " in out
    filled.close()


def test_json_has_it_all(command: Any, filled: Spool) -> None:
    filled.close()
    found = json.loads(command("--json")[1])
    assert (found["node"], found["node_runs"], found["messages"], found["oldest_ns"]) == (
        "garage",
        False,
        4,
        S,
    )
    assert found["newest_ns"] == START_NS + 2 * S
    assert found["max_bytes"] == 10 * 10**9
    assert found["free_bytes"] > 0
    assert found["waiting"][1] == {
        "camera": "garage/street",
        "plugin": "motion",
        "kind": "results",
        "priority": 1,
        "messages": 3,
        "bytes": found["waiting"][1]["bytes"],
        "oldest_ns": START_NS,
        "newest_ns": START_NS + 2 * S,
    }
    assert [aside["id"] for aside in found["set_aside"]] == [f"{number:032x}" for number in range(2)]
    assert {aside["reason"] for aside in found["set_aside"]} == {"the server does not know this plugin"}
    assert found["damaged_files"] == []


def test_resend_of_one_leaves_the_other(command: Any, filled: Spool) -> None:
    assert command("--resend", f"{1:032x}")[1] == "1 messages wait again; 1 is still set aside\n"
    waiting = filled.take(10**6, priorities=(0, 1)).result()
    assert f"{1:032x}" in {stored.id for stored in waiting}
    assert filled.stats().result().set_aside == 1
    filled.close()


def test_resend_without_ids_wakes_the_node_that_runs(command: Any, filled: Spool) -> None:
    woken: list[int] = []
    filled.on_append = lambda: woken.append(1)
    assert command("--resend")[1] == "2 messages wait again; 0 are still set aside\n"
    filled.beat().result()  # as every two seconds
    filled.beat().result()
    assert woken
    assert filled.stats().result().set_aside == 0
    filled.close()


def test_resend_of_what_is_not_set_aside_changes_nothing(command: Any, filled: Spool) -> None:
    code, _, err = command("--resend", f"{0:032x}", "nonsense")
    assert code == 1
    assert f"no message nonsense is set aside in {filled.path}" in err
    assert filled.stats().result().set_aside == 2
    filled.close()


def test_damaged_message_is_not_sent_again(command: Any, filled: Spool) -> None:
    filled.set_aside(f"{0:032x}", "its bytes were damaged on the node's disk").result()
    code, _, err = command("--resend", f"{0:032x}")
    assert code == 1
    assert f"message {0:032x} can't be sent again: its bytes were damaged on the node's disk" in err
    assert command("--resend")[1] == "1 messages wait again; 1 is still set aside\n"
    filled.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no node has run on this data folder yet"),
        (
            b"no database at all, and long enough " * 100,
            "is damaged: file is not a database; the node repairs it",
        ),
    ],
)
def test_spool_that_can_not_be_read_is_one_line(
    command: Any, tmp_path: Path, content: bytes | None, message: str
) -> None:
    (tmp_path / "data").mkdir()
    if content is not None:
        (tmp_path / "data" / SPOOL_FILE).write_bytes(content)
    code, out, err = command()
    assert (code, out) == (1, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_rejected_message_is_sent_again_by_a_running_node(
    tmp_path: Path, uplink_server: Any, token: str, capsys: Any
) -> None:
    uplink_server.reject = lambda message: "too new for me" if message.kind == "schema" else None
    node = NodeProcess(tmp_path, uplink_server.url, token)
    try:
        node.start()
        path = node.data / SPOOL_FILE
        uplink_server.wait_for(lambda: path.exists() and uplink_server.statuses, 30)
        uplink_server.wait_for(lambda: path.exists() and spool_view.look(path).aside, 30)
        assert main(["node", "spool", "--config", str(node.config), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["node_runs"]
        assert [aside["reason"] for aside in found["set_aside"]] == ["too new for me"]
        uplink_server.reject = lambda _: None  # the server was upgraded
        assert main(["node", "spool", "--config", str(node.config), "--resend"]) == 0
        uplink_server.wait_for(lambda: uplink_server.of_kind("schema"), 30)
        node.stop()
    finally:
        node.close()


def test_what_is_only_in_memory_is_told_by_the_running_node(
    tmp_path: Path, uplink_server: Any, token: str, capsys: Any
) -> None:
    uplink_server.acks = False
    node = NodeProcess(tmp_path, uplink_server.url, token, '[spool]\ndurability = "on-delay"\n')
    try:
        node.start()
        uplink_server.wait_for(
            lambda: uplink_server.statuses and uplink_server.statuses[-1]["spool"]["memory_messages"], 30
        )
        assert main(["node", "spool", "--config", str(node.config), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["messages"] == 0
        assert found["memory_bytes"] >= found["memory_messages"] > 0
        assert main(["node", "spool", "--config", str(node.config)]) == 0
        assert " more were only in the node's memory when it last said so, " in capsys.readouterr().out
    finally:
        node.close()
