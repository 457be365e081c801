// Draws every <div data-chart="id of its JSON"> with uPlot, on the time axis of the page's video.
"use strict";
(() => {
  const { video, bands = [], scrub, playhead } = window.picctv || {};
  const COLOURS = ["#2f6fed", "#12a37a", "#b14fd8", "#e0662b", "#5d6a80"];
  const AXIS = 46, AXIS_END = 14; // as --axis and --axis-end in picctv.css, so that the timeline lies above the charts
  const HEIGHT = 150;
  const BANDS = { event: "rgba(245, 158, 11, 0.20)", gap: "rgba(93, 106, 128, 0.22)" };

  const time = (seconds) => {
    const whole = Math.floor(seconds);
    const rest = String(whole % 60).padStart(2, "0");
    const tenth = Math.round((seconds - whole) * 10);
    return `${Math.floor(whole / 60)}:${rest}${tenth % 10 ? `.${tenth % 10}` : ""}`;
  };
  const exact = (seconds) => (seconds == null ? "–" : `${seconds.toFixed(2)} s`);
  const LANE = 1.5; // of a chart of yes and no: each column runs between the bottom of its lane and 1 above it
  /** Gives the time of day that a second of a day's axis is; `steps` are [second of the axis, second of the day] from there on. */
  const ofDay = (steps) => (seconds) => {
    const [from, at] = steps.findLast(([start]) => start <= seconds) ?? steps[0];
    const minutes = Math.round((at + seconds - from) / 60);
    return `${String(Math.floor(minutes / 60) % 24).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  };
  const number = (value) => (value == null ? "–" : Number(value.toPrecision(3)).toLocaleString("en"));

  /** Gives the indices of values with nothing on either side: no line goes through them, so they are drawn as points. */
  const alone = (column) => [...column.keys()].filter((at) => column[at] != null && column[at - 1] == null && column[at + 1] == null);

  function shade(u) {
    u.ctx.save();
    for (const band of bands) {
      const from = u.valToPos(Math.max(band.from, 0), "x", true);
      const to = u.valToPos(band.to, "x", true);
      const left = Math.max(from, u.bbox.left), right = Math.min(to, u.bbox.left + u.bbox.width);
      u.ctx.fillStyle = BANDS[band.kind];
      u.ctx.fillRect(left, u.bbox.top, Math.max(right - left, 1), u.bbox.height);
    }
    u.ctx.restore();
  }

  function draw(element) {
    const chart = JSON.parse(document.getElementById(element.dataset.chart).textContent);
    const [seconds, ...columns] = chart.data;
    const lane = (index) => (columns.length - 1 - index) * LANE;
    const shown = chart.steps ? columns.map((column, index) => column.map((value) => value == null ? null : lane(index) + value)) : columns;
    const unit = chart.unit ? ` ${chart.unit}` : "";
    const series = chart.columns.slice(1).map((label, index) => {
      const colour = COLOURS[index % COLOURS.length];
      return {
        label, stroke: colour, width: 1.6, spanGaps: false,
        points: { show: true, size: 4, fill: colour, filter: () => alone(shown[index]) },
        ...(chart.steps ? {
          paths: uPlot.paths.stepped({ align: 1 }), fill: `${colour}33`, fillTo: () => lane(index),
          value: (_, value) => (value == null ? "–" : value > lane(index) + 0.5 ? "yes" : "no"),
        } : {
          fill: index === 0 ? `${colour}22` : undefined,
          value: (_, value) => number(value) + unit,
        }),
      };
    });
    const top = (_, low, high) => (chart.steps ? [-0.15, lane(0) + 1.25] : [
      chart.y_min ?? Math.min(low ?? 0, 0), chart.y_max ?? Math.max((high ?? 1) * 1.08, (chart.y_min ?? 0) + 1e-6),
    ]);
    const height = chart.steps ? 64 + 26 * columns.length : HEIGHT;
    const grid = { stroke: "#e9edf4", width: 1 }, ticks = { show: false };
    const axis = { stroke: "#5d6a80", font: "11.5px system-ui, sans-serif", grid, ticks };
    const u = new uPlot({
      width: element.clientWidth,
      height,
      padding: [8, AXIS_END, 0, 0],
      scales: { x: { time: false, range: () => [0, Math.max(chart.seconds, 0.1)] }, y: { range: top } },
      axes: [
        { ...axis, size: 26, values: (_, values) => values.map(chart.clock ? ofDay(chart.clock) : time), ...(chart.clock ? { incrs: [600, 1800, 3600, 7200, 14400, 21600, 43200] } : {}) },
        chart.steps ? { ...axis, size: AXIS, splits: [], grid: { show: false } } : { ...axis, size: AXIS, gap: 6, values: (_, values) => values.map(number) },
      ],
      series: [{ label: "Time", value: (_, value) => (chart.clock && value != null ? ofDay(chart.clock)(value) : exact(value)) }, ...series],
      cursor: { drag: { x: false, y: false, setScale: false }, y: false, sync: { key: "clip" } },
      legend: { live: true },
      hooks: { drawClear: [shade] },
    }, [seconds, ...shown], element);

    if (video) {
      scrub(u.over, (x) => u.posToVal(x, "x"));
      const follow = playhead(u.over, (seconds) => {
        const x = u.valToPos(seconds, "x");
        // While nobody points at the chart, its numbers are those of the picture that is shown.
        if (u.cursor.left < 0 && chart.data[0].length) u.setLegend({ idx: u.posToIdx(x) });
        return x;
      });
      u.hooks.setSize = [() => follow(video.currentTime)];
      u.hooks.ready = [() => follow(video.currentTime)];
    }
    new ResizeObserver(() => {
      if (element.clientWidth !== u.width && element.clientWidth > 0) u.setSize({ width: element.clientWidth, height });
    }).observe(element);
  }

  document.querySelectorAll("[data-chart]").forEach(draw);
})();
