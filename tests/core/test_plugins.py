"""Discovery, with distributions that are really installed."""

from __future__ import annotations

import importlib.metadata
import sys
import types
from typing import Any

import pytest

from picctv_core import plugins
from picctv_core.errors import PluginError
from picctv_core.hookspecs import hookimpl, node
from picctv_core.plugins import HookError, Status

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
        ("assert 1 == 2, 'never'", "AssertionError: never (/"),
        ("import sys; sys.exit(3)", "SystemExit: 3 (/"),
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
        ("one", Status.NAME_CONFLICT, None),
        ("two", Status.NAME_CONFLICT, None),
    ]
    assert listed[0].detail == "one 1.0 and two 1.0 bring a plugin of this name; uninstall all but one"


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
        (
            f"it needs picctv-core<0.0.1, installed is {installed}; `pip install --upgrade old picctv-core` looks for "
            "versions that fit, or uninstall old"
        ),
    )


def test_plugin_for_another_core_is_not_even_imported(make_distribution: Any) -> None:
    make_distribution(
        "old", {GROUP: {"old": "old_mod:X"}}, {"old_mod.py": "1 / 0"}, requires=("picctv-core>99",)
    )
    assert found()["old"].status is Status.INCOMPATIBLE
    assert "old_mod" not in sys.modules


def test_requirement_of_an_extra_that_nobody_asked_for_is_not_looked_at(make_distribution: Any) -> None:
    make_distribution(
        "plain",
        {GROUP: {"plain": "plain_mod:X"}},
        {"plain_mod.py": "class X: ..."},
        requires=('picctv-core<0.0.1; extra == "old"', "numpy"),
    )
    assert found()["plain"].status is Status.ENABLED


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
    plugins.check_usable(listed, strict=False)
    (line,) = caplog.messages
    assert line.startswith("plugin bad (a-bad 1.0): load error: ZeroDivisionError: division by zero (")
    assert line.endswith("bad_mod.py:1); mend, update or uninstall a-bad")
    with pytest.raises(PluginError) as caught:
        plugins.check_usable(listed, strict=True)
    assert str(caught.value) == line


def test_plugin_that_is_switched_off_is_no_problem_however_strict(caplog: Any) -> None:
    off = plugins.Plugin("off", plugins.NODE, "one", "1.0", "m:X", Status.DISABLED)
    plugins.check_usable([off], strict=True)
    assert caplog.messages == []


WRONG = """
from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl

class Fine:
    pass

class Hook:
    @hookimpl
    def picctv_analyse_frame(self, frame): ...

    @hookimpl
    def picctv_zzz(self): ...

class Argument:
    @hookimpl
    def picctv_access_unit(self, frame): ...

class NoModel(Fine):
    Settings = 3

class Taken(Fine):
    class Settings(Settings):
        enabled: int = 3

class Result(Fine):
    Result = dict

class Uses(Fine):
    uses = "motion"

class Isolation(Fine):
    isolation = "procs"

class Everything(NoModel, Result, Uses): ...

class Meta(type):
    def __dir__(cls):
        raise RuntimeError("no looking")

class Looked(metaclass=Meta): ...

TEXT = "no class"
"""


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        ("Fine", Status.ENABLED, ""),
        (
            "Hook",
            Status.UNKNOWN_HOOK,
            "there is no hook 'picctv_analyse_frame' (did you mean 'picctv_analyze_frame'?); there is no hook 'picctv_zzz'",
        ),
        (
            "Argument",
            Status.UNKNOWN_ARGUMENT,
            "its picctv_access_unit takes 'frame', which that hook does not give; it gives 'unit'",
        ),
        ("TEXT", Status.LOAD_ERROR, "wrong_mod:TEXT is no class"),
        ("NoModel", Status.LOAD_ERROR, "NoModel: its Settings is no pydantic model"),
        ("Taken", Status.LOAD_ERROR, "Taken: its Settings has 'enabled', which the node reads itself"),
        ("Result", Status.LOAD_ERROR, "Result: its Result is no picctv_core.typed.ResultModel"),
        ("Uses", Status.LOAD_ERROR, 'Uses: its uses is no tuple of names, such as ("motion",)'),
        ("Isolation", Status.LOAD_ERROR, 'Isolation: its isolation is \'procs\', not "thread" or "process"'),
        (
            "Everything",
            Status.LOAD_ERROR,
            (
                "Everything: its Settings is no pydantic model; its Result is no picctv_core.typed.ResultModel; its uses "
                'is no tuple of names, such as ("motion",)'
            ),
        ),
    ],
)
def test_node_part_is_checked_when_it_is_found(
    make_distribution: Any, value: str, status: Status, reason: str
) -> None:
    make_distribution("wrong", {plugins.NODE: {"wrong": f"wrong_mod:{value}"}}, {"wrong_mod.py": WRONG})
    (wrong,) = [plugin for plugin in plugins.discover(plugins.NODE) if plugin.name == "wrong"]
    detail = f"{reason}; mend, update or uninstall wrong" if reason else ""
    assert (wrong.status, wrong.detail) == (status, detail)
    assert (wrong.object is None) == status.is_problem


def test_class_that_raises_when_it_is_looked_at_is_a_load_error(make_distribution: Any) -> None:
    make_distribution("wrong", {plugins.NODE: {"wrong": "wrong_mod:Looked"}}, {"wrong_mod.py": WRONG})
    (wrong,) = [plugin for plugin in plugins.discover(plugins.NODE) if plugin.name == "wrong"]
    assert wrong.status is Status.LOAD_ERROR
    assert wrong.detail.startswith("RuntimeError: no looking (")


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        ("Fine", Status.ENABLED, ""),
        (
            "Hook",
            Status.UNKNOWN_HOOK,
            "there is no hook 'picctv_analyse_frame'; there is no hook 'picctv_zzz'",
        ),
        ("NoModel", Status.LOAD_ERROR, "NoModel: its Settings is no pydantic model"),
        ("Taken", Status.LOAD_ERROR, "Taken: its Settings has 'enabled', which the server reads itself"),
    ],
)
def test_server_part_is_checked_when_it_is_found(
    make_distribution: Any, value: str, status: Status, reason: str
) -> None:
    make_distribution("wrong", {plugins.SERVER: {"wrong": f"wrong_mod:{value}"}}, {"wrong_mod.py": WRONG})
    (wrong,) = [plugin for plugin in plugins.discover(plugins.SERVER) if plugin.name == "wrong"]
    assert (wrong.status, wrong.detail.removesuffix("; mend, update or uninstall wrong")) == (status, reason)


def test_web_part_must_be_a_django_app(make_distribution: Any) -> None:
    make_distribution("wrong", {plugins.WEB: {"wrong": "wrong_mod:Fine"}}, {"wrong_mod.py": WRONG})
    (wrong,) = [plugin for plugin in plugins.discover(plugins.WEB) if plugin.name == "wrong"]
    assert (wrong.status, wrong.detail) == (
        Status.LOAD_ERROR,
        "wrong_mod:Fine is no django.apps.AppConfig class; mend, update or uninstall wrong",
    )
    assert Status.ENABLED in {
        plugin.status for plugin in plugins.discover(plugins.WEB) if plugin.distribution.startswith("picctv-")
    }


def test_name_of_picctvs_own_is_refused(make_distribution: Any) -> None:
    make_distribution("greedy", {plugins.NODE: {"trigger": "greedy_mod:Fine"}}, {"greedy_mod.py": WRONG})
    (greedy,) = [plugin for plugin in plugins.discover(plugins.NODE) if plugin.name == "trigger"]
    assert (greedy.status, greedy.detail) == (
        Status.NAME_CONFLICT,
        "the name 'trigger' is picctv's own; mend, update or uninstall greedy",
    )


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
    with pytest.raises(HookError, match="plugin odd: there is no hook 'picctv_analyse_frame'") as caught:
        plugins.bind(misspelt, "odd", node)
    assert caught.value.status is Status.UNKNOWN_HOOK


def test_argument_that_the_hook_does_not_have_is_refused() -> None:
    class Odd:
        @hookimpl
        def picctv_access_unit(self, frame: Any) -> None: ...

    with pytest.raises(HookError, match="plugin odd: its picctv_access_unit takes 'frame', which") as caught:
        plugins.bind(Odd(), "odd", node)
    assert caught.value.status is Status.UNKNOWN_ARGUMENT


def test_hookimpl_that_pluggy_refuses_otherwise_is_a_load_error() -> None:
    class Odd:
        @hookimpl(wrapper=True)
        def picctv_health(self) -> None: ...

    with pytest.raises(HookError, match=r"plugin odd: .*wrapper") as caught:
        plugins.bind(Odd(), "odd", node)
    assert caught.value.status is Status.LOAD_ERROR
