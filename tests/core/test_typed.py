"""Typed results: what a model says of itself, and what becomes of an analyzer's words."""

from __future__ import annotations

import datetime as dt
import enum
import math
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, computed_field

from picctv_core import codec
from picctv_core.declarations import declared
from picctv_core.errors import PluginError
from picctv_core.typed import ResultField, ResultModel, fields_of, plain, schema_of

Seats = NewType("Seats", int)


class Weather(enum.Enum):
    DRY = "dry"
    WET = "wet"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Box(BaseModel):
    left: float
    label: Weather = Weather.DRY


class Everything(ResultModel):
    """One field of each form."""

    version = 3

    sharpness: float = Field(ge=0, le=1, description="How sharp.", json_schema_extra={"unit": "px"})
    people_seen: int = Field(0, title="People", gt=-1)
    triggered: bool = False
    dark: bool | None = None
    near: Annotated[float, Field(ge=2.5, json_schema_extra={"unit": "m"})] | None = None
    seats: Seats = Seats(0)
    lanes: PositiveInt = 1
    choice: Literal[1, 2] = 1
    level: Level = Level.LOW
    mixed: int | bool = 0
    either: int | float = 0
    weather: Weather = Weather.DRY
    name: str = ""
    box: Box | None = None
    boxes: list[tuple[float, float]] = Field(default_factory=list)

    @computed_field(description="Twice.")  # type: ignore[prop-decorator]
    @property
    def double(self) -> float:
        return self.sharpness * 2


class Plain(ResultModel):
    when: dt.datetime | None = None
    day: dt.date | None = None
    where: Path | None = None
    price: Decimal | None = None
    raw: bytes = b""
    tags: frozenset[str] = frozenset()
    by_weather: dict[Weather, int] = Field(default_factory=dict)
    corners: set[tuple[int, int]] = Field(default_factory=set)
    box: Box | None = None
    level: Level = Level.LOW
    anything: Any = None


class Score(ResultModel):
    score: float
    count: int = 0
    triggered: bool = False


def test_fields_are_the_numbers_and_booleans_at_the_top_with_what_people_read() -> None:
    assert fields_of(Everything) == (
        ResultField("sharpness", "number", "Sharpness", "How sharp.", "px", 0.0, 1.0),
        ResultField("people_seen", "number", "People", minimum=-1.0),
        ResultField("triggered", "boolean", "Triggered"),
        ResultField("dark", "boolean", "Dark"),
        ResultField("near", "number", "Near", unit="m", minimum=2.5),
        ResultField("seats", "number", "Seats"),
        ResultField("lanes", "number", "Lanes", minimum=0.0),
        ResultField("choice", "number", "Choice"),
        ResultField("level", "number", "Level"),
        ResultField("either", "number", "Either"),
        ResultField("double", "number", "Double", "Twice."),
    )


class Tree(ResultModel):
    height: float
    branches: list[Tree] = Field(default_factory=list)


def test_model_that_contains_itself_has_fields_too() -> None:
    assert fields_of(Tree) == (ResultField("height", "number", "Height"),)


def test_field_can_be_left_out_of_the_charts() -> None:
    class Quiet(ResultModel):
        loud: float = Field(1.0, json_schema_extra={"chart": True})
        quiet: float | None = Field(None, json_schema_extra={"chart": False, "unit": "px"})
        level: Level = Field(Level.LOW, json_schema_extra={"chart": False})

    assert [(own.name, own.unit, own.chart) for own in fields_of(Quiet)] == [
        ("loud", "", True),
        ("quiet", "px", False),
        ("level", "", False),
    ]
    assert [own["chart"] for own in schema_of(Quiet)["fields"]] == [True, False, False]


def test_schema_survives_the_wire() -> None:
    schema = schema_of(Everything)
    assert codec.unpack(codec.pack(schema)) == schema
    assert (schema["version"], len(schema["fields"])) == (3, 11)
    assert schema["fields"][0] == {
        "name": "sharpness", "type": "number", "title": "Sharpness", "description": "How sharp.", "unit": "px",
        "minimum": 0.0, "maximum": 1.0, "chart": True,
    }  # fmt: skip
    assert schema["json_schema"]["properties"]["box"]["anyOf"][0] == {"$ref": "#/$defs/Box"}


@pytest.mark.parametrize("version", [0, -1, True, 1.5, "2", 2**31])
def test_version_is_a_whole_number_from_one_on(version: Any) -> None:
    model = type("Own", (ResultModel,), {"version": version})
    with pytest.raises(PluginError, match=r"the version of Own is .*; it is a whole number from 1 on"):
        schema_of(model)


def test_model_that_can_not_be_described_is_told_when_the_plugin_is_read() -> None:
    class Array(ResultModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        image: np.ndarray

    with pytest.raises(PluginError, match="Array can't be described"):
        fields_of(Array)
    with pytest.raises(
        PluginError, match=r"Odd can't be described: value\['json_schema'\].* is no plain data"
    ):
        schema_of(type("Odd", (ResultModel,), {"model_config": {"json_schema_extra": {"x": object()}}}))

    class Analyzer:
        Result = Array

    with pytest.raises(PluginError, match="Analyzer: its Result: Array can't be described"):
        declared(Analyzer)


def test_plain_without_a_model_or_a_result_gives_what_it_got() -> None:
    value = object()
    assert plain(None, value) is value
    assert plain(Score, None) is None


def test_numpy_numbers_and_arrays_are_taken() -> None:
    said = {
        "sharpness": np.float32(0.5),
        "people_seen": np.int64(3),
        "triggered": np.bool_(True),
        "boxes": np.array([[1, 2], [3, 4]], np.float32),
        "box": {"left": np.float64(1.5), "label": "wet"},
    }
    for given_ in (said, Everything(**said)):
        found = plain(Everything, given_)
        assert found == {
            **plain(Everything, {"sharpness": 0.5}),
            "people_seen": 3,
            "triggered": True,
            "boxes": [[1.0, 2.0], [3.0, 4.0]],
            "box": {"left": 1.5, "label": "wet"},
        }
        assert [type(found[name]) for name in ("sharpness", "people_seen", "triggered")] == [float, int, bool]


def test_what_the_codec_does_not_know_becomes_what_json_says() -> None:
    at = dt.datetime(2026, 3, 17, 8, 30, tzinfo=dt.UTC)
    found = plain(
        Plain,
        Plain(
            when=at,
            day=at.date(),
            where=Path("a/b"),
            price=Decimal("1.50"),
            raw=b"\xff\x00",
            tags=frozenset({"b", "a"}),
            by_weather={Weather.WET: 2},
            corners={(3, 4), (1, 2)},
            box=Box(left=1, label=Weather.WET),
            level=Level.HIGH,
            anything=(Level.LOW, {"x": Weather.DRY}),
        ),
    )
    assert codec.unpack(codec.pack(found)) == {
        "when": at,
        "day": "2026-03-17",
        "where": "a/b",
        "price": "1.50",
        "raw": b"\xff\x00",
        "tags": ["a", "b"],
        "by_weather": {"wet": 2},
        "corners": [[1, 2], [3, 4]],
        "box": {"left": 1.0, "label": "wet"},
        "level": 2,
        "anything": [1, {"x": "dry"}],
    }
    naive = plain(Plain, {"when": dt.datetime(2026, 3, 17)})  # noqa: DTZ001 - one without a zone is the case
    assert naive["when"] == "2026-03-17T00:00:00"


def test_nan_stays_nan() -> None:
    assert math.isnan(plain(Score, {"score": math.nan})["score"])


def test_faults_are_all_told_in_one_line() -> None:
    with pytest.raises(PluginError) as caught:
        plain(Score, {"score": "high", "count": 1.5, "extra": 1})
    assert str(caught.value) == (
        "the result does not fit Score: score: Input should be a valid number, unable to parse string as a number; "
        "count: Input should be a valid integer, got a number with a fractional part; "
        "extra: Extra inputs are not permitted"
    )


def test_many_faults_are_counted() -> None:
    with pytest.raises(PluginError, match=r"x7: Extra inputs are not permitted; and 92 more$"):
        plain(Score, {"score": 1, **{f"x{number}": 1 for number in range(100)}})


@pytest.mark.parametrize("value", [5, "text", [1], object(), Box(left=1), {"score": None}, {}])
def test_what_is_no_result_of_the_model_is_refused(value: Any) -> None:
    with pytest.raises(PluginError, match="the result does not fit Score"):
        plain(Score, value)


def test_object_that_was_never_checked_is_refused_too() -> None:
    with pytest.raises(PluginError, match=r"the result does not fit Score.*score"):
        plain(Score, Score.model_construct(score="high"))


def test_result_can_not_be_changed_after_it_was_checked() -> None:
    found = Score(score=1)
    with pytest.raises(ValueError, match="frozen"):
        found.score = 2


_numbers = st.one_of(
    st.floats(allow_nan=False),
    st.floats(width=32, allow_nan=False).map(np.float32),
    st.integers(-(2**53), 2**53),
)


@given(
    _numbers,
    st.one_of(st.integers(-(2**40), 2**40), st.integers(-(2**31), 2**31 - 1).map(np.int32)),
    st.booleans(),
)
def test_dict_and_object_give_the_same_that_survives_the_wire(
    score: Any, count: Any, triggered: bool
) -> None:
    said = {"score": score, "count": count, "triggered": triggered}
    found = plain(Score, said)
    assert found == plain(Score, Score(**said)) == said
    assert codec.unpack(codec.pack(found)) == found
    assert plain(Score, found) == found


def fault(value: Any) -> str:
    """Say why a value is no score; empty where it is one."""
    try:
        plain(Score, value)
    except PluginError as error:
        return str(error)
    return ""


@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
def test_whatever_an_analyzer_says_fits_or_is_refused_in_words(value: Any) -> None:
    said = fault(value)
    assert "\n" not in said
    assert (said == "") or said.startswith("the result does not fit Score: ")
    if value is not None and not (isinstance(value, dict) and "score" in value):
        assert said
