"""Finding network cameras that speak ONVIF, and asking them for the addresses of their streams.

Cameras are found by WS-Discovery (a multicast question to 239.255.255.250:3702), through the package WSDiscovery; the
addresses come from each camera's media service, through onvif-zeep-async. Both come with ``picctv-core[onvif]``.
What cameras say is not trusted: texts lose what no line of text has in it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from picctv_core.errors import SourceError, one_line
from picctv_core.sources.needs import missing_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import SecretStr

_VIDEO = ("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")
_SCOPE = "onvif://www.onvif.org/"
_WAY_OUT = "pip install 'picctv-core[onvif]'"
_MOST_CHARACTERS = 200
_IPV6 = 6


@dataclass(frozen=True)
class Camera:
    """A camera that has answered.

    Attributes:
        name: what it calls itself; may be empty.
        host: its address.
        model: its model; may be empty.
        location: where it says that it is; may be empty.
        service: the address of its ONVIF device service.
    """

    name: str
    host: str
    model: str
    location: str
    service: str


@dataclass(frozen=True)
class Stream:
    """A stream of a camera.

    Attributes:
        name: what the camera calls it.
        url: its address, without user and password.
        encoding: ``H264``, ``H265``, ``JPEG``, ...; empty where the camera does not say.
        width: columns; 0 where the camera does not say.
        height: rows, likewise.
    """

    name: str
    url: str
    encoding: str
    width: int
    height: int


def find(timeout_s: float, interface: str | None = None) -> list[Camera]:
    """Ask the network for cameras, and give those that answer, by address.

    Args:
        timeout_s: how long to wait for answers; the standard gives cameras half a second.
        interface: the address of this machine on the network to ask; None for all of its networks.

    Raises:
        SourceError: WSDiscovery is not installed, or the interface is none of this machine.
    """
    if missing := missing_module("wsdiscovery", _WAY_OUT):
        raise SourceError(missing, retry=False)
    if interface is not None:
        _check(interface)
    # Deferred: it is an extra.
    from wsdiscovery import QName
    from wsdiscovery.discovery import ThreadedWSDiscovery

    class Search(ThreadedWSDiscovery):  # type: ignore[misc, unused-ignore]
        """Asks through one interface where that is wanted, instead of through all."""

        def _networkAddressAdded(self, address: Any) -> None:  # noqa: N802 - the package's name
            if interface is None:
                super()._networkAddressAdded(address)

        def _networkAddressRemoved(self, address: Any) -> None:  # noqa: N802 - the package's name
            if interface is None:
                super()._networkAddressRemoved(address)

    search = Search()
    search.start()
    try:
        if interface is not None:
            search.addSourceAddr(ipaddress.ip_address(interface))
        services = search.searchServices(types=[QName(*_VIDEO)], timeout=timeout_s)
    except OSError as error:
        raise SourceError(f"the network can't be searched: {one_line(error)}") from error
    finally:
        search.stop()
    # Some cameras answer once for each of their addresses, or for each of our networks.
    found = {camera.service: camera for service in services if (camera := _camera(service)) is not None}
    return sorted(found.values(), key=lambda camera: (_by_number(camera.host), camera.service))


def streams(camera: Camera, user: str, password: SecretStr, timeout_s: float) -> list[Stream]:
    """Ask a camera for the addresses of its streams, the largest picture first.

    Raises:
        SourceError: onvif-zeep-async is not installed, or the camera does not say. The text has no password in it.
    """
    if missing := missing_module("onvif", _WAY_OUT):
        raise SourceError(missing, retry=False)
    try:
        found = asyncio.run(_ask(camera, user, password, timeout_s))
    except TimeoutError:
        why = f"no answer within {timeout_s:g} s"
    except Exception as error:  # noqa: BLE001 - a camera answers what it likes, to code of others; the next one may do better
        why = "it refuses the user or the password" if _is_refusal(error) else plain(one_line(error))
    else:
        return sorted(found, key=lambda stream: -stream.width * stream.height)
    msg = f"{camera.service} does not tell its streams: {why}"
    raise SourceError(msg) from None


async def _ask(camera: Camera, user: str, password: SecretStr, timeout_s: float) -> list[Stream]:
    from onvif import ONVIFCamera

    parts = urlsplit(camera.service)
    client = ONVIFCamera(
        f"{parts.scheme}://{camera.host}",
        parts.port or (443 if parts.scheme == "https" else 80),
        user,
        password.get_secret_value(),
        no_cache=True,
        # Cameras refuse a password whose time stamp is not of their time, and few have the right one.
        adjust_time=True,
    )
    wanted = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    try:
        async with asyncio.timeout(timeout_s):
            await client.update_xaddrs()
            media = await client.create_media_service()
            found = []
            for profile in await media.GetProfiles():
                answer = await media.GetStreamUri({"StreamSetup": wanted, "ProfileToken": profile.token})
                found.append(_stream(profile, answer.Uri))
            return found
    finally:
        await client.close()


def _check(interface: str) -> None:
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(interface).version == _IPV6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as tried:
            tried.bind((interface, 0))
    except (OSError, ValueError):
        msg = f"{interface} is no address of this machine; `ip address` shows those that are"
        raise SourceError(msg, retry=False) from None


def _is_refusal(error: Exception) -> bool:
    """Say whether a camera refuses the user: by the fault that ONVIF has for it, or by HTTP."""
    codes = [str(code) for code in getattr(error, "subcodes", None) or ()]
    return (
        any("NotAuthorized" in code for code in codes)
        or getattr(error, "status_code", None) == HTTPStatus.UNAUTHORIZED
    )


def _stream(profile: Any, uri: str) -> Stream:
    encoder = profile.VideoEncoderConfiguration
    size = encoder.Resolution if encoder is not None else None
    parts = urlsplit(plain(uri))
    return Stream(
        name=plain(str(profile.Name)),
        # Some cameras put the user and password into it.
        url=parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
        encoding=plain(str(encoder.Encoding)) if encoder is not None else "",
        width=int(size.Width) if size is not None else 0,
        height=int(size.Height) if size is not None else 0,
    )


def _camera(service: Any) -> Camera | None:
    """Give what a camera says of itself; None where it has no address to be asked at."""
    addresses = [urlsplit(plain(address)) for address in service.getXAddrs()]
    usable = [parts for parts in addresses if parts.scheme in {"http", "https"} and parts.hostname]
    if not usable:
        return None
    # Of a camera with addresses of both kinds the IPv4 one is the one that people know.
    chosen = min(usable, key=lambda parts: ":" in str(parts.hostname))
    scopes = [plain(scope.getValue()) for scope in service.getScopes()]
    return Camera(
        name=_said(scopes, "name"),
        host=str(chosen.hostname),
        model=_said(scopes, "hardware"),
        location=_said(scopes, "location"),
        service=chosen.geturl(),
    )


def _said(scopes: Iterable[str], what: str) -> str:
    prefix = f"{_SCOPE}{what}/"
    return next((scope.removeprefix(prefix) for scope in scopes if scope.startswith(prefix)), "")


def _by_number(host: str) -> tuple[int, int, str]:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (9, 0, host)
    return (address.version, int(address), host)


def plain(text: str) -> str:
    """Give a text of somebody else as one line that can be printed: nothing in it moves a terminal's cursor."""
    return "".join(each for each in text if each.isprintable())[:_MOST_CHARACTERS]
