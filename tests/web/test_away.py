"""A MongoDB that dies while the web runs."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.web.running import free_port, make_user, running, seed, write_config
from tests.web.test_pages import text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(180)
def test_database_that_dies_is_told_and_found_again(tmp_path: Path) -> None:
    port = free_port()
    config = write_config(tmp_path, port)
    make_user(config)
    seeded = seed(config)
    with running(config, port, seeded) as site, site.user() as client:
        assert client.get("/clips/").status_code == 200
        os.kill(int((tmp_path / "mongo" / "db" / "mongod.lock").read_text()), signal.SIGKILL)
        for path in ("/clips/", f"/clips/{seeded.clip}/video.mp4", "/plugins/motion/"):
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert "The database does not answer" in text(answer.text)
        answer = client.get("/api/clips")
        assert (answer.status_code, answer.json()) == (503, {"error": "the store can't be reached"})
        assert client.get("/healthz").status_code == 200
        # Whoever uses the folder next starts mongod again, and the web finds it without a restart.
        assert seed(config).clips == seeded.clips
        log = site.log.read_text()
    assert "Traceback" not in log
    assert "/clips/: the store does not answer: " in log
