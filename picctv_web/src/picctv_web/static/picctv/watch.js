// The watch page: one place that seeks, and what follows the video: the timeline, links with data-seek, and keys.
"use strict";
(() => {
  const video = document.getElementById("video");
  if (!video) return;
  const length = Number(video.dataset.seconds);
  const read = (id) => JSON.parse(document.getElementById(id)?.textContent || "[]");
  const bands = read("clip-bands"); // [{kind: "event" | "gap", tone, from, to, title}], in seconds

  // While one seek is under way only the newest wish is kept: dragging over a chart stays smooth.
  let wanted = null;
  function seek(seconds) {
    const target = Math.min(Math.max(seconds, 0), length);
    if (video.seeking) { wanted = target; return; }
    video.currentTime = target;
  }
  video.addEventListener("seeked", () => {
    if (wanted === null) return;
    const target = wanted;
    wanted = null;
    video.currentTime = target;
  });

  const followers = new Set();
  const tell = () => followers.forEach((follow) => follow(video.currentTime));
  function tick() {
    tell();
    if (!video.paused && !video.ended) requestAnimationFrame(tick);
  }
  for (const name of ["play", "seeking", "seeked", "timeupdate", "loadedmetadata"]) {
    video.addEventListener(name, name === "play" ? tick : tell);
  }

  /** Makes an element one on which a press or a drag seeks; secondsAt turns the pointer's x into seconds. */
  function scrub(element, secondsAt) {
    const go = (event) => seek(secondsAt(event.clientX - element.getBoundingClientRect().left));
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      go(event);
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) go(event);
    });
  }

  /** Draws a line that follows the video into an element; xAt turns seconds into pixels. */
  function playhead(element, xAt) {
    const line = document.createElement("div");
    line.className = "playhead";
    element.append(line);
    const follow = (seconds) => { line.style.transform = `translateX(${xAt(seconds)}px)`; };
    followers.add(follow);
    follow(video.currentTime);
    return follow;
  }

  /** Calls follow(seconds) now, and for each picture that the video shows from now on; gives a function that ends it. */
  function pictures(follow) {
    let ended = false;
    const shown = (seconds) => { if (!ended) follow(seconds); };
    if (video.requestVideoFrameCallback) {
      const next = (_, { mediaTime }) => {
        shown(mediaTime);
        if (!ended) video.requestVideoFrameCallback(next);
      };
      video.requestVideoFrameCallback(next);
    } else {
      followers.add(shown);
    }
    shown(video.currentTime);
    return () => { ended = true; followers.delete(shown); };
  }

  const layers = document.querySelector("[data-layers]");

  /** Gives where in the video's element its picture is: [left, top, width, height] in pixels, without bars beside it. */
  function place() {
    const { clientWidth, clientHeight } = video;
    const columns = video.videoWidth || video.width, rows = video.videoHeight || video.height;
    const scale = Math.min(clientWidth / columns, clientHeight / rows);
    const [width, height] = [columns * scale, rows * scale];
    return [video.offsetLeft + (clientWidth - width) / 2, video.offsetTop + (clientHeight - height) / 2, width, height];
  }

  /**
   * Lays an element over the video's picture, and puts a switch called title below the video. It is off at first; while
   * it is on, follow(seconds) is called for each picture that is shown. Gives the element, which always covers the
   * picture, and a note: the place beside the switch for a line of text.
   */
  function layer(title, follow) {
    const element = document.createElement("div");
    element.className = "layer";
    element.hidden = true;
    video.after(element);
    const fit = () => {
      const [left, top, width, height] = place();
      Object.assign(element.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    };
    new ResizeObserver(fit).observe(video);
    video.addEventListener("loadedmetadata", fit);
    fit();

    const bar = document.createElement("p"), button = document.createElement("button"), note = document.createElement("span");
    button.type = "button";
    button.className = "btn btn-default btn-sm";
    button.textContent = title;
    note.className = "line-note";
    bar.append(button, note);
    layers.append(bar);
    let end = null;
    const turn = (on) => {
      element.hidden = !on;
      button.setAttribute("aria-pressed", String(on));
      button.classList.toggle("active", on);
      note.textContent = "";
      end?.();
      end = on ? pictures(follow) : null;
    };
    turn(false);
    button.addEventListener("click", () => turn(element.hidden));
    return { element, note };
  }

  window.picctv = { video, length, bands, seek, scrub, playhead, pictures, layer };

  const timeline = document.querySelector("[data-timeline]");
  if (timeline) {
    for (const band of bands) {
      const mark = document.createElement("div");
      mark.className = `timeline-band timeline-band-${band.kind}`;
      if (band.tone) mark.classList.add(`gap-${band.tone}`);
      mark.title = band.title;
      const from = Math.max(band.from, 0);
      mark.style.left = `${100 * from / length}%`;
      mark.style.width = `${100 * (Math.min(band.to, length) - from) / length}%`;
      timeline.append(mark);
    }
    scrub(timeline, (x) => length * x / timeline.clientWidth);
    const follow = playhead(timeline, (seconds) => timeline.clientWidth * seconds / length);
    new ResizeObserver(() => follow(video.currentTime)).observe(timeline);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-seek]");
    if (!link) return;
    const seconds = Number(link.dataset.seek);
    if (!Number.isFinite(seconds)) return;
    event.preventDefault();
    seek(seconds);
    if (video.getBoundingClientRect().top < 0) video.scrollIntoView({ block: "start" });
  });

  // A link to a moment: /clips/<id>/#t=12.3
  function fromAddress() {
    const found = /^#t=([0-9.]+)$/.exec(location.hash);
    if (found) seek(Number(found[1]));
  }
  addEventListener("hashchange", fromAddress);
  fromAddress();

  const follow = (selector) => document.querySelector(selector)?.click();
  const keys = {
    ArrowLeft: (event) => seek(video.currentTime - (event.shiftKey ? 1 : 5)),
    ArrowRight: (event) => seek(video.currentTime + (event.shiftKey ? 1 : 5)),
    " ": () => (video.paused ? video.play() : video.pause()),
    n: () => follow("[data-next-clip]"),
    p: () => follow("[data-previous-clip]"),
  };
  addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    // In a field and on the player itself a key does what it always does, and Space on a button or a link.
    if (event.target.closest("input, select, textarea, video, [contenteditable]")) return;
    if (event.key === " " && event.target.closest("button, a")) return;
    event.preventDefault();
    action(event);
  });
})();
