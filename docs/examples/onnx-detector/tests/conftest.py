"""Models and frames for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from picctv_onnx_detector.model import Model
from picctv_onnx_detector.settings import ObjectsSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GREY = 114


def luma(*spots: tuple[int, int, int], columns: int = 128, rows: int = 64) -> np.ndarray:
    """Draw squares of 16x16 pixels, each (x, y, value), on grey; read-only, with padded rows, as a frame's are."""
    padded = np.full((rows, columns + 24), GREY, np.uint8)
    picture = padded[:, :columns]
    for x, y, value in spots:
        picture[y : y + 16, x : x + 16] = value
    picture.flags.writeable = False
    return picture


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a tiny model."""
    from . import tiny_models

    return lambda layout="yolov8", **other: tiny_models.write(tmp_path / f"{layout}.onnx", layout, **other)


@pytest.fixture
def load(write: Callable[..., Path]) -> Callable[..., Model]:
    """Write a tiny model, and open it with settings."""

    def make(layout: str = "yolov8", *, model: dict[str, Any] | None = None, **settings: Any) -> Model:
        path = write(layout, **(model or {}))
        return Model(ObjectsSettings.model_validate({"model": path, "confidence": 0.6, **settings}))

    return make
