"""Logging in and out, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from picctv_web.throttle import Throttle
from tests.web.running import PASSWORD, USER, csrf, log_in, picctv

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site

PAGES = (
    "/",
    "/cameras/",
    "/cameras/garage/door/",
    "/cameras/garage/door/picture.jpg",
    "/clips/",
    "/clips/{clip}/",
    "/clips/{clip}/video.mp4",
    "/clips/{clip}/thumbnail.jpg",
    "/events/event-1/picture",
    "/plugins/",
    "/plugins/lights/",
    "/plugins/lights/lamp/3/",
    "/password/",
)


@pytest.mark.parametrize("page", PAGES)
def test_page_without_login_leads_to_login_and_back(site: Site, visitor: httpx.Client, page: str) -> None:
    path = page.format(clip=site.seeded.clip)
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize(
    "path", ["/api/cameras", "/api/clips", "/api/clips/{clip}", "/api/clips/{clip}/results/motion"]
)
def test_api_without_login_is_401_in_json(site: Site, visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path.format(clip=site.seeded.clip))
    assert answer.status_code == 401
    assert answer.json() == {"error": "log in first: POST username and password to /login/"}


def test_healthz_needs_no_login(visitor: httpx.Client) -> None:
    answer = visitor.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_login_with_wrong_password_is_refused_in_words(visitor: httpx.Client) -> None:
    answer = log_in(visitor, password="not-the-Password")
    assert answer.status_code == 200
    assert "Please enter a correct username and password" in answer.text
    assert visitor.get("/").status_code == 302


def test_login_leads_to_the_page_that_was_wanted_but_to_no_other_site(site: Site) -> None:
    with site.visitor() as client:
        assert log_in(client, following="/clips/?camera=a").headers["Location"] == "/clips/?camera=a"
    with site.visitor() as client:
        assert log_in(client, following="https://elsewhere.example/").headers["Location"] == "/"


def test_login_cookie_is_http_only_and_lax(site: Site) -> None:
    with site.visitor() as client:
        cookies = log_in(client).headers.get_list("Set-Cookie")
    (session,) = [cookie for cookie in cookies if cookie.startswith("picctv_session=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in session.split(";")}


def test_login_without_csrf_token_is_refused(visitor: httpx.Client) -> None:
    answer = visitor.post("/login/", data={"username": USER, "password": PASSWORD})
    assert answer.status_code == 403
    assert "Please try again" in answer.text


def test_logout_is_a_post_and_ends_the_session(site: Site) -> None:
    with site.user() as client:
        assert client.get("/logout/").status_code == 405
        token = csrf(client.get("/").text)
        assert client.post("/logout/", data={"csrfmiddlewaretoken": token}).status_code == 302
        assert client.get("/clips/").status_code == 302


def test_new_password_from_the_command_line_ends_the_sessions(site: Site) -> None:
    create = ("web", "user", "create", "bob", "--config", site.config, "--password-stdin")
    assert "can log in now" in picctv(*create, stdin="first-Password-1\n").stdout
    with site.visitor() as client:
        assert log_in(client, "bob", "first-Password-1").status_code == 302
        assert client.get("/clips/").status_code == 200
        assert "has the new password" in picctv(*create, stdin="second-Password-2\n").stdout
        assert client.get("/clips/").status_code == 302
        assert log_in(client, "bob", "second-Password-2").status_code == 302


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("", "the password is empty"),
        ("short", "too short"),
        ("password1", "too common"),
        ("carol-carol", "too similar"),
    ],
)
def test_password_that_is_easy_to_guess_is_refused_in_one_line(site: Site, password: str, text: str) -> None:
    done = picctv(
        "web",
        "user",
        "create",
        "carol-carol",
        "--config",
        site.config,
        "--password-stdin",
        stdin=password + "\n",
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "picctv: error:" in line]
    assert text in line


def test_guessing_is_slowed_down(site: Site) -> None:
    with site.visitor() as client:
        answers = [log_in(client, "dora", f"guess-number-{number}").text for number in range(9)]
        assert "Too many failed logins" not in answers[7]
        assert "Too many failed logins. Try again in 5 min." in answers[8]
        # Somebody else, from the same address, still gets in.
        assert log_in(client).status_code == 302


def test_throttle_forgets_after_its_time_and_is_bounded() -> None:
    now = [0.0]
    throttle = Throttle(failures=2, seconds=10, keys=3, clock=lambda: now[0])
    key = ("ann", "10.0.0.1")
    throttle.failed(key)
    assert throttle.wait(key) == 0
    now[0] = 4
    throttle.failed(key)
    assert throttle.wait(key) == 6
    now[0] = 10
    assert throttle.wait(key) == 0
    now[0] = 5
    for number in range(3):
        throttle.failed((str(number), ""))
    assert throttle.wait(key) == 0
