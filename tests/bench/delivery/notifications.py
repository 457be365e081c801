"""How long a notification takes from `emit` on a node to the start page in a browser."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from picctv_core.messages import NOTIFICATION, notification_payload
from tests.e2e.browsing import ARGUMENTS, log_in

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.node.spool import Spool

PAUSE_S = 0.4

# Writes down when each title is on the page for the first time; the machine's clock is the same for all its programs.
WATCH = """
window.seen = {};
const look = () => {
  for (const found of document.body.innerText.matchAll(/measured [0-9]+/g))
    window.seen[found[0]] ??= performance.timeOrigin + performance.now();
};
new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
"""


def measure_ms(address: str, chromium: Path, spool: Spool, count: int) -> list[float]:
    """Emit notifications one after another and give how long each took to appear, in ms.

    Args:
        address: the web interface's.
        chromium: the browser.
        spool: of a node that is connected.
        count: how many.
    """
    emitted: dict[str, float] = {}

    def emit() -> None:
        for number in range(count):
            title = f"measured {number}"
            now_ns = time.time_ns()
            emitted[title] = now_ns / 1e6
            spool.append(
                camera="",
                plugin="",
                kind=NOTIFICATION,
                payload=notification_payload("info", title),
                captured_at_ns=now_ns,
            )
            time.sleep(PAUSE_S)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        # the measuring script is ours and not the page's, whose policy allows none but its own
        page = browser.new_context(base_url=address, bypass_csp=True).new_page()
        with page.expect_response("**/changes"):
            log_in(page, address)
        page.evaluate(WATCH)
        emitting = threading.Thread(target=emit)
        emitting.start()
        emitting.join()
        page.get_by_text(f"measured {count - 1}").first.wait_for(timeout=15_000)
        seen: dict[str, Any] = page.evaluate("window.seen")
        browser.close()
    return [seen[title] - at_ms for title, at_ms in emitted.items()]
