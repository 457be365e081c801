"""What the bundled plugins store on a real server, and show in the real web."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("plugin_pages.py")
CLIP = "/clips/" + "c" * 32 + "/"


@pytest.fixture(scope="module")
def site() -> Iterator[dict[str, Any]]:
    """The answers of the processors and the pages. Its folder is short: a socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="picctv-"))
    config = folder / "web.toml"
    config.write_text(
        f'[web]\ndata = "web"\nallowed_hosts = ["testserver"]\n'
        f'[mongodb]\nembedded = "{folder / "db"}"\n[clips]\nstore = "filesystem"\npath = "{folder / "clips"}"\n'
    )
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(config)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    yield json.loads(done.stdout.splitlines()[-1])
    shutil.rmtree(folder)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_recording_takes_clips_and_motion_leaves_events_to_the_server(site: dict[str, Any]) -> None:
    assert site["answers"] == [True, None, None, None, None, None] * 2


def test_every_page_answers_those_who_are_logged_in_only(site: dict[str, Any]) -> None:
    assert site["anonymous"] == 302
    assert set(site["status"].values()) == {200}
    assert not [name for name, html in site["html"].items() if "card-failed" in html or "<b>door</b>" in html]


def test_motion_page_lists_events_with_the_clip_that_shows_them(site: dict[str, Any]) -> None:
    tiles = re.findall(r'class="tile".*?</li>', site["html"]["motion"], re.DOTALL)
    assert [text_of(f"<{tile}").strip() for tile in tiles] == [
        "12 s Front &lt;b&gt;door&lt;/b&gt; 17 Mar 2026, 09:30:00 peak 75 % · no clip yet",
        "0.4 s Front &lt;b&gt;door&lt;/b&gt; 17 Mar 2026, 08:30:08 peak 75 %",
        "4.5 s Front &lt;b&gt;door&lt;/b&gt; 17 Mar 2026, 08:30:02 peak 75 %",
    ]
    assert f'href="{CLIP}#t=2.00"' in site["html"]["motion"]
    assert "3 events" in site["html"]["motion of one"]
    assert "Nothing has moved at this camera yet." in site["html"]["motion of none"]


def test_clip_page_has_the_motion_chart_and_links_that_seek(site: dict[str, Any]) -> None:
    html = site["html"]["clip"]
    found = re.search(r'<script id="chart-motion-motion-data" type="application/json">(.*?)</script>', html)
    assert found is not None
    chart = json.loads(found[1])
    assert chart["columns"] == ["seconds", "score", "area"]
    assert [len(column) for column in chart["data"]] == [100, 100, 100]
    assert (chart["data"][0][50], chart["data"][1][50], chart["data"][2][50]) == (5.0, 25.0, 1.0)
    panel = html[html.index('<h2 class="card-title">Motion</h2>') :]
    assert "Something moved for 4.9 s of 10 s" in panel
    assert 'data-seek="9.900">Most at 0:09.9</a>' in panel
    assert 'data-seek="5.100">Largest at 0:05.1</a>' in panel


def test_storage_page_counts_what_is_recorded(site: dict[str, Any]) -> None:
    row = re.findall(r"<tr>\s*<td>.*?</tr>", site["html"]["storage"], re.DOTALL)[0]
    assert text_of(row).strip().startswith("Front &lt;b&gt;door&lt;/b&gt; 1 1 0.00 ")
    assert "/clips/?camera=garage%2Fdoor" in row
    assert "1 clip, 0.00 hours" in text_of(site["html"]["storage"])


def test_live_page_shows_where_to_watch(site: dict[str, Any]) -> None:
    assert "ffplay -fflags nobuffer -flags low_delay -f h264 tcp://127.0.0.1:40123" in site["html"]["live"]
    assert "Only programs on the node itself can connect" in site["html"]["live"]


def test_camera_page_has_a_panel_of_each_plugin(site: dict[str, Any]) -> None:
    titles = re.findall(r'<h2 class="card-title">(.*?)</h2>', site["html"]["camera"])
    assert {"Latest motion", "Recorded", "Live"} <= set(titles)


def test_long_event_makes_one_notification_with_a_link_to_its_clip(site: dict[str, Any]) -> None:
    home = site["html"]["home"]
    assert home.count("Motion at Front &lt;b&gt;door&lt;/b&gt;, 4.5 s") == 1
    assert "0.4 s" not in home
    assert f'href="{CLIP}#t=5.0"' in home
    assert home.count("All its motion</a>") == 2
