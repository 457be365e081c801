"""The forms that YOLO-style models give their boxes in.

==============  ===============  =======================================================================================
layout          shape            a box is
==============  ===============  =======================================================================================
``yolov5``      (1, n, 5 + c)    centre x, centre y, width, height, whether it is a thing, and then of each class how sure
``yolov8``      (1, 4 + c, n)    centre x, centre y, width, height, of each class how sure; YOLO11 too
``end-to-end``  (1, n, 6)        left, top, right, bottom, how sure, class; already without doubles: YOLOv10, YOLO26
==============  ===============  =======================================================================================

Lengths are pixels of the model's picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Indices = npt.NDArray[np.intp]

YOLOV5, YOLOV8, END_TO_END = "yolov5", "yolov8", "end-to-end"
STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class Candidates:
    """Boxes that are sure enough, doubles included.

    Attributes:
        corners: (n, 4), [left, top, right, bottom] in pixels of the model's picture.
        scores: (n,), 0 to 1.
        classes: (n,).
        doubles: whether there may be several around one thing.
    """

    corners: Floats
    scores: Floats
    classes: Indices
    doubles: bool


def find_layout(shape: tuple[int, ...], width: int, height: int, classes: int | None) -> str:
    """Find the layout of an output.

    Where more than one fits, the number of boxes decides: a model has one (YOLOv8) or three (YOLOv5) for each cell of
    its three grids, and one that is end-to-end has a number that somebody chose.

    Args:
        shape: of the output.
        width: columns of the model's picture.
        height: its rows.
        classes: how many there are; None where that is not known.

    Raises:
        ValueError: the shape fits none; the text says what was expected.
    """
    fitting = [layout for layout in (YOLOV5, YOLOV8, END_TO_END) if fits(layout, shape, classes)]
    if not fitting:
        named = f", with {classes} labels" if classes is not None else ""
        raise ValueError(
            f"its output of shape {shape}{named} is none of (1, n, 5 + classes), (1, 4 + classes, n) and (1, n, 6)"
        )
    if len(fitting) == 1:
        return fitting[0]
    cells = sum((width // stride) * (height // stride) for stride in STRIDES)
    if YOLOV5 in fitting and shape[1] == 3 * cells:
        return YOLOV5
    if YOLOV8 in fitting and shape[2] == cells:
        return YOLOV8
    if END_TO_END in fitting:
        return END_TO_END
    return YOLOV5 if shape[1] > shape[2] else YOLOV8


def fits(layout: str, shape: tuple[int, ...], classes: int | None) -> bool:
    """Say whether an output of this shape can be of a layout."""
    if len(shape) != 3 or shape[0] != 1:
        return False
    if layout == END_TO_END:
        return shape[2] == 6
    found = class_count(layout, shape)
    return found >= 1 if classes is None else found == classes


def class_count(layout: str, shape: tuple[int, ...]) -> int:
    """Say how many classes an output has: 0 or less where it fits no layout; of end-to-end it does not say, 0."""
    return {YOLOV5: shape[2] - 5, YOLOV8: shape[1] - 4}.get(layout, 0)


def read(output: Floats, layout: str, confidence: float) -> Candidates:
    """Read a model's output.

    Args:
        output: of one of the shapes above.
        layout: which.
        confidence: boxes that are less sure are left out.
    """
    rows = output[0].T if layout == YOLOV8 else output[0]
    if layout == END_TO_END:
        # Models fill up with rows of zeros, and with class -1.
        rows = rows[(rows[:, 4] >= confidence) & (rows[:, 4] > 0) & (rows[:, 5] >= 0)]
        return Candidates(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.intp), doubles=False)
    if layout == YOLOV5:
        # Of most boxes it is clear here that they are nothing.
        rows = rows[rows[:, 4] >= confidence]
        sure = rows[:, 5:] * rows[:, 4:5]
    else:
        sure = rows[:, 4:]
    classes = sure.argmax(axis=1)
    scores = sure[np.arange(len(sure)), classes]
    enough = (scores >= confidence) & (scores > 0)
    centre, half = rows[enough, :2], rows[enough, 2:4] / 2
    corners = np.concatenate([centre - half, centre + half], axis=1)
    return Candidates(corners, scores[enough], classes[enough], doubles=True)
