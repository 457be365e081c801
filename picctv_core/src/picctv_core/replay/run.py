"""One replay, from the wishes to the exit code."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picctv_core.cli import EXIT_ERROR
from picctv_core.errors import PicctvError, SourceError
from picctv_core.node.calls import MAX_FAILURES
from picctv_core.node.plugin_camera import PluginCamera
from picctv_core.replay.annotate import AnnotatedVideo
from picctv_core.replay.chosen import choose
from picctv_core.replay.emitted import NODE, Emitted, ReplayedCamera
from picctv_core.replay.outputs import Lines, Target, targets
from picctv_core.replay.plain_json import line_of
from picctv_core.replay.player import Player
from picctv_core.replay.progress import Progress
from picctv_core.replay.report import Tally, summary
from picctv_core.replay.running import Running
from picctv_core.replay.times import FileClock, creation_ns
from picctv_core.sources.luma import AnalysisTap
from picctv_core.sources.opening import Opened, open_video
from picctv_core.sources.playing import play_once
from picctv_core.sources.streams import StreamHandler
from picctv_core.sources.timing import NS_PER_S, FileTimeline
from picctv_core.sources.video_settings import VideoSettings, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av.video.frame import VideoFrame

    from picctv_core.frames import AnalysisFormat
    from picctv_core.node.plugin_tables import PluginConfig
    from picctv_core.replay.running import Said

_NS_PER_US = 1000


@dataclass(frozen=True)
class Wishes:
    """What is to be replayed, and what is to be written.

    Attributes:
        video: the file.
        plugin: the name of the plugin.
        beside: the names of others that run for their results.
        settings: a settings file, or None.
        analysis: size and rate of the frames.
        start_ns: the capture time of the first picture; None for what the file says.
        out: where the results go; None for standard output.
        messages: where the messages go; None for nowhere.
        annotate: where the annotated video goes; None for none.
        strict: whether the first error ends it.
    """

    video: Path
    plugin: str
    beside: tuple[str, ...]
    settings: Path | None
    analysis: AnalysisFormat
    start_ns: int | None = None
    out: Path | None = None
    messages: Path | None = None
    annotate: Path | None = None
    strict: bool = False


def run(wishes: Wishes) -> int:
    """Replay a file, write what was asked for, and print the summary on standard error.

    Returns:
        0, or 1 where a plugin had errors.

    Raises:
        PicctvError: the file, a plugin, the settings, or what is to be written is not as it must be.
    """
    if kind_of(str(wishes.video)) != "file":
        raise SourceError(f"{wishes.video} is no file; a replay is of recorded files", retry=False)
    configs = choose(wishes.plugin, wishes.beside, wishes.settings)
    settings = VideoSettings(url=str(wishes.video))
    wanted = {"--out": wishes.out, "--messages": wishes.messages, "--annotate": wishes.annotate}
    read = {"the video": wishes.video, "the settings file": wishes.settings}
    # The file is opened before the targets are: a replay of nothing leaves no trace.
    opened = open_video(settings)
    with opened.container, targets(wanted, read) as made:
        return _Replay(wishes, configs, settings, opened, made).run()


class _Replay:
    """What belongs to one replay, while it runs."""

    def __init__(
        self,
        wishes: Wishes,
        configs: list[PluginConfig],
        settings: VideoSettings,
        opened: Opened,
        made: Mapping[str, Target],
    ) -> None:
        self._wishes = wishes
        self._configs = configs
        self._settings = settings
        self._opened = opened
        self._made = made
        start_ns = wishes.start_ns
        self._start_ns = creation_ns(opened.container.metadata) if start_ns is None else start_ns
        self._tally = Tally(self._start_ns, newest_ns=self._start_ns)
        self._emitted = Emitted(wishes.plugin)
        self._player: Player | None = None

    def run(self) -> int:
        with contextlib.ExitStack() as stack:
            self._lines = stack.enter_context(Lines(self._made.get("--out")))
            self._messages: Lines | None = None
            if (target := self._made.get("--messages")) is not None:
                self._messages = stack.enter_context(Lines(target))
            self._annotated: AnnotatedVideo | None = None
            if (target := self._made.get("--annotate")) is not None:
                if target.is_special:
                    raise PicctvError(f"{target.name} is no regular file; a video needs one")
                video = AnnotatedVideo(target, self._wishes.plugin, self._start_ns, self._opened.rate)
                self._annotated = stack.enter_context(video)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="picctv-replay-")))
            plugins = self._play(folder)
            for output in (self._lines, self._messages, self._annotated):
                if output is not None:
                    output.finish()
        return EXIT_ERROR if any(plugin.failures for plugin in plugins) else 0

    def _play(self, folder: Path) -> list[Running]:
        began_s = time.monotonic()
        clock, stop = FileClock(self._start_ns), threading.Event()
        most = 1 if self._wishes.strict else MAX_FAILURES
        plugins = [Running(config, self._camera(config, clock, folder), most) for config in self._configs]
        self._check_vectors(plugins)
        main = next(plugin for plugin in plugins if plugin.name == self._wishes.plugin)
        player = self._player = Player(plugins, main, clock, stop, self._said)
        handler = StreamHandler(
            self._settings,
            AnalysisTap(self._wishes.analysis),
            player,
            gives_units=player.takes_units,
            on_picture=self._picture,
        )
        lines_are_seen = self._wishes.out is None and sys.stdout.isatty()
        duration_us = self._opened.container.duration or 0
        self._progress = Progress(duration_us * _NS_PER_US, shown=not lines_are_seen)
        timeline = FileTimeline(self._start_ns, round(NS_PER_S / self._opened.rate))
        try:
            handler.begin(self._opened)
            play_once(self._settings, self._opened, timeline, handler, stop)
        finally:
            # Also after Ctrl-C: a plugin may have threads or sockets to give back.
            self._progress.clear()
            player.end()
        self._write_messages()
        lines = summary(
            name=self._wishes.video.name,
            video=player.video,
            analysis=self._wishes.analysis,
            tally=self._tally,
            main=main,
            others=[plugin for plugin in plugins if plugin is not main],
            health=player.health,
            damaged=handler.damaged,
            took_s=time.monotonic() - began_s,
        )
        # The figures differ from run to run, so they are in none of the files.
        sys.stdout.flush()
        sys.stderr.write("\n".join(lines) + "\n")
        return plugins

    def _check_vectors(self, plugins: list[Running]) -> None:
        codec = self._opened.decoder.name
        takers = ", ".join(
            plugin.name for plugin in plugins if plugin.takes_vectors and not plugin.takes_frames
        )
        if takers and codec != "h264":
            raise SourceError(
                f"{self._wishes.video} is {codec}, which has no motion vectors, and {takers} takes them; replay an H.264 "
                "file, or set the plugin to look at frames",
                retry=False,
            )

    def _camera(self, config: PluginConfig, clock: FileClock, folder: Path) -> PluginCamera:
        return PluginCamera(
            NODE,
            ReplayedCamera(self._wishes.video.name, self._wishes.analysis),
            config.plugin.name,
            data=folder / config.plugin.name,
            clock=clock,
            spool=self._emitted,
            video=lambda: self._player.video if self._player else None,
        )

    def _said(self, captured_at_ns: int, said: Said) -> None:
        self._tally.result(said.data)
        line: dict[str, Any] = {
            "msec": (captured_at_ns - self._start_ns) / 1_000_000,
            "captured_at_ns": captured_at_ns,
            "result": said.data,
        }
        self._lines.write(line_of(line | ({"error": said.error} if said.error else {})))

    def _picture(self, picture: VideoFrame, captured_at_ns: int) -> None:
        self._tally.picture(captured_at_ns)
        if self._annotated is not None:
            said = self._player.said if self._player else {}
            self._annotated.add(picture, captured_at_ns, said)
        self._write_messages()
        self._progress.at(captured_at_ns - self._start_ns)

    def _write_messages(self) -> None:
        while (message := self._emitted.take()) is not None:
            self._tally.message(message)
            if self._messages is None:
                continue
            fields = ("id", "plugin", "kind", "captured_at_ns", "sequence", "payload")
            line = {field: getattr(message, field) for field in fields}
            line = {"msec": (message.captured_at_ns - self._start_ns) / 1_000_000, **line}
            self._messages.write(line_of(line, bytes_as_size=True))
