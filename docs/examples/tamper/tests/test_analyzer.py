"""The contract, and what people are told."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from picctv_tamper.analyzer import TamperAnalyzer
from picctv_tamper.models import TamperResult, TamperSettings

from picctv_core.frames import Frame
from picctv_core.testing import AnalyzerConformance
from picctv_core.typed import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from picctv_core.testing import Run, Scene

CALM = ("walking", "parking", "light switched", "rain", "dark noise", "camera shake", "still")


class TestContract(AnalyzerConformance):
    """What picctv asks of every analyzer."""

    analyzer = TamperAnalyzer


def with_change(scene: Scene, begin_s: float, end_s: float, change: Callable[[Any], Any]) -> Iterator[Frame]:
    """Give a scene's frames, with a change made to some of them."""
    for index, frame in enumerate(scene.frames()):
        luma = frame.luma
        if begin_s <= index / scene.rate < end_s:
            luma = np.ascontiguousarray(change(luma), np.uint8)
        yield Frame(luma, frame.captured_at_ns, frame.sequence)


def titles(run: Run) -> list[str]:
    return [message.payload["title"] for message in run.messages]


def states(run: Run) -> set[str]:
    return {name for data in run.data for name in ("covered", "defocused", "moved") if data[name]}


@pytest.mark.parametrize("name", CALM)
def test_scene_that_nobody_tampers_with_is_quiet(
    picctv_run: Callable[..., Run], picctv_scene: Callable[..., Scene], name: str
) -> None:
    run = picctv_run(TamperAnalyzer, picctv_scene(name, duration_s=60.0))
    assert (titles(run), states(run)) == ([], set())
    assert len(run.data) >= 115


def test_covered_camera_is_told_and_its_end(
    picctv_run: Callable[..., Run], picctv_scene: Callable[..., Scene]
) -> None:
    scene = picctv_scene("walking", duration_s=45.0)
    frames = with_change(scene, 20, 32, lambda luma: np.full_like(luma, 30))
    run = picctv_run(TamperAnalyzer, frames=frames)
    assert titles(run) == ["The camera Camera is covered", "The camera Camera is no longer covered"]
    assert [message.payload["level"] for message in run.messages] == ["warning", "info"]
    assert states(run) == {"covered"}
    [event] = run.events
    began_s, ended_s = ((event[key] - scene.start_ns) / 1e9 for key in ("started_at_ns", "ended_at_ns"))
    assert 23 <= began_s <= 26
    assert 34 <= ended_s <= 36
    assert event["peak_score"] == 1.0
    assert run.health["alarms"] == 1


def test_moved_camera_settles_on_its_new_view(
    picctv_run: Callable[..., Run], picctv_scene: Callable[..., Scene]
) -> None:
    scene = picctv_scene("still", duration_s=60.0)
    frames = with_change(scene, 20, 60, lambda luma: luma[::-1, ::-1])
    run = picctv_run(TamperAnalyzer, frames=frames, settings={"settle_s": 15})
    assert titles(run) == ["The camera Camera is moved", "The camera Camera has settled on its new view"]
    assert run.data[-1]["triggered"] is False
    assert run.data[-1]["lost"] == 0.0


def test_short_cover_is_not_told(picctv_run: Callable[..., Run], picctv_scene: Callable[..., Scene]) -> None:
    scene = picctv_scene("walking", duration_s=35.0)
    frames = with_change(scene, 20, 22, lambda luma: np.full_like(luma, 30))
    assert titles(picctv_run(TamperAnalyzer, frames=frames)) == []


def test_view_without_edges_can_not_be_judged(picctv_run: Callable[..., Run]) -> None:
    """A blank wall, then a blank wall in another light: there is nothing that could be lost."""
    frames = [
        Frame(np.full((240, 320), 90 if index < 200 else 60, np.uint8), index * 100_000_000, index)
        for index in range(400)
    ]
    run = picctv_run(TamperAnalyzer, frames=frames)
    assert (titles(run), states(run)) == ([], set())


def test_wide_pictures_are_looked_at_in_time(
    picctv_run: Callable[..., Run], picctv_scene: Callable[..., Scene]
) -> None:
    run = picctv_run(TamperAnalyzer, picctv_scene("walking", 1280, 720, duration_s=3.0))
    assert len(run.data) == 6
    assert run.timing["picctv_analyze_frame"].ms_p50 < 50


def test_every_field_of_a_result_becomes_a_chart_or_a_filter() -> None:
    found = {field.name: (field.type, field.unit) for field in fields_of(TamperResult)}
    assert found == {
        "triggered": ("boolean", ""),
        "score": ("number", ""),
        "covered": ("boolean", ""),
        "defocused": ("boolean", ""),
        "moved": ("boolean", ""),
        "sharpness": ("number", "%"),
        "contrast": ("number", "%"),
        "lost": ("number", "%"),
    }


def test_settings_of_the_how_to_are_accepted() -> None:
    """Each table of settings that the page shows for this plugin."""
    page = Path(__file__).resolve().parents[3] / "how-to" / "notice-a-tampered-camera.md"
    shown = [
        tomllib.loads(block)
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    tables = [
        part["plugins"]["tamper"]
        for data in shown
        for part in (data, *data.get("cameras", {}).values())
        if "plugins" in part
    ]
    assert tables
    for table in tables:
        # `enabled` is the node's own.
        TamperSettings.model_validate({key: value for key, value in table.items() if key != "enabled"})
