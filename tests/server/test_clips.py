"""The clip stores: one contract, held by each."""

from __future__ import annotations

import io
import random
import threading
from typing import TYPE_CHECKING

import pytest

from picctv_core.errors import PluginError, StoreError
from picctv_server import clips
from picctv_server.clips.filesystem import FilesystemClips
from picctv_server.clips.gridfs import GridFSClips
from picctv_server.config import ClipSettings

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_server.clips import ClipStore
    from picctv_server.database import Connection

CONTENT = random.Random(1).randbytes(700_001)


@pytest.fixture(params=["filesystem", "gridfs"])
def store(request: pytest.FixtureRequest, database: Connection, tmp_path: Path) -> ClipStore:
    folder = tmp_path / "clips" if request.param == "filesystem" else None
    return clips.open_store(ClipSettings(store=request.param, path=folder))


def test_store_is_chosen_by_its_name(database: Connection, tmp_path: Path) -> None:
    assert isinstance(clips.open_store(ClipSettings(path=tmp_path)), FilesystemClips)
    assert isinstance(clips.open_store(ClipSettings(store="gridfs")), GridFSClips)
    with pytest.raises(
        PluginError, match=r"there is no driver 'tape' in picctv\.clips; installed are filesystem, gridfs"
    ):
        clips.open_store(ClipSettings(store="tape"))


def test_content_comes_back_from_bytes_and_from_a_file(store: ClipStore, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(CONTENT)
    for name, content in (("a.mp4", CONTENT), ("b.mp4", path), ("empty.mp4", b"")):
        stored = store.put(name, content)
        expected = CONTENT if content else b""
        assert (stored.bytes, store.size(name), store.exists(name)) == (len(expected), len(expected), True)
        with store.open(name) as reader:
            assert reader.read() == expected
    assert path.read_bytes() == CONTENT


def test_reader_seeks_like_a_file(store: ClipStore) -> None:
    store.put("a.mp4", CONTENT)
    draw = random.Random(2)
    with store.open("a.mp4") as reader:
        assert reader.seekable()
        assert reader.seek(0, io.SEEK_END) == len(CONTENT)
        for _ in range(50):
            start, length = draw.randrange(len(CONTENT)), draw.randrange(1, 300_000)
            assert reader.seek(start) == start
            assert reader.read(length) == CONTENT[start : start + length]
            assert reader.tell() == min(start + length, len(CONTENT))


def test_put_replaces_as_a_whole_and_delete_takes_away(store: ClipStore) -> None:
    store.put("a.mp4", CONTENT)
    store.put("a.mp4", b"new")
    assert store.size("a.mp4") == 3
    with store.open("a.mp4") as reader:
        assert reader.read() == b"new"
    store.delete("a.mp4")
    store.delete("a.mp4")
    assert not store.exists("a.mp4")


def test_puts_of_one_name_at_once_leave_one(store: ClipStore) -> None:
    threads = [threading.Thread(target=store.put, args=("a.mp4", CONTENT)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.open("a.mp4") as reader:
        assert reader.read() == CONTENT


def test_what_is_not_there_is_an_error_that_names_it(store: ClipStore) -> None:
    assert not store.exists("a.mp4")
    with pytest.raises(StoreError, match=r"the clip store has no a\.mp4"):
        store.open("a.mp4")
    with pytest.raises(StoreError, match=r"the clip store has no a\.mp4"):
        store.size("a.mp4")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a.mp4", "a/b.mp4", "/etc/passwd", ".hidden", "a\0b", "a b", "x" * 201, "a\n"]
)
def test_name_that_could_be_a_path_is_refused(store: ClipStore, name: str) -> None:
    for use in (store.open, store.size, store.exists, store.delete, lambda bad: store.put(bad, b"x")):
        with pytest.raises(StoreError, match="is no name for a clip store"):
            use(name)


def test_filesystem_leaves_nothing_of_a_put_that_failed(tmp_path: Path) -> None:
    store = FilesystemClips(ClipSettings(path=tmp_path / "clips"))
    with pytest.raises(StoreError, match="the clip store can't write"):
        store.put("a.mp4", tmp_path)  # a folder: it opens, and can't be read
    assert [path for path in (tmp_path / "clips").rglob("*") if path.is_file()] == []


def test_filesystem_says_which_folder_it_can_not_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        StoreError, match=r"the clip store can't use the folder .*file/clips: Not a directory"
    ):
        FilesystemClips(ClipSettings(path=tmp_path / "file" / "clips"))
