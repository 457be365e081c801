"""A network camera for tests, as far as ONVIF goes: it answers WS-Discovery and tells its streams, on loopback alone."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

_GROUP, _PORT = "239.255.255.250", 3702
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
)
_MATCH = (
    "<d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:{id}</a:Address></a:EndpointReference>"
    "<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>{scopes}</d:Scopes><d:XAddrs>{service}</d:XAddrs>"
    "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches>"
)
_REFUSED = (
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:ter="http://www.onvif.org/ver10/error">'
    'ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">Sender not Authorized</s:Text>'
    "</s:Reason></s:Fault>"
)
_TIME = (
    "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
    "<tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime><tt:Time><tt:Hour>1</tt:Hour><tt:Minute>2</tt:Minute>"
    "<tt:Second>3</tt:Second></tt:Time><tt:Date><tt:Year>2001</tt:Year><tt:Month>1</tt:Month><tt:Day>1</tt:Day></tt:Date>"
    "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
)
_SERVICE = (
    "<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace><tds:XAddr>{address}</tds:XAddr>"
    "<tds:Version><tt:Major>2</tt:Major><tt:Minor>6</tt:Minor></tds:Version></tds:Service>"
)
_PROFILE = (
    '<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name><tt:VideoEncoderConfiguration token="e">'
    "<tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>{encoding}</tt:Encoding><tt:Resolution>"
    "<tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality><tt:Multicast>"
    "<tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port>"
    "<tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout>"
    "</tt:VideoEncoderConfiguration></trt:Profiles>"
)
_URI = (
    "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
    "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>"
    "</trt:GetStreamUriResponse>"
)


class OnvifCamera:
    """Answers whoever asks on the loopback interface; used as a context.

    Attributes:
        service: the address of its device service.
        streams: by name, encoding, columns, rows and address of each stream.
        asked: what it was asked for, in order.
    """

    def __init__(
        self, name: str, *, user: str = "admin", password: str = "", garbage: str | None = None
    ) -> None:
        self._garbage = garbage
        self._scopes = [
            "onvif://www.onvif.org/type/video_encoder",
            f"onvif://www.onvif.org/name/{name}",
            "onvif://www.onvif.org/hardware/T-1000",
            "onvif://www.onvif.org/location/hall",
        ]
        self._id = uuid.uuid4()
        self._user, self._password = user, password
        self.streams = {
            "main": (
                "H264",
                2560,
                1440,
                "rtsp://admin:geheim@127.0.0.1:554/main?unicast=true&amp;proto=Onvif",
            ),
            "sub": ("H264", 640, 360, "rtsp://127.0.0.1:554/sub"),
            "pictures": ("JPEG", 320, 180, "rtsp://127.0.0.1:554/jpeg"),
        }
        self.asked: list[str] = []
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                answer = camera._answer(body).encode()
                self.send_response(400 if b"s:Fault" in answer else 200)
                self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.service = f"http://127.0.0.1:{self._http.server_port}/onvif/device_service"
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._udp.bind((_GROUP, _PORT))
        membership = socket.inet_aton(_GROUP) + socket.inet_aton("127.0.0.1")
        self._udp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        self._udp.settimeout(0.1)
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._http.serve_forever),
            threading.Thread(target=self._discover),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._http.shutdown()
        for thread in self._threads:
            thread.join()
        self._http.server_close()
        self._udp.close()

    def _discover(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(TimeoutError):
                data, sender = self._udp.recvfrom(65536)
                probe = data.decode()
                if "Probe</" in probe and "NetworkVideoTransmitter" in probe:
                    self._udp.sendto(self._probe_match(probe), sender)

    def _probe_match(self, probe: str) -> bytes:
        message = re.findall(r"MessageID>([^<]*)<", probe)[0]
        header = (
            f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{message}</a:RelatesTo>"
            "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
            "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action>"
        )
        body = _MATCH.format(id=self._id, scopes=" ".join(self._scopes), service=self.service)
        return _ENVELOPE.format(header=header, body=body).encode()

    def _answer(self, body: str) -> str:
        if self._garbage is not None:
            return self._garbage
        asked = re.findall(r"Body[^>]*><(?:\w+:)?(\w+)", body)[0]
        self.asked.append(asked)
        return _ENVELOPE.format(header="", body=self._said(asked, body))

    def _said(self, asked: str, body: str) -> str:
        if asked == "GetSystemDateAndTime":
            return _TIME
        if not self._lets_in(body):
            return _REFUSED
        if asked == "GetServices":
            pairs = [("device", self.service), ("media", self.service.replace("device", "media"))]
            services = "".join(_SERVICE.format(name=name, address=address) for name, address in pairs)
            return f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>"
        if asked == "GetProfiles":
            profiles = "".join(
                _PROFILE.format(token=token, encoding=encoding, width=width, height=height)
                for token, (encoding, width, height, _) in self.streams.items()
            )
            return f"<trt:GetProfilesResponse>{profiles}</trt:GetProfilesResponse>"
        token = re.findall(r"ProfileToken>([^<]*)<", body)[0]
        return _URI.format(uri=self.streams[token][3])

    def _lets_in(self, body: str) -> bool:
        """Check a user name token (WS-Security UsernameToken Profile 1.0, 3.1)."""
        said = dict(re.findall(r"<(?:\w+:)?(Username|Password|Nonce|Created)(?: [^>]*)?>([^<]*)", body))
        if said.keys() != {"Username", "Password", "Nonce", "Created"}:
            return False
        told = base64.b64decode(said["Nonce"]) + said["Created"].encode() + self._password.encode()
        digest = base64.b64encode(hashlib.sha1(told, usedforsecurity=False).digest()).decode()
        # Its clock is years off, and it wants stamps of its own time.
        of_its_time = said["Created"].startswith("2001-01-01")
        return (said["Username"], said["Password"], of_its_time) == (self._user, digest, True)
