"""The plugin keeps picctv's contract: its results survive the wire, frames stay as they are, it stops as it started."""

from __future__ import annotations

from picctv_core.testing import AnalyzerConformance

from picctv_new_plugin.analyzer import NewPluginAnalyzer


class TestNewPlugin(AnalyzerConformance):
    """Each test of the kit, on our analyzer."""

    analyzer = NewPluginAnalyzer
