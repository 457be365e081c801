"""What nodes and servers say to each other: msgpack maps in binary WebSocket messages, one map each.

========  ============  ======================================================================================
type      from          has
========  ============  ======================================================================================
hello     node          ``protocol``, ``node``, ``version``, ``checked``; comes first
welcome   server        ``protocol``, ``version``, ``window_bytes``: so many bytes may be without an answer; ``checked``;
                        ``held``: of which messages it has how many parts of how many, and their bytes
refuse    server        ``reason``; the connection ends
data      node          the envelope, ``part`` of ``parts``, ``bytes``: a piece of the packed payload
ack       server        ``ids``: these are stored, for good
reject    server        ``id``, ``reason``: this one can never be stored
status    node          how it goes: ``at_ns``, ``version``, ``spool``, ``machine``, ``cameras``; newest wins, never acknowledged
========  ============  ======================================================================================

Where both said ``checked``, a check sum stands behind each message after the welcome: `picctv_core.checksums`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from picctv_core import codec
from picctv_core.errors import CodecError
from picctv_core.messages import Message
from picctv_server.contents import Identity, NanoSeconds

PROTOCOL = 1
PART_BYTES = 256 * 1024
MAX_FRAME_BYTES = 16 * 2**20
"""The largest WebSocket message: a status with the pictures of some dozens of cameras."""

_MAX_PARTS = -(-codec.MAX_BYTES // PART_BYTES)
_MAX_PICTURE_BYTES = 2**20

Name = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=0, lt=2**31)]


class _Frame(BaseModel):
    # A newer node may say more than we know.
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Hello(_Frame):
    """Who is there."""

    type: Literal["hello"]
    protocol: int
    node: Name
    version: Name = ""
    checked: bool = False


class Data(_Frame):
    """A piece of a message."""

    type: Literal["data"]
    id: Identity
    node: Name
    camera: Name
    plugin: Name
    kind: Annotated[str, Field(min_length=1, max_length=200)]
    captured_at_ns: NanoSeconds
    sequence: NanoSeconds
    part: Annotated[int, Field(ge=0)]
    parts: Annotated[int, Field(ge=1, le=_MAX_PARTS)]
    bytes: Annotated[bytes, Field(max_length=PART_BYTES)]  # noqa: A003 - the wire's own word


class CameraStatus(_Frame):
    """How one camera does."""

    title: Name = ""
    state: Name = ""
    detail: Annotated[str, Field(max_length=2000)] = ""
    width: Count | None = None
    height: Count | None = None
    rate: float | None = None
    plugins: dict[str, dict[str, Any]] = Field(default_factory=dict)
    picture: Annotated[bytes, Field(max_length=_MAX_PICTURE_BYTES)] | None = None
    picture_at_ns: NanoSeconds | None = None


class Status(_Frame):
    """How a node does."""

    type: Literal["status"]
    at_ns: NanoSeconds
    version: Name = ""
    spool: dict[str, Any] = Field(default_factory=dict)
    machine: dict[str, Any] = Field(default_factory=dict)
    cameras: dict[str, CameraStatus] = Field(default_factory=dict)


_MODELS: dict[str, type[Hello | Data | Status]] = {"hello": Hello, "data": Data, "status": Status}


def read(frame: bytes) -> Hello | Data | Status | None:
    """Read what a node sent; None for a type that this server does not know.

    Raises:
        CodecError: it is not of its form.
    """
    value = codec.unpack(frame)
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        raise CodecError("it is a message without a type")
    model = _MODELS.get(kind)
    if model is None:
        return None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise CodecError(f"its {kind} is not of its form: {place}: {fault['msg']}") from error


def welcome(version: str, window_bytes: int, *, checked: bool, held: dict[str, list[int]]) -> bytes:
    """Make the answer to a hello."""
    said = {"type": "welcome", "protocol": PROTOCOL, "version": version, "window_bytes": window_bytes}
    return codec.pack({**said, "checked": checked, "held": held})


def refuse(reason: str) -> bytes:
    """Make the answer to a hello that is none of ours."""
    return codec.pack({"type": "refuse", "reason": reason})


def ack(ids: list[str]) -> bytes:
    """Make the answer to messages that are stored."""
    return codec.pack({"type": "ack", "ids": ids})


def reject(message_id: str, reason: str) -> bytes:
    """Make the answer to a message that can never be stored."""
    return codec.pack({"type": "reject", "id": message_id, "reason": reason})


@dataclass(frozen=True)
class Arrived:
    """A message that is complete; its payload is still packed."""

    envelope: Message
    packed: bytes


@dataclass
class _Begun:
    parts: int
    pieces: list[bytes] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(map(len, self.pieces))


class Assembler:
    """Puts the messages of one connection together from their parts, which come in order but interleaved.

    Attributes:
        held_bytes: the size of the parts of messages that are not complete.
    """

    def __init__(self) -> None:
        self._begun: dict[str, _Begun] = {}
        self.held_bytes = 0

    def held(self) -> dict[str, list[int]]:
        """Give of each message that is not complete how many parts are here of how many, and their bytes."""
        return {
            message_id: [len(begun.pieces), begun.parts, begun.bytes]
            for message_id, begun in self._begun.items()
        }

    def moved(self) -> Assembler:
        """Give another one with all that this has; this one has nothing then."""
        other = Assembler()
        other._begun, self._begun = self._begun, {}
        other.held_bytes, self.held_bytes = self.held_bytes, 0
        return other

    def add(self, data: Data) -> Arrived | None:
        """Take a part; give the message when it was the last one.

        Raises:
            CodecError: it does not follow the part before.
        """
        begun = self._begun.setdefault(data.id, _Begun(data.parts))
        if data.part == 0 and begun.pieces:  # a node that does not go on where it stopped begins again
            self.held_bytes -= begun.bytes
            begun = self._begun[data.id] = _Begun(data.parts)
        if data.part != len(begun.pieces) or data.parts != begun.parts or data.part >= data.parts:
            raise CodecError(
                f"part {data.part} of {data.parts} of message {data.id} comes after {len(begun.pieces)} of {begun.parts}"
            )
        begun.pieces.append(data.bytes)
        self.held_bytes += len(data.bytes)
        if len(begun.pieces) < begun.parts:
            return None
        del self._begun[data.id]
        packed = b"".join(begun.pieces)
        self.held_bytes -= len(packed)
        envelope = Message(
            data.id, data.node, data.camera, data.plugin, data.kind, data.captured_at_ns, data.sequence, None
        )
        return Arrived(envelope, packed)
