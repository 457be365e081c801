"""The numbers of charts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.errors import PluginError
from picctv_core.hookspecs.web import Chart
from picctv_web import graphos_compat
from picctv_web.rows import MAX_POINTS, check_rows, thin_out


def test_graphos_is_imported_and_the_old_names_are_gone() -> None:
    import django.utils
    from django.utils import encoding

    assert graphos_compat.BaseChart.__module__ == "graphos.renderers.base"
    assert not hasattr(django.utils, "six")
    assert not hasattr(encoding, "force_text")


def test_rows_are_sorted_and_what_json_can_not_say_is_a_gap() -> None:
    chart = Chart("a", "A", ("seconds", "x", "y"), [(2, math.nan, True), (1.5, None, math.inf), (0, 3, 4)])
    assert check_rows(chart) == [(0.0, 3.0, 4.0), (1.5, None, None), (2.0, None, 1.0)]


@pytest.mark.parametrize(
    ("columns", "rows", "says"),
    [
        (("time", "x"), [], "wanted are 'seconds' and at least one more"),
        (("seconds",), [(1,)], "wanted are 'seconds' and at least one more"),
        (("seconds", "x"), [(1,)], "its columns are"),
        (("seconds", "x"), [(None, 1)], "its columns are"),
        (("seconds", "x"), [(1, "two")], "could not convert"),
        (("seconds", "x"), [(1, object())], "must be a string or a real number"),
        (("seconds", "x"), [5], "not iterable"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_name(
    columns: tuple[str, ...], rows: list[object], says: str
) -> None:
    with pytest.raises(PluginError, match=says) as caught:
        check_rows(Chart("speed", "Speed", columns, rows))  # type: ignore[arg-type]
    assert "the chart 'speed'" in str(caught.value)


@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.floats(-1e6, 1e6)), st.floats(-1e6, 1e6)), min_size=1, max_size=400
    ),
    st.integers(8, 60),
)
def test_thin_out_keeps_order_ends_and_extremes(
    values: list[tuple[float | None, float]], max_points: int
) -> None:
    rows = [(float(index), *pair) for index, pair in enumerate(values)]
    kept = thin_out(rows, max_points)
    assert kept == sorted(set(kept), key=lambda row: row[0] or 0)
    assert set(kept) <= set(rows)
    assert len(kept) <= max_points + 2
    assert (kept[0], kept[-1]) == (rows[0], rows[-1])
    for column in (1, 2):
        known = [row[column] for row in rows if row[column] is not None]
        if known:
            left = [row[column] for row in kept if row[column] is not None]
            assert (min(left), max(left)) == (min(known), max(known))


def test_thin_out_of_an_hour_at_25_a_second_fits_a_page() -> None:
    rows = [(index / 25, math.sin(index)) for index in range(90_000)]
    assert MAX_POINTS * 0.9 < len(thin_out(rows, MAX_POINTS)) <= MAX_POINTS + 2
