"""The hook for motion vectors: who gets them, where, and what is said when a camera gives none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from picctv_core import codec, plugins
from picctv_core.clock import SystemClock
from picctv_core.config import Settings, SettingsFile
from picctv_core.declarations import declared
from picctv_core.errors import PluginError
from picctv_core.frames import MotionVectors
from picctv_core.hookspecs import hookimpl
from picctv_core.inputs import ANALYZE, UNIT, VECTORS, called_hooks
from picctv_core.node.camera import CameraRunner
from picctv_core.node.inbox import Inbox
from picctv_core.node.plugin_tables import PluginTables
from picctv_core.node.spool import Spool
from picctv_core.testing import AnalyzerRunner, run_analyzer, scene
from tests.core.isolation import IsolationBench, configured
from tests.core.videos import write_video

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.core.replays import Replay

S = 1_000_000_000
GOP = {"g": "25", "bf": "0", "sc_threshold": "0"}


def vectors(at_ns: int, rows: int = 3, columns: int = 4) -> MotionVectors:
    """Give vectors that go right by their number."""
    x = np.full((rows, columns), at_ns % 100, np.int8)
    return MotionVectors(at_ns, x, np.zeros_like(x))


class Way(Settings):
    """Which way to look."""

    source: str = "vectors"


class Looker:
    """Says what it was given."""

    Settings: ClassVar[Any] = Way

    def __init__(self, settings: Way, camera: Any) -> None:
        self.camera = camera

    @staticmethod
    def inputs(settings: Way) -> tuple[str, ...]:
        return (settings.source,)

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> dict[str, Any]:
        return {"rows": len(frame.luma)}

    @hookimpl
    def picctv_motion_vectors(self, vectors: Any) -> dict[str, Any]:
        return {"rows": len(vectors.x), "sum": int(vectors.x.sum())}


# What is called ------------------------------------------------------------------------------------------------------


def test_plugin_is_called_by_what_it_takes_with_its_settings() -> None:
    assert called_hooks(Looker, "looker", Way()) == {VECTORS}
    assert called_hooks(Looker, "looker", Way(source="frames")) == {ANALYZE}
    assert called_hooks(Looker, "looker", Way(source="video")) == set()


def test_without_inputs_a_plugin_takes_all_that_it_has_hooks_for() -> None:
    class Both:
        @hookimpl
        def picctv_access_unit(self) -> None: ...
        @hookimpl
        def picctv_motion_vectors(self) -> None: ...

    assert called_hooks(Both, "both", Settings()) == {VECTORS, UNIT}


def test_inputs_that_are_none_are_told(cameras: Any) -> None:
    with pytest.raises(
        PluginError, match="Looker: its inputs gave 'frame'; there are 'frames', 'vectors', 'video'"
    ):
        called_hooks(Looker, "looker", Way(source="frame"))

    class Raises:
        @staticmethod
        def inputs(settings: Any) -> tuple[str, ...]:
            return (settings.source,)

    with pytest.raises(PluginError, match="Raises: its inputs raised AttributeError"):
        called_hooks(Raises, "raises", Settings())

    class NoMethod:
        inputs = ("frames",)

    with pytest.raises(PluginError, match="NoMethod: its inputs is no static method"):
        declared(NoMethod)


def test_node_leaves_out_a_plugin_whose_inputs_are_none(make_distribution: Any, tmp_path: Path) -> None:
    text = """
class Odd:
    def __init__(self, settings, camera): ...
    @staticmethod
    def inputs(settings):
        return ["pictures"]
"""
    make_distribution(
        "picctv-plugins-odd", {plugins.NODE: {"odd": "odd_plugin:Odd"}}, {"odd_plugin.py": text}
    )
    path = tmp_path / "node.toml"
    path.write_text("", encoding="utf-8")
    (installed,) = [found for found in plugins.discover(plugins.NODE) if found.name == "odd"]
    running, idle = PluginTables(SettingsFile(path), [installed], {}).on_camera("door", {})
    assert running == {}
    assert (str(idle["odd"].status), "'pictures'" in idle["odd"].detail) == ("settings error", True)


# In the node ---------------------------------------------------------------------------------------------------------


def test_newest_vectors_replace_those_that_wait() -> None:
    inbox = Inbox()
    given = [vectors(number) for number in range(4)]
    for one in given[:3]:
        inbox.put_vectors(one)
    assert inbox.get(0) is given[2]
    assert inbox.get(0) is None
    inbox.put_vectors(given[3])
    assert inbox.get(0) is given[3]
    assert (inbox.vectors_dropped, inbox.frames_dropped) == (2, 0)


class Node:
    """One camera of a node, with a real spool; what the source gives is the test's."""

    def __init__(self, folder: Path, cameras: Any, *looking: Any) -> None:
        self.spool = Spool(folder / "spool.db", SystemClock())
        config = cameras.config(cameras.play(0), *looking)
        self.runner = CameraRunner(
            "n", config, data=folder, clock=SystemClock(), spool=self.spool, on_change=lambda: None
        )
        for worker in self.runner.workers:
            worker.start()
        self.runner.started(cameras.video)

    def stop(self) -> dict[str, Any]:
        """Let the plugins finish; give their statuses by name."""
        for worker in self.runner.workers:
            worker.inbox.stop()
            worker.join(10)
        return {worker.name: worker.report() for worker in self.runner.workers}

    def sent(self, kind: str) -> list[Any]:
        found = self.spool.take(10**9, priorities=(0, 1)).result()
        self.spool.release().result()
        return [codec.unpack(stored.payload) for stored in found if stored.kind == kind]


@pytest.fixture
def node(tmp_path: Path, cameras: Any) -> Iterator[Any]:
    made: list[Node] = []

    def make(*looking: Any) -> Node:
        made.append(Node(tmp_path, cameras, *looking))
        return made[-1]

    yield make
    for one in made:
        one.spool.close()


def test_only_who_takes_vectors_gets_them(node: Any, cameras: Any) -> None:
    made = node(cameras.plugin("a", Looker), cameras.plugin("b", Looker, source="frames"))
    assert made.runner.wants_vectors
    made.runner.frame(cameras.frame(0, S))
    made.runner.motion_vectors(vectors(S + 2))
    reports = made.stop()
    assert reports["a"]["counts"] == {"failures": 0, "vectors": 1, "vectors_dropped": 0}
    assert reports["b"]["counts"] == {"failures": 0, "frames": 1, "frames_dropped": 0}
    results = [item for batch in made.sent("results") for item in batch["items"]]
    assert sorted(results) == [[S, {"rows": 48}], [S + 2, {"rows": 3, "sum": 24}]]


def test_nobody_asks_for_vectors_that_nobody_takes(node: Any, cameras: Any) -> None:
    assert not node(cameras.plugin("b", Looker, source="frames")).runner.wants_vectors


def test_camera_without_vectors_is_told_once_and_forgiven(node: Any, cameras: Any, caplog: Any) -> None:
    made = node(cameras.plugin("a", Looker), cameras.plugin("b", Looker, source="frames"))
    for number in range(201):
        made.runner.access_unit(cameras.unit(number, S + number * cameras.frame_ns))
    reports = made.stop()
    assert (reports["a"]["status"], reports["b"]["status"]) == ("waiting", "enabled")
    assert reports["a"]["detail"].startswith("this camera gives no motion vectors")
    (said,) = made.sent("notification")
    assert (said["level"], said["title"]) == ("warning", "a gets no motion vectors from Door")
    assert sum("no motion vectors" in line for line in caplog.messages) == 1


def test_vectors_that_come_after_all_end_the_waiting(node: Any, cameras: Any) -> None:
    made = node(cameras.plugin("a", Looker))
    for number in range(101):
        made.runner.access_unit(cameras.unit(number, S + number * cameras.frame_ns))
    made.runner.motion_vectors(vectors(20 * S))
    assert made.stop()["a"]["status"] == "enabled"


def test_camera_with_vectors_is_not_suspected(node: Any, cameras: Any) -> None:
    made = node(cameras.plugin("a", Looker))
    made.runner.motion_vectors(vectors(S))
    for number in range(301):
        made.runner.access_unit(cameras.unit(number, S + number * cameras.frame_ns))
    assert made.stop()["a"]["status"] == "enabled"
    assert made.sent("notification") == []


PLUGIN = """
from picctv_core.hookspecs import hookimpl

class Far:
    isolation = "process"
    def __init__(self, settings, camera): ...
    @hookimpl
    def picctv_motion_vectors(self, vectors):
        arrays = [vectors.x, vectors.y, vectors.sad, vectors.predicted]
        return {
            "at_ns": vectors.captured_at_ns,
            "arrays": arrays,
            "writable": any(array is not None and array.flags.writeable for array in arrays),
        }
"""


def test_vectors_come_through_to_a_process(isolation_bench: IsolationBench, make_distribution: Any) -> None:
    points = {plugins.NODE: {"far": "far_plugin:Far"}}
    make_distribution("picctv-plugins-far", points, {"far_plugin.py": PLUGIN})
    worker = isolation_bench.start(configured("far"))
    chance = np.random.default_rng(1)
    whole = chance.integers(-128, 128, (2, 68, 121), np.int8)
    x, y = whole[..., :-1]  # padded, as a Pi's are
    sad = chance.integers(0, 65_280, (68, 120), np.uint16)
    for number, given in enumerate([MotionVectors(5, x, y, sad, sad > 9), MotionVectors(6, x, y)], 1):
        worker.inbox.put_vectors(given)
        isolation_bench.wait(lambda number=number: len(isolation_bench.results) == number)  # type: ignore[misc]
        said = isolation_bench.results[-1].data
        assert (said["at_ns"], said["writable"]) == (given.captured_at_ns, False)
        for mine, theirs in zip((given.x, given.y, given.sad, given.predicted), said["arrays"], strict=True):
            if mine is None:
                assert theirs is None
            else:
                assert (theirs.dtype, theirs.tolist()) == (mine.dtype, mine.tolist())
    isolation_bench.stop()
    assert worker.report()["counts"]["vectors"] == 2


# In replays and tests ------------------------------------------------------------------------------------------------

COUNTER = """
class Counter:
    def __init__(self, settings, camera): ...
    @hookimpl
    def picctv_motion_vectors(self, vectors):
        return {"triggered": bool(abs(vectors.x).max() > 3), "blocks": int(vectors.x.size)}
"""


def test_replay_gives_vectors(replay: Replay, tmp_path: Path) -> None:
    replay.install("counter", COUNTER)
    video = write_video(tmp_path / "a.mp4", "libx264", range(0, 2000, 40), options=GOP)
    ran = replay(video, "--plugin", "counter", "--out", tmp_path / "out")
    assert ran.code == 0
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [line["msec"] for line in lines] == [at for at in range(0, 2000, 40) if at not in (0, 1000)]
    assert {line["result"]["blocks"] for line in lines} == {80}
    assert sum(line["result"]["triggered"] for line in lines) > 30
    assert "pictures      48 analysed by motion vectors" in ran.err
    assert "2 pictures skipped" in ran.err


def test_replay_of_what_has_no_vectors_is_an_error(replay: Replay, tmp_path: Path) -> None:
    replay.install("counter", COUNTER)
    video = write_video(tmp_path / "a.avi", "mjpeg", range(0, 400, 40), pix_fmt="yuvj420p")
    ran = replay(video, "--plugin", "counter")
    assert ran.code == 1
    assert "a.avi is mjpeg, which has no motion vectors, and counter takes them" in ran.err


def test_scene_gives_the_vectors_of_its_video() -> None:
    walking = scene("walking", 320, 240)
    run = run_analyzer(Looker, walking, settings={"source": "vectors"})
    assert len(run.results) == len(walking) - 16  # a key unit every two seconds
    assert {data["rows"] for data in run.data} == {15}
    assert run.timing[VECTORS].calls == len(run.results)
    assert ANALYZE not in run.timing


def test_runner_takes_vectors_of_the_tests_own() -> None:
    with AnalyzerRunner(Looker) as runner:
        assert runner.takes(VECTORS)
        assert not runner.takes(ANALYZE)
        assert runner.vectors(vectors(5)) == {"rows": 3, "sum": 60}
        assert runner.camera.clock.now_ns() > 5
