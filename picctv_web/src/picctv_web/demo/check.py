"""``picctv demo --check``: logs in over HTTP as a user would, and verifies what each camera brought."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from picctv_web.demo.client import Client
from picctv_web.demo.media import CheckFailed, verify_jpeg, verify_live, verify_mp4
from picctv_web.demo.plan import USER

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from picctv_web.demo.plan import DemoCamera, Plan

_LIMIT_S = 90.0
_PAUSE_S = 1.0
_NS_PER_S = 1_000_000_000


def run_check(plan: Plan, password: str, started_at_ns: int, stop: threading.Event) -> int:
    """Verify every camera; print one JSON object with what was found.

    Args:
        plan: the demo that is running.
        password: of its user.
        started_at_ns: when it started; clips of earlier runs don't count.
        stop: set when the check should give up.

    Returns:
        0 when all of it is there within 90 seconds of the start, 1 otherwise.
    """
    deadline = started_at_ns / _NS_PER_S + _LIMIT_S
    client = Client(plan.address)
    report: dict[str, Any] = {"ok": False, "address": plan.address, "cameras": {}, "failures": []}
    open_cameras = {camera.id: camera for camera in plan.cameras}
    failures: dict[str, str] = {}
    try:
        client.log_in(USER, password)
    except CheckFailed as error:
        failures["login"] = str(error)
        open_cameras.clear()
    while open_cameras and not stop.is_set():
        for camera in list(open_cameras.values()):
            try:
                report["cameras"][camera.id] = _verify(client, camera, started_at_ns)
            except CheckFailed as error:
                failures[camera.id] = str(error)
            else:
                del open_cameras[camera.id]
                failures.pop(camera.id, None)
                print(f"picctv: {camera.id} is verified", file=sys.stderr, flush=True)
        if open_cameras and time.time() > deadline:
            break
        if open_cameras:
            stop.wait(_PAUSE_S)
    for name in open_cameras:
        failures.setdefault(name, "stopped before it was verified")
    report["failures"] = [f"{name}: {why}" for name, why in failures.items()]
    report["ok"] = not failures
    report["seconds"] = round(time.time() - started_at_ns / _NS_PER_S, 1)
    print(json.dumps(report, indent=2), flush=True)
    for failure in report["failures"]:
        print(f"picctv: check failed: {failure}", file=sys.stderr, flush=True)
    return 0 if report["ok"] else 1


def _verify(client: Client, camera: DemoCamera, started_at_ns: int) -> dict[str, Any]:
    """Verify all that one camera should have by now.

    Raises:
        CheckFailed: something is not there (yet), or is wrong.
    """
    state = _find(client.json("/api/cameras")["cameras"], lambda found: found["id"] == camera.id)
    if state is None:
        raise CheckFailed("the camera is not listed")
    if state["state"] not in {"running", "ended"}:
        raise CheckFailed(f"the camera is {state['state']}: {state['detail']}")
    clips = client.json("/api/clips", camera=camera.id, limit="50")["clips"]
    fresh = [clip for clip in clips if clip["started_at_ns"] >= started_at_ns]
    if not fresh:
        raise CheckFailed("no clip is listed")
    details = (client.json(f"/api/clips/{clip['id']}") for clip in fresh)
    clip = _find(details, lambda found: any(event["plugin"] == "motion" for event in found["events"]))
    if clip is None:
        raise CheckFailed(f"{len(fresh)} clips are listed, none with a motion event")
    results = client.json(f"/api/clips/{clip['id']}/results/motion")["results"]
    if not results:
        raise CheckFailed(f"clip {clip['id']} has no motion results")
    rows = [len(chart["rows"]) for chart in clip["charts"] if chart["plugin"] == "motion"]
    if not rows or not min(rows):
        raise CheckFailed(f"clip {clip['id']} has no data for the motion chart")
    return {
        "clips": len(fresh),
        "clip": clip["id"],
        "motion_events": sum(event["plugin"] == "motion" for event in clip["events"]),
        "motion_results": len(results),
        "chart_rows": sum(rows),
        "video": verify_mp4(client.get(f"/clips/{clip['id']}/video.mp4"), clip),
        "thumbnail": verify_jpeg(client.get(f"/clips/{clip['id']}/thumbnail.jpg")),
        "live": verify_live(_live_address(state)),
    }


def _live_address(camera: dict[str, Any]) -> str:
    address = camera["plugins"].get("live", {}).get("health", {}).get("address")
    if not address:
        raise CheckFailed("the live plugin has no address")
    return str(address)


def _find(items: Any, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
    return next((item for item in items if wanted(item)), None)
