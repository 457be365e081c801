"""What all clauses of the conformance kit have: the analyzer that is looked at, and ways to run it."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from picctv_core import codec
from picctv_core.declarations import TRIGGER, declared
from picctv_core.errors import PluginError
from picctv_core.frames import Result
from picctv_core.testing.camera import FakeCamera
from picctv_core.testing.clock import FakeClock
from picctv_core.testing.runner import AnalyzerRunner, installed, plugin_name, run_analyzer
from picctv_core.testing.scenes import scene as make_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from picctv_core.declarations import Declaration
    from picctv_core.frames import AccessUnit, Frame, MotionVectors
    from picctv_core.testing.run import Run
    from picctv_core.testing.scenes import Scene, Shot


class BrokenClauseError(AssertionError):
    """A clause of the contract that an analyzer does not keep; the text says what is wrong, and the way out."""


@functools.lru_cache(maxsize=8)
def _shots(name: str, width: int, height: int, seed: int, seconds: float) -> tuple[Shot, ...]:
    return tuple(make_scene(name, width, height, seed=seed, duration_s=seconds))


@functools.lru_cache(maxsize=4)
def _units(name: str, width: int, height: int, seed: int, seconds: float) -> tuple[AccessUnit, ...]:
    return tuple(make_scene(name, width, height, seed=seed, duration_s=seconds).access_units())


@functools.lru_cache(maxsize=4)
def _vectors(name: str, width: int, height: int, seed: int, seconds: float) -> tuple[MotionVectors, ...]:
    return tuple(make_scene(name, width, height, seed=seed, duration_s=seconds).motion_vectors())


class Clauses:
    """The analyzer that is looked at, as its test class names it.

    Attributes:
        analyzer: the class; or
        plugin: the name of an installed plugin, which looks at its entry point too.
        settings: keys and values to run it with, as in ``node.toml``; relative paths don't hold, as the kit runs it in
            folders of its own.
        scene: the name of the scene that it is shown; best one in which it has something to say.
        seconds: how much of the scene it is shown each time. A slow analyzer is content with less.
        results: what the camera's other plugins say meanwhile. Where not given, and the analyzer hears triggers, it is
            told when something moves.
        time_budget: which part of the pause between two frames its median call may take, at 320x240 and 10 frames a
            second.
    """

    analyzer: ClassVar[type[Any] | None] = None
    plugin: ClassVar[str] = ""
    settings: ClassVar[Mapping[str, Any]] = {}
    scene: ClassVar[str] = "walking"
    seconds: ClassVar[float] = 8.0
    results: ClassVar[Sequence[Result] | None] = None
    time_budget: ClassVar[float] = 1.0

    def _kind(self) -> Any:
        if self.analyzer is not None:
            return self.analyzer
        if not self.plugin:
            raise PluginError(
                f'{type(self).__name__} says not what to look at: set analyzer = YourClass, or plugin = "name"'
            )
        return installed(self.plugin)

    def _name(self) -> str:
        return self.plugin or plugin_name(self._kind())

    def _declaration(self) -> Declaration:
        with self._blaming("its declaration"):
            return declared(self._kind())

    def _shots(self, seed: int = 1) -> tuple[Shot, ...]:
        return _shots(self.scene, 320, 240, seed, self.seconds)

    def _frames(self, seed: int = 1) -> list[Frame]:
        return [shot.frame for shot in self._shots(seed)]

    def _units(self, width: int = 320, height: int = 240) -> tuple[AccessUnit, ...]:
        return _units(self.scene, width, height, 1, self.seconds)

    def _vectors(self, seed: int = 1) -> Iterator[MotionVectors]:
        """Give the motion vectors of the same video; they are made only when somebody takes them."""
        yield from _vectors(self.scene, 320, 240, seed, self.seconds)

    def _heard(self) -> Sequence[Result]:
        """Give what other plugins say."""
        if self.results is not None:
            return self.results
        uses = self._declaration().uses
        if uses and TRIGGER not in uses:
            return ()
        return [
            Result(
                "node/camera",
                "truth",
                shot.frame.captured_at_ns,
                {"triggered": shot.moving, "score": float(shot.moving)},
            )
            for shot in self._shots()
        ]

    def _runner(self, camera: FakeCamera) -> AnalyzerRunner:
        with self._blaming("making it"):
            return AnalyzerRunner(self._kind(), settings=self.settings, camera=camera, name=self._name())

    def _camera(self, data: Path) -> FakeCamera:
        played: Scene = make_scene(self.scene)
        return FakeCamera(data, FakeClock(played.start_ns), played.video, played.analysis)

    def _life(
        self,
        data: Path | None = None,
        *,
        frames: Iterable[Frame] | None = None,
        units: Iterable[AccessUnit] | None = None,
        results: Iterable[Result] | None = None,
    ) -> Run:
        """Run one object from start to stop over the scene, or over what is given."""
        with self._folder() as folder, self._blaming("running it"):
            return run_analyzer(
                self._kind(),
                frames=self._frames() if frames is None else frames,
                units=self._units() if units is None else units,
                vectors=self._vectors(),
                results=self._heard() if results is None else results,
                settings=self.settings,
                camera=self._camera(folder / "data" if data is None else data),
                name=self._name(),
            )

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        # Resolved, so that it compares with what the system says of open files.
        with tempfile.TemporaryDirectory(prefix="picctv-") as folder:
            yield Path(folder).resolve()

    @contextlib.contextmanager
    def _blaming(self, what: str) -> Iterator[None]:
        """Make an error of the analyzer a broken clause."""
        try:
            yield
        except BrokenClauseError:
            raise
        except Exception as error:
            text = " ".join(str(error).split())
            raise BrokenClauseError(f"{what} raised {type(error).__name__}: {text}") from error

    @staticmethod
    def _broken(text: str) -> NoReturn:
        raise BrokenClauseError(text)


def said(run: Run) -> bytes:
    """Give all that a run said, of frames and of events, as bytes: so NaN equals NaN, and arrays compare."""
    details = [event["details"] for event in run.events]
    return codec.pack([[[result.captured_at_ns, result.data] for result in run.results], details])


def clauses_of(kind: type[Clauses]) -> dict[str, Callable[..., None]]:
    """Give the clauses of a test class by name, in the order of the kit; one that is set to None is left out."""
    names = {name: None for base in reversed(kind.__mro__) for name in vars(base) if name.startswith("test_")}
    return {name: clause for name in names if callable(clause := getattr(kind, name))}
