"""What authors of processors and pages test with: a real MongoDB, the server's processing, and the site in the process.

It runs in a pytest of its own: Django can be set up only once in a process.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TESTS = """
import os

import pytest

from picctv_core.errors import PluginError
from picctv_core.hookspecs import hookimpl
from picctv_server.models import Notification


class PeopleProcessor:
    def __init__(self, settings, store):
        self.heard = []

    @hookimpl
    def picctv_process_message(self, message, store):
        if message.kind != "note":
            return None
        store.notify(message, "info", message.payload["text"].upper())
        return True

    @hookimpl
    def picctv_message_stored(self, message):
        self.heard.append(message.kind)


def note(picctv_message, **more):
    return picctv_message("note", {"text": "somebody is here"}, plugin="people", **more)


def test_processor(picctv_processor, picctv_message):
    people = picctv_processor(PeopleProcessor)
    message = note(picctv_message)
    people.process([message, message, note(picctv_message, id="2")])
    assert people.plugin.heard == ["note", "note"]
    assert [found.title for found in Notification.objects] == ["SOMEBODY IS HERE"] * 2


def test_database_of_another_test_is_empty(picctv_store):
    assert Notification.objects.count() == 0


def test_errors_of_a_listener_reach_the_test(picctv_processor, picctv_message):
    class Deaf:
        def __init__(self, settings, store): ...

        @hookimpl
        def picctv_message_stored(self, message):
            raise KeyError("ear")

    with pytest.raises(PluginError, match="plugin deaf: picctv_message_stored: KeyError: 'ear'"):
        picctv_processor(Deaf).process(note(picctv_message))


def test_misspelt_hook_is_an_error(picctv_processor):
    class Misspelt:
        def __init__(self, settings, store): ...

        @hookimpl
        def picctv_proces_message(self, message): ...

    with pytest.raises(PluginError, match="picctv_proces_message"):
        picctv_processor(Misspelt)


def test_pages_show_what_was_stored(picctv_client, picctv_processor, picctv_message, picctv_run):
    picctv_processor("motion").process(picctv_run("motion", "walking").sent)
    picctv_processor(PeopleProcessor).process(note(picctv_message))
    page = picctv_client.get("/")
    assert (page.status_code, "SOMEBODY IS HERE" in page.content.decode()) == (200, True)
    assert "motion" in picctv_client.get("/plugins/").content.decode()
    assert "PICCTV_WEB_CONFIG" not in os.environ


def test_pages_of_another_test_show_nothing_of_it(picctv_client):
    assert "SOMEBODY IS HERE" not in picctv_client.get("/").content.decode()


def test_visitor_has_to_log_in(picctv_client):
    picctv_client.logout()
    answer = picctv_client.get("/plugins/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/plugins/")
"""


def test_fixtures_of_server_and_web_serve_an_authors_tests(tmp_path: Path) -> None:
    (tmp_path / "test_people.py").write_text(_TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout
