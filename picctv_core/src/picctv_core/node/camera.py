"""One camera of the node: its source, its plugins' workers, and what the status says of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from picctv_core.errors import CodecError
from picctv_core.messages import GAP, gap_payload
from picctv_core.node.analysis_stream import AnalysisStream
from picctv_core.node.arena import Arena
from picctv_core.node.capture import Capture
from picctv_core.node.plugin_camera import PluginCamera
from picctv_core.node.runs import Away
from picctv_core.node.vector_watch import VectorWatch
from picctv_core.node.watch import Seen
from picctv_core.node.workers import Worker, described
from picctv_core.picture import jpeg_of_key_unit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import BaseModel

    from picctv_core.clock import Clock
    from picctv_core.frames import AccessUnit, Frame, MotionVectors, Result, VideoInfo
    from picctv_core.node.config import CameraConfig
    from picctv_core.node.spool import Spool

log = logging.getLogger(__name__)

SOURCE_STOP_S = 2.0
"""How long a source may take to stop."""

WORKERS_STOP_S = 3.0
"""How long all plugins of the node together may then take to finish what waits for them, and to stop."""

PICTURE_WIDTH = 640


class CameraRunner:
    """Runs one camera; it is the `Sink` of its source.

    Args:
        node: the node's name.
        config: the camera.
        data: the directory below which its plugins have theirs.
        clock: the time.
        spool: where messages go.
        on_change: called when the camera's or a plugin's state changes; must not block.
        away: since when, and why, nothing is known of the camera, from before this run.
        notify_plugin_failing: whether people are told of plugins that are quarantined or started again.

    Attributes:
        id: the camera's id.
        video: the shape of the video; None before the first picture.
        wants_vectors: whether any plugin takes motion vectors.
        workers: the plugins.
    """

    def __init__(
        self,
        node: str,
        config: CameraConfig,
        *,
        data: Path,
        clock: Clock,
        spool: Spool,
        on_change: Callable[[], None],
        away: Away | None = None,
        notify_plugin_failing: bool = True,
    ) -> None:
        self.id = f"{node}/{config.name}"
        self.title = config.title
        self.name = config.name
        self.video: VideoInfo | None = None
        self._config = config
        self._spool = spool
        self._key_unit: AccessUnit | None = None
        self._picture: tuple[int, bytes] | None = None
        shared = any(plugin.isolation == "process" for plugin in config.plugins.values())
        analysis = config.analysis
        self._arena = Arena(analysis.width, analysis.height) if shared else None
        self.workers = [
            Worker(
                plugin,
                PluginCamera(
                    node,
                    config,
                    name,
                    data=data / config.name / name,
                    clock=clock,
                    spool=spool,
                    video=lambda: self.video,
                ),
                self._publish,
                on_change,
                arena=self._arena,
                notify_failing=notify_plugin_failing,
            )
            for name, plugin in config.plugins.items()
        ]
        self.wants_vectors = any(worker.takes_vectors for worker in self.workers)
        self._vector_watch = VectorWatch()
        self._source = config.source(config.source_settings, config.analysis, clock)
        self._capture = Capture(
            self.id, self._source, self, clock, on_gap=self._gap, on_change=on_change, away=away
        )
        # A driver may leave it out: then one stream is for all.
        analysis_source = getattr(self._source, "analysis_source", lambda: None)()
        self._analysis = analysis_source and AnalysisStream(
            self.id, analysis_source, self, clock, on_gap=self._gap, on_change=on_change
        )
        self._plugins_began = False

    def away(self) -> Away | None:
        """Give since when and why the camera is away, for gaps that are not told yet; None where it is not."""
        parts = [self._capture.away(), self._analysis.away() if self._analysis else None]
        open_now = [part for part in parts if part is not None]
        if not open_now:
            return None
        return Away(
            min(part.from_ns for part in open_now),
            "; ".join(part.cause for part in open_now),
            max(part.latest_ns for part in open_now),
        )

    def start(self) -> None:
        """Begin: the workers first, so that they have everything from the first picture on."""
        for worker in self.workers:
            worker.start()
        self._capture.start()
        if self._analysis:
            self._analysis.start()

    def change_source(self, settings: BaseModel) -> None:
        """Let the source go over to other settings; its driver has to have `change`."""
        self._source.change(settings)

    def ask_to_stop(self) -> None:
        """Tell the source to end."""
        self._capture.ask_to_stop()
        if self._analysis:
            self._analysis.ask_to_stop()

    def stop_source(self, timeout_s: float) -> None:
        """Wait for the source, and let the workers finish what waits for them and no more."""
        until_s = time.monotonic() + timeout_s
        self._capture.join(timeout_s)
        if self._analysis:
            self._analysis.join(max(0.0, until_s - time.monotonic()))
        for worker in self.workers:
            worker.inbox.stop()

    def close(self) -> None:
        """Give back what the camera has taken, after its workers have ended."""
        if self._arena is not None:
            self._arena.close()

    # The sink of the source: called on its thread, never blocking. Frames and vectors that have a source of their own
    # come on that one's thread. -----------------------------------------------------------------------------------

    def started(self, video: VideoInfo) -> None:
        """Take the shape of the video; the first time, the plugins begin."""
        first, self.video = self.video is None, video
        if first:
            for worker in self.workers:
                worker.inbox.put_started()
            self._plugins_began = True

    def frame(self, frame: Frame) -> None:
        """Give a frame to the plugins that analyse."""
        if not self._plugins_began:
            return  # a stream of its own came before the video did, whose shape the plugins are told first
        if self._arena is not None:
            frame = self._arena.keep(frame)
        for worker in self.workers:
            if worker.takes_frames:
                worker.inbox.put_frame(frame)

    def access_unit(self, unit: AccessUnit) -> None:
        """Give an access unit to the plugins that take video."""
        if unit.is_key:
            self._key_unit = unit
        if self.wants_vectors and self._vector_watch.saw_picture(unit.captured_at_ns):
            for worker in self.workers:
                if worker.takes_vectors:
                    worker.inbox.put_no_vectors()
        for worker in self.workers:
            if worker.takes_units:
                worker.inbox.put_unit(unit)

    def motion_vectors(self, vectors: MotionVectors) -> None:
        """Give motion vectors to the plugins that take them."""
        if not self._plugins_began:
            return
        self._vector_watch.saw_vectors()
        for worker in self.workers:
            if worker.takes_vectors:
                worker.inbox.put_vectors(vectors)

    def _publish(self, result: Result) -> None:
        """Give a plugin's result to the others; called on its worker."""
        for worker in self.workers:
            if worker.hears(result):
                worker.inbox.put_result(result)

    def _gap(self, from_ns: int, to_ns: int, cause: str) -> None:
        payload = gap_payload(from_ns, to_ns, cause)
        # Not waited for: the source's thread has pictures to read. What goes wrong, the spool itself tells and keeps.
        self._spool.post(camera=self.id, plugin="", kind=GAP, payload=payload, captured_at_ns=from_ns)

    def seen(self) -> Seen:
        """Give what is known of its pictures."""
        rate = self.video.rate if self.video else 0.0
        return Seen(self._capture.seen_s, self._capture.state, self._capture.detail, rate)

    # The status --------------------------------------------------------------------------------------------------

    def report(self) -> dict[str, Any]:
        """Give the camera's part of the node's status."""
        at_ns, picture = self._newest_picture() or (None, None)
        idle = {
            name: {
                "status": str(found.status),
                "detail": found.detail,
                **described(found.plugin),
                "isolation": "",
                "restarts": 0,
                "memory_bytes": None,
                "health": {},
                "counts": {},
                "timing": {},
            }
            for name, found in self._config.idle.items()
        }
        return {
            "title": self._config.title,
            "state": self._capture.state,
            "detail": self._capture.detail or (self._analysis.detail if self._analysis else ""),
            "width": self.video.width if self.video else None,
            "height": self.video.height if self.video else None,
            "rate": self.video.rate if self.video else None,
            "plugins": idle | {worker.name: worker.report() for worker in self.workers},
            "picture": picture,
            "picture_at_ns": at_ns,
        }

    def _newest_picture(self) -> tuple[int, bytes] | None:
        """Give capture time and JPEG of the newest key unit; made only when there is a newer one."""
        unit = self._key_unit
        if unit is not None and (self._picture is None or self._picture[0] != unit.captured_at_ns):
            try:
                self._picture = unit.captured_at_ns, jpeg_of_key_unit(unit.annexb, max_width=PICTURE_WIDTH)
            except CodecError as error:
                log.debug("%s: no picture from the newest key unit: %s", self.id, error)
        return self._picture
