"""Running an analyzer in a test: as the node does, but on the test's own thread, and without swallowing errors."""

from __future__ import annotations

import heapq
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import BaseModel

from picctv_core import codec, plugins, typed
from picctv_core.declarations import declared
from picctv_core.errors import PluginError
from picctv_core.frames import Frame, Result
from picctv_core.hookspecs import node as hookspecs
from picctv_core.inputs import ANALYZE, UNIT, VECTORS, called_hooks
from picctv_core.node.events import EventTracker, plain_details
from picctv_core.testing.camera import FakeCamera
from picctv_core.testing.clock import FakeClock
from picctv_core.testing.run import Run
from picctv_core.testing.scenes import Scene
from picctv_core.testing.scenes import scene as make_scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    import numpy.typing as npt

    from picctv_core.frames import AccessUnit, EndedEvent, MotionVectors

_NS = 1_000_000_000


def installed(name: str, group: str = plugins.NODE) -> Any:
    """Give what an installed plugin's entry point is: an analyzer's, a processor's or an app's class.

    Args:
        name: the plugin's name.
        group: the entry-point group: ``picctv.node``, ``picctv.server`` or ``picctv.web``.

    Raises:
        PluginError: there is none of this name, or it can't be used; the text says why.
    """
    found = plugins.discover(group)
    for plugin in found:
        if plugin.name == name:
            if plugin.object is None:
                raise PluginError(
                    f"plugin {plugin.describe()} can't be used: {plugin.status}: {plugin.detail}"
                )
            return plugin.object
    names = ", ".join(plugin.name for plugin in found) or "none"
    raise PluginError(
        f"no plugin {name!r} is installed in the group {group}; installed are {names}. Install yours with "
        "pip install -e ."
    )


def plugin_name(kind: type[Any]) -> str:
    """Give the name that a plugin of this class has in tests, where none is given: ``people`` for `PeopleAnalyzer`."""
    stem = kind.__name__
    for ending in ("Analyzer", "Processor", "Plugin"):
        stem = stem.removesuffix(ending) or stem
    return stem.lower()


class AnalyzerRunner:
    """One analyzer on one camera, step by step.

    Each runner has a plugin manager of its own. What a hook raises reaches the test. A `FakeClock` follows the times of
    what is fed. As a context manager it starts and stops the analyzer.

    Args:
        analyzer: the class, or the name of an installed plugin.
        settings: keys and values as in ``node.toml``, or an object of its ``Settings``.
        camera: the camera; one with a folder of its own, which goes away at the stop, where not given.
        name: the plugin's name, under which it emits; where not given that of the class without ``Analyzer``, in lower
            case.

    Attributes:
        plugin: the analyzer's object.
        camera: its camera.
        run: what it said so far.

    Raises:
        pydantic.ValidationError: the settings have faults.
        HookError: a hook or an argument of one is misspelt.
        PluginError: a declaration is wrong, or no plugin of this name can be used.
    """

    def __init__(
        self,
        analyzer: type[Any] | str,
        *,
        settings: Mapping[str, Any] | BaseModel | None = None,
        camera: FakeCamera | None = None,
        name: str = "",
    ) -> None:
        kind = installed(analyzer) if isinstance(analyzer, str) else analyzer
        self.name = name or (analyzer if isinstance(analyzer, str) else plugin_name(kind))
        self._declaration = declared(kind)
        plugins.bind(
            kind, self.name, hookspecs
        )  # before an object is made: a misspelt hook is the first to mend
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if camera is None:
            self._folder = tempfile.TemporaryDirectory(prefix="picctv-")
            camera = FakeCamera(Path(self._folder.name) / "data")
        camera.plugin = self.name
        self.camera = camera
        self.run = Run(camera, self._declaration.result)
        self._events = EventTracker(self._details)
        self._sequence = 0
        self._started = self._stopped = False
        try:
            made = self._settings(settings)
            self._called = called_hooks(kind, self.name, made)
            self.plugin = kind(made, camera)
            self._hooks = plugins.bind(self.plugin, self.name, hookspecs)
        except BaseException:
            self._clean_up()
            raise

    def _settings(self, given: Mapping[str, Any] | BaseModel | None) -> BaseModel:
        if isinstance(given, BaseModel):
            return given
        return self._declaration.settings.model_validate(
            dict(given or {}), context={"folder": self.camera.data}
        )

    def start(self) -> None:
        """Tell the analyzer that its camera gives pictures."""
        self._started = True
        self._call("picctv_camera_started", camera=self.camera)

    def frame(self, frame: Frame | npt.NDArray[np.uint8]) -> Any:
        """Give a frame, and get what was said about it, as the server reads it; None for nothing.

        Args:
            frame: a frame; or (rows, columns) uint8, which is made read-only, and one at the camera's rate after the last.

        Raises:
            CodecError: the result, or what it says of an event that ended, is no plain data.
            PluginError: it does not fit the declared model, or is no event's details.
        """
        frame = self._frame(frame)
        self.run.event_payloads += self._events.reach(frame.captured_at_ns)
        return self._keep(frame.captured_at_ns, self.look(frame))

    def vectors(self, vectors: MotionVectors) -> Any:
        """Give motion vectors, and get what was said about them; as `frame`."""
        self.run.event_payloads += self._events.reach(vectors.captured_at_ns)
        return self._keep(vectors.captured_at_ns, self.look(vectors))

    def look(self, item: Frame | MotionVectors) -> Any:
        """Give a frame or motion vectors, and get what the analyzer returned as it is: neither checked, nor kept in the run."""
        self._wind(item.captured_at_ns)
        if not isinstance(item, Frame):
            return self._call(VECTORS, vectors=item)
        self._sequence = item.sequence + 1
        return self._call(ANALYZE, frame=item)

    def unit(self, unit: AccessUnit) -> None:
        """Give an access unit."""
        self._wind(unit.captured_at_ns)
        self._call(UNIT, unit=unit)

    def result(self, result: Result) -> bool:
        """Give a result of another plugin, and say whether this one hears it: what it does not use is kept from it."""
        heard = self._declaration.hears(result) and result.plugin != self.name
        if heard:
            self._call("picctv_result", result=result)
        return heard

    def health(self) -> Any:
        """Ask how it goes."""
        self.run.health = self._call("picctv_health")
        return self.run.health

    def stop(self) -> None:
        """End the event that is open, and tell the analyzer that it is over. Harmless when called again."""
        if self._stopped:
            return
        self._stopped = True
        try:
            self.run.event_payloads += self._events.close()
            self._call("picctv_camera_stopped")
        finally:
            self._clean_up()

    def __enter__(self) -> Self:
        if not self._started:
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def takes(self, hook: str) -> bool:
        """Say whether the analyzer is to be called by a hook: it implements it, and takes what it gives."""
        return hook in self._called

    def _keep(self, captured_at_ns: int, said: Any) -> Any:
        said = typed.plain(self._declaration.result, said)
        data = None if said is None else codec.unpack(codec.pack(said))
        if data is not None:
            self.run.results.append(Result(self.camera.id, self.name, captured_at_ns, data))
        self.run.event_payloads += self._events.see(captured_at_ns, data)
        return data

    def _call(self, hook: str, **arguments: Any) -> Any:
        caller = getattr(self._hooks, hook)
        if not self.takes(hook):
            return None
        began = time.perf_counter()
        said = caller(**arguments)
        self.run.seconds.setdefault(hook, []).append(time.perf_counter() - began)
        return said

    def _details(self, event: EndedEvent) -> dict[str, Any] | None:
        return plain_details(self._call("picctv_event_ended", event=event))

    def _frame(self, frame: Frame | npt.NDArray[np.uint8]) -> Frame:
        if isinstance(frame, Frame):
            return frame
        luma = np.array(frame, np.uint8)
        luma.flags.writeable = False
        pause_ns = round(_NS / self.camera.analysis.rate) if self._sequence else 0
        return Frame(luma, self.camera.clock.now_ns() + pause_ns, self._sequence)

    def _wind(self, now_ns: int) -> None:
        if isinstance(self.camera.clock, FakeClock):
            self.camera.clock.advance_to(now_ns)

    def _clean_up(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()


def run_analyzer(
    analyzer: type[Any] | str,
    scene: Scene | str | None = None,
    *,
    frames: Iterable[Frame] = (),
    units: Iterable[AccessUnit] | bool | None = None,
    vectors: Iterable[MotionVectors] = (),
    results: Iterable[Result] = (),
    settings: Mapping[str, Any] | BaseModel | None = None,
    camera: FakeCamera | None = None,
    data: Path | None = None,
    name: str = "",
) -> Run:
    """Run an analyzer from its start to its stop, and give all that came of it.

    What is fed comes in the order of its capture times: at the same time the frame first, then the motion vectors, the
    access unit, and the results of other plugins.

    Args:
        analyzer: the class, or the name of an installed plugin.
        scene: a scene, or its name; its frames are fed, and its video and motion vectors where the analyzer takes them.
        frames: frames to feed instead of a scene's.
        units: access units to feed; False for none.
        vectors: motion vectors to feed instead of a scene's.
        results: what other plugins said, such as the `Run.results` of another run.
        settings: as for `AnalyzerRunner`.
        camera: as for `AnalyzerRunner`; where not given, one with the scene's size and rate.
        data: the folder of that camera; one that goes away afterwards where not given.
        name: the plugin's name.

    Raises:
        Exception: whatever a hook raises, and what `AnalyzerRunner` raises.
    """
    played = make_scene(scene) if isinstance(scene, str) else scene
    with tempfile.TemporaryDirectory(prefix="picctv-") as folder:
        if camera is None:
            camera = _camera(data or Path(folder, "data"), played)
        with AnalyzerRunner(analyzer, settings=settings, camera=camera, name=name) as runner:
            if units is None or units is True:
                wanted = played is not None and (units is True or runner.takes(UNIT))
                units = played.access_units() if played is not None and wanted else ()
            given = played.frames() if played is not None and not frames else frames
            told = played.motion_vectors() if played is not None and not vectors else vectors
            _feed(runner, given, told, units or (), results)
            runner.health()
        return runner.run


def _camera(data: Path, scene: Scene | None) -> FakeCamera:
    if scene is None:
        return FakeCamera(data)
    return FakeCamera(data, FakeClock(scene.start_ns), scene.video, scene.analysis)


def _feed(
    runner: AnalyzerRunner,
    frames: Iterable[Frame],
    vectors: Iterable[MotionVectors],
    units: Iterable[AccessUnit],
    results: Iterable[Result],
) -> None:
    if not runner.takes(ANALYZE):
        frames = ()  # they would only be drawn
    if not runner.takes(VECTORS):
        vectors = ()
    merged: Iterator[tuple[int, int, Any]] = heapq.merge(
        ((frame.captured_at_ns, 0, frame) for frame in frames),
        ((told.captured_at_ns, 1, told) for told in vectors),
        ((unit.captured_at_ns, 2, unit) for unit in units),
        ((result.captured_at_ns, 3, result) for result in results),
        key=lambda item: item[:2],
    )
    for _, what, item in merged:
        if what == 0:
            runner.frame(item)
        elif what == 1:
            runner.vectors(item)
        elif what == 2:
            runner.unit(item)
        else:
            runner.result(item)
