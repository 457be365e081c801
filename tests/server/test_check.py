"""Clips and their bytes: whatever happens to either, one check finds it, and one repair mends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.cli import main
from picctv_core.clock import SystemClock
from picctv_core.messages import CLIP, Message, new_id
from picctv_server import check, clips, models, payloads, queries
from picctv_server.config import ClipSettings
from picctv_server.store import Store

if TYPE_CHECKING:
    from picctv_server.clips import ClipStore
    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection

T0 = 29_000_000 * models.MINUTE_NS
S = models.SECOND_NS


@pytest.fixture(params=["filesystem", "gridfs"])
def bytes_store(request: pytest.FixtureRequest, database: Connection, tmp_path: Path) -> ClipStore:
    folder = tmp_path / "clips" if request.param == "filesystem" else None
    return clips.open_store(ClipSettings(store=request.param, path=folder))


@pytest.fixture
def store(bytes_store: ClipStore) -> Store:
    return Store(bytes_store, SystemClock())


def add_clip(store: Store, folder: Path, own_id: str = "", content: bytes = b"mp4" * 99) -> models.Clip:
    path = folder / f"{threading.get_ident()}.mp4"
    path.write_bytes(content)
    message = Message(
        own_id or new_id(), "garage", "garage/door", "recording", CLIP, T0, 1, {"trigger": None}
    )
    store.add_clip(
        message, path, b"jpeg", frames=1, width=16, height=16, started_at_ns=T0, ended_at_ns=T0 + S
    )
    return models.Clip.objects.get(id=message.id)


def found(
    store: Store, *, repair: bool = False, fast: bool = False, orphan_age_s: float = -60.0
) -> list[check.Finding]:
    counts = check.Counts()
    return list(
        check.check(store.clips, SystemClock(), counts, repair=repair, fast=fast, orphan_age_s=orphan_age_s)
    )


def kinds(findings: list[check.Finding]) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in findings]


def test_store_in_order_has_no_findings(store: Store, tmp_path: Path) -> None:
    for _ in range(3):
        add_clip(store, tmp_path)
    store.add_message(Message(new_id(), "garage", "", "p", "blob", T0, 1, {"data": b"x" * 2_000_000}))
    results = {"items": [[T0, {"data": b"x" * 2_000_000}]]}
    store.add_results(Message(new_id(), "garage", "garage/door", "p", "results", T0, 1, results))
    counts = check.Counts()
    assert list(check.check(store.clips, SystemClock(), counts, orphan_age_s=-60.0)) == []
    assert (counts.clips, counts.clip_bytes, counts.payloads, counts.entries, counts.others) == (
        3,
        891,
        2,
        6,
        0,
    )


def test_clip_without_bytes_becomes_a_gap(store: Store, tmp_path: Path) -> None:
    clip, fine = add_clip(store, tmp_path), add_clip(store, tmp_path)
    store.clips.delete(clip.video_name)
    (one,) = found(store)
    assert (one.kind, one.name, one.mended) == ("missing", clip.video_name, "")
    assert models.Clip.objects.count() == 2
    (one,) = found(store, repair=True)
    assert one.mended == "it is a gap now"
    assert [own.id for own in models.Clip.objects] == [fine.id]
    (gap,) = queries.gaps_between("garage/door", T0, T0 + S)
    assert (gap.from_ns, gap.to_ns, gap.plugin, gap.node, gap.bytes) == (
        T0,
        T0 + S,
        "recording",
        "garage",
        297,
    )
    assert gap.cause == "the clip's bytes were missing from the server's clip store"
    assert found(store) == []


@pytest.mark.parametrize("content", [b"mp3" * 99, b"mp4" * 98, b""])
def test_damaged_clip_becomes_a_gap_and_its_bytes_are_kept(
    store: Store, tmp_path: Path, content: bytes
) -> None:
    clip = add_clip(store, tmp_path)
    store.clips.put(clip.video_name, content)
    # Sizes alone tell less.
    assert kinds(found(store, fast=True)) == ([] if len(content) == 297 else [("damaged", clip.video_name)])
    (one,) = found(store, repair=True)
    assert (one.kind, one.mended) == ("damaged", "it is a gap now, its bytes are in quarantine")
    assert [gap.cause for gap in models.Gap.objects] == [
        "the clip's bytes were damaged in the server's clip store"
    ]
    assert sorted(entry.name for entry in store.clips.quarantined()) == [clip.thumbnail_name, clip.video_name]
    assert found(store) == []
    assert check.empty_quarantine(store.clips) == (2, len(content) + 4)
    assert list(store.clips.quarantined()) == []


def test_thumbnail_that_is_gone_is_no_longer_spoken_of(store: Store, tmp_path: Path) -> None:
    clip = add_clip(store, tmp_path)
    store.clips.delete(clip.thumbnail_name)
    assert kinds(found(store, repair=True)) == [("thumbnail", clip.thumbnail_name)]
    assert not models.Clip.objects.get(id=clip.id).thumbnail
    assert found(store) == []


def test_orphans_go_into_quarantine_unless_they_are_young_or_a_plugins(store: Store, tmp_path: Path) -> None:
    clip = add_clip(store, tmp_path)
    store.clips.put("lost-one.mp4", b"x" * 10)
    store.clips.put("zones:garage:1.png", b"a plugin's own")
    assert found(store, orphan_age_s=3600) == []
    (one,) = found(store, repair=True)
    assert (one.kind, one.name, one.bytes, one.mended) == (
        "orphan",
        "lost-one.mp4",
        10,
        "it is in quarantine",
    )
    assert store.clips.exists("zones:garage:1.png")
    assert store.clips.exists(clip.video_name)
    assert [(entry.name, entry.bytes) for entry in store.clips.quarantined()] == [("lost-one.mp4", 10)]
    assert not store.clips.exists("lost-one.mp4")
    assert found(store) == []


def test_payload_that_is_gone_becomes_a_gap(store: Store) -> None:
    blob = Message(new_id(), "garage", "garage/door", "p", "blob", T0, 1, {"data": b"x" * 2_000_000})
    items = [[T0 + n, {"data": b"x" * 700_000, "score": 1.0}] for n in range(3)]
    results = Message(new_id(), "garage", "garage/door", "p", "results", T0, 2, {"items": items})
    store.add_message(blob)
    store.add_results(results)
    minute = f"{results.id}:{T0}"
    for name in (blob.id, minute):
        payloads.delete(name)
    assert kinds(found(store)) == [("missing", blob.id), ("missing", minute)]
    assert [one.mended for one in found(store, repair=True)] == ["it is a gap now"] * 2
    assert sorted((gap.from_ns, gap.to_ns) for gap in queries.gaps_between("garage/door", T0, T0 + S)) == [
        (T0, T0 + 1),
        (T0, T0 + 3),
    ]
    assert queries.message_payload(models.Message.objects.get(id=blob.id)) is None
    assert queries.results_between("garage/door", "p", T0, T0 + 5) == []
    assert found(store) == []


def test_payload_that_is_damaged_is_found_and_one_without_document_too(
    store: Store, database: Connection
) -> None:
    blob = Message(new_id(), "garage", "garage/door", "p", "blob", T0, 1, {"data": b"x" * 2_000_000})
    store.add_message(blob)
    file = database.database["payloads.files"].find_one({"filename": blob.id})
    assert file is not None
    database.database["payloads.chunks"].delete_one({"files_id": file["_id"], "n": 2})
    payloads.put("nobody:29000", b"x")
    payloads.put("nobody", b"x")
    payloads.put("nobody:aside", b"x")
    assert sorted(kinds(found(store, repair=True))) == [
        ("damaged", blob.id),
        ("orphan", "nobody"),
        ("orphan", "nobody:29000"),
        ("orphan", "nobody:aside"),
    ]
    assert found(store) == []


def test_what_crashes_left_of_bytes_is_removed(store: Store, database: Connection, tmp_path: Path) -> None:
    add_clip(store, tmp_path)
    if (tmp_path / "clips").is_dir():
        (shard, *_) = [path for path in (tmp_path / "clips").iterdir() if path.is_dir()]
        (shard / ".abc.part").write_bytes(b"half")
    else:
        chunks = database.database["clips.chunks"]
        chunk = chunks.find_one({})
        assert chunk is not None
        chunks.insert_one({"files_id": type(chunk["_id"])(), "n": 0, "data": b"half"})
    assert [one.kind for one in found(store, orphan_age_s=3600)] == []
    assert [one.kind for one in found(store, repair=True)] == ["leftover"]
    assert found(store) == []


# A server that is killed at a point within the storing of a clip; the clip store is the real one, with a way to die in it.
KILLED = """
    import os, signal, sys
    from pathlib import Path
    from picctv_core.clock import SystemClock
    from picctv_server import clips, database, store
    from picctv_server.config import ClipSettings, MongoSettings
    from tests.server import test_check

    uri, name, kind, folder, point, own_id = sys.argv[1:]

    class Mortal:
        calls = 0

        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def put(self, name, content):
            here = ("video", "thumbnail")[self.calls]
            self.calls += 1
            if point == f"within-{here}":
                class Dying(type(Path())):
                    def open(self, *a):
                        reader = super().open(*a)
                        class Half:
                            def __enter__(self): return self
                            def __exit__(self, *a): pass
                            def read(self, size):
                                data = reader.read(size)
                                if reader.tell() > 600_000:
                                    os.kill(os.getpid(), signal.SIGKILL)
                                return data
                        return Half()
                if isinstance(content, bytes):
                    Path(folder, "thumbnail").write_bytes(content * 300_000)
                    content = Path(folder, "thumbnail")
                content = Dying(content)
            stored = self.inner.put(name, content)
            if point == f"after-{here}":
                os.kill(os.getpid(), signal.SIGKILL)
            return stored

    with database.connect(MongoSettings(uri=uri, database=name)):
        path = Path(folder, "clips") if kind == "filesystem" else None
        inner = clips.open_store(ClipSettings(store=kind, path=path))
        test_check.add_clip(store.Store(Mortal(inner), SystemClock()), Path(folder), own_id, b"mp4" * 400_000)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["filesystem", "gridfs"])
@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("within-video", ["leftover"]),
        ("after-video", ["orphan"]),
        ("within-thumbnail", ["leftover", "orphan"]),
        ("after-thumbnail", ["orphan", "orphan"]),
        ("after-document", []),
    ],
)
def test_server_killed_while_it_stores_a_clip_leaves_no_clip_without_bytes(
    database: Connection,
    mongo_settings: MongoSettings,
    tmp_path: Path,
    kind: str,
    point: str,
    left: list[str],
) -> None:
    own_id = new_id()
    command = [sys.executable, "-c", textwrap.dedent(KILLED)]
    command += [str(mongo_settings.uri), mongo_settings.database, kind, str(tmp_path), point, own_id]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    folder = tmp_path / "clips" if kind == "filesystem" else None
    store = Store(clips.open_store(ClipSettings(store=kind, path=folder)), SystemClock())
    # GridFS sends nothing before it has 32 MiB, or the end.
    assert sorted(one.kind for one in found(store)) == [
        kind_left for kind_left in left if kind == "filesystem" or kind_left != "leftover"
    ]
    assert models.Clip.objects.count() == (point == "after-document")
    # It comes again, as its node was not told that it is stored. Whatever was in its way, all is in order then.
    clip = add_clip(store, tmp_path, own_id, b"mp4" * 400_000)
    assert {one.kind for one in found(store, repair=True)} <= {"leftover"}
    assert found(store) == []
    with store.clips.open(clip.video_name) as reader:
        assert reader.read() == b"mp4" * 400_000


def test_servers_that_store_one_clip_at_once_agree_on_its_checksum(store: Store, tmp_path: Path) -> None:
    """Their MP4s differ, as those of two versions may."""
    for _ in range(8):
        own_id = new_id()
        start = threading.Barrier(4)

        def put(number: int, own_id: str = own_id, start: threading.Barrier = start) -> None:
            start.wait()
            add_clip(store, tmp_path, own_id, bytes([number]) * 300_000)

        threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [one for one in found(store) if one.kind != "leftover"] == []
    assert models.Clip.objects.count() == 8


def test_command_finds_mends_and_says_what_is_left(
    database: Connection,
    mongo_settings: MongoSettings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "server.toml"
    config.write_text(
        f'[mongodb]\nuri = "{mongo_settings.uri}"\ndatabase = "{mongo_settings.database}"\n[clips]\npath = "clips"\n'
    )
    store = Store(clips.open_store(ClipSettings(path=tmp_path / "clips")), SystemClock())
    gone, _ = add_clip(store, tmp_path), add_clip(store, tmp_path)
    store.clips.delete(gone.video_name)
    store.clips.put("lost.mp4", b"x" * 10)
    path = next((tmp_path / "clips").rglob("lost.mp4"))
    os.utime(path, (1, 1))

    def run(*arguments: str) -> tuple[int, str]:
        from picctv_server import database as databases

        code = main(["server", "check", *arguments, "--config", str(config)])
        databases.connect(mongo_settings)  # the command has closed the process's connection
        return code, capsys.readouterr().out

    code, said = run()
    assert code == 1
    assert said.splitlines() == [
        f"missing\t{gone.video_name}\tclip of garage/door: its bytes are gone\tnot mended",
        "orphan\tlost.mp4\tno clip speaks of these bytes\tnot mended",
        "2 clips (594 bytes) and 0 payloads looked at, with checksums: 2 findings, 0 mended",
        "`picctv server check --repair` mends what can be",
    ]
    code, said = run("--repair", "--json")
    found_json: dict[str, Any] = json.loads(said)
    assert (code, found_json["left"], found_json["counts"]["quarantined"]) == (0, 0, 2)
    assert [one["kind"] for one in found_json["findings"]] == ["missing", "orphan"]
    code, said = run("--fast", "--empty-quarantine")
    assert (code, said.splitlines()) == (
        0,
        [
            "1 clips (297 bytes) and 0 payloads looked at, with sizes: 0 findings, 0 mended",
            "quarantine emptied: 2 names, 14 bytes",
        ],
    )
