"""Fills a MongoDB and a clip store with cameras, real clips, results and events, through the server's own store.

Run as a program, with ``web.toml`` as its argument, so that the connection is no business of the tests' own process;
it prints one JSON object with the ids that tests look for.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import av
import numpy as np
from pydantic import Field

from picctv_core import codec, messages
from picctv_core.clock import SystemClock
from picctv_core.messages import Message
from picctv_core.plugins import SERVER, Plugin, Status
from picctv_core.typed import ResultModel, plain, schema_of
from picctv_plugins_motion.analyzer import MotionAnalyzer
from picctv_plugins_motion.masks import packed_mask
from picctv_plugins_motion.processor import MotionProcessor, ProcessorSettings
from picctv_server import aside, clips, database
from picctv_server.failures import ProcessorError
from picctv_server.models import Analysis, Camera, Node, ServerStatus
from picctv_server.store import Store
from picctv_web.config import load_settings

SECOND_NS = 1_000_000_000
RATE = 10
WIDTH, HEIGHT = 320, 240

# The last clip of the door camera begins here: 17 March 2026, 08:30:00.25 UTC.
START_NS = int(dt.datetime(2026, 3, 17, 8, 30, tzinfo=dt.UTC).timestamp()) * SECOND_NS + SECOND_NS // 4


@dataclass(frozen=True)
class Seeded:
    """What tests need to know of what is stored.

    Attributes:
        clip: the clip with an event, results, and neighbours on both sides.
        previous: the clip before it.
        following: the clip after it.
        seconds: length of each clip.
        damaged: a clip of which one plugin's results are damaged.
        clips: how many there are in all.
        event_from: seconds into the clip.
        event_to: seconds into the clip.
        set_aside: a message that its plugin's server part failed with.
    """

    clip: str
    previous: str
    following: str
    damaged: str
    seconds: float
    clips: int
    event_from: float
    event_to: float
    set_aside: str


def square(index: int, count: int, phase: int = 0) -> tuple[int, int, int, int] | None:
    """Give left, top, width and height of what moves in a picture, in pixels; None where nothing does."""
    moved = (index - count / 3) / (count / 3)
    if not 0 <= moved < 1:
        return None
    return int(moved * (WIDTH - 60)), 110 + int(20 * math.sin(index / 4 + phase)), 40, 60


def box(index: int, count: int) -> list[float]:
    """Give where it is in fractions of the picture."""
    left, top, width, height = square(index, count) or (0, 0, 0, 0)
    return [left / WIDTH, top / HEIGHT, width / WIDTH, height / HEIGHT]


def pictures(count: int, phase: int = 0) -> list[np.ndarray]:
    """Draw a square that crosses a room in the middle third of the time."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    room = np.stack((70 + rows * 0.25, 82 + columns * 0.12, 96 + rows * 0.1), axis=-1).astype(np.uint8)
    found = []
    for index in range(count):
        picture = room.copy()
        place = square(index, count, phase)
        if place is not None:
            left, top, width, height = place
            picture[top : top + height, left : left + width] = (225, 160, 60)
        found.append(picture)
    return found


def make_mp4(path: Path, shown: list[np.ndarray]) -> bytes:
    """Encode pictures as H.264 in an MP4 that begins with its index; give a JPEG of the middle one."""
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "g": str(RATE)})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in shown:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return jpeg(shown[len(shown) // 2])


def jpeg(picture: np.ndarray) -> bytes:
    """Encode one picture as JPEG."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], "yuvj420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


class TamperResult(ResultModel):
    """What the plugin tamper says, which is installed on a node and not beside the web."""

    sharpness: float = Field(ge=0, description="How fine the picture is.", json_schema_extra={"unit": "px"})
    contrast: float = Field(ge=0, le=1)
    brightness: float = Field(ge=0, le=1)
    corners: int = Field(0, title="Corners found")
    triggered: bool = Field(title="Tampered <b>with</b>")
    covered: bool = False
    note: str = ""


class Seeder:
    """Stores messages as a server would."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.motion = MotionProcessor(ProcessorSettings(notify=False), store)
        self.sequence = 0
        self.clips = 0

    def message(self, kind: str, camera: str, plugin: str, at_ns: int, payload: object) -> Message:
        """Make the next message."""
        self.sequence += 1
        node = camera.partition("/")[0] or "garage"
        return Message(f"{self.sequence:032x}", node, camera, plugin, kind, at_ns, self.sequence, payload)

    def clip(
        self,
        camera: str,
        start_ns: int,
        seconds: int,
        mp4: Path,
        thumbnail: bytes,
        trigger: str | None = None,
    ) -> str:
        """Store a clip; give its id."""
        self.clips += 1
        message = self.message(messages.CLIP, camera, "recording", start_ns, {"trigger": trigger})
        self.store.add_clip(
            message,
            mp4,
            thumbnail,
            frames=seconds * RATE,
            width=WIDTH,
            height=HEIGHT,
            started_at_ns=start_ns,
            ended_at_ns=start_ns + seconds * SECOND_NS,
        )
        return message.id

    def results(self, camera: str, start_ns: int, seconds: int) -> None:
        """Store what an analyzer would have said of such a clip."""
        count = seconds * RATE
        items = []
        for index in range(count):
            place = square(index, count)
            moving = place is not None
            score = 0.55 + 0.35 * math.sin(index / 3) if moving else 0.04
            said: dict[str, object] = {"triggered": moving, "score": score, "boxes": np.zeros((0, 4))}
            if place is not None:
                left, top, width, height = place
                mask = np.zeros((HEIGHT // 2, WIDTH // 2), bool)
                mask[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2] = True
                said |= {"boxes": np.array([box(index, count)]), "ids": [3], "mask": packed_mask(mask)}
                said |= {"area": float(mask.mean()), "zones": ["Left half"] if left < WIDTH // 2 else []}
            items.append([start_ns + index * SECOND_NS // RATE, said])
        message = self.message(messages.RESULTS, camera, "motion", start_ns, {"items": items})
        self.motion.picctv_process_message(message, self.store)
        self.store.add_results(message)

    def zones(self, camera: str) -> None:
        """Store where a camera's zones are."""
        left_half = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
        told = {"name": "Left half", "polygon": left_half, "sensitivity": None, "ignore": False}
        sky = {"name": "Sky", "polygon": [[0.6, 0.0], [1.0, 0.0], [1.0, 0.2]], "ignore": True}
        payload = {"zones": [told, sky], "ignore": [[[0.9, 0.9], [1.0, 0.9], [1.0, 1.0]]]}
        self.motion.picctv_process_message(
            self.message("zones", camera, "motion", START_NS, payload), self.store
        )

    def typed_results(self, camera: str, start_ns: int, seconds: int, sharpness: float) -> None:
        """Store what tamper would have said of such a clip, with a hole in it; covered in its last fourth."""
        count = seconds * RATE
        items = [
            [
                start_ns + index * SECOND_NS // RATE,
                plain(
                    TamperResult,
                    {
                        "sharpness": sharpness + 10 * math.sin(index / 9),
                        "contrast": 0.4 + 0.1 * math.cos(index / 7),
                        "brightness": 0.7 if 4 * index < 3 * count else 0.05,
                        "corners": 300 + index,
                        "triggered": 4 * index >= 3 * count,
                        "covered": 4 * index >= 3 * count and index % 20 > 4,
                    },
                ),
            ]
            for index in range(count)
            if not 20 < index < 50
        ]
        payload = {"items": items, "version": TamperResult.version}
        self.store.add_results(self.message(messages.RESULTS, camera, "tamper", start_ns, payload))

    def schema(self, camera: str, plugin: str, model: type[ResultModel]) -> None:
        """Store what a plugin's results are made of."""
        self.store.add_schema(self.message(messages.SCHEMA, camera, plugin, START_NS, schema_of(model)))

    def event(self, camera: str, from_ns: int, to_ns: int | None, picture: bytes | None = None) -> None:
        """Store an event, with details where there is a picture: that of the middle of a clip of 12 s."""
        best = {"at_ns": from_ns + 2 * SECOND_NS, "box": box(6 * RATE, 12 * RATE), "score": 0.9}
        payload = {
            "event_id": f"event-{from_ns}",
            "started_at_ns": from_ns,
            "ended_at_ns": to_ns,
            "peak_score": 0.9,
            "peak_at_ns": from_ns + SECOND_NS,
            "peak": {"triggered": True, "score": 0.9},
            "details": picture and {"picture": picture, "zones": ["Left half"], "best": best},
        }
        message = self.message(messages.EVENT, camera, "motion", from_ns, payload)
        self.motion.picctv_process_message(message, self.store)
        self.store.add_event(message)

    def notification(self, camera: str, at_ns: int, level: str, title: str, text: str = "") -> None:
        """Store a notification."""
        payload = {"level": level, "title": title, "text": text}
        self.store.add_notification(self.message(messages.NOTIFICATION, camera, "motion", at_ns, payload))

    def set_aside(self, camera: str, plugin: str) -> str:
        """Set a message aside, as a server does; give its id."""
        message = self.message("crowd", camera, plugin, START_NS, {"people": 3, "text": "<b>none</b>"})
        found = Plugin(plugin, SERVER, "people-plugin", "1.2", "", Status.ENABLED)
        try:
            try:
                [][message.payload["people"]]
            except IndexError as error:
                raise ProcessorError("plugin people failed", found) from error
        except ProcessorError as failure:
            aside.put(
                *(replace(message, payload=None), codec.pack(message.payload), failure, 3),
                server="cellar",
                at_ns=START_NS,
            )
        return message.id


def cameras(picture: bytes) -> None:
    """Store three cameras: one that runs, one that its node can't reach, and one whose node is silent."""
    now = dt.datetime.now(dt.UTC)
    # As if its node said something all through the tests.
    heard = now + dt.timedelta(hours=6)
    plugins = {
        "motion": {
            "status": "enabled",
            "detail": "",
            "distribution": "picctv-plugins-motion",
            "version": "0.0.9",
            "isolation": "thread",
            "uses": [],
            "restarts": 0,
            "memory_bytes": None,
            "health": {"frames": 1204, "cpu_ms_per_frame": 1.25},
            "counts": {"failures": 0, "frames": 1206, "frames_dropped": 2},
            "timing": {
                "analyze_frame": {
                    "calls": 1204,
                    "ms_mean": 1.2,
                    "ms_p50": 1.125,
                    "ms_p95": 2.125,
                    "ms_max": 9.5,
                }
            },
        },
        "recording": {
            "status": "failing",
            "detail": "RuntimeError: <b>no</b> ring",
            "uses": ["trigger"],
            "health": {},
            "timing": {
                "access_unit": {"calls": 9, "ms_mean": 1.0, "ms_p50": 0.5, "ms_p95": 0.75, "ms_max": 2.0}
            },
        },
        "tamper": {
            "status": "restarting",
            "detail": "it was ended: 612 MB of memory are more than 512 MB",
            "distribution": "picctv-tamper",
            "version": "2.1.0",
            "isolation": "process",
            "restarts": 3,
            "memory_bytes": 211_000_000,
            "health": {},
        },
        "line-crossing": {
            "status": "enabled",
            "distribution": "picctv-lines",
            "version": "1.0",
            "uses": ["motion"],
        },
        "plate-reader": {
            "status": "not installed",
            "detail": "no plugin of this name is installed",
            "health": {},
        },
    }
    # What a broken, newer or hostile node may have said.
    hostile: dict[str, object] = {
        "none": None,
        "text": "enabled",
        "list": [1, 2],
        "<script>alert(1)</script>": {"status": "enabled", "detail": "<img src=x onerror=alert(1)>"},
        "types": {
            "status": ["enabled"], "detail": {"a": 1}, "health": "fine", "counts": [1], "timing": 7, "uses": 5,
            "restarts": "many", "memory_bytes": -1.5, "distribution": 3, "isolation": None, "version": {},
        },
        "deeper": {
            "status": "enchanted", "health": {"x": {"y": [1]}, "big": "y" * 5000}, "uses": [1, None, "trigger", "x" * 999],
            "timing": {"analyze_frame": 3, "a": {"ms_p95": "fast"}, "b": {"ms_p95": float("nan")}, "c": {"ms_p95": 1}},
            "counts": {"frames": True, "frames_dropped": 2**62, "failures": -3}, "memory_bytes": 2**62,
        },
        "huge": {"status": "failing", "detail": "z" * 100_000, "uses": [f"p{n}" for n in range(500)]},
        "long-" + "n" * 300: {"status": "s" * 5000},
        "circle-a": {"status": "enabled", "uses": ["circle-b"]},
        "circle-b": {"status": "enabled", "uses": ["circle-a", "circle-b"]},
    }  # fmt: skip
    common = {
        "width": 640,
        "height": 480,
        "rate": 10.0,
        "last_seen_at": heard,
        "picture_at_ns": time.time_ns(),
    }
    machine = {"load": 0.4, "temperature_c": 82.5, "throttled": ["under-voltage"], "clock_set": False}
    Node(name="garage", version="0.1.0", last_seen_at=heard, status={"machine": machine}).save()
    Node(name="barn", version="0.1.0", last_seen_at=now - dt.timedelta(hours=2)).save()
    Camera(
        id="garage/door",
        node="garage",
        title="Front door",
        state="running",
        plugins=plugins,
        picture=picture,
        **common,
    ).save()
    Camera(
        id="garage/yard", node="garage", title="", state="connecting",
        detail="rtsp://10.0.0.7/stream: no route to host; next try in 8 s", last_seen_at=heard,
    ).save()  # fmt: skip
    silent = common | {"last_seen_at": now - dt.timedelta(hours=2)}
    Camera(
        id="barn/stable",
        node="barn",
        title="Stable <script>",
        state="running",
        picture=picture,
        plugins=hostile,
        **silent,
    ).save()
    ServerStatus(
        id="10.0.0.5:8440", name="cellar", version="0.1.0", last_seen_at=heard,
        plugins={
            "motion": {
                "status": "enabled", "detail": "", "distribution": "picctv-plugins-motion", "version": "0.1.0",
                "health": {"sent": 12}, "calls": 77, "failures": 1, "ms_mean": 1.0, "ms_p50": 0.75, "ms_p95": 3.5, "ms_max": 9.0,
            },
            "text": "enabled",
        },
    ).save()  # fmt: skip


def seed(config: Path, seconds: int = 12, hours: int = 30) -> Seeded:
    """Fill the stores that ``web.toml`` names.

    Args:
        config: path of ``web.toml``.
        seconds: length of each clip.
        hours: how many clips the stable has, one an hour.
    """
    settings = load_settings(config)
    with database.connect(settings.mongodb), tempfile.TemporaryDirectory() as folder:
        database.make_indexes()
        seeder = Seeder(Store(clips.open_store(settings.clips), SystemClock()))
        mp4, other = Path(folder, "a.mp4"), Path(folder, "b.mp4")
        thumbnail = make_mp4(mp4, pictures(seconds * RATE))
        other_thumbnail = make_mp4(other, pictures(seconds * RATE, phase=2))
        cameras(thumbnail)

        third = seconds * SECOND_NS // 3
        seeder.zones("garage/door")
        seeder.results("garage/door", START_NS, seconds)
        seeder.schema("garage/door", "tamper", TamperResult)
        seeder.schema("garage/door", "motion", MotionAnalyzer.Result)
        seeder.typed_results("garage/door", START_NS, seconds, 40)
        seeder.typed_results("garage/door", START_NS + 600 * SECOND_NS, seconds, 80)
        seeder.event("garage/door", START_NS + third, START_NS + 2 * third, thumbnail)
        previous = seeder.clip("garage/door", START_NS - 600 * SECOND_NS, seconds, mp4, thumbnail)
        clip = seeder.clip("garage/door", START_NS, seconds, mp4, thumbnail, trigger="motion")
        following = seeder.clip("garage/door", START_NS + 600 * SECOND_NS, seconds, mp4, thumbnail)
        gap = {
            "from_ns": START_NS + 10 * SECOND_NS,
            "to_ns": START_NS + 11 * SECOND_NS,
            "cause": "the disk was full",
            "bytes": 9,
        }
        seeder.store.add_gap(seeder.message(messages.GAP, "garage/door", "recording", START_NS, gap))
        away = {
            "from_ns": START_NS - 7200 * SECOND_NS,
            "to_ns": START_NS - 3600 * SECOND_NS,
            "cause": "the camera was away: <no route>",
            "bytes": 0,
        }
        seeder.store.add_gap(seeder.message(messages.GAP, "garage/door", "", START_NS, away))
        # Results that are kept apart, and are no longer there.
        fields = [{"name": "x", "type": "number", "title": "X"}]
        told = {"version": 1, "fields": fields, "json_schema": {}}
        seeder.store.add_schema(seeder.message(messages.SCHEMA, "garage/door", "damaged", START_NS, told))
        later_ns = START_NS + 600 * SECOND_NS
        items = {"items": [[later_ns, {"x": 1}]], "version": 1}
        seeder.store.add_results(seeder.message(messages.RESULTS, "garage/door", "damaged", later_ns, items))
        Analysis.objects(plugin="damaged").update(set__batches__0__data=None)
        for hour in range(hours):
            seeder.clip(
                "barn/stable", START_NS - (hour + 2) * 3600 * SECOND_NS, seconds, other, other_thumbnail
            )
        seeder.notification("garage/door", START_NS + third, "info", "Movement at the front door")
        seeder.notification(
            "garage/door",
            START_NS - 3600 * SECOND_NS,
            "warning",
            "The disk of the node is nearly full",
            "2 GB left",
        )
        seeder.notification(
            "",
            START_NS - 7200 * SECOND_NS,
            "error",
            "The spool was damaged <img src=x>",
            "It lost 3 messages.",
        )
        return Seeded(
            *(clip, previous, following, following, seconds, seeder.clips, seconds / 3, 2 * seconds / 3),
            set_aside=seeder.set_aside("garage/door", "people"),
        )


if __name__ == "__main__":
    print(json.dumps(asdict(seed(Path(sys.argv[1])))))
