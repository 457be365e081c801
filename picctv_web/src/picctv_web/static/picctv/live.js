// Keeps the parts of a page that are marked with data-live="name" fresh: loads the page again and swaps what has changed.
// That is done every ten seconds, and at once when the site says that something new was stored.
"use strict";
(() => {
  const EVERY_MS = 10000;
  const APART_MS = 250; // however much is stored, a page is not loaded again more often than this
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
    await Promise.all([...document.querySelectorAll("[data-live]")].map((old) => renew(old, fresh)));
  }

  async function renew(old, fresh) {
    const found = fresh.querySelector(`[data-live="${CSS.escape(old.dataset.live)}"]`);
    if (!found || found.outerHTML === (shown.get(old) ?? old.outerHTML)) return;
    if (old.contains(document.activeElement) || old.querySelector("details[open]")) return; // nobody loses their place
    const next = document.importNode(found, true);
    // New pictures are loaded before they are shown, so that nothing flashes.
    await Promise.all([...next.querySelectorAll("img")].map((image) => {
      image.loading = "eager";
      return image.decode().catch(() => undefined);
    }));
    shown.set(next, found.outerHTML);
    old.replaceWith(next);
  }

  // One refresh at a time; what is stored meanwhile is worth another one.
  let busy = false, again = false;
  async function soon() {
    if (busy) { again = true; return; }
    busy = true;
    do {
      again = false;
      await refresh();
      await new Promise((done) => setTimeout(done, APART_MS));
    } while (again);
    busy = false;
  }

  // Browsers have few connections to one site: a page that nobody looks at keeps none open.
  let stored = null;
  function listen() {
    if (document.hidden) { stored?.close(); stored = null; return; }
    if (stored && stored.readyState !== EventSource.CLOSED) return;
    stored = new EventSource("/changes");
    stored.addEventListener("stored", soon);
  }
  document.addEventListener("visibilitychange", () => { listen(); soon(); });
  addEventListener("pagehide", () => { stored?.close(); stored = null; });
  addEventListener("pageshow", listen);
  listen();

  setInterval(soon, EVERY_MS);
})();
