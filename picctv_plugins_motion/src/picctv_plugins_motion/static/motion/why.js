// Lays over a clip's video what motion saw in each picture: the moving cells, boxes with trails, and the camera's zones.
"use strict";
(() => {
  const { layer, length } = window.picctv;
  const { drawZones } = window.picctvMotion;
  const panel = document.querySelector("[data-motion-why]");
  if (!panel) return;

  // Okabe and Ito's colours, which all people tell apart; the cells have the orange one.
  const COLOURS = ["#56b4e9", "#f0e442", "#cc79a7", "#009e73", "#0072b2", "#d55e00"];
  const CELLS = [230, 159, 0, 130];
  const NEAR_S = 0.002; // times were rounded to a millisecond
  const LONGEST_S = 2; // a result speaks for the time up to the next one, but not for longer
  const TRAIL_S = 3;

  const [canvas, cells] = [document.createElement("canvas"), document.createElement("canvas")];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const pieces = new Map(); // number of the piece -> what the server said of it; null while it is on its way
  const pageS = Number(panel.dataset.motionPage), pages = Math.ceil(length / pageS);
  let shown = 0, zoned = false;

  async function load(number) {
    if (number < 0 || number >= pages || pieces.has(number)) return;
    pieces.set(number, null);
    try {
      const response = await fetch(`${panel.dataset.motionWhy}?page=${number}`);
      if (!response.ok || response.redirected) throw new Error(response.statusText);
      const piece = await response.json();
      pieces.set(number, piece);
      if (!zoned) drawZones(svg, piece.zones, piece.ignore);
      zoned = true;
    } catch {
      pieces.delete(number); // asked for again with the next picture
      note.textContent = "What motion saw can't be read just now.";
      return;
    }
    draw(shown);
  }

  /** Gives the frames up to a moment that are at hand, the newest first, and the piece of each. */
  function* before(seconds) {
    for (let number = Math.floor((seconds + NEAR_S) / pageS); number >= 0; number -= 1) {
      const piece = pieces.get(number);
      if (!piece) return;
      const { frames } = piece;
      let low = 0, high = frames.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (frames[middle][0] <= seconds + NEAR_S) low = middle + 1; else high = middle;
      }
      for (let index = low - 1; index >= 0; index -= 1) yield [frames[index], piece];
    }
  }

  function drawCells(context, [rows, columns, ...runs]) {
    cells.width = columns;
    cells.height = rows;
    const own = cells.getContext("2d"), image = own.createImageData(columns, rows);
    let at = 0;
    runs.forEach((run, index) => {
      if (index % 2) for (let cell = at; cell < at + run; cell += 1) image.data.set(CELLS, 4 * cell);
      at += run;
    });
    own.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(cells, 0, 0, canvas.width, canvas.height);
  }

  /** Gives where the things of these ids were lately: a list of centres for each id, the newest first. */
  function trails(seconds, ids) {
    const found = new Map(ids.map((id) => [id, []]));
    let last = seconds;
    for (const [[at, , , , boxes, own]] of before(seconds)) {
      if (seconds - at > TRAIL_S) break;
      if (!own.length) continue;
      if (last - at > LONGEST_S) break; // another event, whose ids are others
      last = at;
      own.forEach((id, index) => {
        const [left, top, width, height] = boxes[index];
        found.get(id)?.push([left + width / 2, top + height / 2]);
      });
    }
    return found;
  }

  function drawThings(context, boxes, ids, seconds) {
    const { width: columns, height: rows } = canvas;
    const ratio = devicePixelRatio || 1;
    context.lineWidth = 2 * ratio;
    context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "bottom";
    const centres = trails(seconds, ids);
    boxes.forEach(([left, top, width, height], index) => {
      const id = ids[index];
      context.strokeStyle = context.fillStyle = COLOURS[(id ?? index) % COLOURS.length];
      context.strokeRect(left * columns, top * rows, width * columns, height * rows);
      if (id === undefined) return;
      context.beginPath();
      centres.get(id).forEach(([x, y]) => context.lineTo(x * columns, y * rows));
      context.stroke();
      context.lineWidth = 3 * ratio;
      context.strokeStyle = "rgba(10, 14, 22, 0.8)";
      const at = [left * columns + 2 * ratio, Math.max(top * rows - 2 * ratio, 14 * ratio)];
      context.strokeText(String(id), ...at);
      context.fillText(String(id), ...at);
      context.lineWidth = 2 * ratio;
    });
  }

  const percent = (part, digits) => (part === null ? "–" : `${(100 * part).toFixed(digits)} %`);

  function draw(seconds) {
    shown = seconds;
    const number = Math.min(Math.floor((seconds + NEAR_S) / pageS), pages - 1);
    load(number);
    if (seconds % pageS > pageS / 2) load(number + 1);
    if (seconds % pageS < TRAIL_S) load(number - 1); // the trails begin there
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(element.clientWidth * ratio);
    canvas.height = Math.round(element.clientHeight * ratio);
    if (!pieces.get(number)) return; // on its way
    const [found] = before(seconds);
    if (!found || seconds - found[0][0] > LONGEST_S) {
      note.textContent = "Motion did not look at this picture.";
      return;
    }
    const [[, triggered, score, area, boxes, ids, zones, mask], { names }] = found;
    const context = canvas.getContext("2d");
    if (mask) drawCells(context, mask);
    if (triggered) drawThings(context, boxes, ids, seconds);
    note.textContent = [
      triggered ? "Something moves" : "Nothing moves", `score ${percent(score, 0)}`, `${percent(area, 1)} of the picture`,
      ...zones.map((zone) => names[zone]),
    ].join(" · ");
  }

  const { element, note } = layer("Show why", draw);
  element.append(canvas, svg);
  new ResizeObserver(() => { if (!element.hidden) draw(shown); }).observe(element);
})();
