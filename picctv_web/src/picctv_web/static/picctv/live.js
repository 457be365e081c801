// Keeps the parts of a page that are marked with data-live="name" fresh: loads the page again and swaps what has changed.
"use strict";
(() => {
  const EVERY_MS = 10000;
  if (!document.querySelector("[data-live]")) return;

  const shown = new WeakMap(); // the HTML that came, because loading a picture changes an element's own

  async function refresh() {
    if (document.hidden) return;
    let response;
    try {
      response = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } });
    } catch {
      return; // the site is away for now: what is shown stays, and the next turn tries again
    }
    if (response.redirected) { location.reload(); return; } // the login has ended
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const found = fresh.querySelector(`[data-live="${CSS.escape(old.dataset.live)}"]`);
      if (!found || found.outerHTML === (shown.get(old) ?? old.outerHTML)) continue;
      if (old.contains(document.activeElement) || old.querySelector("details[open]")) continue; // nobody loses their place
      const next = document.importNode(found, true);
      // New pictures are loaded before they are shown, so that nothing flashes.
      await Promise.all([...next.querySelectorAll("img")].map((image) => {
        image.loading = "eager";
        return image.decode().catch(() => undefined);
      }));
      shown.set(next, found.outerHTML);
      old.replaceWith(next);
    }
  }

  setInterval(refresh, EVERY_MS);
})();
