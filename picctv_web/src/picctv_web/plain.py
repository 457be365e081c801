"""Stored data as plain JSON data."""

from __future__ import annotations

import base64
import datetime as dt
import math
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Turn stored data into what JSON can say: arrays become lists, times ISO 8601, bytes base64, NaN null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value
