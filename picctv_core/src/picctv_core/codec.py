"""Plain Python data as bytes, and back: msgpack with bounds and a few types of our own.

Beside what msgpack knows, these survive the wire: numpy arrays (bool, integers, floats, complex) with shape and dtype,
numpy scalars (as Python numbers), aware datetimes, integers beyond 64 bits, and tuples and sets (as lists;
a set's in an order that is always the same).
Nothing that comes in is ever executed: no pickle, no class names.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgpack
import numpy as np

from picctv_core.errors import CodecError

MAX_BYTES = 512 * 2**20
"""The largest packed value, in bytes; an hour of video at 1 Mbit/s fits."""

MAX_DEPTH = 64
"""How deep lists and maps may be nested: msgpack itself would recurse until the stack ends."""

_ARRAY, _DATETIME, _BIG_INT = 1, 2, 3
_ARRAY_KINDS = "biufc"
# Most of what results hold: no place in the value has to be named for them, which takes longer than packing them.
_AS_THEY_ARE = frozenset({type(None), bool, float, str, bytes})
_MICROSECOND = dt.timedelta(microseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def pack(value: Any) -> bytes:
    """Turn plain data into bytes.

    Raises:
        CodecError: it contains something that is no plain data, is nested deeper than `MAX_DEPTH` or larger than
            `MAX_BYTES`. The error says where in the value.
    """
    try:
        data: bytes = msgpack.packb(_plain(value, "value", 0), use_bin_type=True)
    except CodecError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        msg = f"the value can't be packed: {error}"
        raise CodecError(msg) from error
    if len(data) > MAX_BYTES:
        msg = f"the value takes {len(data)} bytes packed, more than the {MAX_BYTES} allowed"
        raise CodecError(msg)
    return data


def unpack(data: bytes) -> Any:
    """Turn bytes made by `pack` into the data again.

    Raises:
        CodecError: the bytes are not of this form, are damaged, too large or nested too deep.
    """
    if len(data) > MAX_BYTES:
        msg = f"{len(data)} bytes are more than the {MAX_BYTES} allowed"
        raise CodecError(msg)
    try:
        value = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=False,
            ext_hook=_from_ext,
            max_bin_len=MAX_BYTES,
            max_str_len=MAX_BYTES,
        )
        _check_depth(value, 0)
    except CodecError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        msg = f"these bytes are no message of ours: {error or type(error).__name__}"
        raise CodecError(msg) from error
    return value


def _plain(value: Any, where: str, depth: int) -> Any:
    """Give the value with our own types as msgpack ext types, checked from top to bottom."""
    if depth > MAX_DEPTH or (depth == MAX_DEPTH and isinstance(value, (dict, list, tuple)) and value):
        msg = f"{where[:60]}... is nested more than {MAX_DEPTH} deep"
        raise CodecError(msg)
    if value is None or isinstance(value, (bool, float, str, bytes)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else _big_int(value)
    if isinstance(value, dict):
        return {
            _key(key, where): item
            if type(item) in _AS_THEY_ARE
            else _plain(item, f"{where}[{key!r}]", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (set, frozenset)):
        # The order of a set differs from process to process; the same set has the same bytes everywhere.
        return sorted((_plain(item, where, depth + 1) for item in value), key=msgpack.packb)
    if isinstance(value, (list, tuple)):
        return [
            item if type(item) in _AS_THEY_ARE else _plain(item, f"{where}[{index}]", depth + 1)
            for index, item in enumerate(value)
        ]
    if isinstance(value, np.ndarray):
        return _array(value, where)
    if isinstance(value, np.generic) and value.dtype.kind in _ARRAY_KINDS:
        return _plain(value.item(), where, depth)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, dt.datetime):
        return _datetime(value, where)
    msg = f"{where} is a {type(value).__name__}, which is no plain data"
    raise CodecError(msg)


def _key(key: Any, where: str) -> str | int:
    if isinstance(key, (str, int)):
        return key
    msg = f"a key of {where} is a {type(key).__name__}; keys are text or whole numbers"
    raise CodecError(msg)


def _big_int(value: int) -> msgpack.ExtType:
    return msgpack.ExtType(_BIG_INT, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _array(value: np.ndarray[Any, Any], where: str) -> msgpack.ExtType:
    if value.dtype.kind not in _ARRAY_KINDS:
        msg = f"{where} is an array of {value.dtype}; arrays hold numbers or booleans"
        raise CodecError(msg)
    # One byte order on the wire, whatever machine the node is.
    little = value.astype(value.dtype.newbyteorder("<"), order="C", copy=False)
    header = [little.dtype.str, list(little.shape), little.tobytes()]
    return msgpack.ExtType(_ARRAY, msgpack.packb(header, use_bin_type=True))


def _datetime(value: dt.datetime, where: str) -> msgpack.ExtType:
    if value.tzinfo is None:
        msg = f"{where} is a datetime without a time zone: use one with tzinfo, for example UTC"
        raise CodecError(msg)
    return msgpack.ExtType(_DATETIME, ((value - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True))


def _from_ext(code: int, data: bytes) -> Any:
    if code == _BIG_INT:
        return int.from_bytes(data, "big", signed=True)
    if code == _DATETIME:
        return _EPOCH + int.from_bytes(data, "big", signed=True) * _MICROSECOND
    if code == _ARRAY:
        return _from_array(data)
    msg = f"type {code} is none of ours"
    raise CodecError(msg)


def _from_array(data: bytes) -> np.ndarray[Any, Any]:
    dtype_text, shape, raw = msgpack.unpackb(data, raw=False)
    dtype = np.dtype(dtype_text)
    if dtype.kind not in _ARRAY_KINDS or dtype.fields is not None:
        msg = f"an array of {dtype_text} is not allowed"
        raise CodecError(msg)
    if not all(isinstance(side, int) and side >= 0 for side in shape):
        msg = f"an array has no shape {shape}"
        raise CodecError(msg)
    return np.frombuffer(raw, dtype).reshape(shape).copy()


def _check_depth(value: Any, depth: int) -> None:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    if value and depth >= MAX_DEPTH:
        msg = f"the message is nested more than {MAX_DEPTH} deep"
        raise CodecError(msg)
    for item in value:
        if isinstance(item, (dict, list)):
            _check_depth(item, depth + 1)
