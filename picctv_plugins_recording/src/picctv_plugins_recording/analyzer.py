"""The node part of recording: access units and triggers in, clips out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from picctv_core import h264
from picctv_core.declarations import TRIGGER
from picctv_core.errors import CodecError, SpoolError, one_line
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import CLIP
from picctv_plugins_recording.clip import OpenClip
from picctv_plugins_recording.losses import Losses
from picctv_plugins_recording.recovery import Recovery
from picctv_plugins_recording.ring import Ring
from picctv_plugins_recording.settings import RecordingSettings
from picctv_plugins_recording.triggers import LATENESS_S, Triggers
from picctv_plugins_recording.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from picctv_core.camera import Camera
    from picctv_core.frames import AccessUnit, Result

SECOND = 1_000_000_000

BREAK_S = 2.0
"""A key unit that comes so much later than the unit before it begins another clip: the camera was away."""

BREAK_PICTURES = 4
"""A camera that gives a picture only now and then is not away until so many are missing."""


STALE_S = 15.0
"""A clip is not kept open for a camera that has given nothing for so long."""


class RecordingAnalyzer:
    """Records one camera, in continuous segments, around triggers, or both.

    Clips begin at key units, so that each can be played by itself. One that follows another without a break begins
    where the other ends.
    """

    Settings: ClassVar[type[RecordingSettings]] = RecordingSettings
    uses: ClassVar[tuple[str, ...]] = (TRIGGER,)

    def __init__(self, settings: RecordingSettings, camera: Camera) -> None:
        self.camera = camera
        self._settings = settings
        self._max_bytes = round(settings.max_memory_mb * 1e6)
        # Half of the time that things may be in memory only is for the clip to be made, the other half for its delivery.
        longest_s = camera.delay_s / 2 or math.inf
        self._segment_s = min(settings.segment_s, longest_s)
        self._max_clip_s = min(settings.max_clip_s, longest_s)
        self._stale_s = min(STALE_S, longest_s / 2)
        self._ring = Ring(settings.pre_roll_s + LATENESS_S, self._max_bytes)
        self._triggers = Triggers(settings.pre_roll_s, settings.post_roll_s, settings.triggers)
        self._segment: OpenClip | None = None
        self._triggered: OpenClip | None = None
        self._finished: list[tuple[OpenClip, dict[str, Any]]] = []
        self._newest_ns: int | None = None
        self._parameter_sets = b""
        self._recorded_until_ns = 0
        self._losses = Losses(camera)
        self._recovery = Recovery(camera)
        self._clips = self._recovery.send()
        self._watch = Watch(camera, settings.not_recording_after_s)
        self._is_kept = True

    @hookimpl
    def picctv_access_unit(self, unit: AccessUnit) -> None:
        """Take one picture of the video."""
        if unit.is_key:
            self._at_key(unit)
        if self._settings.mode != "triggered":
            self._segment = self._record(self._segment, unit, None)
        if self._settings.mode != "continuous":
            self._ring.append(unit)
            window = self._triggers.window
            if window is not None and (self._triggered or unit.captured_at_ns < window.until_ns):
                self._triggered = self._record(self._triggered, unit, window.plugin)
        self._newest_ns = max(unit.captured_at_ns, self._newest_ns or 0)
        if self._triggers.over(self._newest_ns):
            self._end_triggered()
        self._emit_finished()
        if self._is_kept:
            self._watch.good()

    @hookimpl
    def picctv_result(self, result: Result) -> None:
        """Hear what another plugin says: begin, or go on with, a triggered clip."""
        if not self._triggers.counts(result):
            return
        if self._settings.mode != "continuous":
            window = self._triggers.hear(result)
            if self._triggered is None:
                # What a clip of this window holds already needs no second recording.
                units = self._ring.since(max(window.from_ns, self._recorded_until_ns))
                self._triggered = self._new(window.plugin, units) if units else None
        score = result.data.get("score")
        for clip in (self._segment, self._triggered):
            if clip is not None and isinstance(score, (int, float)):
                clip.note_peak(float(score), result.captured_at_ns)

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        """Emit what is still open."""
        self._end_all()
        self._emit_finished()

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        """Say what is being recorded. A clip of a camera that gives nothing any more is sent as it is."""
        if (
            self._newest_ns is not None
            and self.camera.clock.now_ns() - self._newest_ns > self._stale_s * SECOND
        ):
            self._end_all()
            self._emit_finished()
        self._watch.look()
        recording = [
            name
            for name, clip in (("continuous", self._segment), ("triggered", self._triggered))
            if clip is not None
        ]
        return {
            "recording": " and ".join(recording) or "nothing now",
            "clips": self._clips,
            "memory_bytes": self._ring.bytes
            + sum(c.memory_bytes for c in (self._segment, self._triggered) if c),
        }

    def _at_key(self, unit: AccessUnit) -> None:
        """Look whether a clip has to end before this key unit."""
        now_ns = unit.captured_at_ns
        self._losses.report()
        self._clips += self._recovery.send()
        parameter_sets = h264.parameter_sets(unit.annexb)
        changed = bool(self._parameter_sets) and parameter_sets != self._parameter_sets
        self._parameter_sets = parameter_sets
        if self._newest_ns is not None and now_ns <= self._newest_ns:
            # Time ran backwards: no window of before means anything now.
            self._end_all()
            self._newest_ns = None
        elif self._was_away(now_ns):
            self._end_segment(None)
            self._end_triggered(goes_on=True)
            self._ring.clear()
        elif changed:
            # One file has one picture size: the video goes on in other clips.
            self._end_segment(now_ns)
            self._end_triggered(now_ns, goes_on=True)
            self._ring.clear()
        segment, triggered = self._segment, self._triggered
        if segment is not None and now_ns - segment.started_at_ns >= self._segment_s * SECOND:
            self._end_segment(now_ns)
        if triggered is not None and now_ns - triggered.started_at_ns >= self._max_clip_s * SECOND:
            self._end_triggered(now_ns, goes_on=True)

    def _was_away(self, now_ns: int) -> bool:
        """Say whether so long nothing came that the camera must have been away."""
        if self._newest_ns is None:
            return False
        rate = self.camera.video.rate if self.camera.video else 0.0
        longest_s = max(BREAK_S, BREAK_PICTURES / rate if rate > 0 else 0.0)
        return now_ns - self._newest_ns > longest_s * SECOND

    def _record(self, clip: OpenClip | None, unit: AccessUnit, trigger: str | None) -> OpenClip | None:
        """Add a unit to a clip, or begin one with it; give the clip that is open then."""
        if clip is not None and clip.bytes + len(unit.annexb) > self._max_bytes:
            later = unit.captured_at_ns > clip.newest_ns
            self._finish(clip, ended_at_ns=unit.captured_at_ns if later else None)
            clip = None
        if clip is not None:
            clip.add(unit)
            return clip
        if unit.is_key:
            return self._new(trigger, [unit])
        cause = "no clip can begin before the next key frame"
        self._losses.note(unit.captured_at_ns, unit.captured_at_ns, cause, len(unit.annexb))
        return None

    def _new(self, trigger: str | None, units: Sequence[AccessUnit]) -> OpenClip:
        return OpenClip(trigger, units, self.camera.data, self.camera.delay_s)

    def _end_all(self) -> None:
        self._end_segment(None)
        self._end_triggered()
        self._ring.clear()
        self._recorded_until_ns = 0

    def _end_segment(self, ended_at_ns: int | None) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            self._finish(segment, ended_at_ns=ended_at_ns)

    def _end_triggered(self, ended_at_ns: int | None = None, *, goes_on: bool = False) -> None:
        """End the triggered clip; where it does not go on in another, its window too."""
        clip, self._triggered = self._triggered, None
        window = self._triggers.window
        if not goes_on:
            self._triggers.close()
        if clip is not None and window is not None:
            self._recorded_until_ns = self._finish(clip, ended_at_ns=ended_at_ns, until_ns=window.until_ns)

    def _finish(self, clip: OpenClip, *, ended_at_ns: int | None, until_ns: int | None = None) -> int:
        """Make a clip ready to be sent, and give where it ends."""
        try:
            payload = clip.payload(self.camera.video, ended_at_ns=ended_at_ns, until_ns=until_ns)
        except (OSError, CodecError) as error:
            self._losses.note(
                clip.started_at_ns, clip.newest_ns, f"not kept: {one_line(error)}", clip.bytes, clip.file
            )
            return clip.newest_ns
        self._finished.append((clip, payload))
        return int(payload["ended_at_ns"])

    def _emit_finished(self) -> None:
        """Send the clips that are finished. One that the node can't keep is lost, and will be a gap once it can."""
        finished, self._finished = self._finished, []
        for clip, payload in finished:
            started_at_ns = payload["started_at_ns"]
            try:
                self.camera.emit(CLIP, payload, captured_at_ns=started_at_ns, message_id=clip.file.id)
            except SpoolError as error:
                size = sum(len(unit[2]) for unit in payload["units"])
                self._losses.note(
                    started_at_ns, payload["ended_at_ns"], f"not kept: {error}", size, clip.file
                )
                self._is_kept = False
                self._watch.bad(f"clips can't be kept: {error}")
            else:
                self._clips += 1
                self._is_kept = True
                clip.file.remove()
