"""The live server through real sockets, as viewers see it."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import av
import pytest

from picctv_core.errors import PluginError
from picctv_core.frames import AccessUnit
from picctv_plugins_live.broadcaster import Broadcaster
from picctv_plugins_live.settings import LiveSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from picctv_core.testing import FakeClock

    Serve = Callable[..., Broadcaster]

TIMEOUT_S = 10.0


def connect(broadcaster: Broadcaster, receive_buffer: int | None = None) -> socket.socket:
    host, _, port = broadcaster.address.removeprefix("tcp://").rpartition(":")
    viewer = socket.socket()
    if receive_buffer is not None:
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    viewer.settimeout(TIMEOUT_S)
    viewer.connect((host, int(port)))
    return viewer


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for the server's thread, which answers within milliseconds."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, "the server did not get there in time"
        time.sleep(0.002)


def receive(viewer: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = viewer.recv(count - len(data))
        if not piece:
            break
        data += piece
    return bytes(data)


def joined(units: list[AccessUnit]) -> bytes:
    return b"".join(unit.annexb for unit in units)


def test_viewer_gets_every_byte_in_order(serve: Serve, units: list[AccessUnit]) -> None:
    server = serve()
    with connect(server) as viewer:
        wait_until(lambda: server.viewers == 1)
        for unit in units:
            server.publish(unit)
        assert receive(viewer, len(joined(units))) == joined(units)


def test_late_viewer_begins_with_the_last_key_unit_and_the_rest_of_its_group(
    serve: Serve, units: list[AccessUnit]
) -> None:
    server = serve()
    with connect(server) as first:
        wait_until(lambda: server.viewers == 1)
        for unit in units[:25]:
            server.publish(unit)
        receive(first, len(joined(units[:25])))
        with connect(server) as late:
            wait_until(lambda: server.viewers == 2)
            for unit in units[25:]:
                server.publish(unit)
            expected = joined(units[20:])
            assert units[20].is_key
            assert receive(late, len(expected)) == expected


def test_thread_sleeps_while_nobody_watches(serve: Serve, units: list[AccessUnit]) -> None:
    broadcaster = serve()
    key, other = next(unit for unit in units if unit.is_key), next(unit for unit in units if not unit.is_key)
    broadcaster.publish(key)
    wait_until(lambda: broadcaster._group == [key.annexb])
    for _ in range(50):
        broadcaster.publish(other)
    with connect(broadcaster) as viewer:
        whole = joined([key, *[other] * 50])
        assert receive(viewer, len(whole)) == whole  # whoever joins has what came meanwhile
        wait_until(lambda: broadcaster.viewers == 1)
        broadcaster.publish(other)
        assert receive(viewer, len(other.annexb)) == other.annexb
    wait_until(lambda: broadcaster.viewers == 0)
    broadcaster.publish(other)
    broadcaster.publish(other)
    assert list(broadcaster._inbox) == [other, other]  # nobody was woken to take them
    for _ in range(100):
        broadcaster.publish(other)
    wait_until(lambda: len(broadcaster._inbox) < 100)  # but what waits has a bound


def test_viewer_before_the_first_key_unit_waits_for_it(serve: Serve, units: list[AccessUnit]) -> None:
    server = serve()
    with connect(server) as viewer:
        wait_until(lambda: server.viewers == 1)
        for unit in units[5:15]:
            server.publish(unit)
        assert receive(viewer, len(joined(units[10:15]))) == joined(units[10:15])


def test_slow_viewer_delays_nobody_and_is_dropped_by_age(
    serve: Serve, units: list[AccessUnit], clock: FakeClock
) -> None:
    server = serve(max_delay_s=1.0)
    large = [AccessUnit(unit.captured_at_ns, unit.is_key, unit.annexb + b"\0" * 200_000) for unit in units]
    with connect(server, 4096) as slow, connect(server) as quick:
        wait_until(lambda: server.viewers == 2)
        server.publish(units[0])
        receive(slow, len(units[0].annexb))
        receive(quick, len(units[0].annexb))
        for unit in large[1:]:
            server.publish(unit)
            assert receive(quick, len(unit.annexb)) == unit.annexb
        assert (server.viewers, server.dropped) == (2, 0)
        clock.advance(1.1)
        wait_until(lambda: server.dropped == 1)
        assert server.viewers == 1
        server.publish(units[0])
        assert receive(quick, len(units[0].annexb)) == units[0].annexb
        # What the kernel still had may come; then the connection is at its end.
        assert len(receive(slow, len(joined(large)))) < len(joined(large[1:]))


def test_new_viewer_has_more_time_for_its_first_group(
    serve: Serve, units: list[AccessUnit], clock: FakeClock
) -> None:
    server = serve(max_delay_s=1.0)
    large = [
        AccessUnit(unit.captured_at_ns, unit.is_key, unit.annexb + b"\0" * 900_000) for unit in units[:10]
    ]
    for unit in large:
        server.publish(unit)
    with connect(server, 4096) as viewer:
        wait_until(lambda: server.viewers == 1)
        clock.advance(5)
        server.publish(units[1])
        expected = joined([*large, units[1]])
        assert receive(viewer, len(expected)) == expected
        assert server.dropped == 0


def test_viewer_beyond_the_last_place_is_turned_away(serve: Serve) -> None:
    server = serve(max_viewers=1)
    with connect(server) as first:
        wait_until(lambda: server.viewers == 1)
        with connect(server) as second:
            assert second.recv(1) == b""
        first.close()
    wait_until(lambda: server.viewers == 0)
    assert server.turned_away == 1
    with connect(server):
        wait_until(lambda: server.viewers == 1)


def test_viewer_that_leaves_is_noticed_without_any_video(serve: Serve) -> None:
    server = serve()
    with connect(server) as viewer:
        viewer.sendall(b"GET / HTTP/1.1\r\n\r\n")
        wait_until(lambda: server.viewers == 1)
    wait_until(lambda: server.viewers == 0)


def test_stop_disconnects_viewers_and_frees_the_port(serve: Serve, clock: FakeClock) -> None:
    server = serve()
    port = int(server.address.rpartition(":")[2])
    with connect(server) as viewer:
        wait_until(lambda: server.viewers == 1)
        server.stop()
        assert viewer.recv(1) == b""
    again = serve(port=port)
    assert again.address == f"tcp://127.0.0.1:{port}"
    assert [thread.name for thread in threading.enumerate()].count("live garage/door") == 1


def test_taken_port_is_one_line_with_the_way_out(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PluginError) as caught:
            Broadcaster(LiveSettings(port=port), "garage/door", clock).start()
    assert str(caught.value) == (
        f"live view of garage/door: port {port} of 127.0.0.1 is taken; "
        "set port = 0 (any free one) or another under [cameras.door.plugins.live]"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_address_of_another_machine_is_one_line_with_the_way_out(clock: FakeClock, host: str) -> None:
    with pytest.raises(
        PluginError, match=rf"^live view of garage/door can't listen on {host}:0: .*127.0.0.1$"
    ):
        Broadcaster(LiveSettings(host=host), "garage/door", clock).start()


def test_players_decode_what_comes(serve: Serve, units: list[AccessUnit]) -> None:
    server = serve()
    for unit in units[:25]:
        server.publish(unit)

    def play() -> None:
        wait_until(lambda: server.viewers == 1)
        for unit in units[25:]:
            server.publish(unit)
        server.stop()

    thread = threading.Thread(target=play)
    thread.start()
    # The late viewer begins at picture 20.
    with av.open(server.address, format="h264", timeout=TIMEOUT_S) as container:
        frames = list(container.decode(video=0))
    thread.join()
    assert len(frames) == 20
    assert frames[0].key_frame
    assert (frames[0].width, frames[0].height) == (160, 120)


def test_ffmpeg_command_plays_it(serve: Serve, units: list[AccessUnit], ffmpeg: Path) -> None:
    server = serve()
    for unit in units[:20]:
        server.publish(unit)
    command = [ffmpeg, "-v", "error", "-f", "h264", "-i", server.address, "-f", "framecrc", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as player:
        wait_until(lambda: server.viewers == 1)
        for unit in units[20:]:
            server.publish(unit)
        wait_until(lambda: server.viewers == 1)
        server.stop()
        output, errors = player.communicate(timeout=TIMEOUT_S)
    assert (player.returncode, errors) == (0, "")
    assert len([line for line in output.splitlines() if not line.startswith("#")]) == 30
