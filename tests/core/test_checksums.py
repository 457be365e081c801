"""Check sums behind messages, and the words for a link that alters what it carries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.http11 import Response

from picctv_core.checksums import AlteredError, opened, sealed
from picctv_core.node._link_errors import explain

URL = "ws://nvr:8700"


@given(st.binary(max_size=1000))
def test_a_message_comes_out_as_it_went_in(message: bytes) -> None:
    assert opened(sealed(message)) == message


@given(st.binary(max_size=1000), st.data())
def test_a_flipped_bit_is_found_wherever_it_is(message: bytes, data: st.DataObject) -> None:
    altered = bytearray(sealed(message))
    bit = data.draw(st.integers(0, 8 * len(altered) - 1))
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AlteredError, match="altered on its way"):
        opened(bytes(altered))


@pytest.mark.parametrize("size", range(4))
def test_what_is_shorter_than_a_sum_is_no_message(size: int) -> None:
    with pytest.raises(AlteredError):
        opened(bytes([1] * size))


def test_what_is_wrong_with_a_link_is_told_in_words() -> None:
    ended = InvalidMessage("did not receive a valid HTTP response")
    ended.__cause__ = EOFError("connection closed while reading HTTP status line")
    other = InvalidMessage("did not receive a valid HTTP response")
    other.__cause__ = ValueError("unsupported protocol")
    starting = InvalidStatus(Response(503, "Service Unavailable", Headers()))
    web = InvalidStatus(Response(404, "Not Found", Headers()))
    assert [explain(URL, "garage", error) for error in (AlteredError("x"), ended, other, starting, web)] == [
        f"what the server at {URL} sends is altered on its way",
        f"the server at {URL} ended the connection before it said anything",
        f"the server at {URL} is no picctv server: did not receive a valid HTTP response",
        f"the server at {URL} answers with HTTP status 503; is it a picctv server?",
        f"the server at {URL} answers with HTTP status 404; is it a picctv server?",
    ]
