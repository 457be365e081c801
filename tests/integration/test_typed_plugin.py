"""A plugin that is on a node only, with typed results: from its first frame to its charts, filters and status in the web."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.running import PICCTV, free_port, log_in, make_user, picctv, running
from tests.web.test_pages import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

PLUGIN = '''
from pydantic import Field

from picctv_core.hookspecs import hookimpl
from picctv_core.typed import ResultModel


class Sunlight(ResultModel):
    """What sunlight says."""

    version = 2

    brightness: float = Field(ge=0, le=255, description="The mean grey.", json_schema_extra={"unit": "levels"})
    triggered: bool
    frames: int = 0


class SunlightAnalyzer:
    Result = Sunlight

    def __init__(self, settings, camera):
        self.frames = 0

    @hookimpl
    def picctv_analyze_frame(self, frame):
        self.frames += 1
        # A numpy number, as it comes; every other time as an object of the model.
        said = {"brightness": frame.luma.mean(), "triggered": self.frames == 5, "frames": self.frames}
        return said if self.frames % 2 else Sunlight(**said)
'''
CAMERAS = ("lawn", "roof")
WAIT_S = 60


def write_plugin(folder: Path) -> None:
    """Write the plugin as pip would install it."""
    (folder / "sunlight").mkdir(parents=True)
    (folder / "sunlight" / "__init__.py").write_text(PLUGIN)
    info = folder / "picctv_sunlight-1.4.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: picctv-sunlight\nVersion: 1.4\n")
    (info / "entry_points.txt").write_text("[picctv.node]\nsunlight = sunlight:SunlightAnalyzer\n")


@contextlib.contextmanager
def process(*arguments: str, log: Path, **environment: str) -> Iterator[None]:
    """Run a command of picctv until the block ends."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            [*PICCTV, *arguments], stdout=output, stderr=output, env=os.environ | environment
        )
        try:
            yield
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(30)


def store_toml(folder: Path) -> str:
    return f'[mongodb]\nembedded = "{folder / "mongo"}"\n[clips]\npath = "{folder / "clips"}"\n'


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A network of real processes; the web and the server know nothing of the plugin."""
    folder = tmp_path_factory.mktemp("typed")
    write_plugin(folder / "plugins")
    port, web_port = free_port(), free_port()
    server, node, web = (folder / f"{name}.toml" for name in ("server", "node", "web"))
    server.write_text(f"[server]\nport = {port}\n{store_toml(folder)}")
    web.write_text(f'[web]\nport = {web_port}\ndata = "accounts"\n{store_toml(folder)}')
    cameras = "".join(
        f'[cameras.{name}.source]\ndriver = "synthetic"\nscene = "room"\n'
        f'[cameras.{name}.plugins.sunlight]\nisolation = "{isolation}"\n'
        for name, isolation in zip(CAMERAS, ("thread", "process"), strict=True)
    )
    node.write_text(
        f'[node]\nname = "garden"\ndata = "node"\n[server]\nurls = ["ws://127.0.0.1:{port}"]\n'
        f'token_file = "token"\n[plugins.recording]\nsegment_s = 5\n{cameras}'
    )
    made = picctv("server", "token", "create", "garden", "--config", server)
    assert made.returncode == 0, made.stderr
    (folder / "token").write_text(made.stdout)
    (folder / "token").chmod(0o600)
    make_user(web)
    with (
        process("server", "run", "--config", str(server), log=folder / "server.log"),
        running(web, web_port, None, name="web") as site,  # type: ignore[arg-type]
        process(
            "node", "run", "--config", str(node), log=folder / "node.log", PYTHONPATH=str(folder / "plugins")
        ),
        site.visitor() as client,
    ):
        log_in(client)
        yield client


def until(given: Callable[[], Any]) -> Any:
    """Wait until something is there, and give it."""
    deadline = time.monotonic() + WAIT_S
    while not (found := given()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.25)
    return found


def clip_of(user: httpx.Client, camera: str) -> dict[str, Any]:
    """Give a camera's first clip."""
    found: dict[str, Any] = until(
        lambda: user.get("/api/clips", params={"camera": f"garden/{camera}"}).json()["clips"]
    )[-1]
    return found


@pytest.mark.parametrize("camera", CAMERAS)
def test_typed_results_end_as_charts_under_the_clip(user: httpx.Client, camera: str) -> None:
    clip = clip_of(user, camera)
    page = user.get(clip["page"]).text
    assert re.findall(r'<h2 class="chart-title">(sunlight: .*?)</h2>', page) == [
        "sunlight: Brightness, levels",
        "sunlight: Frames",
        "sunlight: Triggered",
    ]
    found = re.search(
        r'<script id="chart-sunlight-result-2-0-data" type="application/json">(.*?)</script>', page
    )
    assert found is not None
    chart = json.loads(found[1])
    assert (chart["unit"], chart["y_min"], chart["y_max"]) == ("levels", 0.0, 255.0)
    assert len(chart["data"][0]) > 10
    assert all(20 < value < 235 for value in chart["data"][1] if value is not None)


def test_clips_are_found_by_them(user: httpx.Client) -> None:
    clips = {camera: clip_of(user, camera)["id"] for camera in CAMERAS}
    for query, wanted in (
        ({"result": "sunlight.triggered", "test": "true"}, True),
        ({"result": "sunlight.brightness", "test": "at-most", "value": "20"}, False),
        ({"result": "sunlight.frames", "test": "at-most", "value": "40"}, True),
    ):
        found = {clip["id"] for clip in user.get("/api/clips", params=query).json()["clips"]}
        assert [own in found for own in clips.values()] == [wanted, wanted], query


def test_schema_is_known_once_however_many_cameras_there_are(user: httpx.Client) -> None:
    clip_of(user, "lawn")
    [schema] = [own for own in user.get("/api/schemas").json()["schemas"] if own["plugin"] == "sunlight"]
    assert schema["version"] == 2
    assert [(own["name"], own["type"]) for own in schema["fields"]] == [
        ("brightness", "number"),
        ("triggered", "boolean"),
        ("frames", "number"),
    ]


def test_plugins_page_tells_how_it_does(user: httpx.Client) -> None:
    def shown() -> str:
        found = text(user.get("/plugins/", params={"plugin": "sunlight"}).text)
        return found if found.count("analyze frame p50") == len(CAMERAS) else ""

    page = until(shown)
    assert "It is not installed beside this web interface." in page
    assert "picctv-sunlight 1.4" in page
    assert "runs in a thread" in page
    assert "runs in a process" in page
    assert "recording uses the triggers of sunlight" in page
    assert "Brightness brightness The mean grey. number from 0 to 255, levels" in page
