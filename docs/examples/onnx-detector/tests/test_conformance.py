"""The clauses that every analyzer keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from picctv_onnx_detector.analyzer import ObjectsAnalyzer

from picctv_core.testing import AnalyzerConformance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class TestObjects(AnalyzerConformance):
    analyzer = ObjectsAnalyzer

    @pytest.fixture(autouse=True)
    def model(self, write: Callable[..., Path]) -> None:
        """Write the model that the settings name."""
        self.settings = {"model": str(write()), "confidence": 0.6}
