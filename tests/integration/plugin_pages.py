"""The bundled plugins' server and web parts at work: a real store is filled by the processors, and the pages are read.

A program of its own, for Django is set up once in a process. Its argument is ``web.toml``; it prints one JSON object.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import django
import numpy as np

from picctv_core import messages
from picctv_core.clock import SystemClock
from picctv_core.hookspecs import server as hookspecs
from picctv_core.messages import Message
from picctv_core.plugins import bind
from picctv_plugins_motion.processor import MotionProcessor
from picctv_plugins_recording.processor import RecordingProcessor
from picctv_server import clips, database
from picctv_server.models import Camera, Node
from picctv_server.store import Store
from picctv_web.config import load_settings

SECOND = 1_000_000_000
START_NS = int(dt.datetime(2026, 3, 17, 8, 30, tzinfo=dt.UTC).timestamp()) * SECOND
CAMERA = "garage/door"
CLIP_ID = "c" * 32
PICTURES = 100


def units() -> list[list[Any]]:
    """Encode ten seconds of video, a key unit each second."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 10), Fraction(10)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "10"}
    made = []
    for index in range(PICTURES):
        frame = av.VideoFrame.from_ndarray(np.full((240, 320), index, np.uint8), "gray").reformat(
            format="yuv420p"
        )
        frame.pts = index
        at_ns = START_NS + index * SECOND // 10
        made += [[at_ns, packet.is_keyframe, bytes(packet)] for packet in encoder.encode(frame)]
    return made


def message(number: int, plugin: str, kind: str, payload: Any, message_id: str = "") -> Message:
    """Make a message of the door camera."""
    own = message_id or f"{number:032x}"
    return Message(own, "garage", CAMERA, plugin, kind, START_NS + 5 * SECOND, number, payload)


def event(event_id: str, from_s: float, to_s: float | None) -> dict[str, Any]:
    """Make the payload of an event."""
    return {
        "event_id": event_id,
        "started_at_ns": START_NS + round(from_s * SECOND),
        "ended_at_ns": None if to_s is None else START_NS + round(to_s * SECOND),
        "peak_score": 0.75,
        "peak_at_ns": START_NS + round((from_s + 0.5) * SECOND),
        "peak": {"triggered": True, "score": 0.75},
    }


def fill(store: Store) -> list[Any]:
    """Let the processors do their part with the messages of a node, each of them twice; give their answers."""
    heard = dt.datetime.now(dt.UTC)
    health = {"address": "tcp://127.0.0.1:40123", "viewers": 2}
    Node(name="garage", last_seen_at=heard).save()
    Camera(
        id=CAMERA,
        node="garage",
        title="Front <b>door</b>",
        state="running",
        last_seen_at=heard,
        plugins={"live": {"status": "enabled", "detail": "", "health": health}},
    ).save()
    motion = bind(MotionProcessor(MotionProcessor.Settings(), store), "motion", hookspecs)
    recording = bind(RecordingProcessor(RecordingProcessor.Settings(), store), "recording", hookspecs)
    clip = {
        "started_at_ns": START_NS,
        "ended_at_ns": START_NS + 10 * SECOND,
        "width": 320,
        "height": 240,
        "trigger": "motion",
        "peak_at_ns": None,
        "units": units(),
    }
    items = [
        [
            START_NS + index * SECOND // 10,
            {"triggered": index > 50, "score": index / 200, "area": 0.01, "boxes": []},
        ]
        for index in range(PICTURES)
    ]
    sent = [
        message(1, "recording", messages.CLIP, clip, CLIP_ID),
        message(2, "motion", messages.RESULTS, {"items": items}),
        message(3, "motion", messages.EVENT, event("e1", 2, None)),
        message(4, "motion", messages.EVENT, event("e1", 2, 6.5)),
        message(5, "motion", messages.EVENT, event("e2", 8, 8.4)),
        message(6, "motion", messages.EVENT, event("e3", 3600, 3612)),
    ]
    store_as_it_is = {messages.RESULTS: store.add_results, messages.EVENT: store.add_event}
    answers = []
    for each in [*sent, *sent]:
        hooks = motion if each.plugin == "motion" else recording
        done = hooks.picctv_process_message(message=each, store=store)
        answers.append(done)
        if done is not True:
            store_as_it_is[each.kind](each)
    return answers


def read_pages() -> dict[str, Any]:
    """Log in and read every page that the plugins have a part in."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    anonymous = client.get("/plugins/motion/").status_code
    client.force_login(User.objects.create_user("ada"))
    paths = {
        "motion": "/plugins/motion/",
        "motion of one": f"/plugins/motion/?camera={CAMERA}",
        "motion of none": "/plugins/motion/?camera=garage/yard",
        "storage": "/plugins/recording/",
        "live": "/plugins/live/",
        "camera": f"/cameras/{CAMERA}/",
        "clip": f"/clips/{CLIP_ID}/",
        "home": "/",
    }
    pages = {name: client.get(path) for name, path in paths.items()}
    return {
        "anonymous": anonymous,
        "status": {name: page.status_code for name, page in pages.items()},
        "html": {name: page.content.decode() for name, page in pages.items()},
    }


def main(config: Path) -> None:
    """Fill the stores, read the pages, and print what came of it."""
    settings = load_settings(config)
    os.environ |= {"PICCTV_WEB_CONFIG": str(config), "DJANGO_SETTINGS_MODULE": "picctv_web.settings"}
    with database.connect(settings.mongodb):
        database.make_indexes()
        answers = fill(Store(clips.open_store(settings.clips), SystemClock()))
        django.setup()
        print(json.dumps({"answers": answers, **read_pages()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
