"""picctv's own analyzers keep the contract, by the same kit as anybody's."""

from __future__ import annotations

from typing import ClassVar

from picctv_core.testing import AnalyzerConformance


class TestMotion(AnalyzerConformance):
    plugin = "motion"
    time_budget = 0.5


class TestRecordingTriggered(AnalyzerConformance):
    plugin = "recording"
    settings: ClassVar = {"mode": "triggered"}


class TestRecordingBoth(AnalyzerConformance):
    plugin = "recording"
    settings: ClassVar = {"mode": "both", "segment_s": 5.0}


class TestLive(AnalyzerConformance):
    plugin = "live"
