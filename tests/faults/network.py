"""The network that the faults meet: a node with cameras, two servers, three MongoDBs, and a bad link between."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pymongo
from pymongo.errors import PyMongoError

from picctv_core.clock import SystemClock
from picctv_core.node import status_socket
from picctv_server import database, tokens
from picctv_server.config import ClipSettings, MongoSettings
from tests.faults import node_plugins, shim
from tests.faults.daemons import Daemon, Keeper, wait_until
from tests.faults.proxy import LOOPBACK, Proxy
from tests.faults.replica_set import ReplicaSet
from tests.integration.wire_node import free_port

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent.parent
NODE = "garage"
CAMERAS = ("door", "yard", "gate")
SERVERS = ("server-a", "server-b")

NODE_DISK_MB, CLIP_DISK_MB = 96, 768
"""Sizes of the file systems that get filled: in memory, so that nothing of the machine's own is."""

DRAIN_S = 180.0


class Network:
    """All processes of it, in a folder.

    Args:
        folder: everything stands below it; the logs too.
        seed: of the link's chance.

    Attributes:
        link: the proxies, by the name of the server behind each.
        disks: the folders that are file systems of their own, ``node`` and ``clips``; none where we may not mount.
        daemons: all processes by name.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.record = folder / "record"
        self.quiet = folder / "quiet"
        self.disks: dict[str, Path] = {}
        self.shim = shim.build(folder)
        self._ending = contextlib.ExitStack()
        self.mongo = ReplicaSet(folder, self.shim)
        self.mongodb = MongoSettings(uri=self.mongo.uri, database="faults")
        self.clips = ClipSettings(path=folder / "clips")
        self.link = {name: Proxy(free_port(), seed=seed + number) for number, name in enumerate(SERVERS)}
        site = folder / "site"
        node_plugins.install(site)
        python_path = os.pathsep.join(map(str, (site, ROOT)))
        self.node = self._python("node", ["node", "run", "--config", "node.toml"], python_path)
        self.servers = [
            self._python(name, ["server", "run", "--config", f"{name}.toml"], python_path) for name in SERVERS
        ]
        self.daemons = {daemon.name: daemon for daemon in (self.node, *self.servers, *self.mongo.members)}

    def __enter__(self) -> Self:
        """Start everything, and wait until the node's cameras are seen in the store."""
        with self._ending:
            self._mount("node", self.folder / "node", NODE_DISK_MB)
            self._mount("clips", self.folder / "clips", CLIP_DISK_MB)
            self._ending.enter_context(Keeper(list(self.daemons.values())))
            for proxy in self.link.values():
                self._ending.enter_context(proxy)
            self.mongo.start()
            self.database = self._ending.enter_context(_database(self.mongodb))
            self._configure()
            for daemon in (*self.servers, self.node):
                daemon.start()
            self._ending = self._ending.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill everything that runs."""
        self._ending.close()

    def drain(self) -> int:
        """Let the node end in order, send all that waits and nothing new; give how many messages it has set aside.

        Raises:
            TimeoutError: something still waits.
        """
        self.node.terminate()
        self.quiet.touch()
        self.node.start()

        def empty() -> bool:
            status = self.status()
            return status is not None and status["spool"]["messages"] == 0

        wait_until(empty, DRAIN_S, "the node's spool is empty")
        status = self.status()
        assert status is not None
        return int(status["spool"]["set_aside"])

    def disagree(self) -> bool:
        """Say whether MongoDB and the clip store disagree after they were checked and mended once."""
        command = [sys.executable, "-m", "picctv_core", "server", "check", "--config", f"{SERVERS[0]}.toml"]
        for more in (["--repair"], []):
            with (self.folder / "check.log").open("ab") as log:
                code = subprocess.run([*command, *more], cwd=self.folder, stdout=log, stderr=log).returncode
        return code != 0

    def status(self) -> dict[str, Any] | None:
        """Give the node's newest status; None where it does not run, or does not answer."""
        try:
            return status_socket.ask(self.folder / "node")
        except Exception:  # noqa: BLE001 - frozen, starting, ending: it is asked again
            return None

    def newest_sequence(self) -> int:
        """Give the highest sequence that is stored; -1 where nothing is, or nobody answers."""
        try:
            found = self.database.messages.find_one({"node": NODE}, {"sequence": 1}, sort=[("sequence", -1)])
        except PyMongoError:
            return -1
        return -1 if found is None else int(found["sequence"])

    def _mount(self, name: str, folder: Path, size_mb: int) -> None:
        folder.mkdir()
        if os.geteuid() == 0:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=700", "tmpfs", str(folder)]
            if subprocess.run(mount, capture_output=True).returncode == 0:
                # lazily: a process that is being killed may still have files open
                self._ending.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
                self.disks[name] = folder

    def _python(self, name: str, arguments: list[str], python_path: str) -> Daemon:
        control = shim.Control(self.shim, self.folder / f"{name}.control") if self.shim else None
        command = [sys.executable, "-m", "picctv_core", *arguments]
        return Daemon(name, command, self.folder, env={"PYTHONPATH": python_path}, control=control)

    def _configure(self) -> None:
        with database.connect(self.mongodb):
            database.make_indexes()
            token = tokens.create(NODE, SystemClock())
        for name, proxy in self.link.items():
            (self.folder / f"{name}.toml").write_text(
                f'[server]\nname = "{name}"\nhost = "{LOOPBACK}"\nport = {proxy.target_port}\n\n'
                f'[mongodb]\nuri = "{self.mongodb.uri}"\ndatabase = "{self.mongodb.database}"\n\n'
                f'[clips]\nstore = "filesystem"\npath = "clips"\n'
            )
        urls = ", ".join(f'"ws://{LOOPBACK}:{proxy.port}"' for proxy in self.link.values())
        cameras = "".join(
            f'[cameras.{name}]\nanalysis = "64x48@5"\n\n[cameras.{name}.source]\ndriver = "recorded"\n'
            f'camera = "{NODE}/{name}"\nrecord = "{self.record}"\nquiet = "{self.quiet}"\n\n'
            for name in CAMERAS
        )
        (self.folder / "node.toml").write_text(
            f'[node]\nname = "{NODE}"\ndata = "node"\nspool_min_free = "24 MB"\n\n[server]\nurls = [{urls}]\ntoken = "{token}"\n\n{cameras}'
            f'[plugins.witness]\nrecord = "{self.record}"\n\n[plugins.recording]\nsegment_s = 5\n\n'
            "[plugins.live]\nenabled = false\n\n[plugins.motion]\nenabled = false\n"
        )


@contextlib.contextmanager
def _database(settings: MongoSettings) -> Any:
    """Connect to the set as one who asks; what takes longer than a failover is an error."""
    with pymongo.MongoClient[dict[str, Any]](
        settings.uri, serverSelectionTimeoutMS=2000, socketTimeoutMS=5000, connectTimeoutMS=2000
    ) as client:
        yield client[settings.database]


def new_folder() -> Path:
    """Make a folder for a run. The path is short, for there are sockets below it."""
    return Path(tempfile.mkdtemp(prefix="picctv-faults-"))
