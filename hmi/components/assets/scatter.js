// Points in a plane with a band and named odd ones. Drawn as SVG; a refresh moves what is there.

const SVG = "http://www.w3.org/2000/svg";
const EDGE = { left: 52, right: 16, top: 36, bottom: 34 };

/** Function from a value to a pixel. */
export function toPixel(axis, from, to) {
  const span = axis.high - axis.low || 1;
  return (value) => from + ((value - axis.low) / span) * (to - from);
}

/**
 * Places for labels right or left of their dots, above or beneath: [{id, x, y, end}]. None covers another, a
 * dot, or an edge of the box; a dot among too many others goes without. The first dots choose first.
 */
export function placeLabels(dots, box, width = 36, height = 14) {
  const placed = [];
  const meet = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  const marks = dots.map(({ id, x, y }) => ({ id, left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 }));
  const ways = [[8, 0], [-8, 0], [6, -9], [-6, -9], [6, 9], [-6, 9]];
  for (const dot of dots.filter((one) => one.label)) {
    for (const [dx, dy] of ways) {
      const [end, x, y] = [dx < 0, dot.x + dx, dot.y + dy + 4];
      const own = { left: end ? x - width : x, right: end ? x : x + width, top: y - height + 3, bottom: y + 3 };
      const inside = own.left >= box.left && own.right <= box.right && own.top >= box.top && own.bottom <= box.bottom;
      if (!inside || placed.some((other) => meet(own, other.own))) continue;
      if (marks.some((mark) => mark.id !== dot.id && meet(own, mark))) continue;
      placed.push({ id: dot.id, x, y, end, own });
      break;
    }
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

function drawDots(svg, data, x, y, box, tell) {
  const places = data.dots.map((dot) => ({ id: dot.id, label: dot.label, x: x(dot.x), y: y(dot.y) }));
  const labels = new Map(placeLabels(places, box).map((label) => [label.id, label]));
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
  drawDots(svg, data, x, y, box, tell);
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
