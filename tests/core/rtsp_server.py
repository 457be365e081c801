"""A small RTSP server for tests: one H.264 stream, interleaved over TCP (RFC 2326, RFC 6184), basic authentication."""

from __future__ import annotations

import base64
import contextlib
import random
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Self

from picctv_core import h264

if TYPE_CHECKING:
    from collections.abc import Sequence

    from picctv_core.frames import AccessUnit

_MAX_PAYLOAD = 1200
_CLOCK_HZ = 90_000
_NTP_EPOCH_S = 2_208_988_800


class RtspServer:
    """Serves access units in real time, over and over, to one client after the other, on a free loopback port.

    Attributes:
        url: the address, with user and password where asked for.
        requests: the methods that clients have sent.
    """

    def __init__(
        self,
        units: Sequence[AccessUnit],
        *,
        password: str = "",
        silent: bool = False,
        wall_ns: int | None = None,
    ) -> None:
        """Start.

        Args:
            units: the stream; key units begin with SPS and PPS.
            password: of the user ``admin``; empty for no authentication.
            silent: accept connections, but never answer.
            wall_ns: the capture time of the first unit that the camera tells in RTCP sender reports; None for none.
        """
        self._units = list(units)
        self._password = password
        self._silent = silent
        self._wall_ns = wall_ns
        self._closed = threading.Event()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.requests: list[str] = []
        user = f"admin:{password}@" if password else ""
        self.url = f"rtsp://{user}127.0.0.1:{self._port}/stream"
        self._thread = threading.Thread(target=self._accept, name="rtsp-server")
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop at once: clients see their connection break."""
        self._closed.set()
        for each in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._thread.join()

    def _accept(self) -> None:
        workers = []
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            self._connections.append(connection)
            workers.append(threading.Thread(target=self._serve, args=(connection,), name="rtsp-client"))
            workers[-1].start()
        for worker in workers:
            worker.join()

    def _serve(self, connection: socket.socket) -> None:
        # A client that leaves, or close(), ends this: nothing is wrong then.
        with connection, contextlib.suppress(OSError):
            if self._silent:
                connection.recv(1)
                self._closed.wait()
                return
            reader = connection.makefile("rb")
            while request := self._request(reader):
                method, headers = request
                self.requests.append(method)
                connection.sendall(self._answer(method, headers))
                if method == "PLAY":
                    self._play(connection)
                    return

    @staticmethod
    def _request(reader: object) -> tuple[str, dict[str, str]] | None:
        first = reader.readline().decode().split()  # type: ignore[attr-defined]
        if not first:
            return None
        headers = {}
        while line := reader.readline().decode().strip():  # type: ignore[attr-defined]
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return first[0], headers

    def _answer(self, method: str, headers: dict[str, str]) -> bytes:
        lines = [f"CSeq: {headers.get('cseq', '0')}"]
        body = ""
        wanted = "Basic " + base64.b64encode(f"admin:{self._password}".encode()).decode()
        if self._password and method != "OPTIONS" and headers.get("authorization") != wanted:
            lines.append('WWW-Authenticate: Basic realm="camera"')
            return self._head("401 Unauthorized", lines)
        if method == "OPTIONS":
            lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        elif method == "DESCRIBE":
            body = self._description()
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        elif method == "SETUP":
            lines += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"]
        elif method == "PLAY":
            lines += ["Session: 1", "Range: npt=0.000-"]
        return self._head("200 OK", lines) + body.encode()

    @staticmethod
    def _head(status: str, lines: list[str]) -> bytes:
        return "\r\n".join([f"RTSP/1.0 {status}", *lines, "", ""]).encode()

    def _description(self) -> str:
        nals = list(h264.iterate_nal_units(self._units[0].annexb))
        sets = [base64.b64encode(nal).decode() for nal in nals if h264.nal_type(nal) in (h264.SPS, h264.PPS)]
        lines = [
            "v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=test", "c=IN IP4 127.0.0.1", "t=0 0", "m=video 0 RTP/AVP 96",
            "a=rtpmap:96 H264/90000", f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={','.join(sets)}",
            "a=control:track1",
        ]  # fmt: skip
        return "\r\n".join([*lines, ""])

    def _play(self, connection: socket.socket) -> None:
        sequence = random.randrange(1 << 16)
        first_ticks = random.randrange(1 << 31)
        first_ns = self._units[0].captured_at_ns
        interval = self._units[1].captured_at_ns - first_ns
        length = max(unit.captured_at_ns for unit in self._units) - first_ns + interval
        start = time.monotonic_ns()
        loop = 0
        while not self._closed.is_set():
            for unit in self._units:
                at = unit.captured_at_ns - first_ns + loop * length
                wait = (start + at - time.monotonic_ns()) / 1e9
                if wait > 0 and self._closed.wait(wait):
                    return
                ticks = (first_ticks + at * _CLOCK_HZ // 1_000_000_000) % (1 << 32)
                if self._wall_ns is not None and unit.is_key:
                    self._send_report(connection, ticks, self._wall_ns + at)
                for payload, last in _payloads(unit.annexb):
                    header = struct.pack(">BBHII", 0x80, 96 | (0x80 if last else 0), sequence, ticks, 0x1234)
                    packet = header + payload
                    connection.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
                    sequence = (sequence + 1) % (1 << 16)
            loop += 1

    @staticmethod
    def _send_report(connection: socket.socket, ticks: int, wall_ns: int) -> None:
        seconds, rest = divmod(wall_ns, 1_000_000_000)
        report = struct.pack(
            ">BBHIIIIII",
            0x80,
            200,
            6,
            0x1234,
            seconds + _NTP_EPOCH_S,
            (rest << 32) // 1_000_000_000,
            ticks,
            0,
            0,
        )
        connection.sendall(struct.pack(">cBH", b"$", 1, len(report)) + report)


def _payloads(annexb: bytes) -> list[tuple[bytes, bool]]:
    """Give the RTP payloads of a unit, each with whether it is the last: whole NAL units, or FU-A pieces."""
    payloads = []
    for nal in h264.iterate_nal_units(annexb):
        if len(nal) <= _MAX_PAYLOAD:
            payloads.append(nal)
            continue
        indicator, kind = (nal[0] & 0xE0) | 28, nal[0] & 0x1F
        pieces = [nal[at : at + _MAX_PAYLOAD] for at in range(1, len(nal), _MAX_PAYLOAD)]
        for number, piece in enumerate(pieces):
            flags = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
            payloads.append(bytes([indicator, flags | kind]) + piece)
    return [(payload, number == len(payloads) - 1) for number, payload in enumerate(payloads)]
