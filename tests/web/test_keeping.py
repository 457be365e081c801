"""Keeping a clip: in the page, by a program, and by taking it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.running import USER, csrf
from tests.web.test_pages import text

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site


def kept(user: httpx.Client, clip: str) -> tuple[str | None, str | None]:
    found = user.get(f"/api/clips/{clip}").json()
    return found["kept_by"], found["kept_why"]


def test_clip_is_kept_and_let_go_on_its_page(site: Site, user: httpx.Client) -> None:
    clip = site.seeded.clip
    page = user.get(f"/clips/{clip}/")
    assert "☆ Keep" in text(page.text)
    form = {"csrfmiddlewaretoken": csrf(page.text)}
    page = user.post(f"/clips/{clip}/keep/", data=form, follow_redirects=True)
    assert "The clip is kept until somebody lets it go." in text(page.text)
    assert "★ Kept" in text(page.text)
    assert f"Kept by {USER}" in text(page.text)
    assert kept(user, clip) == (USER, "")
    assert "★ Kept" in text(user.get("/clips/").text)
    page = user.post(f"/clips/{clip}/keep/", data=form | {"let_go": "1"}, follow_redirects=True)
    assert "The clip goes when its time has come." in text(page.text)
    assert kept(user, clip) == (None, None)


def test_program_keeps_and_lets_go(site: Site, user: httpx.Client) -> None:
    clip = site.seeded.clip
    form = {"csrfmiddlewaretoken": csrf(user.get(f"/clips/{clip}/").text)}
    answer = user.post(f"/api/clips/{clip}/keep", data=form | {"keep": "true", "why": "for the police"})
    assert (answer.json()["kept_by"], answer.json()["kept_why"]) == (USER, "for the police")
    assert user.post(f"/api/clips/{clip}/keep", data=form | {"keep": "false"}).json()["kept_by"] is None
    refused = user.post(f"/api/clips/{clip}/keep", data=form)
    assert (refused.status_code, refused.json()) == (400, {"error": "keep is 'None'; it is true or false"})
    assert user.post("/api/clips/nosuch/keep", data=form | {"keep": "true"}).status_code == 404
    assert user.get(f"/api/clips/{clip}/keep").status_code == 405
    # Without the token of a page of ours it could be any site that sends the form.
    assert user.post(f"/api/clips/{clip}/keep", data={"keep": "true"}).status_code == 403
    assert kept(user, clip) == (None, None)


def test_download_keeps_the_clip(site: Site, user: httpx.Client) -> None:
    clip = site.seeded.following
    assert user.get(f"/clips/{clip}/video.mp4").status_code == 200
    assert user.head(f"/clips/{clip}/video.mp4?download").status_code == 200
    assert kept(user, clip) == (None, None)
    assert user.get(f"/clips/{clip}/video.mp4?download").status_code == 200
    assert kept(user, clip) == (USER, "downloaded")
    form = {"csrfmiddlewaretoken": csrf(user.get(f"/clips/{clip}/").text), "keep": "false"}
    user.post(f"/api/clips/{clip}/keep", data=form)
