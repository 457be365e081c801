"""Running analyzers in tests is as the node runs them, and errors reach the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import Field, ValidationError

from picctv_core.config import Settings
from picctv_core.declarations import TRIGGER
from picctv_core.errors import CodecError, PluginError
from picctv_core.frames import Frame, Result
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import EVENT, GAP, RESULTS, SCHEMA
from picctv_core.plugins import HookError
from picctv_core.testing import AnalyzerRunner, FakeCamera, FakeClock, make_message, run_analyzer, scene
from picctv_core.testing.scenes import START_NS
from picctv_core.typed import ResultModel

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000


class LevelAnalyzer:
    """Says how bright a frame is; notes all that it is called with."""

    class Settings(Settings):
        """As people set it."""

        limit: float = Field(100.0, ge=0.0, description="From where on it triggers.")

    def __init__(self, settings: Any, camera: Any) -> None:
        self.settings, self.camera = settings, camera
        self.calls: list[Any] = []

    @hookimpl
    def picctv_camera_started(self) -> None:
        self.calls.append("started")

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        self.calls.append(("frame", frame.captured_at_ns, self.camera.clock.now_ns()))
        mean = float(frame.luma.mean())
        return {"triggered": mean > self.settings.limit, "score": mean, "pair": (1, 2)}

    @hookimpl
    def picctv_access_unit(self, unit: Any) -> None:
        self.calls.append(("unit", unit.captured_at_ns))

    @hookimpl
    def picctv_result(self, result: Any) -> None:
        self.calls.append(("result", result.captured_at_ns))

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        return {"calls": len(self.calls)}

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        self.calls.append("stopped")
        self.camera.emit("count", len(self.calls))


def frames(*levels: int) -> list[Frame]:
    return [
        Frame(np.full((48, 64), level, np.uint8), START_NS + number * SECOND // 10, number)
        for number, level in enumerate(levels)
    ]


def test_run_goes_from_start_to_stop_and_keeps_what_the_server_would_read() -> None:
    run = run_analyzer(LevelAnalyzer, frames=frames(50, 200), settings={"limit": 60})
    assert run.results == [
        Result("node/camera", "level", START_NS, {"triggered": False, "score": 50.0, "pair": [1, 2]}),
        Result(
            "node/camera",
            "level",
            START_NS + SECOND // 10,
            {"triggered": True, "score": 200.0, "pair": [1, 2]},
        ),
    ]
    assert run.data == [result.data for result in run.results]
    assert [(message.kind, message.payload, message.plugin) for message in run.messages] == [
        ("count", 4, "level")
    ]
    assert run.health == {"calls": 3}
    [event] = run.events
    assert (event["started_at_ns"], event["ended_at_ns"]) == (START_NS + SECOND // 10,) * 2
    assert event["peak_score"] == 200.0
    timing = run.timing
    assert timing["picctv_analyze_frame"].calls == 2
    assert 0 < timing["picctv_analyze_frame"].ms_p50 <= timing["picctv_analyze_frame"].ms_max


def test_event_ends_with_its_details_before_the_next_frame_and_before_the_stop() -> None:
    class Teller(LevelAnalyzer):
        @hookimpl
        def picctv_event_ended(self, event: Any) -> Any:
            self.calls.append(("ended", event.ended_at_ns))
            return {"pair": (1, 2), "peak": event.peak_score}

    with AnalyzerRunner(Teller) as runner:
        first, late = frames(200, 250)
        late = Frame(late.luma, START_NS + 3 * SECOND, 1)
        runner.frame(first)
        runner.frame(late)
        assert [call[0] for call in runner.plugin.calls[1:]] == ["frame", "ended", "frame"]
    assert runner.plugin.calls[-2:] == [("ended", late.captured_at_ns), "stopped"]
    assert [event["details"] for event in runner.run.events] == [
        {"pair": [1, 2], "peak": 200.0},
        {"pair": [1, 2], "peak": 250.0},
    ]


def test_details_that_are_none_reach_the_test() -> None:
    class Lister(LevelAnalyzer):
        @hookimpl
        def picctv_event_ended(self) -> Any:
            return ["no", "dict"]

    with pytest.raises(PluginError, match="a dict or None, not a list"):
        run_analyzer(Lister, frames=frames(200))


def test_frames_units_and_results_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    played = scene("still", 64, 48, duration_s=0.3)
    camera = FakeCamera(tmp_path)
    heard = [
        Result("node/camera", "other", START_NS + SECOND // 10, {}),
        Result("node/camera", "level", START_NS, {}),
    ]
    with AnalyzerRunner(LevelAnalyzer, camera=camera) as runner:
        pass
    assert runner.plugin.calls == ["started", "stopped"]
    seen: list[Any] = []

    class Notes(LevelAnalyzer):
        @hookimpl
        def picctv_camera_stopped(self) -> None:
            seen.extend(self.calls)

    run_analyzer(Notes, played, results=heard[:1])
    times = [START_NS + number * SECOND // 10 for number in range(3)]
    assert seen == [
        "started",
        ("frame", times[0], times[0]),
        ("unit", times[0]),
        ("frame", times[1], times[1]),
        ("unit", times[1]),
        ("result", times[1]),
        ("frame", times[2], times[2]),
        ("unit", times[2]),
    ]


def test_result_that_is_not_used_or_ones_own_is_kept_from_it() -> None:
    class Choosy(LevelAnalyzer):
        uses = ("motion", TRIGGER)

    with AnalyzerRunner(Choosy) as runner:
        heard = [
            runner.result(Result("node/camera", plugin, START_NS, data))
            for plugin, data in [
                ("motion", 1), ("other", {"triggered": False}), ("other", {"score": 1}), ("choosy", {"triggered": True}),
            ]
        ]  # fmt: skip
    assert heard == [True, True, False, False]
    assert runner.plugin.calls.count(("result", START_NS)) == 2


def test_steps_take_plain_arrays_at_the_cameras_rate(tmp_path: Path) -> None:
    camera = FakeCamera(tmp_path, FakeClock(5 * SECOND))
    picture = np.zeros((48, 64), np.uint8)
    with AnalyzerRunner(LevelAnalyzer, camera=camera, name="level") as runner:
        assert runner.frame(picture)["score"] == 0.0
        runner.frame(picture)
        assert picture.flags.writeable
    assert [result.captured_at_ns for result in runner.run.results] == [5 * SECOND, 5 * SECOND + SECOND // 10]
    assert camera.messages[0].plugin == "level"


def test_stop_comes_once_and_the_folder_goes_with_it() -> None:
    runner = AnalyzerRunner(LevelAnalyzer)
    runner.start()
    folder = runner.camera.data
    assert folder.is_dir()
    with runner:
        runner.stop()
    assert runner.plugin.calls == ["started", "stopped"]
    assert not folder.exists()


def test_what_a_hook_raises_reaches_the_test() -> None:
    class Raises(LevelAnalyzer):
        @hookimpl
        def picctv_analyze_frame(self, frame: Any) -> Any:
            raise KeyError("box")

    with pytest.raises(KeyError, match="box"):
        run_analyzer(Raises, frames=frames(1))


def test_faults_are_errors() -> None:
    class Misspelt(LevelAnalyzer):
        @hookimpl
        def picctv_analyse_frame(self, frame: Any) -> Any: ...

    class SaysSelf(LevelAnalyzer):
        @hookimpl
        def picctv_analyze_frame(self, frame: Any) -> Any:
            return self

    with pytest.raises(HookError, match="picctv_analyse_frame"):
        AnalyzerRunner(Misspelt)
    with pytest.raises(ValidationError, match="limit"):
        AnalyzerRunner(LevelAnalyzer, settings={"limit": -1})
    with pytest.raises(CodecError, match="is a SaysSelf, which is no plain data"):
        run_analyzer(SaysSelf, frames=frames(1))
    with pytest.raises(
        PluginError, match=r"no plugin 'nobody' is installed in the group picctv\.node.*pip install -e"
    ):
        AnalyzerRunner("nobody")


def test_typed_results_are_checked_and_their_model_is_sent() -> None:
    class Level(ResultModel):
        version = 3
        level: float = Field(description="How bright.")

    class Typed(LevelAnalyzer):
        Result = Level

        @hookimpl
        def picctv_analyze_frame(self, frame: Any) -> Any:
            return Level(level=1.0) if frame.sequence < 12 else {"level": "high"}

    good = frames(*[1] * 12)
    run = run_analyzer(Typed, frames=good)
    assert run.data == [{"level": 1.0}] * 12
    sent = [(message.kind, message.captured_at_ns, message.payload) for message in run.sent]
    assert [kind for kind, _, _ in sent] == ["count", SCHEMA, RESULTS, RESULTS]
    assert sent[1][2]["version"] == 3
    assert [len(payload["items"]) for _, _, payload in sent[2:]] == [10, 2]
    assert {payload["version"] for _, _, payload in sent[2:]} == {3}
    with pytest.raises(PluginError, match="level"):
        run_analyzer(Typed, frames=frames(*[1] * 13))


def test_sent_has_each_message_of_the_node() -> None:
    run = run_analyzer(LevelAnalyzer, frames=frames(200, 200))
    assert [message.kind for message in run.sent] == ["count", RESULTS, EVENT, EVENT]
    assert [message.sequence for message in run.sent] == [0, 1, 2, 3]
    assert run.sent[2].payload["ended_at_ns"] is None
    assert run.sent[3].payload == run.events[0]


def test_message_is_as_the_server_gets_it() -> None:
    message = make_message("note", {"box": (1, 2)}, plugin="people", node="garage", camera="door", sequence=4)
    assert (message.node, message.camera, message.plugin, message.kind) == (
        "garage",
        "garage/door",
        "people",
        "note",
    )
    assert (message.payload, message.captured_at_ns, message.sequence) == ({"box": [1, 2]}, START_NS, 4)
    assert make_message("note", 1).id != make_message("note", 1).id
    assert make_message("note", 1, id="7", camera="").camera == ""
    with pytest.raises(CodecError, match="another payload than this kind must have"):
        make_message(GAP, {"from": 1})
    with pytest.raises(CodecError, match="no plain data"):
        make_message("note", object())
