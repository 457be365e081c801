"""The chart under a clip's video, as the web gives it to programs."""

from __future__ import annotations

from typing import Any

from picctv_core.messages import RESULTS

from picctv_new_plugin import NAME

SECOND = 1_000_000_000


def charts(picctv_client: Any, clip: Any) -> list[Any]:
    """Give our charts of a clip, without those that picctv makes of typed results."""
    found = picctv_client.get(f"/api/clips/{clip.id}").json()["charts"]
    return [chart for chart in found if (chart["plugin"], chart["name"]) == (NAME, "change")]


def test_chart_has_the_results(picctv_client: Any, picctv_store: Any, picctv_message: Any, clip: Any) -> None:
    items = [
        [clip.started_at_ns + second * SECOND, {"triggered": score > 0, "score": score, "count": 0}]
        for second, score in enumerate([0.0, 0.25, 0.5])
    ]
    picctv_store.add_results(picctv_message(RESULTS, {"items": items, "version": 1}, plugin=NAME))
    [chart] = charts(picctv_client, clip)
    assert chart["rows"] == [[0.0, 0.0], [1.0, 25.0], [2.0, 50.0]]


def test_clip_without_results_has_no_chart(picctv_client: Any, clip: Any) -> None:
    assert charts(picctv_client, clip) == []
