"""A plugin of the tests that can do everything a plugin must not do; installed for a test as a distribution of its own.

Its settings say what it does, and at which frame or unit. It says who it is in a message ``life``, and repeats in its
results what it was given, so that a test sees what came through.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import sys
import threading
import time
from typing import Any, ClassVar, Literal

from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl

IN_PROCESS = sys.argv[0].endswith("isolated.py")
MB = 1_000_000


class FaultySettings(Settings):
    fault: str = "none"
    at: int = 5
    where: Literal["frame", "unit", "event", "made", "started", "stopped", "health"] = "frame"
    lives: int = 1000
    """In the lives after so many, it is well."""


class Faulty:
    Settings: ClassVar[Any] = FaultySettings
    isolation = "process"
    uses = ("other",)

    def __init__(self, settings: FaultySettings, camera: Any) -> None:
        self.settings = settings
        self.camera = camera
        self.frames = 0
        self.units = 0
        self.events = 0
        self.kept: list[Any] = []
        lives = camera.data / "lives"
        with lives.open("a") as file:
            file.write(f"{os.getpid()}\n")
        self.life = len(lives.read_text().splitlines())
        self._maybe("made", 1, settings.at)

    @hookimpl
    def picctv_camera_started(self, camera: Any) -> None:
        assert camera is self.camera
        self._maybe("started", 1, 1)
        video = camera.video
        self.camera.emit(
            "life",
            {
                "life": self.life,
                "pid": os.getpid(),
                "in_process": IN_PROCESS,
                "nice": os.nice(0),
                "video": None if video is None else [video.width, video.height, video.rate],
                "thread": threading.current_thread() is threading.main_thread(),
            },
        )

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> dict[str, Any]:
        self.frames += 1
        if self.settings.fault == "keep":
            self.kept.append((frame.luma, int(frame.luma[0, 0])))
            assert all(luma[0, 0] == luma[-1, -1] == value for luma, value in self.kept)
        self._maybe("frame", self.frames, self.settings.at, frame)
        return {
            "triggered": frame.sequence % 10 < 3,
            "score": frame.sequence,
            "pixel": int(frame.luma[-1, -1]),
            "shape": list(frame.luma.shape),
            "life": self.life,
        }

    @hookimpl
    def picctv_event_ended(self, event: Any) -> dict[str, Any]:
        self.events += 1
        self._maybe("event", self.events, self.settings.at)
        return {"event": event.event_id, "peak": [event.peak_at_ns, event.peak_score], "life": self.life}

    @hookimpl
    def picctv_access_unit(self, unit: Any) -> None:
        self.units += 1
        self._maybe("unit", self.units, self.settings.at)
        if self.units == 1:
            self.camera.emit("first", {"at_ns": unit.captured_at_ns, "key": unit.is_key, "life": self.life})

    @hookimpl
    def picctv_result(self, result: Any) -> None:
        self.camera.emit("heard", {"plugin": result.plugin, "data": result.data})

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        self._maybe("stopped", 1, 1)
        self.camera.emit("stopped", {"life": self.life, "frames": self.frames, "units": self.units})

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        self._maybe("health", 1, 1)
        return {"life": self.life, "kept": len(self.kept)}

    def _maybe(self, where: str, number: int, at: int, frame: Any = None) -> None:
        if where == self.settings.where and number >= at and self.life <= self.settings.lives:
            getattr(self, f"_{self.settings.fault}")(frame)

    def _none(self, frame: Any) -> None: ...

    _keep = _none

    def _raise(self, frame: Any) -> None:
        raise RuntimeError(f"frame {self.frames}")

    def _exit_politely(self, frame: Any) -> None:
        raise SystemExit(3)

    def _sleep(self, frame: Any) -> None:
        time.sleep(600)

    def _hold(self, frame: Any) -> None:
        ctypes.PyDLL(None).sleep(600)  # unlike CDLL, it keeps the interpreter's lock

    def _regex(self, frame: Any) -> None:
        re.match(r"(a+)+$", "a" * 60 + "b")

    def _leak(self, frame: Any) -> None:
        self.kept.append(bytearray(b"x" * 4 * MB))
        time.sleep(0.02)

    def _leak_shared(self, frame: Any) -> None:
        while True:
            self.kept.append(mmap.mmap(-1, MB))
            self.kept[-1].write(b"x" * MB)
            time.sleep(0.001)

    def _allocate(self, frame: Any) -> None:
        self.kept.append(bytearray(b"x") * 3000 * MB)

    def _segfault(self, frame: Any) -> None:
        ctypes.string_at(0)

    def _exit(self, frame: Any) -> None:
        os._exit(3)

    def _close(self, frame: Any) -> None:
        os.closerange(3, 1000)
        time.sleep(600)

    def _write(self, frame: Any) -> None:
        frame.luma[0, 0] = 255

    def _write_raw(self, frame: Any) -> None:
        ctypes.memset(frame.luma.ctypes.data, 255, 1)

    def _print(self, frame: Any) -> None:
        print("a line from the plugin")
        os.write(1, bytes(range(256)) + b"\n")

    def _child(self, frame: Any) -> None:
        import subprocess

        sleeper = subprocess.Popen(["sleep", "600"])
        self.camera.emit("child", {"pid": sleeper.pid})
        self.kept.append(sleeper)
        if self.settings.at == self.frames and self.settings.where == "frame":
            os._exit(3)

    def _bad_result(self, frame: Any) -> None:
        self.camera.emit("bad", {"what": object()})

    def _bad_gap(self, frame: Any) -> None:
        self.camera.emit("gap", {"nothing": "of it"})

    def _bad_level(self, frame: Any) -> None:
        self.camera.notify("loud", "hello")

    def _threads(self, frame: Any) -> None:
        if not self.kept:
            self.kept = [threading.Thread(target=self._emit_some, args=(name,)) for name in "abcd"]
            for thread in self.kept:
                thread.start()

    def _emit_some(self, name: str) -> None:
        for number in range(25):
            self.camera.emit("numbered", {"thread": name, "number": number})


if IN_PROCESS and os.environ.get("FAULTY_IMPORT") == "hang":
    time.sleep(600)
if IN_PROCESS and os.environ.get("FAULTY_IMPORT") == "raise":
    raise RuntimeError("no model found")
