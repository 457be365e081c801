"""What motion says of its events, from the frames of a camera to the picture in a browser, through processes of all kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import httpx
import numpy as np
import pytest

from picctv_core.testing import scene
from tests.integration.test_typed_plugin import process, store_toml, until
from tests.web.running import free_port, log_in, make_user, picctv, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAMERAS = {"street": "thread", "alley": "process"}
ZONE = '{ name = "Everywhere", polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }'


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A network of real processes; two cameras play a walker, motion is in a thread and in a process."""
    folder: Path = tmp_path_factory.mktemp("details")
    scene("walking").write(folder / "walking.mp4")
    port, web_port = free_port(), free_port()
    server, node, web = (folder / f"{name}.toml" for name in ("server", "node", "web"))
    server.write_text(f"[server]\nport = {port}\n{store_toml(folder)}")
    web.write_text(f'[web]\nport = {web_port}\ndata = "accounts"\n{store_toml(folder)}')
    cameras = "".join(
        f'[cameras.{name}.source]\ndriver = "video"\nurl = "walking.mp4"\n'
        f'[cameras.{name}.plugins.motion]\nisolation = "{isolation}"\nzones = [{ZONE}]\n'
        for name, isolation in CAMERAS.items()
    )
    node.write_text(
        f'[node]\nname = "town"\ndata = "node"\n[server]\nurls = ["ws://127.0.0.1:{port}"]\n'
        f'token_file = "token"\n[plugins.recording]\nsegment_s = 5\n{cameras}'
    )
    made = picctv("server", "token", "create", "town", "--config", server)
    assert made.returncode == 0, made.stderr
    (folder / "token").write_text(made.stdout)
    (folder / "token").chmod(0o600)
    make_user(web)
    with (
        process("server", "run", "--config", str(server), log=folder / "server.log"),
        running(web, web_port, None, name="web") as site,  # type: ignore[arg-type]
        process("node", "run", "--config", str(node), log=folder / "node.log"),
        site.visitor() as client,
    ):
        log_in(client)
        yield client


def ended_event(user: httpx.Client, camera: str) -> dict[str, Any]:
    """Wait for a camera's event that has ended, and give it."""

    def found() -> dict[str, Any] | None:
        for clip in user.get("/api/clips", params={"camera": f"town/{camera}"}).json()["clips"]:
            for event in user.get(f"/api/clips/{clip['id']}").json()["events"]:
                if event["plugin"] == "motion" and event["ended_at_ns"] is not None:
                    return dict(event)
        return None

    return dict(until(found))


@pytest.mark.parametrize("camera", CAMERAS)
def test_event_that_ended_has_its_tracks_and_its_picture(user: httpx.Client, camera: str) -> None:
    event = ended_event(user, camera)
    details = event["details"]
    assert sorted(details) == ["best", "tracks", "zones"]
    assert details["zones"] == ["Everywhere"]
    assert event["started_at_ns"] <= details["best"]["at_ns"] <= event["ended_at_ns"]
    longest = max(details["tracks"], key=lambda track: len(track["boxes"]))
    assert len(longest["boxes"]) > 10
    assert event["started_at_ns"] <= longest["from_ns"] < longest["to_ns"] <= event["ended_at_ns"]
    answer = user.get(event["picture"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (240, 320)
    # What is in the box is other than the street around it.
    x, y, w, h = details["best"]["box"]
    thing = picture[round(240 * y) : round(240 * (y + h)), round(320 * x) : round(320 * (x + w))]
    assert thing.size > 100
    assert thing.std() > 5


def test_picture_is_only_for_those_who_are_logged_in(user: httpx.Client) -> None:
    event = ended_event(user, "street")
    with httpx.Client(base_url=user.base_url, trust_env=False) as stranger:
        answer = stranger.get(event["picture"])
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={event['picture']}")
