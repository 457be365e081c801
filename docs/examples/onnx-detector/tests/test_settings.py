"""Settings: paths begin at the file's folder, and faults name key and way out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from picctv_onnx_detector.settings import ObjectsSettings

from picctv_core.config import SettingsFile

EXAMPLE = Path(__file__).resolve().parent.parent
PAGES = [EXAMPLE / "README.md", EXAMPLE.parents[1] / "how-to" / "detect-objects.md"]


def read(folder: Path, text: str) -> tuple[ObjectsSettings | None, list[str]]:
    path = folder / "node.toml"
    path.write_text(f"[plugins.objects]\n{text}\n", encoding="utf-8")
    file = SettingsFile(path)
    value, faults = file.validate(ObjectsSettings, file.data["plugins"]["objects"], ("plugins", "objects"))
    return value, [fault.describe(None) for fault in faults]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "yolo.onnx").write_bytes(b"whatever")
    (tmp_path / "models" / "names.txt").write_text("person\n\n car \n", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    return tmp_path


def test_paths_begin_at_the_settings_file(folder: Path) -> None:
    value, faults = read(folder, 'model = "models/yolo.onnx"\nlabels = "models/names.txt"')
    assert faults == []
    assert value is not None
    assert value.model == folder / "models" / "yolo.onnx"
    assert value.labels == ["person", "car"]


def test_settings_can_be_read_again_from_what_they_give(folder: Path) -> None:
    value, _ = read(folder, 'model = "models/yolo.onnx"\nlabels = "models/names.txt"')
    assert value is not None
    assert ObjectsSettings.model_validate(value.model_dump()) == value


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_of_the_pages_are_accepted(folder: Path, page: Path) -> None:
    blocks = re.findall(r"```toml\n# node\.toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for name in ("yolo.onnx", "names.txt"):
        (folder / name).write_text("person\ncar\n", encoding="utf-8")
    tables = [tomllib.loads(block)["plugins"]["objects"] for block in blocks if "[plugins.objects]" in block]
    assert tables
    for table in tables:
        ObjectsSettings.model_validate(table, context={"folder": folder})


def test_table_of_the_page_says_the_defaults() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+?) \|$", PAGES[1].read_text(encoding="utf-8"), re.MULTILINE)
    defaults = {name: field.default for name, field in ObjectsSettings.model_fields.items()}
    known = {name: text for name, text in rows if name in defaults}
    assert set(known) == set(defaults)
    said = {name: text for name, text in known.items() if re.fullmatch(r"[\d.]+", text)}
    assert said == {name: str(defaults[name]) for name in ("confidence", "iou", "every_s", "threads", "size")}


@pytest.mark.parametrize(
    ("line", "key", "message"),
    [
        ("", "model", 'set the path of a YOLO-style ONNX model, for example model = "yolo.onnx"'),
        ('model = "yolo.onnx"', "model", "yolo.onnx; a relative path begins at the settings file's folder"),
        ('model = "models"', "model", "there is no file "),
        ('model = "models/yolo.onnx"\nlabels = "names.txt"', "labels", "there is no file "),
        (
            'model = "models/yolo.onnx"\nlabels = "empty.txt"',
            "labels",
            "write the name of one class on each line",
        ),
        ('model = "models/yolo.onnx"\nlabels = "bytes.txt"', "labels", "bytes.txt can't be read"),
        (
            'model = "models/yolo.onnx"\nlabels = ["a", "b", "a"]',
            "labels",
            "two classes can't have one name: a",
        ),
        ('model = "models/yolo.onnx"\nsize = 100', "size", "multiple of 32"),
        (
            'model = "models/yolo.onnx"\nlayout = "yolov9"',
            "layout",
            "'auto', 'yolov5', 'yolov8' or 'end-to-end'",
        ),
        ('model = "models/yolo.onnx"\nconfidenc = 0.5', "confidenc", "did you mean 'confidence'?"),
    ],
)
def test_fault_names_key_and_way_out(folder: Path, line: str, key: str, message: str) -> None:
    _, [fault] = read(folder, line)
    assert f"plugins.objects.{key}: " in fault
    assert message in fault
