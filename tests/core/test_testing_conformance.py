"""Each clause of the conformance kit catches an analyzer that breaks it, and says the way out."""

from __future__ import annotations

# ruff: noqa: D106 - the inner classes are what the analyzers declare
import os
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from pydantic import BaseModel, Field, field_validator

from picctv_core.config import Settings
from picctv_core.declarations import TRIGGER
from picctv_core.errors import CodecError, PluginError
from picctv_core.hookspecs import hookimpl
from picctv_core.testing import AnalyzerConformance, ConformanceError, check_analyzer
from picctv_core.testing.conformance import BrokenClauseError, clauses_of
from picctv_core.typed import ResultModel

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN: dict[str, list[tuple[type[Any], str]]] = {}
"""For each clause, analyzers that break it, and what the error says."""


def breaks(clause: str, message: str) -> Any:
    def note(analyzer: type[Any]) -> type[Any]:
        BROKEN.setdefault(f"test_{clause}", []).append((analyzer, message))
        return analyzer

    return note


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder of the test's own: one of the broken analyzers writes where it stands."""
    monkeypatch.chdir(tmp_path)


class Good:
    """An analyzer that keeps every clause: brightness, typed, with a file, a thread and a socket of its own."""

    class Settings(Settings):
        limit: float = Field(100.0, ge=0.0, le=255.0, description="From which brightness on it triggers.")
        name: str = Field("light", min_length=1, max_length=9, description="What to call it.")
        floor: int | None = Field(None, gt=0, description="None for none.")

    class Result(ResultModel):
        triggered: bool = Field(description="Whether it is bright.")
        score: float = Field(description="How bright.")

    def __init__(self, settings: Any, camera: Any) -> None:
        self.settings, self.camera = settings, camera
        self._thread: threading.Thread | None = None

    @hookimpl
    def picctv_camera_started(self) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._end.wait)
        self._thread.start()
        self._notes = (self.camera.data / "notes").open("a", encoding="utf-8")

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        mean = float(frame.luma.mean())
        return self.Result(triggered=mean > self.settings.limit, score=mean)

    @hookimpl
    def picctv_result(self, result: Any) -> None:
        if self._thread is not None:
            self._notes.write(f"{result.captured_at_ns}\n")

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        return {"limit": self.settings.limit}

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        if self._thread is not None:
            self._end.set()
            self._thread.join()
            self._notes.close()


class Quiet:
    """The least that an analyzer can be; the broken ones break one thing more."""

    def __init__(self, settings: Any, camera: Any) -> None:
        self.settings, self.camera = settings, camera

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return None


# Declarations ---------------------------------------------------------------------------------------------------------


@breaks("hooks_are_known", r"HookError.*picctv_analyse_frame")
class BritishHook(Quiet):
    @hookimpl
    def picctv_analyse_frame(self, frame: Any) -> None: ...


@breaks("hooks_are_known", r"HookError.*'picture'")
class WrongArgument(Quiet):
    @hookimpl
    def picctv_access_unit(self, picture: Any) -> None: ...


@breaks("hooks_are_known", "picctv_health lacks @hookimpl")
class Unmarked(Quiet):
    def picctv_health(self) -> None: ...


@breaks("hooks_are_known", "it has no hook")
class Nothing:
    def __init__(self, settings: Any, camera: Any) -> None: ...


@breaks("declaration_is_right", "its uses is no tuple of names")
class UsesText(Quiet):
    uses = "motion"


@breaks("it_is_made_with_settings_and_camera", "missing a required argument|too many positional")
class SettingsOnly(Quiet):
    def __init__(self, settings: Any) -> None: ...


@breaks("it_is_made_with_settings_and_camera", "making it raised KeyError")
class NeedsMachine(Quiet):
    def __init__(self, settings: Any, camera: Any) -> None:
        super().__init__(settings, camera)
        self.key = os.environ["PICCTV_NO_SUCH_VARIABLE"]


@breaks("settings_have_defaults_and_descriptions", r"no description has limit; say it with Field")
class Undescribed(Quiet):
    class Settings(Settings):
        limit: int = 3


@breaks("settings_have_defaults_and_descriptions", "no default has limit; give one")
class NoDefault(Quiet):
    class Settings(Settings):
        limit: int = Field(description="How many.")


@breaks("unknown_settings_are_refused", r"derive Settings from picctv_core\.config\.Settings")
class TakesAll(Quiet):
    class Settings(BaseModel):
        limit: int = Field(3, description="How many.")


@breaks("bad_settings_are_refused", r"limit = 0 is taken, which its own bounds don't allow")
class Clamps(Quiet):
    class Settings(Settings):
        limit: int = Field(3, ge=1, description="How many.")

        @field_validator("limit", mode="before")
        @classmethod
        def _clamped(cls, value: Any) -> Any:
            return max(1, value) if isinstance(value, int) else value


@breaks("bad_settings_are_refused", r"limit = .* raised AttributeError: .*; a validator raises ValueError")
class BadValidator(Quiet):
    class Settings(Settings):
        limit: str = Field("3 px", description="How many.")

        @field_validator("limit", mode="before")
        @classmethod
        def _stripped(cls, value: Any) -> Any:
            return value.strip()


# Life -----------------------------------------------------------------------------------------------------------------


@breaks("it_stops_without_a_frame", "raised AttributeError.*_last")
class CountsOnFrames(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> None:
        self._last = frame

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        self.camera.emit("last", self._last.captured_at_ns)


@breaks("it_stops_before_it_started", "stopping it before it started raised AttributeError")
class CountsOnStart(Quiet):
    @hookimpl
    def picctv_camera_started(self) -> None:
        self._open = []

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        self._open.clear()


@breaks("it_starts_again_with_its_data", "raised FileExistsError")
class MakesItsFolderOnce(Quiet):
    @hookimpl
    def picctv_camera_started(self) -> None:
        (self.camera.data / "pictures").mkdir()


@breaks("no_thread_is_left", "a thread goes on: stays; end and join it")
class LeavesThread(Quiet):
    ended: ClassVar[threading.Event] = threading.Event()

    @hookimpl
    def picctv_camera_started(self) -> None:
        threading.Thread(target=self.ended.wait, name="stays", daemon=True).start()


@breaks("no_file_is_left_open", "notes is still open; close it when it stops")
class LeavesFile(Quiet):
    @hookimpl
    def picctv_camera_started(self) -> None:
        self._fd = os.open(self.camera.data / "notes", os.O_CREAT | os.O_WRONLY)

    def __del__(self) -> None:  # the test's own process is to stay clean
        if hasattr(self, "_fd"):
            os.close(self._fd)


@breaks("nothing_is_written_outside_its_folder", "it wrote .*working/log.txt; write below camera.data")
class WritesHere(Quiet):
    @hookimpl
    def picctv_camera_started(self) -> None:
        Path("log.txt").write_text("started", encoding="utf-8")


@breaks("nothing_is_written_outside_its_folder", r"it wrote .*picctv-elsewhere")
class WritesElsewhere(Quiet):
    place: ClassVar[Path] = Path(tempfile.gettempdir(), "picctv-elsewhere")  # before the kit sets another one

    @hookimpl
    def picctv_camera_started(self) -> None:
        self.place.write_text("started", encoding="utf-8")
        self.place.unlink()


# Results --------------------------------------------------------------------------------------------------------------


@breaks("results_survive_the_wire", r"can't be sent: value\['frame'\] is a Frame")
class SaysFrame(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return {"frame": frame}


@breaks("results_fit_the_model", "frame 0: the result does not fit Result: score")
class FitsNot(Quiet):
    class Result(ResultModel):
        score: float = Field(description="How much.")

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return {"score": "high"}


@breaks("results_fit_the_model", "Result has no description for score")
class UndescribedResult(Quiet):
    class Result(ResultModel):
        score: float


@breaks("trigger_marks_are_booleans", '"triggered" is 1; make it a boolean, such as bool')
class MarksWithNumber(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return {"triggered": int(frame.luma.mean() > 0)}


@breaks("trigger_marks_are_booleans", '"score" is nan; make it a finite number')
class ScoresNan(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return {"triggered": True, "score": float("nan")}


@breaks("event_details_are_plain", "saying more of an event that ended raised CodecError: .*is a object")
class Thing(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return {"triggered": True}

    @hookimpl
    def picctv_event_ended(self, event: Any) -> Any:
        return {"thing": object()}


@breaks("event_details_are_plain", 'the "picture" of an event is no JPEG')
class RawPicture(Thing):
    @hookimpl
    def picctv_event_ended(self, event: Any) -> Any:
        return {"picture": bytes(100)}


@breaks("messages_are_plain", "it emitted what can't be sent: note: value is a object")
class SwallowsEmit(Quiet):
    @hookimpl
    def picctv_camera_started(self) -> None:
        try:
            self.camera.emit("note", object())
        except CodecError:
            self.lost = True


@breaks("health_is_small", r"its health has 'newest': \[1, 2\]; make it text, a number or a boolean")
class NestedHealth(Quiet):
    @hookimpl
    def picctv_health(self) -> Any:
        return {"newest": [1, 2]}


@breaks("health_is_small", "its health is a str")
class TextHealth(Quiet):
    @hookimpl
    def picctv_health(self) -> Any:
        return "fine"


@breaks("health_is_small", "its health takes 50.. bytes; 4096 is the most")
class LongHealth(Quiet):
    @hookimpl
    def picctv_health(self) -> Any:
        return {"log": "x" * 5000}


@breaks("same_frames_give_same_results", "said something else of the same frames.*seed chance")
class Dices(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return {"score": random.random()}


@breaks("same_frames_give_same_results", "said something else of the same frames.*the time from the frame")
class AsksTheSystem(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return {"at": time.time_ns()}


@breaks("objects_share_nothing", "beside a second camera's object it said something else.*keep it in self")
class SharesBackground(Quiet):
    before: ClassVar[dict[str, Any]] = {}

    @hookimpl
    def picctv_camera_started(self) -> None:
        self.before.clear()

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        before = self.before.get("luma", frame.luma)
        self.before["luma"] = frame.luma
        return {"score": float(np.abs(frame.luma.astype(int) - before).mean())}


@breaks("results_of_others_are_taken", r"hearing the result \[\] of another plugin raised TypeError")
class ExpectsDicts(Quiet):
    @hookimpl
    def picctv_result(self, result: Any) -> None:
        result.data.get("score") if isinstance(result.data, dict) else result.data["score"]


@breaks("results_of_others_are_taken", r"'triggered': True.* raised KeyError: 'score'")
class ExpectsScores(Quiet):
    uses = (TRIGGER,)

    @hookimpl
    def picctv_result(self, result: Any) -> None:
        self.score = result.data["score"]


# Frames ---------------------------------------------------------------------------------------------------------------


@breaks("frames_are_left_unchanged", r"it wrote into frame 0; work on a copy: frame\.luma\.copy\(\)")
class Draws(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> None:
        frame.luma.flags.writeable = True
        frame.luma[3, 3] ^= 255


@breaks("frames_are_left_unchanged", "frame 0, whose rows are padded raised")
class ExpectsTightRows(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        flat = frame.luma.view()
        flat.shape = (frame.luma.size,)
        return {"mean": float(flat.mean())}


@breaks("frames_of_any_size_are_taken", "analysing frames of 17x31 raised ValueError")
class ExpectsEvenSizes(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        rows, columns = frame.luma.shape
        halves = frame.luma.reshape(rows // 2, 2, columns // 2, 2)
        return {"mean": float(halves.mean())}


@breaks("holes_in_time_are_taken", "before which frames or time are missing raised ZeroDivisionError")
class DividesByPause(Quiet):
    before = -1

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        pause_ns, self.before = frame.captured_at_ns - self.before, frame.captured_at_ns
        return {"rate": 1e9 / pause_ns}


@breaks("holes_in_time_are_taken", "its health an hour after the last frame raised OverflowError")
class ExpectsFrames(Quiet):
    newest_ns = 0

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> None:
        self.newest_ns = frame.captured_at_ns

    @hookimpl
    def picctv_health(self) -> Any:
        late_ns = self.camera.clock.now_ns() - self.newest_ns
        return {"seconds late": (late_ns // 1_000_000_000).to_bytes(1, "big")[0]}


@breaks("time_budget_is_kept", "its median frame takes .* ms, 100.0 ms are allowed")
class Sleeps(Quiet):
    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> None:
        threading.Event().wait(0.105)


@breaks("access_units_are_taken", "taking access unit 0 of a video with holes raised IndexError")
class ExpectsKeyFirst(Quiet):
    @hookimpl
    def picctv_camera_started(self) -> None:
        self.groups: list[list[Any]] = []

    @hookimpl
    def picctv_access_unit(self, unit: Any) -> None:
        if unit.is_key:
            self.groups.append([])
        self.groups[-1].append(unit)


@breaks("motion_vectors_are_taken", "taking motion vectors of 1x1 blocks raised AttributeError")
class ExpectsDifferences(Quiet):
    @hookimpl
    def picctv_motion_vectors(self, vectors: Any) -> Any:
        return {"still": int((vectors.sad.max() < 100) and not vectors.x.any())}


@breaks("motion_vectors_are_taken", "taking motion vectors of 1x1 blocks raised ValueError: .*read-only")
class WritesIntoVectors(Quiet):
    @hookimpl
    def picctv_motion_vectors(self, vectors: Any) -> None:
        vectors.x[vectors.x == 1] = 0


@breaks("motion_vectors_are_taken", "taking motion vectors of 1x1 blocks, it wrote into them")
class ForcesItsWayIntoVectors(Quiet):
    @hookimpl
    def picctv_motion_vectors(self, vectors: Any) -> None:
        for array in (vectors.x, vectors.sad):
            if array is not None and array.base is None:
                array.flags.writeable = True
                np.add(array, 1, out=array)


# ----------------------------------------------------------------------------------------------------------------------

CLAUSES = list(clauses_of(AnalyzerConformance))


@pytest.fixture(scope="module", autouse=True)
def _threads_end() -> Iterator[None]:
    yield
    LeavesThread.ended.set()


def clauses_for(analyzer: type[Any]) -> Any:
    kind = type("TestIt", (AnalyzerConformance,), {"analyzer": analyzer, "seconds": 2.0})
    return kind()


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_has_its_broken_analyzer_and_says_the_rule(clause: str) -> None:
    assert BROKEN.get(clause)
    assert len(getattr(AnalyzerConformance, clause).__doc__ or "") > 60


@pytest.mark.parametrize(
    ("clause", "analyzer", "message"),
    [
        pytest.param(clause, analyzer, message, id=f"{clause}-{analyzer.__name__}")
        for clause, cases in BROKEN.items()
        for analyzer, message in cases
    ],
)
def test_clause_catches_what_breaks_it(clause: str, analyzer: type[Any], message: str) -> None:
    with pytest.raises(BrokenClauseError, match=message):
        getattr(clauses_for(analyzer), clause)()


@pytest.mark.parametrize("clause", CLAUSES)
def test_clause_is_kept_by_a_good_analyzer(clause: str) -> None:
    getattr(clauses_for(Good), clause)()


def test_one_call_lists_every_broken_clause() -> None:
    class Careless(Quiet):
        @hookimpl
        def picctv_analyze_frame(self, frame: Any) -> Any:
            return {"triggered": "yes"}

        @hookimpl
        def picctv_health(self) -> Any:
            return ["fine"]

    check_analyzer(Good, seconds=1.0)
    with pytest.raises(ConformanceError) as caught:
        check_analyzer(Careless, seconds=1.0)
    assert list(caught.value.broken) == ["test_trigger_marks_are_booleans", "test_health_is_small"]
    assert str(caught.value).splitlines() == [
        "the analyzer careless breaks 2 clauses:",
        "trigger_marks_are_booleans: \"triggered\" is 'yes'; make it a boolean, such as bool(x)",
        "health_is_small: its health is a list; make it a dict, or None",
    ]


def test_one_that_cannot_be_made_is_not_run() -> None:
    with pytest.raises(ConformanceError) as caught:
        check_analyzer(SettingsOnly)
    assert list(caught.value.broken) == ["test_it_is_made_with_settings_and_camera"]


def test_settings_of_the_test_stand_in_for_a_default() -> None:
    check_analyzer(NoDefault, settings={"limit": 3}, seconds=0.5)


def test_misspelt_option_and_missing_plugin_are_refused() -> None:
    with pytest.raises(TypeError, match="there is no option secs; there are settings, scene"):
        check_analyzer(Good, secs=3)
    with pytest.raises(PluginError, match=r"no plugin 'no-such' is installed in the group picctv\.node"):
        check_analyzer("no-such")
    with pytest.raises(PluginError, match="set analyzer = YourClass"):
        AnalyzerConformance().test_hooks_are_known()


def test_clause_that_is_set_to_none_is_left_out() -> None:
    class Slow(AnalyzerConformance):
        analyzer = Sleeps
        test_time_budget_is_kept = None  # type: ignore[assignment] # as the docs say it

    assert "test_time_budget_is_kept" not in clauses_of(Slow)
    assert len(clauses_of(Slow)) == len(CLAUSES) - 1
