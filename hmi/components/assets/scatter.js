// Points in a plane with a band and named odd ones. Drawn as SVG; a refresh moves what is there.

const SVG = "http://www.w3.org/2000/svg";
const EDGE = { left: 52, right: 16, top: 36, bottom: 34 };

/** Function from a value to a pixel. */
export function toPixel(axis, from, to) {
  const span = axis.high - axis.low || 1;
  return (value) => from + ((value - axis.low) / span) * (to - from);
}

/** Places for labels beside their dots, moved up or down until none covers another: [{id, x, y, end}]. */
export function placeLabels(dots, right, height = 15, width = 46) {
  const placed = [];
  for (const dot of [...dots].sort((a, b) => a.y - b.y)) {
    const end = dot.x + width > right;
    let y = dot.y + 4;
    const covers = (other) => Math.abs(other.x - dot.x) < width && Math.abs(other.y - y) < height;
    while (placed.some(covers)) y += 3;
    placed.push({ id: dot.id, x: dot.x + (end ? -8 : 8), y, end });
  }
  return placed;
}

function add(parent, tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function drawAxes(svg, data, x, y, box) {
  if (data.band) {
    const left = x(data.band[0]);
    add(svg, "rect", { class: "band", x: left, y: box.top, width: x(data.band[1]) - left, height: box.bottom - box.top });
    add(svg, "text", { class: "small", x: (left + x(data.band[1])) / 2, y: box.top - 5, "text-anchor": "middle" }, data.band_title);
  }
  for (const [value, text] of data.y.ticks) {
    add(svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: y(value), y2: y(value) });
    add(svg, "text", { class: "small", x: box.left - 8, y: y(value) + 4, "text-anchor": "end" }, text);
  }
  for (const [value, text] of data.x.ticks) {
    add(svg, "text", { class: "small", x: x(value), y: box.bottom + 16, "text-anchor": "middle" }, text);
  }
  add(svg, "line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom });
  add(svg, "text", { class: "small", x: 4, y: 12 }, data.y.title);
  add(svg, "text", { class: "small", x: box.right, y: box.bottom + 31, "text-anchor": "end" }, data.x.title);
  add(svg, "text", { class: "small corner", x: box.right, y: 12, "text-anchor": "end" }, data.corners[0]);
  add(svg, "text", { class: "small corner", x: box.left + 4, y: box.bottom - 6 }, data.corners[1]);
}

function drawDots(svg, data, x, y, right, tell) {
  const places = data.dots.filter((dot) => dot.label).map((dot) => ({ id: dot.id, x: x(dot.x), y: y(dot.y) }));
  const labels = new Map(placeLabels(places, right).map((label) => [label.id, label]));
  for (const dot of data.dots) {
    const mark = add(svg, "circle", {
      class: dot.label ? "dot odd" : "dot", cx: x(dot.x), cy: y(dot.y), r: dot.label ? 5 : 4, "data-id": dot.id,
    });
    add(mark, "title", {}, dot.hint);
    mark.addEventListener("click", () => tell("picked", dot.id));
    const label = labels.get(dot.id);
    if (label) {
      add(svg, "text", { class: "name", x: label.x, y: label.y, "text-anchor": label.end ? "end" : "start" }, dot.label);
    }
  }
}

function draw(root, data, tell) {
  const width = Math.max(280, root.clientWidth);
  const height = data.height_px;
  const box = { left: EDGE.left, right: width - EDGE.right, top: EDGE.top, bottom: height - EDGE.bottom };
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", data.label);
  const x = toPixel(data.x, box.left, box.right);
  const y = toPixel(data.y, box.bottom, box.top);
  drawAxes(svg, data, x, y, box);
  drawDots(svg, data, x, y, box.right, tell);
  root.replaceChildren(svg);
}

const drawn = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let root = parentElement.querySelector(".dhc-scatter");
  if (!root) {
    root = document.createElement("div");
    root.className = "dhc-scatter";
    parentElement.append(root);
  }
  root.dataset.seq = String(data.seq);
  if (data.dots.length === 0) {
    root.replaceChildren();
    root.textContent = data.empty;
    return undefined;
  }
  const state = { data, tell: setTriggerValue };
  drawn.set(root, state);
  draw(root, data, setTriggerValue);
  const watcher = new ResizeObserver(() => draw(root, drawn.get(root).data, drawn.get(root).tell));
  watcher.observe(root);
  return () => watcher.disconnect();
}
