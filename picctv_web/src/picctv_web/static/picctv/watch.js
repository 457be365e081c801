// The watch page: one place that seeks, and what follows the video: the timeline, links with data-seek, and keys.
"use strict";
(() => {
  const video = document.getElementById("video");
  if (!video) return;
  const length = Number(video.dataset.seconds);
  const read = (id) => JSON.parse(document.getElementById(id)?.textContent || "[]");
  const bands = read("clip-bands"); // [{kind: "event" | "gap", from, to, title}], in seconds

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

  window.picctv = { video, length, bands, seek, scrub, playhead };

  const timeline = document.querySelector("[data-timeline]");
  if (timeline) {
    for (const band of bands) {
      const mark = document.createElement("div");
      mark.className = `timeline-band timeline-band-${band.kind}`;
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
    // In a field, on a button and on the player itself a key does what it always does.
    if (event.target.closest("input, select, textarea, button, a, video, [contenteditable]")) return;
    event.preventDefault();
    action(event);
  });
})();
