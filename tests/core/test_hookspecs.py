"""Every hook is documented, with an example that runs."""

from __future__ import annotations

import doctest
import inspect
from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from picctv_core.declarations import Declaration, declared
from picctv_core.frames import Result
from picctv_core.hookspecs import PROJECT, node, server, web
from picctv_core.plugins import bind

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

MODULES = [node, server, web]


def hooks(module: ModuleType) -> list[Callable[..., Any]]:
    """Give the functions of a module that are marked as hookspecs."""
    functions = [value for _, value in inspect.getmembers(module, inspect.isfunction)]
    return [function for function in functions if hasattr(function, f"{PROJECT}_spec")]


HOOKS = [pytest.param(module, hook, id=hook.__name__) for module in MODULES for hook in hooks(module)]


def test_hooks_are_those_of_the_design() -> None:
    assert {
        module.__name__.rsplit(".", 1)[-1]: sorted(hook.__name__ for hook in hooks(module))
        for module in MODULES
    } == {
        "node": [
            "picctv_access_unit",
            "picctv_analyze_frame",
            "picctv_camera_started",
            "picctv_camera_stopped",
            "picctv_event_ended",
            "picctv_health",
            "picctv_motion_vectors",
            "picctv_result",
        ],
        "server": [
            "picctv_expire",
            "picctv_health",
            "picctv_message_stored",
            "picctv_notification",
            "picctv_process_message",
            "picctv_server_stopped",
        ],
        "web": [
            "picctv_camera_panels",
            "picctv_charts",
            "picctv_clip_panels",
            "picctv_notification_links",
            "picctv_pages",
        ],
    }


@pytest.mark.parametrize(("module", "hook"), HOOKS)
def test_hook_has_an_example_that_runs_and_implements_it(module: ModuleType, hook: Any) -> None:
    assert hook.__name__.startswith("picctv_")
    (example,) = doctest.DocTestFinder(recurse=False).find(hook, hook.__name__, globs={})
    assert example.examples
    runner = doctest.DocTestRunner()
    runner.run(example, clear_globs=False)
    assert runner.failures == 0
    classes = [
        value for value in example.globs.values() if inspect.isclass(value) and hasattr(value, hook.__name__)
    ]
    assert len(classes) == 1
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(module)
    manager.register(classes[0])
    manager.check_pending()
    assert getattr(manager.hook, hook.__name__).get_hookimpls()


def test_example_of_an_analyzer_declares_what_it_can() -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(node, "node", globs={})
    runner = doctest.DocTestRunner()
    runner.run(example, clear_globs=False)
    assert (runner.failures, bool(example.examples)) == (0, True)
    analyzer = example.globs["Visitors"]
    assert declared(analyzer) == Declaration(analyzer.Settings, analyzer.Result, ("motion",), "thread")
    hooks = bind(analyzer(analyzer.Settings(), None), "visitors", node)
    for at_s in (0, 40, 50, 100):
        hooks.picctv_result(result=Result("node/camera", "motion", at_s * 10**9 + 1, {"triggered": True}))
    assert hooks.picctv_analyze_frame(frame=None).visits == 2


@pytest.mark.parametrize(("module", "hook"), HOOKS)
def test_hook_says_when_it_is_called(module: ModuleType, hook: Any) -> None:
    text = inspect.getdoc(hook) or ""
    assert "alled" in text
    for argument in inspect.signature(hook).parameters:
        assert hook.__annotations__.get(argument) is not None
