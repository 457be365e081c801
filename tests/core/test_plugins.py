"""Discovery, with distributions that are really installed."""

from __future__ import annotations

import importlib.metadata
import types
from typing import Any

import pytest

from picctv_core import plugins
from picctv_core.errors import PluginError
from picctv_core.hookspecs import hookimpl, node
from picctv_core.plugins import Status

GROUP = "picctv.tests"


def found() -> dict[str, plugins.Plugin]:
    return {plugin.name: plugin for plugin in plugins.discover(GROUP)}


def test_plugin_is_found_with_its_distribution(make_distribution: Any) -> None:
    make_distribution(
        "picctv-plugins-alpha", {GROUP: {"alpha": "alpha_mod:Alpha"}}, {"alpha_mod.py": "class Alpha: ..."}
    )
    alpha = found()["alpha"]
    assert (alpha.distribution, alpha.version, alpha.value, alpha.status) == (
        "picctv-plugins-alpha",
        "1.0",
        "alpha_mod:Alpha",
        Status.ENABLED,
    )
    assert alpha.object.__name__ == "Alpha"
    assert alpha.describe() == "alpha (picctv-plugins-alpha 1.0)"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("class Other: ...", "has no attribute 'Bad'"),
        ("class Bad(:", "SyntaxError"),
    ],
)
def test_broken_plugin_is_listed_and_keeps_no_other_from_loading(
    make_distribution: Any, text: str, detail: str
) -> None:
    make_distribution("a-bad", {GROUP: {"bad": "bad_mod:Bad"}}, {"bad_mod.py": text})
    make_distribution("b-good", {GROUP: {"good": "good_mod:Good"}}, {"good_mod.py": "class Good: ..."})
    listed = found()
    assert (listed["bad"].status, listed["bad"].object) == (Status.LOAD_ERROR, None)
    assert detail in listed["bad"].detail
    assert "\n" not in listed["bad"].detail
    assert listed["good"].status is Status.ENABLED


def test_name_that_two_distributions_bring_is_nobodys(make_distribution: Any) -> None:
    make_distribution("one", {GROUP: {"same": "one_mod:X"}}, {"one_mod.py": "class X: ..."})
    make_distribution("two", {GROUP: {"same": "two_mod:X"}}, {"two_mod.py": "class X: ..."})
    listed = plugins.discover(GROUP)
    assert [(plugin.distribution, plugin.status, plugin.object) for plugin in listed] == [
        ("one", Status.LOAD_ERROR, None),
        ("two", Status.LOAD_ERROR, None),
    ]
    assert listed[0].detail == "one and two bring a plugin of this name; uninstall all but one"


def test_part_whose_home_is_not_installed_is_listed_and_not_loaded(
    make_distribution: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_distribution("away", {GROUP: {"away": "away_mod:X"}}, {"away_mod.py": "raise SystemExit"})
    monkeypatch.setitem(plugins.HOMES, GROUP, "picctv-nowhere")
    assert (found()["away"].status, found()["away"].detail) == (Status.NOT_HERE, "")


def test_plugin_for_another_core_is_incompatible(make_distribution: Any) -> None:
    make_distribution(
        "old", {GROUP: {"old": "old_mod:X"}}, {"old_mod.py": "class X: ..."}, requires=("Picctv_Core<0.0.1",)
    )
    installed = importlib.metadata.version("picctv-core")
    assert (found()["old"].status, found()["old"].detail) == (
        Status.INCOMPATIBLE,
        f"it needs picctv-core<0.0.1, installed is {installed}",
    )


def test_new_install_is_seen_at_once(make_distribution: Any) -> None:
    assert found() == {}
    make_distribution("late", {GROUP: {"late": "late_mod:X"}}, {"late_mod.py": "class X: ..."})
    assert list(found()) == ["late"]


def test_driver_is_given_by_name_or_the_error_names_what_there_is(make_distribution: Any) -> None:
    make_distribution(
        "drivers",
        {GROUP: {"good": "driver_mod:Good", "broken": "driver_mod:Gone"}},
        {"driver_mod.py": "class Good: ..."},
    )
    assert plugins.driver(GROUP, "good").__name__ == "Good"
    with pytest.raises(
        PluginError, match=r"there is no driver 'godo' in picctv\.tests; installed are broken, good"
    ):
        plugins.driver(GROUP, "godo")
    with pytest.raises(PluginError, match=r"the driver broken \(drivers 1\.0\) can't be used"):
        plugins.driver(GROUP, "broken")


def test_check_usable_warns_or_refuses(make_distribution: Any, caplog: Any) -> None:
    make_distribution("a-bad", {GROUP: {"bad": "bad_mod:Bad"}}, {"bad_mod.py": "1 / 0"})
    make_distribution("b-good", {GROUP: {"good": "good_mod:Good"}}, {"good_mod.py": "class Good: ..."})
    listed = plugins.discover(GROUP)
    assert [plugin.name for plugin in plugins.check_usable(listed, strict=False)] == ["good"]
    assert "plugin bad (a-bad 1.0): load error: ZeroDivisionError" in caplog.text
    with pytest.raises(PluginError, match="plugin bad"):
        plugins.check_usable(listed, strict=True)


class Counter:
    def __init__(self, name: str) -> None:
        self.name = name

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        return {"name": self.name}


def test_bound_plugins_are_called_one_by_one() -> None:
    one, two = (plugins.bind(Counter(name), name, node) for name in ("one", "two"))
    assert (one.picctv_health(), two.picctv_health()) == ({"name": "one"}, {"name": "two"})
    assert plugins.implements(one, "picctv_health")
    assert not plugins.implements(one, "picctv_result")


def test_hook_that_does_not_exist_is_refused() -> None:
    misspelt = types.SimpleNamespace(picctv_analyse_frame=hookimpl(lambda: None))
    with pytest.raises(PluginError, match="plugin odd: unknown hook 'picctv_analyse_frame'"):
        plugins.bind(misspelt, "odd", node)


def test_argument_that_the_hook_does_not_have_is_refused() -> None:
    class Odd:
        @hookimpl
        def picctv_access_unit(self, frame: Any) -> None: ...

    with pytest.raises(PluginError, match=r"plugin odd: .*\{'frame'\}"):
        plugins.bind(Odd(), "odd", node)
