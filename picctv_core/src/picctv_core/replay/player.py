"""The sink of a replay: it gives plugins what a file holds, in the order and at the times that a node would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picctv_core.frames import Frame, Result

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from picctv_core.frames import AccessUnit, MotionVectors, VideoInfo
    from picctv_core.replay.running import Running, Said
    from picctv_core.replay.times import FileClock

_HEALTH_NS = 10_000_000_000
"""How often a node asks a plugin how it goes."""


class Player:
    """Runs the plugins of a replay on one thread, always in the same order; it is the `Sink` of the file.

    Args:
        plugins: in the order in which each frame is given to them.
        main: the one that is replayed.
        clock: is moved on to what is given.
        stop: set when a plugin is given up.
        on_said: takes what the main plugin said, and the capture time of the frame or the vectors that it is about.

    Attributes:
        video: the shape of the video; None before the first picture.
        units: how many access units came.
        said: what each plugin said last.
        health: what the main plugin last said of itself.
    """

    def __init__(
        self,
        plugins: Sequence[Running],
        main: Running,
        clock: FileClock,
        stop: threading.Event,
        on_said: Callable[[int, Said], None],
    ) -> None:
        self.video: VideoInfo | None = None
        self.units = 0
        self.said: dict[str, Said] = {}
        self.health: dict[str, Any] = {}
        self._plugins = plugins
        self._main = main
        self._clock = clock
        self._stop = stop
        self._on_said = on_said
        self._health_due_ns = clock.now_ns() + _HEALTH_NS

    @property
    def takes_units(self) -> bool:
        """Say whether any plugin takes access units."""
        return any(plugin.takes_units for plugin in self._plugins)

    @property
    def wants_vectors(self) -> bool:
        """Say whether any plugin takes motion vectors."""
        return any(plugin.takes_vectors for plugin in self._plugins)

    def started(self, video: VideoInfo) -> None:
        """Take the shape of the video; the first time, the plugins begin."""
        first, self.video = self.video is None, video
        if first:
            for plugin in self._plugins:
                plugin.begin()

    def frame(self, frame: Frame) -> None:
        """Let the plugins analyse a frame; what one says, the others hear at once."""
        self._look_at(frame)

    def motion_vectors(self, vectors: MotionVectors) -> None:
        """Let the plugins look at motion vectors, likewise."""
        self._look_at(vectors)

    def access_unit(self, unit: AccessUnit) -> None:
        """Give an access unit to the plugins that take video."""
        if self._stop.is_set():
            return
        self._clock.advance_to(unit.captured_at_ns)
        self.units += 1
        for plugin in self._plugins:
            if plugin.takes_units:
                plugin.access_unit(unit)
        self._look_after()

    def end(self) -> None:
        """Ask the main plugin how it goes for the last time, and let all of them end."""
        self.health = self._main.health() or self.health
        for plugin in self._plugins:
            plugin.end()

    def _look_at(self, item: Frame | MotionVectors) -> None:
        if self._stop.is_set():
            return
        self._clock.advance_to(item.captured_at_ns)
        for plugin in self._plugins:
            if plugin.given_up:
                continue
            if isinstance(item, Frame):
                if plugin.takes_frames:
                    self._tell(plugin, item.captured_at_ns, plugin.analyze(item))
            elif plugin.takes_vectors:
                self._tell(plugin, item.captured_at_ns, plugin.look_at(item))
        self._look_after()

    def _tell(self, plugin: Running, captured_at_ns: int, said: Said) -> None:
        """Pass on what a plugin said."""
        self.said[plugin.name] = said
        if plugin is self._main:
            self._on_said(captured_at_ns, said)
        if said.data is None:
            return
        result = Result(plugin.camera.id, plugin.name, captured_at_ns, said.data)
        for other in self._plugins:
            if other is not plugin:
                other.hear(result)

    def _look_after(self) -> None:
        """Ask how it goes as often as a node does: some plugins do work then. End with the first that is given up."""
        if self._clock.now_ns() >= self._health_due_ns:
            self._health_due_ns = self._clock.now_ns() + _HEALTH_NS
            for plugin in self._plugins:
                said = plugin.health()
                if plugin is self._main:
                    self.health = said
        if any(plugin.given_up for plugin in self._plugins):
            self._stop.set()
