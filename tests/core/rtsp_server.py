"""A small RTSP server for tests: H.264 over TCP or UDP (RFC 2326, RFC 6184), authentication, and faults that cameras have."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import random
import re
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from picctv_core import h264

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from picctv_core.frames import AccessUnit

_MAX_PAYLOAD = 1200
_CLOCK_HZ = 90_000
_NTP_EPOCH_S = 2_208_988_800
_REALM, _NONCE = "camera", "0123456789abcdef"


class Sent(NamedTuple):
    """A picture that the camera sends.

    Attributes:
        at_ns: when, since the client has said PLAY.
        media_ns: the time that its RTP timestamp tells.
        unit: the picture.
    """

    at_ns: int
    media_ns: int
    unit: AccessUnit


STALL = None
"""In a feed: the camera keeps the connection, and sends nothing more. A feed that ends drops the connection."""


def over_and_over(units: Sequence[AccessUnit]) -> Iterator[Sent]:
    """Give units in real time, again and again."""
    first_ns = units[0].captured_at_ns
    interval = units[1].captured_at_ns - first_ns
    length = max(unit.captured_at_ns for unit in units) - first_ns + interval
    base = 0
    while True:
        for unit in units:
            at = base + unit.captured_at_ns - first_ns
            yield Sent(at, at, unit)
        base += length


class RtspServer:
    """Serves a stream to each client that comes, on a free loopback port.

    Attributes:
        url: the address, with user and password where asked for.
        bare_url: the address without them.
        password: what it lets clients in with; it can be changed.
        requests: the methods that clients have sent.
        authorizations: what clients have sent to be let in.
        transports: how clients have wanted the stream.
        plays: how many clients have got the stream so far.
    """

    def __init__(
        self,
        units: Sequence[AccessUnit],
        *,
        password: str = "",
        authentication: Literal["Basic", "Digest"] = "Basic",
        silent: bool = False,
        wall_ns: int | None = None,
        sound: bool = False,
        feed: Callable[[int], Iterator[Sent | None]] | None = None,
    ) -> None:
        """Start.

        Args:
            units: the stream; key units begin with SPS and PPS. It is described by the first.
            password: of the user ``admin``; empty for no authentication.
            authentication: which way it is asked for.
            silent: accept connections, but never answer.
            wall_ns: the capture time of the first unit that the camera tells in RTCP sender reports; None for none.
            sound: offer sound as well; there is never any.
            feed: gives what the client of a number (from 0) gets; `units` over and over where it is not given.
        """
        self._units = list(units)
        self._feed = feed or (lambda _: over_and_over(self._units))
        self.password = password
        self._authentication = authentication
        self._silent = silent
        self._wall_ns = wall_ns
        self._sound = sound
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.requests: list[str] = []
        self.authorizations: list[str] = []
        self.transports: list[str] = []
        self.plays = 0
        user = f"admin:{password}@" if password else ""
        self.url = f"rtsp://{user}127.0.0.1:{self._port}/stream"
        self.bare_url = f"rtsp://127.0.0.1:{self._port}/stream"
        self._thread = threading.Thread(target=self._accept, name="rtsp-server")
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop at once: clients see their connection break."""
        self._closed.set()
        with self._lock:
            open_now = [self._listener, *self._connections]
        for each in open_now:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def drop(self) -> None:
        """Break the connections of the clients that are there; others are welcome."""
        with self._lock:
            for each in self._connections:
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        workers: list[threading.Thread] = []
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            with self._lock:
                self._connections.add(connection)
            workers = [worker for worker in workers if worker.is_alive()]
            workers.append(threading.Thread(target=self._serve, args=(connection,), name="rtsp-client"))
            workers[-1].start()
        for worker in workers:
            worker.join()

    def _serve(self, connection: socket.socket) -> None:
        # A client that leaves, or close(), ends this: nothing is wrong then.
        with connection, contextlib.suppress(OSError):
            if self._silent:
                _wait_for_end(connection)
            else:
                self._talk(connection)
        with self._lock:
            self._connections.discard(connection)

    def _talk(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        send = _over_tcp(connection)
        with contextlib.ExitStack() as stack:
            stack.callback(reader.close)
            while request := self._request(reader):
                method, headers = request
                self.requests.append(method)
                transport = headers.get("transport", "")
                ports = re.search(r"client_port=(\d+)-(\d+)", transport)
                if ports:
                    out = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    send = _over_udp(out, [int(port) for port in ports.groups()])
                connection.sendall(self._answer(method, headers))
                if method == "PLAY":
                    number, self.plays = self.plays, self.plays + 1
                    self._play(connection, send, number)
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
        if method != "OPTIONS" and not self._lets_in(method, headers.get("authorization", "")):
            nonce = f', nonce="{_NONCE}"' if self._authentication == "Digest" else ""
            lines.append(f'WWW-Authenticate: {self._authentication} realm="{_REALM}"{nonce}')
            return self._head("401 Unauthorized", lines)
        if method == "OPTIONS":
            lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        elif method == "DESCRIBE":
            body = self._description()
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        elif method == "SETUP":
            self.transports.append(headers["transport"])
            extra = ";server_port=9-10" if "client_port" in headers["transport"] else ""
            lines += [f"Transport: {headers['transport']}{extra}", "Session: 1"]
        elif method == "PLAY":
            lines += ["Session: 1", "Range: npt=0.000-"]
        return self._head("200 OK", lines) + body.encode()

    def _lets_in(self, method: str, authorization: str) -> bool:
        if authorization:
            self.authorizations.append(authorization)
        if not self.password:
            return True
        if self._authentication == "Basic":
            return authorization == "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode()
        said = dict(re.findall(r'(\w+)="([^"]*)"', authorization))
        user = _md5(f"admin:{_REALM}:{self.password}")
        asked = _md5(f"{method}:{said.get('uri')}")
        return said.get("response") == _md5(f"{user}:{_NONCE}:{asked}")

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
        if self._sound:
            lines += ["m=audio 0 RTP/AVP 0", "a=control:track2"]
        return "\r\n".join([*lines, ""])

    def _play(self, connection: socket.socket, send: Callable[[int, bytes], None], number: int) -> None:
        sequence = random.randrange(1 << 16)
        first_ticks = random.randrange(1 << 31)
        start = time.monotonic_ns()
        for sent in self._feed(number):
            if sent is STALL:
                _wait_for_end(connection)
                return
            wait = (start + sent.at_ns - time.monotonic_ns()) / 1e9
            if (wait > 0 and self._closed.wait(wait)) or self._closed.is_set() or _has_left(connection):
                return
            ticks = (first_ticks + sent.media_ns * _CLOCK_HZ // 1_000_000_000) % (1 << 32)
            if self._wall_ns is not None and sent.unit.is_key:
                send(1, _report(ticks, self._wall_ns + sent.media_ns))
            for payload, last in _payloads(sent.unit.annexb):
                header = struct.pack(">BBHII", 0x80, 96 | (0x80 if last else 0), sequence, ticks, 0x1234)
                send(0, header + payload)
                sequence = (sequence + 1) % (1 << 16)


def _over_tcp(connection: socket.socket) -> Callable[[int, bytes], None]:
    def send(channel: int, packet: bytes) -> None:
        connection.sendall(struct.pack(">cBH", b"$", channel, len(packet)) + packet)

    return send


def _over_udp(out: socket.socket, ports: Sequence[int]) -> Callable[[int, bytes], None]:
    def send(channel: int, packet: bytes) -> None:
        out.sendto(packet, ("127.0.0.1", ports[channel]))

    return send


def _report(ticks: int, wall_ns: int) -> bytes:
    seconds, rest = divmod(wall_ns, 1_000_000_000)
    ntp = seconds + _NTP_EPOCH_S, (rest << 32) // 1_000_000_000
    return struct.pack(">BBHIIIIII", 0x80, 200, 6, 0x1234, *ntp, ticks, 0, 0)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _wait_for_end(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def _has_left(connection: socket.socket) -> bool:
    """Say whether the client has closed the connection; what it says meanwhile is of no interest."""
    try:
        return not connection.recv(4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


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
