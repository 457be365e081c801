"""The settings of a Pi's cameras, and telling night from day; the drivers themselves are tried in tests/pi."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from picctv_core.sources.pi.lent import MOST_LENT, Lender
from picctv_core.sources.pi.night import DayOrNight, lux_of
from picctv_core.sources.pi.picamera2_source import Picamera2Settings, Picamera2Source
from picctv_core.sources.pi.picamera_source import PicameraSettings, PicameraSource

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1_000_000_000


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Berlin: in winter one hour ahead of UTC."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str) -> int:
    return round(datetime.fromisoformat(f"2026-01-15T{text}").replace(tzinfo=UTC).timestamp()) * SECOND


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("begins", "ends", "nights", "days"),
    [
        ("21:00", "06:30", ["20:00", "23:30", "05:29"], ["05:30", "12:00", "19:59"]),
        ("01:00", "05:00", ["00:00", "03:59"], ["04:00", "23:59"]),
    ],
)
def test_the_schedule_is_in_local_time(begins: str, ends: str, nights: list[str], days: list[str]) -> None:
    rules = {"mode": "schedule", "begins": begins, "ends": ends}
    watch = DayOrNight(Picamera2Settings(night=rules))
    for text in nights:
        watch.see(at(text), None)
        assert watch.night, text
    for text in days:
        watch.see(at(text), 0.0)
        assert not watch.night, text


def test_light_has_to_last() -> None:
    watch = DayOrNight(Picamera2Settings(night={"mode": "light", "for_s": 10.0}))
    changes = []
    for second in range(60):
        dark = second == 5 or second >= 20
        if watch.see(second * SECOND, 1.0 if dark else 500.0):
            changes.append(second)
    assert changes == [30]
    # between the two thresholds it stays what it was, and where the camera does not tell, too
    assert [watch.see(second * SECOND, lux) for second, lux in ((100, 12.0), (200, 12.0), (300, None))] == [
        False
    ] * 3
    assert watch.night
    assert watch.look is watch.settings.night.look


def test_without_night_mode_it_is_always_day() -> None:
    watch = DayOrNight(Picamera2Settings())
    assert not any(watch.see(second * SECOND, 0.0) for second in range(0, 100_000, 600))


def test_lux_of_the_reference_is_the_reference() -> None:
    bright = 255 * 0.194 ** (1 / 2.2)
    lux = lux_of(27685.0, 1.0, bright)
    assert lux == pytest.approx(998.0)
    assert lux_of(27685.0, 8.0, bright) == pytest.approx(998.0 / 8)
    assert lux_of(0, 1.0, 100.0) is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"size": "1279x720"}, "even numbers from 64 to 1920"),
        ({"size": "4056x3040"}, "even numbers from 64 to 1920"),
        ({"region": (0.5, 0.5, 0.6, 0.2)}, "region lies within the sensor"),
        ({"region": (0, 0, 0.01, 1)}, "at least 0.05 wide and high"),
        ({"night": {"mode": "light", "below_lux": 30}}, "above_lux is at least below_lux"),
        ({"look": {"gain": 0.5}}, "greater than or equal to 1"),
        ({"rotation": 45}, "Input should be 0, 90, 180 or 270"),
    ],
)
def test_settings_that_no_camera_can_have(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PicameraSettings.model_validate(settings)


def test_what_changes_while_running() -> None:
    settings = Picamera2Settings()
    assert settings.changes_while_running(
        Picamera2Settings(look={"gain": 2.0}, night={"mode": "light"}, region=(0, 0, 0.5, 0.5))
    )
    for other in (
        {"size": "640x480"},
        {"rate": 10.0},
        {"bitrate": 1000},
        {"rotation": 180},
        {"mirror": True},
    ):
        assert not settings.changes_while_running(Picamera2Settings.model_validate(other))


def test_drivers_say_what_is_missing_here() -> None:
    assert Picamera2Source.missing().startswith("there is no module picamera2: apt install python3-picamera2")
    assert PicameraSource.missing().startswith("there is no module picamera: on 32-bit Raspberry Pi OS")


@given(st.lists(st.integers(0, 7), min_size=1, max_size=60))
def test_pictures_go_back_when_nothing_looks_at_them(steps: list[int]) -> None:
    lender = Lender()
    memory = np.zeros((8, 4, 4), np.uint8)
    out: dict[int, object] = {}
    given_back: list[int] = []
    lent = 0
    for step, number in enumerate(steps):
        memory[number] = step % 256
        view = lender.lend(memory[number], lambda number=step: given_back.append(number))
        assert not view.flags.writeable
        assert view.tobytes() == memory[number].tobytes()
        lent += np.shares_memory(view, memory)
        # a view of a view keeps the picture as well as the view itself
        out[number] = view[1:, 1:]
        del view
        assert lender.lent <= MOST_LENT
    out.clear()
    assert sorted(given_back) == list(range(len(steps)))
    assert lender.lent == 0
    assert lent >= 1
