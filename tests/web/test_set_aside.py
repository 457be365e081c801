"""The pages of messages that a plugin's server part failed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.running import csrf, log_in, picctv
from tests.web.test_pages import text

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site

BOB, PASSWORD = "bob-who-looks", "b-long-Password-7"


def test_page_lists_what_is_set_aside_and_plugins_lead_to_it(site: Site, user: httpx.Client) -> None:
    page = user.get("/set-aside/").text
    assert (
        "IndexError: list index out of range crowd of garage/door · people, people-plugin 1.2 · 17 Mar 2026, 09:30:00 3 tries"
        in text(page)
    )
    assert f'href="/set-aside/{site.seeded.set_aside}/"' in page
    assert 'href="/set-aside/">Set aside <span class="tag tag-bad">1</span></a>' in user.get("/plugins/").text
    assert "Nothing is set aside" in text(user.get("/set-aside/?plugin=motion").text)


def test_page_of_a_message_has_traceback_plugin_and_payload(site: Site, user: httpx.Client) -> None:
    page = user.get(f"/set-aside/{site.seeded.set_aside}/").text
    shown = text(page)
    assert "Traceback (most recent call last)" in shown
    assert "[][message.payload[&quot;people&quot;]]" in page
    assert "Package people-plugin 1.2 Kind crowd Camera garage/door" in shown
    assert "&lt;b&gt;none&lt;/b&gt;" in page
    assert user.get("/set-aside/nosuch/").status_code == 404


def test_visitor_has_to_log_in(visitor: httpx.Client) -> None:
    assert visitor.get("/set-aside/").headers["Location"] == "/login/?next=/set-aside/"


def test_only_staff_can_have_messages_processed_again(site: Site, user: httpx.Client) -> None:
    create = ("web", "user", "create", BOB, "--config", site.config, "--password-stdin")
    assert picctv(*create, stdin=PASSWORD + "\n").returncode == 0
    with site.visitor() as bob:
        assert log_in(bob, BOB, PASSWORD).status_code == 302
        page = bob.get("/set-aside/").text
        assert "IndexError" in text(page)
        assert "Process 1 again" not in text(page)
        token = csrf(bob.get("/password/").text)
        refused = bob.post("/set-aside-again/", data={"csrfmiddlewaretoken": token})
        assert refused.status_code == 403
    assert "Waits to be processed" not in text(user.get("/set-aside/").text)

    page = user.get("/set-aside/").text
    assert "Process 1 again" in text(page)
    answer = user.post(
        "/set-aside-again/",
        data={"csrfmiddlewaretoken": csrf(page), "plugin": "people"},
        follow_redirects=True,
    )
    assert "One message is processed again within seconds." in text(answer.text)
    assert "Waits to be processed" in text(answer.text)


@pytest.mark.parametrize("path", ["/set-aside-again/"])
def test_address_that_changes_something_takes_no_get(user: httpx.Client, path: str) -> None:
    assert user.get(path).status_code == 405
