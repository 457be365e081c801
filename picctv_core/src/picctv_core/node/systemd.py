"""Telling systemd that the node is up, still does its work, or stops: the protocol of sd_notify(3)."""

from __future__ import annotations

import os
import socket


class Manager:
    """The service manager that has started this process; where there is none, nothing is told to nobody."""

    def __init__(self) -> None:
        """Take the address from the environment, out of which it goes: what the node starts must not speak for it."""
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]

    def ready(self) -> None:
        """Tell that the node is up."""
        self._tell("READY=1")

    def alive(self) -> None:
        """Tell that it does its work. With ``WatchdogSec`` systemd starts it anew when it has not said so for that long."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Tell that it stops."""
        self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
                sending.connect(self._address)
                sending.sendall(text.encode("ascii"))
        except OSError:
            # It went away, or restarts itself: the next word may reach it, and the cameras are what counts.
            return
