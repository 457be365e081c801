// Draws every heat map of the page: how long something moved in each cell, as a colour over the camera's picture.
"use strict";
(() => {
  const { drawZones } = window.picctvMotion;
  // Matplotlib's plasma: it rises evenly in brightness, so that people who see few colours read it too.
  const COLOURS = [[13, 8, 135], [84, 2, 163], [139, 10, 165], [185, 50, 137], [219, 92, 104], [244, 136, 73], [254, 188, 43], [240, 249, 33]];

  /** Gives [red, green, blue] for a part of the most, 0 to 1. */
  function colour(part) {
    const at = Math.min(Math.max(part, 0), 1) * (COLOURS.length - 1);
    const low = Math.min(Math.floor(at), COLOURS.length - 2);
    return COLOURS[low].map((value, index) => Math.round(value + (at - low) * (COLOURS[low + 1][index] - value)));
  }

  /** Paints pixels: one for each value, null for nothing. */
  function paint(canvas, columns, rows, values) {
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    values.forEach((value, index) => {
      if (value !== null) image.data.set([...colour(value), 150 + Math.round(70 * value)], 4 * index);
    });
    context.putImageData(image, 0, 0);
  }

  function begin(element) {
    const [map, scale] = element.querySelectorAll("canvas");
    const svg = element.querySelector("svg"), said = element.querySelector(".motion-said");
    const labels = element.querySelectorAll(".motion-scale span");
    const buttons = element.querySelectorAll("[data-motion-last]");
    let newest = 0;

    function draw(heat) {
      // By the square root: a street and a path beside it are both seen.
      paint(map, heat.columns, heat.rows, heat.cells.map((seconds) => (seconds > 0 ? Math.sqrt(seconds / heat.most_s) : null)));
      element.querySelector(".motion-scale").hidden = heat.most_s === 0;
      ["0", ...heat.scale].forEach((text, index) => { labels[index].textContent = text; });
      said.textContent = heat.most_s > 0 ? `Something moved for ${heat.moving}.` : "Nothing moved.";
      map.setAttribute("aria-label", said.textContent);
      const table = element.querySelector("table");
      table.hidden = heat.figures.length === 0;
      table.tBodies[0].replaceChildren(...heat.figures.map(({ name, moving, events }) => {
        const row = document.createElement("tr");
        for (const text of [name, moving, events]) row.insertCell().textContent = text;
        return row;
      }));
      drawZones(svg, heat.zones, heat.ignore);
    }

    async function show(asked) {
      const own = newest += 1;
      element.setAttribute("aria-busy", "true");
      let heat = null;
      try {
        const response = await fetch(`${element.dataset.motionHeat}?${asked}`);
        if (response.ok && !response.redirected) heat = await response.json();
      } catch {
        heat = null; // the site is away: said below
      }
      if (own !== newest) return; // somebody chose another stretch meanwhile
      element.setAttribute("aria-busy", "false");
      if (heat) draw(heat); else said.textContent = "The heat map can't be read just now; load the page again.";
    }

    for (const button of buttons) {
      button.addEventListener("click", () => {
        buttons.forEach((one) => {
          one.setAttribute("aria-pressed", String(one === button));
          one.classList.toggle("active", one === button);
        });
        show(`last=${button.dataset.motionLast}`);
      });
    }
    paint(scale, 64, 1, Array.from({ length: 64 }, (_, index) => index / 63));
    if (element.dataset.motionDay) show(`day=${element.dataset.motionDay}`);
    else element.querySelector("[data-motion-last=day]").click();
  }

  document.querySelectorAll("[data-motion-heat]").forEach(begin);
})();
