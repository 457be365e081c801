"""A replica set of three members on this machine, from the mongod that pip brings."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from picctv_server import _mongod
from tests.faults.daemons import Daemon, wait_until
from tests.faults.proxy import LOOPBACK
from tests.faults.shim import Control
from tests.integration.wire_node import free_port

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = 3
NAME = "faults"

ELECTION_MS = 3000
"""After so long without a word from the primary the others elect one. MongoDB's default, 10 s, is for distant members."""

UP_S = 60.0


class ReplicaSet:
    """The three members; `Daemon`s that somebody else looks after.

    Args:
        folder: everything of theirs stands below it.
        shim: the library that lets fsync fail; None where there is none.

    Attributes:
        uri: the address of the set.
    """

    def __init__(self, folder: Path, shim: Path | None) -> None:
        self.ports = [free_port() for _ in range(MEMBERS)]
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self.ports)
        self.uri = f"mongodb://{hosts}/?replicaSet={NAME}"
        self.members = [
            _member(folder / f"mongo-{number}", port, shim) for number, port in enumerate(self.ports, 1)
        ]

    def start(self) -> None:
        """Start the members, make them a set, and wait until it can be written to."""
        for member in self.members:
            member.start()
        members = [{"_id": number, "host": f"{LOOPBACK}:{port}"} for number, port in enumerate(self.ports)]
        wanted = {"_id": NAME, "members": members, "settings": {"electionTimeoutMillis": ELECTION_MS}}
        with _client(self.ports[0]) as client:

            def made() -> bool:
                try:
                    client.admin.command("replSetInitiate", wanted)
                except OperationFailure as error:
                    return error.code == 23  # AlreadyInitialized
                except PyMongoError:
                    return False
                return True

            wait_until(made, UP_S, "the replica set can be made")
        wait_until(lambda: self.primary() is not None, UP_S, "the replica set has a primary")

    def primary(self) -> Daemon | None:
        """Give the member that can be written to; None while there is none."""
        for member, port in zip(self.members, self.ports, strict=True):
            if _says(port).get("isWritablePrimary"):
                return member
        return None

    def secondary(self) -> Daemon | None:
        """Give a member that follows; None while there is none."""
        for member, port in zip(self.members, self.ports, strict=True):
            if _says(port).get("secondary"):
                return member
        return None

    def step_down(self) -> None:
        """Let the primary hand over to another member."""
        for port in self.ports:
            if _says(port).get("isWritablePrimary"):
                # it closes the connection, or says that nobody can take over yet
                with _client(port) as client, contextlib.suppress(PyMongoError):
                    client.admin.command({"replSetStepDown": 20, "secondaryCatchUpPeriodSecs": 5})
                return


def _member(folder: Path, port: int, shim: Path | None) -> Daemon:
    (folder / "db").mkdir(parents=True)
    binary = _mongod.find()
    links = folder / "lib"
    links.mkdir()
    for name, target in binary.libraries.items():
        (links / name).symlink_to(target)
    command = [
        *(str(binary.program), "--dbpath", str(folder / "db"), "--replSet", NAME),
        *("--bind_ip", LOOPBACK, "--port", str(port), "--nounixsocket"),
        *("--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25", "--quiet"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--wiredTigerEngineConfigString", "log=(file_max=16MB)"),
    ]
    libraries = [str(links), *(str(path) for path in binary.folders)]
    return Daemon(
        folder.name,
        command,
        folder,
        env={"LD_LIBRARY_PATH": os.pathsep.join(libraries)},
        control=Control(shim, folder / "control") if shim else None,
    )


def _client(port: int) -> pymongo.MongoClient[dict[str, Any]]:
    return pymongo.MongoClient(
        LOOPBACK,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=1000,
        connectTimeoutMS=1000,
        socketTimeoutMS=8000,
    )


def _says(port: int) -> dict[str, Any]:
    """Give what a member says of itself; nothing where it does not answer."""
    with _client(port) as client:
        try:
            return client.admin.command("hello")
        except PyMongoError:
            return {}
