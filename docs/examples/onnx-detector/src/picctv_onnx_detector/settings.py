"""What people can set in ``[plugins.objects]`` of ``node.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from picctv_core.config import Settings

Layout = Literal["auto", "yolov5", "yolov8", "end-to-end"]


class ObjectsSettings(Settings):
    """The settings of the objects plugin. Relative paths begin at the settings file's folder."""

    model: Path = Field(Path(), description="The ONNX file. There is none by default: this must be set.")
    labels: list[str] = Field(
        default_factory=list,
        description="What the classes are called, in the model's order: a list, or the path of a file with one on each "
        "line. Empty for the names that stand in the model.",
    )
    size: int = Field(
        640,
        ge=32,
        le=4096,
        multiple_of=32,
        description="Width and height in pixels of what the model is given, where the model leaves that open.",
    )
    layout: Layout = Field(
        "auto", description="The form of the model's output; auto finds it from the output's shape."
    )
    confidence: float = Field(
        0.4, ge=0.0, le=1.0, description="How sure the model must be of an object, 0 to 1."
    )
    iou: float = Field(
        0.45,
        ge=0.0,
        le=1.0,
        description="Of two boxes of one class that overlap by more than this (intersection over union), only the "
        "surer one is kept.",
    )
    only_classes: list[str] = Field(
        default_factory=list, description="Report only these classes. Empty for all."
    )
    trigger_on: list[str] = Field(
        default_factory=list, description="Only these classes trigger. Empty for all that are reported."
    )
    every_s: float = Field(
        0.5,
        ge=0.0,
        le=60.0,
        description="Seconds from one look to the next; frames in between are left out. 0 looks at every frame.",
    )
    threads: int = Field(1, ge=1, le=64, description="How many threads the model may compute on.")

    @field_validator("model")
    @classmethod
    def _model_is_a_file(cls, value: Path, info: ValidationInfo) -> Path:
        if value == Path():
            raise ValueError('set the path of a YOLO-style ONNX model, for example model = "yolo.onnx"')
        return _file(value, info)

    @field_validator("labels", mode="before")
    @classmethod
    def _labels_may_be_in_a_file(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        path = _file(Path(value), info)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"the file {path} can't be read: {error}") from error
        names = [line.strip() for line in lines if line.strip()]
        if not names:
            raise ValueError(f"the file {path} is empty: write the name of one class on each line")
        return names

    @field_validator("labels")
    @classmethod
    def _labels_differ(cls, value: list[str]) -> list[str]:
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"two classes can't have one name: {', '.join(twice)}")
        return value


def _file(path: Path, info: ValidationInfo) -> Path:
    """Take a path from the settings file's folder; it must be a file's."""
    folder = Path((info.context or {}).get("folder", ""))
    absolute = (folder / path.expanduser()).resolve()
    if not absolute.is_file():
        raise ValueError(f"there is no file {absolute}; a relative path begins at the settings file's folder")
    return absolute
