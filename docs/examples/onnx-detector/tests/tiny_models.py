"""Tiny models: each cell of 8x8 pixels is a lamp as sure as it is bright, and a hole as sure as it is dark.

The picture that they take is of 64x64 pixels, so a cell that is white gives a box of 8x8 pixels around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

SIDE, CELL = 64, 8
COUNT = (SIDE // CELL) ** 2
NAMES = {0: "lamp", 1: "hole"}


def write(
    path: Path,
    layout: str,
    *,
    names: dict[int, str] | None = NAMES,
    side: int | str = SIDE,
    channels: int = 3,
    half: bool = False,
) -> Path:
    """Write a model.

    Args:
        path: where to.
        layout: ``yolov5`` and ``yolov8`` give each box twice, the second a pixel beside and less sure.
        names: of the classes, for the model's metadata; None for none.
        side: of the picture that it takes; a text leaves it open.
        channels: of the picture.
        half: whether it computes in 16 bits.
    """
    kind, numpy_kind = (TensorProto.FLOAT16, np.float16) if half else (TensorProto.FLOAT, np.float32)
    constants = {
        "mean": np.full((1, channels, CELL, CELL), 1 / (channels * CELL * CELL), numpy_kind),
        "flat": np.array([1, 1, COUNT], np.int64),
        "one": np.ones(1, numpy_kind),
        "less": np.full(1, 0.95, numpy_kind),
        "centres": _centres().astype(numpy_kind),
        "besides": (_centres() + np.array([[[1], [0], [0], [0]]])).astype(numpy_kind),
        "corners": _corners().astype(numpy_kind),
        "0": np.array([0], np.int64),
        "4": np.array([4], np.int64),
        "6": np.array([6], np.int64),
        "axis": np.array([1], np.int64),
        "things": np.ones((1, 1, 2 * COUNT), numpy_kind),
    }
    nodes = [
        helper.make_node("Conv", ["images", "mean"], ["cells"], strides=[CELL, CELL]),
        helper.make_node("Reshape", ["cells", "flat"], ["bright"]),
        helper.make_node("Sub", ["one", "bright"], ["dark"]),
        *_OUTPUTS[layout](),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", kind, [1, channels, side, side])],
        [helper.make_tensor_value_info("output0", kind, ["a", "b", "c"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if names is not None:
        helper.set_model_props(model, {"names": repr(names)})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def _yolov8(output: str = "output0") -> list[onnx.NodeProto]:
    return [
        helper.make_node("Concat", ["centres", "bright", "dark"], ["first"], axis=1),
        helper.make_node("Mul", ["bright", "less"], ["less bright"]),
        helper.make_node("Mul", ["dark", "less"], ["less dark"]),
        helper.make_node("Concat", ["besides", "less bright", "less dark"], ["second"], axis=1),
        helper.make_node("Concat", ["first", "second"], [output], axis=2),
    ]


def _end_to_end() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Max", ["bright", "dark"], ["surest"]),
        helper.make_node("Greater", ["dark", "bright"], ["is dark"]),
        helper.make_node("CastLike", ["is dark", "one"], ["class"]),
        helper.make_node("Concat", ["corners", "surest", "class"], ["columns"], axis=1),
        helper.make_node("Transpose", ["columns"], ["output0"], perm=[0, 2, 1]),
    ]


def _yolov5() -> list[onnx.NodeProto]:
    nodes = _yolov8("both")
    nodes += [
        helper.make_node("Slice", ["both", "0", "4", "axis"], ["boxes"]),
        helper.make_node("Slice", ["both", "4", "6", "axis"], ["classes"]),
        helper.make_node("Concat", ["boxes", "things", "classes"], ["columns"], axis=1),
        helper.make_node("Transpose", ["columns"], ["output0"], perm=[0, 2, 1]),
    ]
    return nodes


_OUTPUTS = {"yolov8": _yolov8, "yolov5": _yolov5, "end-to-end": _end_to_end}


def _centres() -> np.ndarray:
    rows, columns = np.mgrid[0:SIDE:CELL, 0:SIDE:CELL].reshape(2, COUNT)
    sizes = np.full(COUNT, CELL)
    return np.stack([columns + CELL / 2, rows + CELL / 2, sizes, sizes])[np.newaxis]


def _corners() -> np.ndarray:
    rows, columns = np.mgrid[0:SIDE:CELL, 0:SIDE:CELL].reshape(2, COUNT)
    return np.stack([columns, rows, columns + CELL, rows + CELL])[np.newaxis]
