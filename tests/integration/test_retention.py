"""Retention in servers that run: one of them at a time, and another one when it dies."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from picctv_core.clock import SystemClock
from picctv_core.messages import CLIP, Message, new_id
from picctv_server import check, clips, keeping, models
from picctv_server.config import ClipSettings
from picctv_server.store import Store
from tests.integration.server_process import server_process, write_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection

OLD, KEPT = 90, 5
DAY_NS = 24 * 3600 * 10**9


def test_retention_goes_on_in_another_server_when_one_is_killed(
    database: Connection, mongo_settings: MongoSettings, tmp_path: Path
) -> None:
    store = Store(clips.open_store(ClipSettings(path=tmp_path / "clips")), SystemClock())
    now_ns = SystemClock().now_ns()
    content = tmp_path / "clip.mp4"
    content.write_bytes(b"x" * 1000)
    ids = []
    for number in range(OLD + KEPT):
        end_ns = now_ns - 10 * DAY_NS + number * 10**9
        message = Message(new_id(), "garage", "garage/door", "recording", CLIP, end_ns, number, {})
        store.add_clip(
            *(message, content, b"jpeg"),
            frames=1, width=16, height=16, started_at_ns=end_ns - 10**9, ended_at_ns=end_ns,
        )  # fmt: skip
        ids.append(message.id)
    for own_id in ids[::19]:
        keeping.keep(own_id, "ann", now_ns)
    ports = {
        name: write_config(
            tmp_path / f"{name}.toml",
            mongo_settings,
            tmp_path / "clips",
            "[retention]\nfree_min = 1\nclip_days = 7\n",
        )
        for name in ("first", "second")
    }
    with (
        server_process(tmp_path / "first.toml", ports["first"]) as first,
        server_process(tmp_path / "second.toml", ports["second"]) as second,
    ):
        pids = {server.process.pid for server in (first, second)}
        until(lambda: models.Clip.objects.count() < OLD + KEPT, 20)
        holder = int(models.Lease.objects.get(id="housekeeping").holder.split(":")[1])
        assert holder in pids
        os.kill(holder, signal.SIGKILL)
        assert models.Clip.objects.count() > KEPT
        # The lease ends by itself.
        until(lambda: models.Clip.objects.count() == KEPT, 60)
        assert int(models.Lease.objects.get(id="housekeeping").holder.split(":")[1]) in pids - {holder}
    assert sorted(clip.id for clip in models.Clip.objects) == sorted(ids[::19])
    # At the most the one that was being removed has left its bytes.
    found = list(check.check(store.clips, SystemClock(), check.Counts(), orphan_age_s=-60))
    assert {one.kind for one in found} <= {"orphan"}
    assert len({one.name.partition(".")[0] for one in found}) <= 1


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
