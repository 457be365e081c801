"""The way of typed results on a node: the model is told first, and each batch names its version."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import Field

from picctv_core import codec
from picctv_core.declarations import declared
from picctv_core.errors import CodecError
from picctv_core.hookspecs import hookimpl
from picctv_core.node.plugin_camera import PluginCamera
from picctv_core.node.results import ResultFlow
from picctv_core.node.spool import Spool
from picctv_core.testing import FakeCamera, FakeClock
from picctv_core.typed import ResultModel, schema_of
from tests.core.test_node_workers import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from picctv_core.frames import Result

S = 1_000_000_000


class Light(ResultModel):
    version = 4

    level: float = Field(ge=0, le=255)
    triggered: bool = False


class LightAnalyzer:
    """Says what it is fed: the frame's corner."""

    Result = Light

    def __init__(self, settings: Any, camera: Any) -> None:
        self.said: dict[int, Any] = {1: {"level": "dark"}, 2: Light(level=2), 3: {"level": 3, "extra": 1}}

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> Any:
        return self.said.get(frame.sequence, {"level": frame.sequence})


class Flow:
    """A `ResultFlow` with a spool behind it."""

    def __init__(self, folder: Path, cameras: Any, model: type[ResultModel] | None) -> None:
        self.clock = FakeClock(100 * S)
        self.spool = Spool(folder / "spool.db", self.clock)
        self.published: list[Result] = []
        config = cameras.config(None, cameras.plugin("light", LightAnalyzer))
        camera = PluginCamera(
            "n",
            config,
            "light",
            data=folder / "light",
            clock=self.clock,
            spool=self.spool,
            video=lambda: None,
        )
        self.flow = ResultFlow(camera, self.published.append, model)

    def sent(self) -> list[tuple[str, Any]]:
        """Give kind and payload of everything sent, in order."""
        found = self.spool.take(10**9, priorities=(0, 1)).result()
        self.spool.release().result()
        return [(stored.kind, codec.unpack(stored.payload)) for stored in found]


@pytest.fixture
def make_flow(tmp_path: Path, cameras: Any) -> Iterator[Any]:
    made: list[Flow] = []

    def make(model: type[ResultModel] | None) -> Flow:
        made.append(Flow(tmp_path, cameras, model))
        return made[-1]

    yield make
    for flow in made:
        flow.spool.close()


def test_model_is_told_once_and_before_the_first_results(make_flow: Any) -> None:
    own: Flow = make_flow(Light)
    for number in range(5):
        own.flow.tick()
        own.flow.add(number * S, {"level": float(number), "triggered": False})
        own.clock.advance(0.6)
    own.flow.close()
    sent = own.sent()
    assert [kind for kind, _ in sent] == ["schema", "results", "results", "results"]
    assert sent[0][1] == schema_of(Light)
    assert [payload["version"] for _, payload in sent[1:]] == [4, 4, 4]
    assert [len(payload["items"]) for _, payload in sent[1:]] == [2, 2, 1]


def test_results_without_a_model_have_no_version(make_flow: Any) -> None:
    own: Flow = make_flow(None)
    own.flow.add(0, {"level": 1})
    own.flow.close()
    assert own.sent() == [("results", {"items": [[0, {"level": 1}]]})]


@pytest.fixture
def bench(tmp_path: Path, cameras: Any) -> Iterator[Bench]:
    made = Bench(tmp_path, cameras)
    yield made
    made.spool.close()


def test_result_that_does_not_fit_its_model_is_a_failed_call(bench: Bench, cameras: Any) -> None:
    worker = bench.start(LightAnalyzer)
    for number in range(5):
        worker.inbox.put_frame(cameras.frame(number, number * S))
        while len(bench.published) + worker.report()["counts"]["failures"] <= number:
            time.sleep(0.002)
    report = worker.report()
    bench.stop()
    assert [result.data["level"] for result in bench.published] == [0.0, 2.0, 4.0]
    assert report["counts"]["failures"] == 2
    [batch] = bench.sent("results")
    assert batch["version"] == 4
    assert [schema["version"] for schema in bench.sent("schema")] == [4]


def test_fake_camera_takes_a_schema_that_is_one(tmp_path: Path) -> None:
    camera = FakeCamera(tmp_path)
    camera.emit("schema", schema_of(Light))
    assert [message.payload["version"] for message in camera.of_kind("schema")] == [4]
    for payload in (
        {},
        {"version": 1, "fields": 5, "json_schema": {}},
        {"version": "x", "fields": [], "json_schema": {}},
    ):
        with pytest.raises(CodecError, match="a message of kind 'schema' has another payload"):
            camera.emit("schema", payload)


def test_declaration_has_the_model() -> None:
    assert declared(LightAnalyzer).result is Light
