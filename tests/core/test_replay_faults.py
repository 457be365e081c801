"""The command ``picctv replay`` when something is wrong: one line that says what, and no half file."""

from __future__ import annotations

import json
import os
import pty
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from tests.core.replays import SEEN, Replay
from tests.core.videos import write_video

ANALYSIS = ("--analysis", "80x60@10")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Three seconds of H.264, a picture each 100 ms."""
    return write_video(tmp_path / "a.mp4", "libx264", range(0, 3000, 100), options={"bf": "0"})


def test_a_video_that_is_none_is_one_line(tmp_path: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    (tmp_path / "text.mp4").write_text("no video")
    gone = tmp_path / "gone.mp4"
    for path, why in (
        (gone, f"{gone} does not exist; check the path"),
        (tmp_path, f"{tmp_path} is a directory, not a video file; check the path"),
        ("rtsp://camera/1", "rtsp:/camera/1 does not exist; check the path"),
        ("/dev/video7", "/dev/video7 is no file; a replay is of recorded files"),
    ):
        ran = replay(path, "--plugin", "seen", "--out", tmp_path / "out")
        assert (ran.code, ran.out, ran.errors) == (1, "", [why])
    ran = replay(tmp_path / "text.mp4", "--plugin", "seen", "--out", tmp_path / "out")
    assert ran.code == 1
    assert [error.startswith(f"{tmp_path / 'text.mp4'} is not a video") for error in ran.errors] == [True]
    assert not (tmp_path / "out").exists()


def test_a_file_with_sound_only_is_one_line(tmp_path: Path, replay: Replay, ffmpeg: Path) -> None:
    replay.install("seen", SEEN)
    sound = tmp_path / "sound.wav"
    subprocess.run([ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "sine=duration=1", sound], check=True)
    ran = replay(sound, "--plugin", "seen")
    assert (ran.code, ran.errors) == (
        1,
        [f"{sound} has no video in it; check what the address or path leads to"],
    )


def test_a_plugin_that_is_not_there_is_one_line_with_the_nearest(video: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    ran = replay(video, "--plugin", "sean")
    assert (ran.code, ran.errors) == (
        1,
        ["no plugin 'sean' is installed with a node part; did you mean 'seen'?"],
    )
    replay.install("needy", SEEN.replace("Seen", "Needy") + '    uses = ("xylophone",)\n')
    ran = replay(video, "--plugin", "needy")
    (error,) = ran.errors
    assert error.startswith(
        "no plugin 'xylophone', which needy uses, is installed with a node part; installed are "
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 / 0", "load error: ZeroDivisionError: division by zero"),
        ("Broken = 3", "load error: "),
        ("class Broken:\n    @hookimpl\n    def picctv_analyse(self): ...", "unknown hook: "),
        ("class Broken:\n    @hookimpl\n    def picctv_analyze_frame(self, pic): ...", "unknown argument: "),
    ],
)
def test_a_broken_plugin_is_one_line_with_status_and_reason(
    video: Path, replay: Replay, text: str, why: str
) -> None:
    replay.install("broken", text)
    ran = replay(video, "--plugin", "broken")
    (error,) = ran.errors
    assert ran.code == 1
    assert error.startswith(f"the plugin broken (picctv-plugins-broken 1.0) can't be replayed: {why}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "    def __init__(self, settings, camera): raise ValueError('no\\nmodel')",
            "be made: ValueError: no model",
        ),
        (
            (
                "    def __init__(self, settings, camera): ...\n    @hookimpl\n"
                "    def picctv_camera_started(self): raise OSError('no lens')"
            ),
            "begin: camera_started: OSError: no lens",
        ),
    ],
)
def test_a_plugin_that_can_not_begin_is_one_line(
    video: Path, tmp_path: Path, replay: Replay, text: str, why: str
) -> None:
    replay.install("broken", f"class Broken:\n{text}")
    ran = replay(video, "--plugin", "broken", "--out", tmp_path / "out")
    assert (ran.code, ran.errors) == (1, [f"the plugin broken (picctv-plugins-broken 1.0) can't {why}"])
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


TUNED = """
class Tuned:
    class Settings(Settings):
        level: Annotated[int, Field(ge=0, le=255)] = 3
        names: list[str] = []
    def __init__(self, settings, camera): self.settings = settings
    @hookimpl
    def picctv_analyze_frame(self): return {"level": self.settings.level}
"""


@pytest.mark.parametrize(
    "text",
    [
        "level = 7",
        "level = 7\nenabled = false",
        "[plugins.tuned]\nlevel = 7\nenabled = false",
        "plugins.tuned.level = 7",
    ],
)
def test_settings_are_the_plugins_table_or_a_whole_node_file(
    video: Path, tmp_path: Path, replay: Replay, text: str
) -> None:
    replay.install("tuned", TUNED)
    (tmp_path / "s.toml").write_text(text)
    ran = replay(video, "--plugin", "tuned", "--settings", tmp_path / "s.toml")
    assert [line["result"] for line in ran.lines] == [{"level": 7}] * 30, ran.err


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("level = 256\nnames = 3\nlevle = 1", [
            "1: level: input should be less than or equal to 255",
            "2: names: input should be a valid list",
            "3: levle: there is no such key; did you mean 'level'?",
        ]),
        ("[node]\n[plugins.tuned]\nlevel = -1\nisolation = 'cpu'\n[camera.x]", [
            "3: plugins.tuned.level: input should be greater than or equal to 0",
            "4: plugins.tuned.isolation: input should be 'thread' or 'process'",
            "5: camera: there is no such key; did you mean 'cameras'?",
        ]),
        ("[plugins.tunde]\nlevel = 1", ["1: plugins.tunde: no plugin has this name; did you mean 'tuned'?"]),
        ("[plugins]\ntuned = 1", [
            "2: plugins.tuned: is to be a table: write [plugins.tuned] and the keys below it, for example enabled = true"
        ]),
        ("level = ", ["the file is not valid TOML: Invalid value (at end of document)"]),
        (None, ["there is no such file"]),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_all_with_their_lines(
    video: Path, tmp_path: Path, replay: Replay, text: str | None, faults: list[str]
) -> None:
    replay.install("tuned", TUNED)
    path = tmp_path / "s.toml"
    if text is not None:
        path.write_text(text)
    ran = replay(video, "--plugin", "tuned", "--settings", path)
    told = [error.removeprefix(str(path)).lstrip(": ") for error in ran.errors]
    # Each names the plugin's distribution too.
    told = [fault.replace("plugin tuned (picctv-plugins-tuned 1.0): ", "") for fault in told]
    assert (ran.code, told) == (1, faults)


def test_a_setting_that_must_be_given_is_told(video: Path, replay: Replay) -> None:
    replay.install("tuned", TUNED.replace("= 3", "").replace("= []", ""))
    ran = replay(video, "--plugin", "tuned")
    assert ran.errors == [
        "the plugin tuned: level: Field required; give it with --settings",
        "the plugin tuned: names: Field required; give it with --settings",
    ]


def test_a_node_file_without_the_plugin_is_said(
    video: Path, tmp_path: Path, replay: Replay, caplog: pytest.LogCaptureFixture
) -> None:
    replay.install("tuned", TUNED)
    (tmp_path / "s.toml").write_text("[cameras.door]")
    assert replay(video, "--plugin", "tuned", "--settings", tmp_path / "s.toml").code == 0
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"{tmp_path / 's.toml'} has no [plugins.tuned]; every setting is as it is by itself"
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--plugin",),
        ("--plugin", "seen", "--analysis", "320"),
        ("--plugin", "seen", "--start", "noon"),
        ("--plugin", "seen", "--start", "1969-12-31"),
    ],
)
def test_wrong_usage_is_2(video: Path, replay: Replay, arguments: tuple[str, ...]) -> None:
    ran = replay(video, *arguments)
    assert ran.code == 2
    assert "picctv replay: error: " in ran.err


# Plugins that raise ---------------------------------------------------------------------------------------------------

RAISES = """
class Raises:
    class Settings(Settings):
        first: int = 5
        last: int = 7
        kind: str = "raise"
    class Result(ResultModel):
        level: int
    def __init__(self, settings, camera): self.settings = settings
    @hookimpl
    def picctv_analyze_frame(self, frame):
        if self.settings.first <= frame.sequence <= self.settings.last:
            if self.settings.kind == "raise":
                raise ValueError("too dark")
            if self.settings.kind == "write":
                frame.luma[0, 0] = 1
            return {"wrong": 1}
        return {"level": frame.sequence}
"""


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("raise", "analyze_frame: ValueError: too dark"),
        ("write", "analyze_frame: ValueError: assignment destination is read-only"),
        (
            "typed",
            (
                "analyze_frame: the result does not fit Result: level: Field required; "
                "wrong: Extra inputs are not permitted"
            ),
        ),
    ],
)
def test_an_error_stands_in_its_line_and_in_the_summary(
    video: Path, tmp_path: Path, replay: Replay, kind: str, error: str
) -> None:
    replay.install("raises", RAISES)
    (tmp_path / "s.toml").write_text(f'kind = "{kind}"')
    out = tmp_path / "out"
    ran = replay(video, "--plugin", "raises", "--settings", tmp_path / "s.toml", "--out", out)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert (ran.code, len(lines)) == (1, 30)
    assert ran.row("errors") == f"3, the first: {error}"
    assert lines[4] == {"msec": 400.0, "captured_at_ns": 400_000_000, "result": {"level": 4}}
    assert lines[5:8] == [
        {"msec": n * 100.0, "captured_at_ns": n * 100_000_000, "result": None, "error": error}
        for n in (5, 6, 7)
    ]


@pytest.mark.parametrize(
    ("options", "number", "why"),
    [
        ((), 10, "raises: 10 failures in a row; the last: "),
        (("--strict",), 1, "raises: a failure; the last: "),
    ],
)
@pytest.mark.parametrize("kind", ["raise", "typed"])
def test_failures_in_a_row_end_it(
    video: Path,
    tmp_path: Path,
    replay: Replay,
    kind: str,
    options: tuple[str, ...],
    number: int,
    why: str,
) -> None:
    replay.install("raises", RAISES)
    (tmp_path / "s.toml").write_text(f'last = 999\nkind = "{kind}"')
    ran = replay(video, "--plugin", "raises", "--settings", tmp_path / "s.toml", *options)
    assert (ran.code, len(ran.lines)) == (1, 5 + number)
    assert ran.row("ended early").startswith(why)


def test_errors_of_other_hooks_and_of_plugins_beside_it_count(video: Path, replay: Replay) -> None:
    deaf = """
class Deaf:
    def __init__(self, settings, camera): pass
    @hookimpl
    def picctv_result(self, result):
        if result.captured_at_ns == 300_000_000: raise KeyError("ear")
"""
    replay.install("deaf", deaf)
    replay.install("seen", SEEN)
    ran = replay(video, "--plugin", "seen", "--with", "deaf", *ANALYSIS)
    assert (ran.code, len(ran.lines)) == (1, 30)
    assert ran.row("errors") == "deaf: 1, the first: result: KeyError: 'ear'"


# What is written ------------------------------------------------------------------------------------------------------


def leftovers(folder: Path) -> list[str]:
    """List what a replay may have left behind."""
    return sorted(path.name for path in folder.iterdir() if path.name not in {"a.mp4", "sites", "s.toml"})


def test_outputs_that_can_not_be_are_one_line(video: Path, tmp_path: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    before = video.read_bytes()
    link = tmp_path / "sites" / "link.mp4"
    link.symlink_to(video)
    (tmp_path / "s.toml").write_text("")
    settings = ("--settings", tmp_path / "s.toml")
    both = ("--out", tmp_path / "x", "--annotate", tmp_path / "sites" / ".." / "x")
    for arguments, why in (
        (("--out", video), f"--out {video} is the video itself; name another file"),
        (("--annotate", link), f"--annotate {link} is the video itself; name another file"),
        (
            (*settings, "--out", settings[1]),
            f"--out {settings[1]} is the settings file itself; name another file",
        ),
        (both, f"--annotate {both[3]} is the file of --out itself; name another file"),
        (("--out", tmp_path), f"--out {tmp_path} is a folder; name a file"),
        (("--annotate", "/dev/null"), "--annotate /dev/null is no regular file; a video needs one"),
        (
            ("--out", tmp_path / "no" / "x"),
            f"--out {tmp_path / 'no' / 'x'} can't be written: there is no folder {tmp_path / 'no'}; make it first",
        ),
    ):
        ran = replay(video, "--plugin", "seen", *arguments)
        assert (ran.code, ran.errors) == (1, [why])
    assert video.read_bytes() == before
    assert leftovers(tmp_path) == []


def test_an_output_that_is_there_is_replaced_when_all_is_done(
    video: Path, tmp_path: Path, replay: Replay
) -> None:
    replay.install("seen", SEEN)
    (tmp_path / "real").write_text("before")
    (tmp_path / "out").symlink_to("real")
    assert replay(tmp_path / "gone.mp4", "--plugin", "seen", "--out", tmp_path / "out").code == 1
    assert (tmp_path / "real").read_text() == "before"
    assert replay(video, "--plugin", "seen", "--out", tmp_path / "out").code == 0
    assert (tmp_path / "out").is_symlink()
    assert len((tmp_path / "real").read_text().splitlines()) == 30
    assert leftovers(tmp_path) == ["out", "real"]


def test_a_folder_that_may_not_be_written_is_one_line(video: Path, tmp_path: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    # Root may write in every folder but those that are none.
    folder = Path("/proc") if os.geteuid() == 0 else tmp_path / "closed"
    folder.mkdir(mode=0o500, exist_ok=True)
    ran = replay(video, "--plugin", "seen", "--out", folder / "x")
    (error,) = ran.errors
    assert error.startswith(f"--out {folder / 'x'} can't be written: ")
    assert (ran.code, ran.out) == (1, "")


@pytest.mark.parametrize("option", ["--out", "--annotate", "--messages"])
def test_a_disk_that_is_full_is_one_line(video: Path, tmp_path: Path, replay: Replay, option: str) -> None:
    """A file may not grow beyond a bound: for the process that is as with a full disk."""
    replay.install("seen", SEEN.replace("return {", 'self.camera.emit("big", frame.luma); return {'))
    output = tmp_path / "result"
    others = () if option == "--out" else ("--out", "/dev/null")
    done = subprocess.run(
        replay.command(video, "--plugin", "seen", *ANALYSIS, option, output, *others),
        env=replay.environment(),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
        timeout=60,
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("picctv: error: ")]
    assert (done.returncode, errors) == (
        1,
        [f"picctv: error: {option} {output} can't be written: file too large"],
    )
    assert "Traceback" not in done.stderr
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("to_stdout", [True, False])
def test_a_full_device_is_one_line(video: Path, replay: Replay, to_stdout: bool) -> None:
    replay.install("seen", SEEN)
    out = () if to_stdout else ("--out", "/dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            replay.command(video, "--plugin", "seen", *ANALYSIS, *out),
            env=replay.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    name = "standard output" if to_stdout else "--out /dev/full"
    errors = [line for line in done.stderr.splitlines() if "rror" in line]
    assert (done.returncode, errors) == (
        1,
        [f"picctv: error: {name} can't be written: no space left on device"],
    )


SLOW = """
import time
class Slow:
    def __init__(self, settings, camera): pass
    @hookimpl
    def picctv_analyze_frame(self, frame):
        print("frame", flush=True)
        time.sleep(0.2)
    @hookimpl
    def picctv_camera_stopped(self):
        print("stopped", flush=True)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_leaves_nothing_behind(
    video: Path, tmp_path: Path, replay: Replay, number: signal.Signals, code: int
) -> None:
    replay.install("slow", SLOW)
    (tmp_path / "temporary").mkdir()
    command = replay.command(
        video, "--plugin", "slow", "--out", tmp_path / "o", "--annotate", tmp_path / "v.mp4"
    )
    environment = replay.environment(TMPDIR=str(tmp_path / "temporary"))
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline() == "frame\n"
        assert len(leftovers(tmp_path)) == 3  # two files under names of their own, and the folder
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out.splitlines()[-1] == "stopped"
    assert err == ""
    assert leftovers(tmp_path) == ["temporary"]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_reader_that_leaves_ends_it_without_a_word(video: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    with subprocess.Popen(
        replay.command(video, "--plugin", "seen"),
        env=replay.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (1, b"")


def test_progress_is_shown_on_a_terminal_only(video: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    ours, theirs = pty.openpty()
    done = subprocess.run(
        replay.command(video, "--plugin", "seen", *ANALYSIS),
        env=replay.environment(),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        timeout=60,
    )
    os.close(theirs)
    said = b""
    while len(said) < 100 or b"speed" not in said:
        said += os.read(ours, 10_000)
    os.close(ours)
    assert done.returncode == 0
    assert b"\x1b[2K\r[" in said
    assert b"times real time\r" in said
    assert said.index(b"video  ") > said.rindex(b"\x1b[2K\r")
    assert "\x1b" not in replay(video, "--plugin", "seen").err
