"""The command ``picctv web``: what goes wrong is one clear line."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.web.running import free_port, picctv, write_config

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.running import Site


def errors(stderr: str) -> list[str]:
    assert "Traceback" not in stderr
    return [
        line.removeprefix("picctv: error: ")
        for line in stderr.splitlines()
        if line.startswith("picctv: error: ")
    ]


def test_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = picctv("web", "run", "--config", write_config(tmp_path, port))
    assert done.returncode == 1
    assert errors(done.stderr) == [
        f"port {port} of 127.0.0.1 is taken: stop the other program, or set another [web] port"
    ]


def test_address_of_another_machine_is_one_line(tmp_path: Path) -> None:
    config = write_config(tmp_path, free_port(), 'host = "192.0.2.1"')
    done = picctv("web", "run", "--config", config)
    assert done.returncode == 1
    (line,) = errors(done.stderr)
    assert line.startswith("can't listen at 192.0.2.1 port ")


def test_config_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    for command in (("web", "run"), ("web", "user", "create", "ann", "--password-stdin")):
        done = picctv(*command, "--config", tmp_path / "no.toml", stdin="x\n")
        assert done.returncode == 1
        assert errors(done.stderr) == [f"{tmp_path / 'no.toml'}: there is no such file"]


def test_mongodb_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    config = write_config(tmp_path, free_port())
    config.write_text(
        config.read_text().replace(
            'embedded = "mongo"', f'uri = "mongodb://ann:secret@127.0.0.1:{free_port()}/"'
        )
    )
    done = picctv("web", "run", "--config", config)
    assert done.returncode == 1
    (line,) = errors(done.stderr)
    assert "does not answer" in line
    assert "secret" not in done.stderr


def test_accounts_that_are_no_database_are_one_line(tmp_path: Path) -> None:
    config = write_config(tmp_path, free_port())
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / "accounts.sqlite3").write_text(
        "this is no database, and long enough to be one" * 40
    )
    done = picctv(
        "web", "user", "create", "ann", "--config", config, "--password-stdin", stdin="a-long-Password-7\n"
    )
    assert done.returncode == 1
    (line,) = errors(done.stderr)
    assert line.startswith(f"the accounts in {tmp_path / 'accounts' / 'accounts.sqlite3'} can't be used")


def test_user_without_terminal_and_without_the_option_is_told_of_it(site: Site) -> None:
    done = picctv("web", "user", "create", "eve", "--config", site.config)
    assert done.returncode == 1
    assert errors(done.stderr) == [
        "there is no terminal to ask for the password; give it with --password-stdin"
    ]


def test_user_with_a_name_that_is_none_is_refused(site: Site) -> None:
    done = picctv(
        "web",
        "user",
        "create",
        "a b",
        "--config",
        site.config,
        "--password-stdin",
        stdin="a-long-Password-7\n",
    )
    assert done.returncode == 1
    (line,) = errors(done.stderr)
    assert line.startswith("the user 'a b' can't be made: Enter a valid username.")
