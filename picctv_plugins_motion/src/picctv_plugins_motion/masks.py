"""Masks of moving cells as results carry them: plain data of about a hundred bytes.

What moves is a few connected parts of the picture, so of the bits of a mask, eight to a byte, zlib leaves little.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, ValidationError

from picctv_core.typed import ResultModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

MAX_SIDE = 4096
"""More rows or columns than any mask has: no picture is larger, and a cell is 2x2 of its pixels."""


class PackedMask(ResultModel):
    """A mask as a part of a result; see `packed_mask`."""

    rows: int = Field(ge=1, le=MAX_SIDE, description="The rows of the mask.")
    columns: int = Field(ge=1, le=MAX_SIDE, description="The columns of the mask.")
    bits: bytes = Field(description="Its cells row by row, eight to a byte, compressed by zlib.")


def packed_mask(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Pack a mask.

    Args:
        mask: (rows, columns) bool; each at least 1 and at most `MAX_SIDE`.

    Returns:
        ``{"rows", "columns", "bits"}``, with which `unpacked_mask` gives the same mask again.
    """
    rows, columns = mask.shape
    return {"rows": rows, "columns": columns, "bits": zlib.compress(np.packbits(mask).tobytes())}


def unpacked_mask(packed: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Give a mask again: (rows, columns) bool, the caller's own.

    It comes from a node, so it is not trusted to be one, and never takes more memory than a mask has.

    Raises:
        ValueError: it is no packed mask; the text says why.
    """
    try:
        mask = PackedMask.model_validate(packed, strict=True)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the mask"
        raise ValueError(f"this is no packed mask: {place}: {fault['msg']}") from error
    rows, columns = mask.rows, mask.columns
    size = (rows * columns + 7) // 8
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(mask.bits, size + 1)
    except zlib.error as error:
        raise ValueError(f"the bits of a packed mask can't be read: {error}") from error
    if len(found) != size or not unpacking.eof:
        raise ValueError(f"the bits of a packed mask are not those of {rows}x{columns} cells")
    cells = np.unpackbits(np.frombuffer(found, np.uint8), count=rows * columns)
    return cells.reshape(rows, columns).astype(bool)
