"""What survives the wire, and what is refused."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from picctv_core import codec
from picctv_core.errors import CodecError

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes(timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30))])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(-(2**63), 2**64 - 1), inner),
    max_leaves=20,
)
NUMBERS = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.unsigned_integer_dtypes()
    | hnp.floating_dtypes(sizes=(16, 32, 64))
)


@given(PLAIN)
def test_plain_data_survives(value: Any) -> None:
    assert codec.unpack(codec.pack(value)) == value


@given(hnp.arrays(NUMBERS, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)))
def test_arrays_survive_with_shape_and_kind(array: Any) -> None:
    found = codec.unpack(codec.pack({"a": array}))["a"]
    assert (found.shape, found.dtype) == (array.shape, array.dtype.newbyteorder("<"))
    np.testing.assert_array_equal(found, array)


def test_view_of_an_array_survives() -> None:
    array = np.arange(24).reshape(4, 6)[::2, ::-1]
    np.testing.assert_array_equal(codec.unpack(codec.pack(array)), array)


def test_numpy_scalars_and_tuples_become_plain() -> None:
    value = {"score": np.float32(0.5), "count": np.int64(3), "is": np.bool_(True), "box": (1, 2)}
    found = codec.unpack(codec.pack(value))
    assert found == {"score": 0.5, "count": 3, "is": True, "box": [1, 2]}
    assert [type(item) for item in found.values()] == [float, int, bool, list]


def test_nan_survives() -> None:
    assert math.isnan(codec.unpack(codec.pack(math.nan)))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, object()]}, r"value\['a'\]\[1\] is a object, which is no plain data"),
        ({"at": dt.datetime(2026, 1, 1)}, r"value\['at'\]"),  # noqa: DTZ001 - that is what is refused
        ({(1, 2): 3}, "a key of value is a tuple; keys are text or whole numbers"),
        (np.array(["text"]), "arrays hold numbers or booleans"),
        (np.array([object()]), "arrays hold numbers or booleans"),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), "arrays hold numbers or booleans"),
        ("\ud800", "can't be packed"),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        codec.pack(value)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_bounded_both_ways() -> None:
    assert codec.unpack(codec.pack(nested(codec.MAX_DEPTH))) == nested(codec.MAX_DEPTH)
    with pytest.raises(CodecError, match="nested more than 64 deep"):
        codec.pack(nested(codec.MAX_DEPTH + 1))
    with pytest.raises(CodecError, match="nested more than 64 deep"):
        codec.unpack(msgpack.packb(nested(codec.MAX_DEPTH + 1)))
    with pytest.raises(CodecError):
        codec.unpack(b"\x91" * 100_000 + b"\x01")


def test_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(CodecError, match="nested"):
        codec.pack(value)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_codec_error(data: bytes) -> None:
    with contextlib.suppress(CodecError):
        codec.unpack(data)


@given(PLAIN, st.data())
def test_damaged_bytes_give_a_value_or_a_codec_error(value: Any, data: st.DataObject) -> None:
    packed = bytearray(codec.pack(value))
    packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CodecError):
        codec.unpack(bytes(packed))


@pytest.mark.parametrize(
    "header",
    [
        ["<O8", [1], b"12345678"],
        ["|V8", [1], b"12345678"],
        ["<f8", [2], b"12345678"],
        ["<f8", [-1], b"12345678"],
        ["<f8", [2**40, 2**40], b""],
        ["no type", [1], b"1"],
        ["<f8", "1", b"12345678"],
        ["<f8"],
        3,
        ["<f8", [1], "text"],
    ],
)
def test_array_that_lies_about_itself_is_refused(header: Any) -> None:
    with pytest.raises(CodecError):
        codec.unpack(msgpack.packb(msgpack.ExtType(1, msgpack.packb(header))))


def test_unknown_extension_is_refused() -> None:
    with pytest.raises(CodecError):
        codec.unpack(msgpack.packb(msgpack.ExtType(99, b"x")))


def test_a_set_has_the_same_bytes_whatever_its_order() -> None:
    one, two = {0, 8, "a", (1, 2)}, {(1, 2), "a", 8, 0}
    assert list({0, 8}) != list({8, 0}), "sets keep the order of insertion where their items collide"
    assert codec.pack(one) == codec.pack(two)
    assert codec.unpack(codec.pack({8, 0})) == [0, 8]
