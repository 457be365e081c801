"""Which notifications are sent."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from picctv_notifier.choice import Choice, RateLimit

from .notes import note

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = dt.time(12)


@pytest.mark.parametrize(
    ("keys", "fields", "wanted"),
    [
        ({}, {}, True),
        ({"level": "warning"}, {"level": "info"}, False),
        ({"level": "warning"}, {"level": "warning"}, True),
        ({"level": "warning"}, {"level": "error"}, True),
        ({"plugins": ["motion"]}, {"plugin": "motion"}, True),
        ({"plugins": ["motion"]}, {"plugin": "tamper"}, False),
        ({"plugins": ["motion"]}, {"plugin": ""}, False),
        ({"plugins": ["picctv"]}, {"plugin": ""}, True),
        ({"cameras": ["garage/*"]}, {"camera": "garage/street"}, True),
        ({"cameras": ["garage/*"]}, {"camera": "barn/door"}, False),
        ({"cameras": ["barn/door", "garage/street"]}, {"camera": "garage/street"}, True),
        ({"cameras": ["garage/*"]}, {"camera": ""}, False),
    ],
)
def test_wanted_is_what_the_settings_choose(
    settings: Callable[..., Any], keys: dict[str, Any], fields: dict[str, Any], wanted: bool
) -> None:
    assert Choice(settings(**keys)).wants(note(**fields), NOON) is wanted


@pytest.mark.parametrize(
    ("quiet", "now", "is_quiet"),
    [
        ("22:00-06:30", dt.time(21, 59), False),
        ("22:00-06:30", dt.time(22, 0), True),
        ("22:00-06:30", dt.time(0, 0), True),
        ("22:00-06:30", dt.time(6, 29), True),
        ("22:00-06:30", dt.time(6, 30), False),
        ("12:00-13:00", dt.time(12, 30), True),
        ("12:00-13:00", dt.time(13, 0), False),
    ],
)
def test_quiet_hours_let_errors_through_only(
    settings: Callable[..., Any], quiet: str, now: dt.time, is_quiet: bool
) -> None:
    choice = Choice(settings(quiet=quiet))
    wanted = [choice.wants(note(level=level), now) for level in ("info", "warning", "error")]
    assert wanted == ([False, False, True] if is_quiet else [True, True, True])


def test_quiet_hours_never_lower_the_level(settings: Callable[..., Any]) -> None:
    choice = Choice(settings(level="error", quiet="22:00-06:30", quiet_level="info"))
    assert not choice.wants(note(level="warning"), dt.time(23))


def test_rate_limit_counts_what_it_held_back() -> None:
    limit = RateLimit(2)
    answers = [limit.admit("garage/street", now_s) for now_s in (0, 1, 2, 3, 59.9, 60, 60.5, 61)]
    assert answers == [0, 0, None, None, None, 3, None, 1]


def test_rate_limit_is_each_cameras_own() -> None:
    limit = RateLimit(1)
    assert [limit.admit(camera, 0.0) for camera in ("a", "a", "b", "b")] == [0, None, 0, None]
