"""Settings files: every fault at once, with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from picctv_core.config import Settings, SettingsFile, load, unknown_key
from picctv_core.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


class Inner(Settings):
    level: int = Field(default=1, ge=0)


class Outer(Settings):
    name: str
    inner: Inner = Inner()
    many: dict[str, Inner] = Field(default_factory=dict)


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def lines(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path, Outer)
    return str(caught.value).splitlines()


def test_file_becomes_the_model(tmp_path: Path) -> None:
    path = write(tmp_path, "name = 'x'\n[inner]\nlevel = 2\n[many.a]\nlevel = 3\n")
    assert load(path, Outer) == Outer(name="x", inner=Inner(level=2), many={"a": Inner(level=3)})


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Inner().level = 3


def test_every_fault_has_file_line_key_and_way_out(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "nam = 'x'\n# a comment\n[inner]\nlevle = 1\n\n[many.a]\nlevel = -1\n[many.b]\nlevel = 'x'\n",
    )
    assert sorted(lines(path)) == sorted(
        [
            f"{path}: name: field required",
            f"{path}:1: nam: there is no such key; did you mean 'name'?",
            f"{path}:4: inner.levle: there is no such key; did you mean 'level'?",
            f"{path}:7: many.a.level: input should be greater than or equal to 0",
            f"{path}:9: many.b.level: input should be a valid integer, unable to parse string as an integer",
        ]
    )


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[a]\nb = 1\n[a.c]\nd = 2\n", "a.c.d", 4),
        ("[a]\nb.c = 1\n", "a.b.c", 2),
        ("[a]\nb = {c = 1}\n", "a.b.c", 2),
        ("a = '''\nb = 1\n'''\nb = 2\n", "b", 4),
        ("[a]\n[a.b]\nc = 1\n", "a.x", 1),
        ("[a.b]\nc = 1\n", "a", 1),
        ("[a.b]\n[a]\nc = 1\n", "a", 2),
        ('["quoted key"]\nb = 1\n', "quoted key.b", 2),
        ("[a]\nb = [\n  1,\n  2,\n]\nc = 1\n", "a.c", 6),
        ("b = 1\n", "x", None),
    ],
)
def test_line_of_a_key_is_found(tmp_path: Path, text: str, key: str, line: int | None) -> None:
    assert SettingsFile(write(tmp_path, text)).fault(key.split("."), "wrong").line == line


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert lines(tmp_path / "no.toml") == [f"{tmp_path / 'no.toml'}: there is no such file"]


def test_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    (line,) = lines(write(tmp_path, "a = 1\nb = \n"))
    assert "is not valid TOML" in line
    assert "line 2" in line


def test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    (line,) = lines(path)
    assert "can't be read" in line


def test_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    (line,) = lines(tmp_path)
    assert "can't be read" in line


def test_unknown_key_names_the_nearest_or_all() -> None:
    assert unknown_key("titel", ["title", "name"]) == "there is no such key; did you mean 'title'?"
    assert unknown_key("zzz", ["title", "name"]) == "there is no such key; known here: name, title"
    assert unknown_key("zzz", []) == "there is no such key; known here: none"


def test_validators_know_the_files_folder(tmp_path: Path) -> None:
    class Located(Settings):
        path: str

        @field_validator("path")
        @classmethod
        def _from_folder(cls, value: str, info: ValidationInfo) -> str:
            return str(info.context["folder"] / value)

    assert load(write(tmp_path, "path = 'clips'"), Located).path == str(tmp_path / "clips")
