"""A model: checked when it is opened, so that what is wrong with it is said at the start and in one line."""

from __future__ import annotations

import ast
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from picctv_core.errors import PluginError
from picctv_onnx_detector import layouts
from picctv_onnx_detector.letterbox import GREY, Letterbox
from picctv_onnx_detector.suppression import suppress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from picctv_onnx_detector.settings import ObjectsSettings

    Floats = npt.NDArray[np.float32]

_TYPES: dict[str, type[np.floating[Any]]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}

SECTION = "[plugins.objects]"


@dataclass(frozen=True)
class Found:
    """One object.

    Attributes:
        label: its class.
        score: how sure the model is, 0 to 1.
        box: [x, y, w, h] in fractions of the frame.
    """

    label: str
    score: float
    box: list[float]


class Model:
    """A YOLO-style model, ready to look at frames. Not for several threads at once.

    Attributes:
        width: columns of the picture that it is given.
        height: its rows.
        layout: the form of its output.
        labels: what its classes are called; empty where nobody says.

    Raises:
        PluginError: the file is no such model, or the settings do not fit it.
    """

    def __init__(self, settings: ObjectsSettings) -> None:
        self._settings = settings
        self._session = _session(settings.model, settings.threads)
        self._input, self._channels, self.width, self.height = _input(
            self._session, settings.model, settings.size
        )
        self.labels = tuple(settings.labels or _names(self._session))
        empty = np.full((self.height, self.width), GREY, np.uint8)
        # Shapes that the file leaves open are known only when it has run once; the first run is a slow one besides.
        shape = self._run(empty).shape
        self.layout = self._layout(shape)
        classes = layouts.class_count(self.layout, shape)
        if not self.labels and classes > 0:
            self.labels = tuple(f"class {number}" for number in range(classes))
        for key in ("only_classes", "trigger_on"):
            self._check_classes(key, getattr(settings, key))

    def find(self, luma: npt.NDArray[np.uint8]) -> list[Found]:
        """Look at a frame.

        Args:
            luma: (rows, columns) uint8; left as it is.

        Returns:
            What it sees, the surest first.
        """
        settings = self._settings
        rows, columns = luma.shape
        box = Letterbox.of(columns, rows, self.width, self.height)
        seen = layouts.read(self._run(box.picture(luma)), self.layout, settings.confidence)
        if seen.doubles:
            kept = suppress(seen.corners, seen.scores, seen.classes, settings.iou)
        else:
            kept = np.argsort(-seen.scores, kind="stable")
        found = []
        for index, fractions in zip(kept, box.fractions(seen.corners[kept]), strict=True):
            label = self._label(int(seen.classes[index]))
            # A box that lies in the grey around the frame, or is no number, is nothing in the frame.
            wanted = not settings.only_classes or label in settings.only_classes
            if wanted and np.isfinite(fractions).all() and fractions[2:].min() > 0:
                score = round(min(1.0, float(seen.scores[index])), 4)
                found.append(Found(label, score, [round(float(value), 5) for value in fractions]))
        return found

    def _run(self, picture: npt.NDArray[np.uint8]) -> Floats:
        scaled = picture.astype(self._input[1]) / self._input[1](255)
        planes = np.broadcast_to(scaled, (1, self._channels, *scaled.shape))
        try:
            outputs = self._session.run(None, {self._input[0]: np.ascontiguousarray(planes)})
        except Exception as error:  # onnxruntime raises classes of its own that derive from Exception only
            raise PluginError(
                f"{SECTION} model: {self._settings.model} can't be run on a picture of {self.width}x{self.height}; "
                f"set size to what it was exported for, or export it again ({_first_line(error)})"
            ) from error
        return np.asarray(outputs[0], np.float32)

    def _layout(self, shape: tuple[int, ...]) -> str:
        settings = self._settings
        classes = len(self.labels) or None
        if settings.layout == "auto":
            try:
                return layouts.find_layout(shape, self.width, self.height, classes)
            except ValueError as error:
                raise PluginError(
                    f"{SECTION} model: {settings.model} is no detector of a form that is known: {error}; export a "
                    "YOLO detector, and give as many labels as it has classes"
                ) from error
        if not layouts.fits(settings.layout, shape, classes):
            named = f" with {classes} labels" if classes is not None else ""
            raise PluginError(
                f"{SECTION} layout: the output of {settings.model} of shape {shape}{named} is not {settings.layout}; "
                "take the key away to have it found"
            )
        return settings.layout

    def _check_classes(self, key: str, names: Sequence[str]) -> None:
        if not self.labels:
            if names:
                raise PluginError(f"{SECTION} {key}: the model does not name its classes; set labels")
            return
        for name in names:
            if name not in self.labels:
                near = difflib.get_close_matches(name, self.labels, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(self.labels[:10])}"
                raise PluginError(f"{SECTION} {key}: the model has no class {name!r}; {hint}")

    def _label(self, number: int) -> str:
        return self.labels[number] if number < len(self.labels) else f"class {number}"


def _session(path: Path, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait for work turn in a circle otherwise: a full core for a few looks a second.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what is wrong is raised, and said by us
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise PluginError(
            f"{SECTION} model: {path} is no ONNX model that onnxruntime {ort.__version__} can read; export it again "
            f"in the format ONNX ({_first_line(error)})"
        ) from error


def _input(
    session: ort.InferenceSession, path: Path, size: int
) -> tuple[tuple[str, type[np.floating[Any]]], int, int, int]:
    """Give name and type of the model's input, its channels, and the size of the picture."""
    inputs = session.get_inputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    kind = _TYPES.get(inputs[0].type) if len(inputs) == 1 else None
    is_picture = len(shape) == 4 and (shape[0] == 1 or not isinstance(shape[0], int)) and shape[1] in {1, 3}
    if kind is None or not is_picture:
        got = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
        raise PluginError(
            f"{SECTION} model: {path} does not take one picture: a YOLO detector has one input of floats of shape "
            f"(1, 3, height, width), this one has {got or 'none'}"
        )
    height, width = (side if isinstance(side, int) and side > 0 else size for side in shape[2:])
    return (inputs[0].name, kind), shape[1], width, height


def _names(session: ort.InferenceSession) -> list[str]:
    """Give the names that the exporter of Ultralytics writes into a model: ``{0: 'person', 1: 'bicycle'}``."""
    text = session.get_modelmeta().custom_metadata_map.get("names", "")
    try:
        names = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    if not isinstance(names, dict) or set(names) != set(range(len(names))):
        return []
    return [str(names[number]) for number in range(len(names))]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
