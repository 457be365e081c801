"""H.264 byte streams: finding NAL units, and making each key unit complete in itself.

Only what capture, recording and live view need (ITU-T H.264, table 7-1 and annex B; ISO/IEC 14496-15 for
avcC). The walk over a unit is done by `bytes.find`, so it costs microseconds, not one step per byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SLICE = 1
IDR_SLICE = 5
SEI = 6
SPS = 7
PPS = 8
ACCESS_UNIT_DELIMITER = 9

_START = b"\x00\x00\x01"
_START_CODE = b"\x00\x00\x00\x01"
_TYPE = 0x1F
_AVCC_HEADER = 6
_SLICE_HEADER_BYTES = 8
_SLICE_TYPES = 5
_B_SLICE = 1


def iterate_nal_units(annexb: bytes) -> Iterator[bytes]:
    """Give each NAL unit, without its start code and without the zeros that may trail it.

    Args:
        annexb: a byte stream with start codes of three or four bytes.

    Yields:
        The units in order; their first byte holds the type, see `nal_type`.
    """
    at = annexb.find(_START)
    while at >= 0:
        begin = at + len(_START)
        at = annexb.find(_START, begin)
        # A NAL unit never ends in a zero byte, so zeros here are the next start code's fourth byte or filling.
        unit = annexb[begin : at if at >= 0 else len(annexb)].rstrip(b"\x00")
        if unit:
            yield unit


def nal_type(unit: bytes) -> int:
    """Give the type of a NAL unit, 0 to 31; for example `IDR_SLICE`."""
    return unit[0] & _TYPE


def is_idr(annexb: bytes) -> bool:
    """Say whether an access unit is an IDR picture, from which decoding can begin."""
    return _kinds_up_to_slice(annexb)[-1:] == [IDR_SLICE]


def is_bidirectional(annexb: bytes) -> bool:
    """Say whether an access unit is a B picture: the only kind that is shown before one that came earlier."""
    for kind, at in _headers_up_to_slice(annexb):
        if kind in (SLICE, IDR_SLICE):
            # first_mb_in_slice and slice_type, exp-Golomb codes (ITU-T H.264, 7.3.3 and 9.1).
            bits = "".join(f"{byte:08b}" for byte in annexb[at + 1 : at + 1 + _SLICE_HEADER_BYTES])
            _, bits = _exp_golomb(bits)
            slice_type, _ = _exp_golomb(bits)
            return slice_type % _SLICE_TYPES == _B_SLICE
    return False


def has_parameter_sets(annexb: bytes) -> bool:
    """Say whether an access unit has both an SPS and a PPS before its picture."""
    kinds = _kinds_up_to_slice(annexb)
    return SPS in kinds and PPS in kinds


def parameter_sets(extradata: bytes | None) -> bytes:
    """Give a stream's SPS and PPS as a byte stream.

    Args:
        extradata: what the container knows of the stream: an avcC record, or a byte stream; any
            access unit will do as well.

    Returns:
        The SPS and PPS with start codes; empty where there are none, or only one of both.
    """
    if not extradata:
        return b""
    units = list(_avcc_units(extradata) if is_avcc(extradata) else iterate_nal_units(extradata))
    sets = [unit for kind in (SPS, PPS) for unit in units if nal_type(unit) == kind]
    if {nal_type(unit) for unit in sets} != {SPS, PPS}:
        return b""
    return to_annexb(sets)


def is_avcc(extradata: bytes | None) -> bool:
    """Say whether a stream's extradata is an avcC record, so that its units have lengths, not start codes."""
    return extradata is not None and len(extradata) > _AVCC_HEADER and extradata[0] == 1


def length_size(extradata: bytes) -> int:
    """Give how many bytes, 1 to 4, each unit's length takes in a stream with this avcC record."""
    return (extradata[4] & 3) + 1


def from_lengths(data: bytes, size: int) -> bytes:
    """Turn an access unit with lengths (as in MP4) into a byte stream with start codes.

    Args:
        data: the access unit; a length that runs past its end is cut there.
        size: how many bytes each length takes, see `length_size`.
    """
    units = []
    at = 0
    while at + size < len(data):
        begin = at + size
        at = begin + int.from_bytes(data[at:begin], "big")
        units.append(data[begin:at])
    return to_annexb(units)


def to_annexb(units: list[bytes]) -> bytes:
    """Put a start code before each NAL unit, and leave out empty ones."""
    return b"".join(_START_CODE + unit for unit in units if unit)


def with_parameter_sets(annexb: bytes, sets: bytes) -> bytes:
    """Give a key access unit so that it begins with its SPS and PPS.

    Args:
        annexb: an IDR access unit.
        sets: the stream's parameter sets (see `parameter_sets`); used where the unit brings none of its own.

    Returns:
        The same bytes where they begin right already; else SPS, PPS, then the rest. An access
        unit delimiter is left out, for it would have to stand before the SPS.
    """
    kinds = _kinds_up_to_slice(annexb)
    if kinds[:1] == [SPS] and PPS in kinds:
        return annexb
    if SPS in kinds and PPS in kinds:
        sets = parameter_sets(annexb)
    left_out = (SPS, PPS, ACCESS_UNIT_DELIMITER) if sets else (ACCESS_UNIT_DELIMITER,)
    rest = [unit for unit in iterate_nal_units(annexb) if nal_type(unit) not in left_out]
    return sets + to_annexb(rest)


def _kinds_up_to_slice(annexb: bytes) -> list[int]:
    return [kind for kind, _ in _headers_up_to_slice(annexb)]


def _headers_up_to_slice(annexb: bytes) -> Iterator[tuple[int, int]]:
    """Give types and places of a unit's NAL units up to and with its first slice: the long part is not searched."""
    at = annexb.find(_START)
    while 0 <= at < len(annexb) - len(_START):
        header = at + len(_START)
        kind = annexb[header] & _TYPE
        yield kind, header
        if SLICE <= kind <= IDR_SLICE:
            return
        at = annexb.find(_START, header)


def _exp_golomb(bits: str) -> tuple[int, str]:
    """Read one unsigned exp-Golomb code; give its value, and the bits after it. Bits that are cut off read as 0."""
    zeros = len(bits) - len(bits.lstrip("0"))
    code, rest = bits[zeros : 2 * zeros + 1], bits[2 * zeros + 1 :]
    return int(code or "1", 2) - 1, rest


def _avcc_units(extradata: bytes) -> Iterator[bytes]:
    """Give the SPS and PPS of an avcC record (ISO/IEC 14496-15, 5.3.3.1)."""
    at = 5
    for mask in (_TYPE, 0xFF):
        if at >= len(extradata):
            return
        count = extradata[at] & mask
        at += 1
        for _ in range(count):
            begin = at + 2
            at = begin + int.from_bytes(extradata[at:begin], "big")
            if unit := extradata[begin:at]:
                yield unit
