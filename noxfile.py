"""The sessions behind `./run SESSION`: tests, lint, typing, benchmarks, and the pins.

Each has an environment of its own in .nox, kept from run to run and pinned by constraints.txt. uv links the files of
all of them to one copy in its cache, so another one costs about 4 s and hardly any room.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Callable

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"
nox.options.sessions = ["test", "lint", "typing"]

DISTRIBUTIONS = sorted(path.parent.name for path in Path(__file__).parent.glob("picctv_*/pyproject.toml"))
EXAMPLES = sorted(path.parent.name for path in Path(__file__).parent.glob("docs/examples/*/pyproject.toml"))
PINS = ("--constraints", "constraints.txt")


def install_all(session: nox.Session, *groups: str) -> None:
    """Install the six distributions, editable, and the groups of the root's pyproject.toml."""
    editable = [argument for folder in DISTRIBUTIONS for argument in ("--editable", f"./{folder}")]
    session.install(*PINS, *editable, *(argument for group in groups for argument in ("--group", group)))


FOOTAGE = Path(os.environ.get("PICCTV_FOOTAGE", Path(__file__).parent.parent / "shared" / "footage"))
"""Real videos, beside the checkout and not in it; tests that need them skip without."""


NO_FIRMWARE = {"READTHEDOCS": "True"}
"""With it picamera does not look for the firmware's libraries while it is installed."""


PROGRAMS: dict[str, Callable[[], object]] = {
    "chromium": lambda: shutil.which("chromium"),
    "ffmpeg": lambda: shutil.which("ffmpeg"),
    "libcap-dev": lambda: Path("/usr/include/sys/capability.h").exists(),
    # what drives the browser, Playwright's own Node.js, is linked to it
    "libatomic1": lambda: ctypes.util.find_library("atomic"),
    # for the library that lets a program's fsync fail, and what pip compiles
    "gcc": lambda: shutil.which("cc"),
    "libc6-dev": lambda: Path("/usr/include/stdio.h").exists(),
}
"""The Debian packages that tests need beside pip's, and how to tell whether each is there."""


def provide(session: nox.Session, *packages: str) -> None:
    """See to what pip does not have: in CI install it, elsewhere say how to.

    The tests that need it skip without it, but fail in CI, where nobody would see them skip.
    """
    missing = [package for package in packages if not PROGRAMS[package]()]
    if not missing:
        return
    if os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get"):
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        # what fails here shows in the test that needs it, and keeps no other from running
        any_code = range(256)
        session.run("apt-get", "-qq", "update", external=True, env=env, success_codes=any_code)
        install = ("apt-get", "-qq", "install", "-y", "--no-install-recommends", *missing)
        session.run(*install, external=True, env=env, success_codes=any_code)
    else:
        names = " ".join(missing)
        session.warn(f"the tests that need {names} are skipped, for they are missing: apt install {names}")


WORKERS = ("--numprocesses=auto", "--dist=worksteal")
"""For pytest: a process for each core. Each begins with a stretch of the tests, so that what those of a file share is made once."""


@nox.session
def test(session: nox.Session) -> None:
    """All tests: unit, integration with a real mongod, and the browser. Arguments go to pytest; `-n 0` keeps to one process."""
    install_all(session, "test")
    provide(session, "chromium", "libatomic1", "ffmpeg", "gcc", "libc6-dev")
    session.run("python", "-m", "pytest", *WORKERS, *session.posargs)


@nox.session
def pi(session: nox.Session) -> None:
    """The drivers of a Raspberry Pi's cameras, against the real packages picamera and picamera2. Arguments go to pytest."""
    # picamera2 depends on python-prctl, which is compiled on the spot
    provide(session, "gcc", "libc6-dev", "libcap-dev")
    session.install(
        *(*PINS, "--group", "test", "--group", "pi"),
        *(
            "--editable",
            "./picctv_core",
            "--editable",
            "./picctv_server[embedded]",
            "--editable",
            "./picctv_plugins_motion",
        ),
        env=NO_FIRMWARE,
    )
    session.run("python", "-m", "pytest", "-m", "pi", *(session.posargs or ["tests/pi"]))


@nox.session
def e2e(session: nox.Session) -> None:
    """Only the tests of the whole path, with the browser."""
    install_all(session, "test")
    provide(session, "chromium", "libatomic1")
    session.run("python", "-m", "pytest", *WORKERS, *(session.posargs or ["tests/e2e"]))


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks; they print their figures. `./run bench motion` is one of them; `--short` only shows that they work."""
    install_all(session, "test")
    # the folder is named so that pytest knows the options of its conftest.py
    folder = Path("tests", "bench")
    named = {path.name.removeprefix("test_").removesuffix(".py"): path for path in folder.glob("test_*.py")}
    named |= {path.parent.name: path.parent for path in folder.glob("*/test_*.py")}
    chosen = [str(named[word]) for word in session.posargs if word in named]
    others = [word for word in session.posargs if word not in named]
    if not shutil.which("motion") and {str(named["cpu"]), str(named["motion"])} & {*chosen}:
        session.warn("Debian's motion is left out of the comparison, for it is missing: apt install motion")
    session.run(
        *("python", "-m", "pytest", "-m", "bench", "-s", "--timeout=600"), *(chosen or [str(folder)]), *others
    )


@nox.session
def faults(session: nox.Session) -> None:
    """The fault suite: an hour of kills, cuts, full disks and more, and what is lost. `--short`, `--seed`, `--minutes`, `--faults`."""
    install_all(session, "test")
    provide(session, "gcc", "libc6-dev")
    session.run("python", "-m", "tests.faults", *session.posargs)


@nox.session
def endurance(session: nox.Session) -> None:
    """Twelve cameras for an hour, and what has grown meanwhile: memory, descriptors, threads, latency. `--short`, `--minutes`."""
    install_all(session, "test")
    session.run("python", "-m", "tests.faults.endurance", *session.posargs)


@nox.session
@nox.parametrize("plugin", EXAMPLES, ids=EXAMPLES)
def examples(session: nox.Session, plugin: str) -> None:
    """The plugins of docs/examples, each with its own tests, alone beside picctv. Arguments go to pytest."""
    folder = f"docs/examples/{plugin}"
    install_all(session)
    # after the rest: what it asks for must not replace our own distributions by those of an index
    session.install(*PINS, "--editable", f"./{folder}", "--group", f"{folder}/pyproject.toml:test")
    session.chdir(folder)
    session.run("python", "-m", "pytest", "-q", *session.posargs, env={"PICCTV_FOOTAGE": str(FOOTAGE)})


@nox.session(reuse_venv=False)
def scaffold(session: nox.Session) -> None:
    """What a plugin's author and users get: wheels of everything and of a new plugin, its tests, the demo with it."""
    root, folder = Path.cwd(), Path(session.create_tmp()).resolve()
    wheels = folder / "wheels"
    shutil.rmtree(folder)
    wheels.mkdir(parents=True)
    # the environment gets wheels and nothing else, and no command runs in the checkout or with it on the path
    clean = {"PYTHONPATH": None, "PYTHONSAFEPATH": "1"}
    pins = ("--constraints", str(root / "constraints.txt"))

    def build(source: Path) -> None:
        uv = str(Path(sys.executable).with_name("uv"))
        options = ("--quiet", "--wheel", "--build-constraints", str(root / "constraints.txt"))
        session.run(uv, "build", *options, "--out-dir", str(wheels), str(source), external=True)

    for distribution in DISTRIBUTIONS:
        build(root / distribution)
    session.chdir(folder)
    session.install(*pins, *map(str, wheels.glob("*.whl")))
    session.run("picctv", "plugins", "new", "people-counter", "--author", "Ann Author", env=clean)
    made = folder / "picctv-people-counter"
    build(made)
    [wheel] = wheels.glob("picctv_people_counter-*.whl")
    session.install(*pins, f"{wheel}[test]", *map(str, wheels.glob("*.whl")))
    session.run("picctv", "plugins", "list", env=clean)
    with session.chdir(made):
        session.run("python", "-m", "pytest", "-q", env=clean)
    look = root / "tests" / "scaffold" / "look.py"
    session.run("python", str(look), "people-counter", "--away-from", str(root), env=clean)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and format, and the spelling. `./run lint --fix` mends what can be."""
    session.install(*PINS, "--group", "lint")
    if "--fix" in session.posargs:
        session.run("ruff", "check", "--fix")
        session.run("ruff", "format")
    else:
        session.run("ruff", "check")
        session.run("ruff", "format", "--check")
    session.run("codespell")


@nox.session
def typing(session: nox.Session) -> None:
    """Mypy, strict, over the six distributions and the tools."""
    install_all(session, "test", "typing")
    session.run("mypy", *session.posargs)
    if not session.posargs:
        session.run("mypy", "--scripts-are-modules", "run", "noxfile.py", "hatch_build.py")


@nox.session
def docs(session: nox.Session) -> None:
    """The pages of the reference that come from the code. `./run docs --check` only says which are stale."""
    install_all(session, "test")  # the fixtures that it describes are pytest's
    session.run("python", "docs/generate.py", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Renew constraints.txt. It keeps the pins that still fit; `./run lock --upgrade` looks for newer ones."""
    session.install(*PINS, "uv")
    wanted = Path(session.create_tmp(), "wanted.in")
    examples = [f"docs/examples/{name}" for name in EXAMPLES]
    wanted.write_text("".join(f"-e ./{folder}\n" for folder in (*DISTRIBUTIONS, *examples)))
    # one resolution for every system and Python that we support, with no host of an index in it
    how = ("--universal", "--python-version", "3.11", "--fork-strategy", "fewest")
    plain = ("--no-header", "--no-annotate", "--no-emit-index-url")
    ours = [
        argument
        for name in (*DISTRIBUTIONS, *(f"picctv-{example}" for example in EXAMPLES))
        for argument in ("--no-emit-package", name.replace("_", "-"))
    ]
    wanted_groups = (
        "tools",
        "test",
        "pi",
        "lint",
        "typing",
        *(f"{folder}/pyproject.toml:test" for folder in examples),
    )
    groups = [argument for group in wanted_groups for argument in ("--group", group)]
    session.run(
        *("uv", "pip", "compile", "--quiet", *how, *plain, *ours, *groups, *session.posargs),
        *("--output-file", "constraints.txt", str(wanted)),
        silent=True,
        env=NO_FIRMWARE,
    )
