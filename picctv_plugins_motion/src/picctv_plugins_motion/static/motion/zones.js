// Draws a camera's zones into an <svg> that covers its picture: polygons with their names, hatched where motion is left out.
"use strict";
window.picctvMotion = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function make(name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  let hatches = 0; // two pictures of one page need patterns of two names

  /** Draws zones, and polygons to ignore, as the server tells them; anew whenever the picture has another size. */
  function drawZones(svg, zones, ignore) {
    const all = [...zones, ...ignore.map((polygon) => ({ polygon, name: "", ignore: true }))];
    const id = `motion-hatch-${hatches += 1}`;
    const draw = () => {
      const { clientWidth: width, clientHeight: height } = svg;
      if (!width || !height) return;
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const pattern = make("pattern", { id, width: 9, height: 9, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
      pattern.append(make("line", { class: "motion-hatch", x1: 0, y1: 0, x2: 0, y2: 9 }));
      const drawn = [pattern];
      for (const { polygon, name, ignore: ignored } of all) {
        const points = polygon.map(([x, y]) => `${(x * width).toFixed(1)},${(y * height).toFixed(1)}`).join(" ");
        drawn.push(make("polygon", { class: "motion-zone-edge", points }));
        const shape = make("polygon", { class: ignored ? "motion-zone motion-ignored" : "motion-zone", points });
        if (ignored) shape.style.fill = `url(#${id})`;
        shape.append(make("title", {}, ignored ? `${name} (left out)`.trim() : name));
        drawn.push(shape);
        const [x, y] = [0, 1].map((axis) => polygon.reduce((sum, corner) => sum + corner[axis], 0) / polygon.length);
        if (name) drawn.push(make("text", { class: "motion-name", x: x * width, y: y * height }, name));
      }
      svg.replaceChildren(...drawn);
    };
    new ResizeObserver(draw).observe(svg);
    draw();
  }

  return { drawZones, make };
})();
