"""Plain data as JSON.

JSON knows less than `picctv_core.codec`. What it lacks is written so that nothing is lost and nothing is taken for what it
is not:

=====================  ================================================================================================
data                   JSON
=====================  ================================================================================================
numpy array            ``{"array": [[...], ...], "dtype": "uint8", "shape": [rows, columns]}``
complex number         ``[real, imaginary]``, within arrays only: nothing else holds them
aware datetime         ``"2026-01-31T12:00:00.000000+00:00"``, in UTC
bytes                  ``{"base64": "..."}``; in messages ``{"bytes": 1234}``, their number alone
NaN and infinities     ``"NaN"``, ``"Infinity"``, ``"-Infinity"``
a whole number as key  its text
=====================  ================================================================================================
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from typing import Any

import numpy as np


def line_of(value: Any, *, bytes_as_size: bool = False) -> str:
    """Give data that came out of `picctv_core.codec.unpack` as one line of JSON, with its line break.

    Args:
        value: the data.
        bytes_as_size: whether bytes are only counted.
    """
    return json.dumps(_plain(value, bytes_as_size), allow_nan=False) + "\n"


def _plain(value: Any, sizes: bool) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item, sizes) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, sizes) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, complex):
        return [_plain(value.real, sizes), _plain(value.imag, sizes)]
    if isinstance(value, np.ndarray):
        listed = _plain(value.tolist(), sizes)
        return {"array": listed, "dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, bytes):
        return {"bytes": len(value)} if sizes else {"base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return value
