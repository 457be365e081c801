"""The pages, as a browser gets them: what they show, and that nothing on them comes from elsewhere."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site

PAGES = (
    "/",
    "/cameras/",
    "/cameras/garage/door/",
    "/clips/",
    "/clips/{clip}/",
    "/clips/?result=tamper.covered&test=true",
    "/cameras/garage/door/results/?day=2026-03-17",
    "/plugins/",
    "/plugins/?plugin=motion",
    "/plugins/?plugin=deeper",
    "/set-aside/",
    "/set-aside/{message}/",
    "/password/",
    "/nowhere/",
)


def text(page: str) -> str:
    """Give a page's text as people read it."""
    body = re.sub(r"<script.*?</script>", "", page[page.index("<main") :], flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def clips_on(page: str) -> list[str]:
    """List the clips that a page links with a picture."""
    return re.findall(r'class="tile" href="/clips/([0-9a-f]+)/"', page)


@pytest.mark.parametrize("page", PAGES)
def test_page_loads_from_here_only_and_runs_nothing_inline(site: Site, user: httpx.Client, page: str) -> None:
    answer = user.get(page.format(clip=site.seeded.clip, message=site.seeded.set_aside))
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert re.findall(r'(?:src|href|action)="(?:https?:)?//', answer.text) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text) == []
    scripts = re.findall(r"<script\b([^>]*)>", answer.text)
    assert [
        script for script in scripts if "src=" not in script and 'type="application/json"' not in script
    ] == []
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
        assert user.get(address).status_code == 200, address


def test_static_files_change_their_address_with_their_content(user: httpx.Client) -> None:
    address = re.search(r'href="(/static/picctv/picctv\.css\?v=[0-9a-f]{12})"', user.get("/").text)
    assert address is not None
    answer = user.get(address[1])
    assert answer.headers["Content-Type"].startswith("text/css")
    assert answer.headers["Cache-Control"] == "max-age=3600, public"


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/%2e%2e/settings.py", "/static/picctv/"])
def test_static_gives_nothing_but_static_files(user: httpx.Client, path: str) -> None:
    assert user.get(path).status_code in {302, 404}


def test_home_shows_notifications_with_links_to_their_moment(site: Site, user: httpx.Client) -> None:
    page = user.get("/").text
    shown = text(page)
    assert "Movement at the front door 17 Mar 2026, 09:30:04 · Front door" in shown
    assert "The spool was damaged <img src=x>" in shown
    assert f'<a href="/clips/{site.seeded.clip}/#t=4.0">Watch</a>' in page
    assert page.count(">Watch</a>") == 1
    assert "1 of 3 running" in shown
    assert clips_on(page)[:3] == [site.seeded.following, site.seeded.clip, site.seeded.previous]


def test_times_are_local_with_the_exact_utc_beside(user: httpx.Client) -> None:
    page = user.get("/").text
    (shown,) = set(
        re.findall(
            r'<time datetime="2026-03-17T08:30:00.250Z" title="([^"]+)">17 Mar 2026, 09:30:00</time>', page
        )
    )
    assert shown == "Tuesday, 17 March 2026, 09:30:00.250 CET"


def test_cameras_show_their_states(user: httpx.Client) -> None:
    shown = text(user.get("/cameras/").text)
    assert re.search(
        r"offline Stable <script> barn/stable its node was last heard of on \d\d \w+ \d{4}", shown
    )
    assert "running Front door garage/door" in shown
    assert (
        "connecting garage/yard garage/yard rtsp://10.0.0.7/stream: no route to host; next try in 8 s"
        in shown
    )


def test_camera_page_shows_plugins_with_their_health(site: Site, user: httpx.Client) -> None:
    page = user.get("/cameras/garage/door/").text
    shown = text(page)
    assert (
        "motion cpu ms per frame 1.25 · frames 1204 Figures failures 0 · frames 1206 · frames dropped 2"
        in shown
    )
    assert "analyze frame 1204 2.13 ms 9.5 ms" in shown
    assert (
        "recording RuntimeError: <b>no</b> ring Figures Hook Calls p95 Longest access unit 9 0.75 ms 2.0 ms failing"
        in shown
    )
    assert "640 × 480, 10 pictures a second" in shown  # noqa: RUF001 - as on the page
    assert clips_on(page) == [site.seeded.following, site.seeded.clip, site.seeded.previous]


@pytest.mark.parametrize(
    "path", ["/cameras/garage/nosuch/", "/clips/nosuch/", "/nowhere/", "/plugins/nosuch/"]
)
def test_page_that_is_not_there_is_a_page_of_ours(user: httpx.Client, path: str) -> None:
    answer = user.get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in text(answer.text)
    assert 'href="/clips/"' in answer.text


def test_clips_come_in_pages_newest_first(site: Site, user: httpx.Client) -> None:
    first, second = user.get("/clips/"), user.get("/clips/?page=2")
    assert f"{site.seeded.clips} clips, page 1 of 2" in text(first.text)
    found = clips_on(first.text) + clips_on(second.text)
    assert len(found) == len(set(found)) == site.seeded.clips
    assert found[0] == site.seeded.following
    assert clips_on(user.get("/clips/?page=99").text) == clips_on(second.text)


def test_clips_can_be_narrowed_down(site: Site, user: httpx.Client) -> None:
    def listed(**query: str) -> list[str]:
        return clips_on(user.get("/clips/", params=query).text)

    door = [site.seeded.following, site.seeded.clip, site.seeded.previous]
    assert listed(camera="garage/door") == door
    assert listed(**{"with": "motion"}) == [site.seeded.clip]
    # Local times: Berlin is one hour ahead of UTC on that day.
    assert listed(**{"from": "2026-03-17T09:30", "to": "2026-03-17T09:30:30"}) == [site.seeded.clip]
    assert listed(**{"from": "2026-03-17T09:25:00"}) == door[:2]
    assert listed(camera="garage/door", to="2026-03-17T09:25") == [site.seeded.previous]


def test_filter_stays_while_paging(user: httpx.Client) -> None:
    page = user.get("/clips/", params={"camera": "barn/stable"}).text
    following = re.findall(r'<a href="(/clips/\?[^"]*page=2[^"]*)">2</a>', page)
    assert len(following) == 1
    second = user.get(html.unescape(following[0])).text
    assert "page 2 of 2" in text(second)
    assert '<option value="barn/stable" selected>' in second


def test_filter_without_matches_says_so(user: httpx.Client) -> None:
    assert "No clip is like this." in text(user.get("/clips/?to=2020-01-01T00:00").text)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("from=yesterday", "Enter a valid date/time."),
        ("from=2026-03-18T00:00&to=2026-03-17T00:00", "This is before the start."),
        ("camera=no/such", "Select a valid choice."),
        ("from=0001-01-01T00:00", "This is too early."),
        ("to=9999-12-31T23:59", "This is too late."),
        ("page=x", ""),
        ("camera=%00&with=%00", "Select a valid choice."),
    ],
)
def test_filter_with_faults_is_explained_and_breaks_nothing(
    user: httpx.Client, query: str, says: str
) -> None:
    answer = user.get(f"/clips/?{query}")
    assert answer.status_code == 200
    assert says in text(answer.text)


def test_watch_page_has_video_events_neighbours_and_facts(site: Site, user: httpx.Client) -> None:
    seeded = site.seeded
    page = user.get(f"/clips/{seeded.clip}/").text
    shown = text(page)
    assert f'src="/clips/{seeded.clip}/video.mp4"' in page
    assert f'poster="/clips/{seeded.clip}/thumbnail.jpg"' in page
    assert re.search(rf'href="/clips/{seeded.previous}/" rel="prev"', page)
    assert re.search(rf'href="/clips/{seeded.following}/" rel="next"', page)
    assert 'download="garage-door-2026-03-17-093000.mp4"' in page
    assert 'data-seek="4.000">0:04.0 – 0:08.0</a>' in page  # noqa: RUF001 - as on the page
    assert 'data-seek="5.000">peak 0.90</a>' in page
    assert "0:10.0 – 0:11.0 the disk was full gap" in shown  # noqa: RUF001 - as above
    assert "Length 12.000 s, 120 pictures" in shown
    assert "Recorded because of motion" in shown
    sha256 = user.get(f"/api/clips/{seeded.clip}").json()["sha256"]
    assert f"SHA-256 {sha256}" in shown


def test_first_clip_has_no_previous_one(site: Site, user: httpx.Client) -> None:
    page = user.get(f"/clips/{site.seeded.previous}/").text
    assert 'rel="prev"' not in page
    assert f'href="/clips/{site.seeded.clip}/" rel="next"' in page


def test_password_can_be_changed_where_the_old_one_is_known(user: httpx.Client) -> None:
    page = user.get("/password/").text
    assert page.count('type="password"') == 3


def test_unknown_host_name_is_refused(user: httpx.Client) -> None:
    answer = user.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "That request was not understood" in answer.text


def test_camera_page_tells_how_its_machine_does(user: httpx.Client) -> None:
    words = text(user.get("/cameras/garage/door/").text)
    assert "Temperature 82 °C" in words
    assert "Held back under-voltage" in words
    assert "Clock not set yet: times are wrong" in words
    assert "Temperature" not in text(user.get("/cameras/barn/stable/").text)
