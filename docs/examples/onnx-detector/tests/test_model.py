"""Models of each layout, and what is said of those that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from picctv_onnx_detector.model import Found, Model
from picctv_onnx_detector.settings import ObjectsSettings

from picctv_core.errors import PluginError

from .conftest import luma

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LAYOUTS = ("yolov5", "yolov8", "end-to-end")

# In 64x32 of the model's 64x64 pixels: halved, so that each square of 16 is one cell of 8.
LAMP = Found("lamp", 1.0, [0.25, 0.25, 0.125, 0.25])
HOLE = Found("hole", 1.0, [0.75, 0.5, 0.125, 0.25])


def near(found: list[Found], expected: list[Found]) -> bool:
    """Compare, with 16 bits of precision."""
    return [one.label for one in found] == [one.label for one in expected] and all(
        np.allclose([one.score, *one.box], [other.score, *other.box], atol=2e-3)
        for one, other in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("model", [{}, {"half": True}, {"channels": 1}, {"side": "open"}])
def test_lamp_and_hole_are_found_where_they_are(
    load: Callable[..., Model], layout: str, model: dict[str, Any]
) -> None:
    opened = load(layout, model=model, size=64)
    assert (opened.layout, opened.width, opened.height) == (layout, 64, 64)
    found = opened.find(luma((32, 16, 255), (96, 32, 0)))
    assert near(sorted(found, key=lambda one: one.box), [LAMP, HOLE])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_surest_comes_first(load: Callable[..., Model], layout: str) -> None:
    found = load(layout).find(luma((32, 16, 200), (96, 32, 240)))
    assert [one.score for one in found] == [round(240 / 255, 4), round(200 / 255, 4)]


@pytest.mark.parametrize("layout", ["yolov5", "yolov8"])
def test_doubles_are_kept_where_iou_says_so(load: Callable[..., Model], layout: str) -> None:
    frame = luma((32, 16, 255))
    assert len(load(layout).find(frame)) == 1
    assert [one.score for one in load(layout, iou=1.0).find(frame)] == [1.0, 0.95]


def test_confidence_bounds_what_is_found(load: Callable[..., Model]) -> None:
    frame = luma((32, 16, 200))
    assert len(load(confidence=0.78).find(frame)) == 1
    assert load(confidence=0.79).find(frame) == []


def test_frame_without_anything_has_nothing(load: Callable[..., Model]) -> None:
    assert load().find(luma()) == []


def test_only_classes_leaves_others_out(load: Callable[..., Model]) -> None:
    found = load(only_classes=["hole"]).find(luma((32, 16, 255), (96, 32, 0)))
    assert found == [HOLE]


def test_labels_come_from_the_settings_before_the_model(load: Callable[..., Model]) -> None:
    assert load(labels=["sun", "moon"]).find(luma((32, 16, 255)))[0].label == "sun"


@pytest.mark.parametrize(("layout", "label"), [("yolov8", "class 1"), ("end-to-end", "class 1")])
def test_classes_without_names_are_numbered(load: Callable[..., Model], layout: str, label: str) -> None:
    opened = load(layout, model={"names": None})
    assert [one.label for one in opened.find(luma((96, 32, 0)))] == [label]


@pytest.mark.parametrize("names", ["{0: 'lamp'", "['lamp']", "{1: 'lamp'}", "__import__('os')"])
def test_names_that_are_none_are_left_aside(write: Callable[..., Path], names: str) -> None:
    path = write(names=None)
    model = onnx.load(str(path))
    helper.set_model_props(model, {"names": names})
    onnx.save(model, str(path))
    assert Model(ObjectsSettings.model_validate({"model": path})).labels == ("class 0", "class 1")


# What is wrong is said in one line that names the key and the way out -------------------------------------------------


def refused(**settings: Any) -> str:
    with pytest.raises(PluginError) as error:
        Model(ObjectsSettings.model_validate(settings))
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("content", [b"", b"this is no model", b"\x00" * 500])
def test_file_that_is_no_model_is_refused(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    text = refused(model=path)
    assert text.startswith(f"[plugins.objects] model: {path} is no ONNX model that onnxruntime ")
    assert "export it again in the format ONNX" in text
    assert capfd.readouterr().err == ""


def test_cut_model_is_refused(write: Callable[..., Path]) -> None:
    path = write()
    path.write_bytes(path.read_bytes()[:-300])
    assert f"model: {path} is no ONNX model" in refused(model=path)


def write_identity(path: Path, kind: int, shape: list[Any]) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "identity",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, shape)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


@pytest.mark.parametrize(
    ("kind", "shape", "got"),
    [
        (TensorProto.FLOAT, [1, 1000], "x tensor(float) [1, 1000]"),
        (TensorProto.UINT8, [1, 3, 64, 64], "x tensor(uint8) [1, 3, 64, 64]"),
        (TensorProto.FLOAT, [1, 64, 64, 3], "x tensor(float) [1, 64, 64, 3]"),
        (TensorProto.FLOAT, [8, 3, 64, 64], "x tensor(float) [8, 3, 64, 64]"),
    ],
)
def test_model_of_something_else_is_refused(tmp_path: Path, kind: int, shape: list[Any], got: str) -> None:
    path = write_identity(tmp_path / "other.onnx", kind, shape)
    assert refused(model=path) == (
        f"[plugins.objects] model: {path} does not take one picture: a YOLO detector has one input of floats of "
        f"shape (1, 3, height, width), this one has {got}"
    )


def test_model_without_boxes_is_refused(tmp_path: Path) -> None:
    path = write_identity(tmp_path / "other.onnx", TensorProto.FLOAT, [1, 3, 64, 64])
    text = refused(model=path)
    assert "model: " in text
    assert "its output of shape (1, 3, 64, 64) is none of (1, n, 5 + classes), (1, 4 + classes, n)" in text


def test_labels_that_are_too_few_are_refused(write: Callable[..., Path]) -> None:
    text = refused(model=write(), labels=["lamp", "hole", "moon"])
    assert "its output of shape (1, 6, 128), with 3 labels is none of" in text
    assert "give as many labels as it has classes" in text


def test_layout_that_does_not_fit_is_refused(write: Callable[..., Path]) -> None:
    text = refused(model=write(), layout="yolov5")
    assert text.startswith("[plugins.objects] layout: the output of ")
    assert "with 2 labels is not yolov5; take the key away" in text


def test_size_that_the_model_can_not_take_is_refused(write: Callable[..., Path]) -> None:
    text = refused(model=write(side="open"), size=96)
    assert "can't be run on a picture of 96x96; set size to what it was exported for" in text


@pytest.mark.parametrize("key", ["only_classes", "trigger_on"])
def test_class_that_there_is_not_is_refused(write: Callable[..., Path], key: str) -> None:
    expected = f"[plugins.objects] {key}: the model has no class 'lmap'; did you mean 'lamp'?"
    assert refused(model=write(), **{key: ["lmap"]}) == expected
    assert refused(model=write(), **{key: ["xyz"]}).endswith("no class 'xyz'; it has lamp, hole")


def test_class_of_a_model_without_names_needs_labels(write: Callable[..., Path]) -> None:
    text = refused(model=write("end-to-end", names=None), trigger_on=["lamp"])
    assert text == "[plugins.objects] trigger_on: the model does not name its classes; set labels"
