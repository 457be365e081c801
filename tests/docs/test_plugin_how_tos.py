"""The code of the pages about a plugin's parts runs, and fits the hooks."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core.config import SettingsFile
from picctv_core.declarations import declared
from picctv_core.frames import Frame, Result
from picctv_core.hookspecs import node, server, web
from picctv_core.plugins import bind
from picctv_core.testing import FakeCamera, make_message, run_analyzer

if TYPE_CHECKING:
    from types import ModuleType

HOW_TO = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to"


def names_of(page: str) -> dict[str, Any]:
    """Run a page's code, one block after another, and give what it defines."""
    namespace: dict[str, Any] = {"__name__": "page"}
    blocks = re.findall(
        r"^```python\n(.*?)^```", (HOW_TO / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert blocks
    for block in blocks:
        # Without this module's own __future__ imports: a reader's file has none.
        exec(compile(block, page, "exec", dont_inherit=True), namespace)  # noqa: S102 - our own page
    return namespace


@pytest.mark.parametrize(
    ("page", "module", "classes"),
    [
        (
            "write-an-analyzer.md",
            node,
            {
                "NightAnalyzer",
                "TypedNightAnalyzer",
                "TellingNightAnalyzer",
                "DriftAnalyzer",
                "EitherAnalyzer",
            },
        ),
        ("type-your-results.md", node, {"FogAnalyzer"}),
        ("use-another-plugins-results.md", node, {"CrowdAnalyzer", "BellAnalyzer"}),
        (
            "write-a-processor.md",
            server,
            {"DoorProcessor", "ChatProcessor", "MailProcessor", "VisitsProcessor"},
        ),
        ("write-a-web-part.md", web, {"DoorsConfig"}),
    ],
)
def test_classes_of_a_page_fit_the_hooks(page: str, module: ModuleType, classes: set[str]) -> None:
    found = {
        name: value
        for name, value in names_of(page).items()
        if inspect.isclass(value) and any(attribute.startswith("picctv_") for attribute in vars(value))
    }
    assert set(found) == classes
    for cls in found.values():
        bind(object.__new__(cls), "page", module)
        if module is node:
            declared(cls)


@pytest.mark.parametrize("name", ["NightAnalyzer", "TypedNightAnalyzer"])
def test_analyzer_of_the_page_knows_night(name: str) -> None:
    frames = [
        Frame(np.full((24, 32), level, np.uint8), index * 10**8, index)
        for index, level in enumerate((20, 90))
    ]
    run = run_analyzer(names_of("write-an-analyzer.md")[name], frames=frames)
    assert [(data["triggered"], data["level"]) for data in run.data] == [(True, 20.0), (False, 90.0)]


def test_plugins_of_the_page_hear_others(tmp_path: Path) -> None:
    names = names_of("use-another-plugins-results.md")
    said = Result("node/camera", "motion", 1, {"triggered": True, "boxes": [[0, 0, 1, 1], [0, 0, 1, 1]]})
    crowd = bind(names["CrowdAnalyzer"](None, None), "crowd", node)
    crowd.picctv_result(result=said)
    assert crowd.picctv_analyze_frame(frame=None).things == 2
    camera = FakeCamera(tmp_path)
    bell = bind(names["BellAnalyzer"](None, camera), "bell", node)
    for _ in range(2):
        bell.picctv_result(result=said)
    assert [message.payload["title"] for message in camera.messages] == ["motion saw something at Camera"]
    assert declared(names["BellAnalyzer"]).hears(said)


def test_settings_of_the_page_find_the_files_folder(tmp_path: Path) -> None:
    model = names_of("write-an-analyzer.md")["MaskSettings"]
    path = tmp_path / "node.toml"
    path.write_text('mask = "masks/door.png"\n', encoding="utf-8")
    file = SettingsFile(path)
    found, faults = file.validate(model, file.data)
    assert (found.mask, faults) == (tmp_path / "masks" / "door.png", [])
    assert model().mask is None
    assert model(mask="door.png").mask == Path("door.png")


def test_processor_of_the_page_keeps_data_of_its_own(picctv_processor: Any) -> None:
    names = names_of("write-a-processor.md")
    visits = names["Visit"]
    runner = picctv_processor(names["VisitsProcessor"], name="visits")
    message = make_message("visit", {}, plugin="visits")
    for _ in range(2):
        runner.process(message)
    [stored] = visits.objects(camera=message.camera)
    assert (stored.id, stored.at_ns) == (message.id, message.captured_at_ns)
    assert visits._get_collection().name == "visits_visits"
    assert "camera_1_at_ns_-1" in visits._get_collection().index_information()
    runner.plugin.picctv_expire(message.captured_at_ns + 1)
    assert visits.objects.count() == 0


@pytest.mark.parametrize(
    ("seconds", "titles"), [(90, ["The door at node/camera was open for 90 s"]), (30, [])]
)
def test_processor_of_the_page_notifies(picctv_processor: Any, seconds: int, titles: list[str]) -> None:
    from picctv_server.queries import latest_notifications

    runner = picctv_processor(names_of("write-a-processor.md")["DoorProcessor"], name="doors")
    runner.process(make_message("door", {"open_s": seconds}, plugin="doors"))
    assert [notification.title for notification in latest_notifications()] == titles
