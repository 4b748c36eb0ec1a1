// Lines over time. The window that a person chose is kept over refreshes; the drawing only follows the data.

import { add, canvas, component, make, numberText, pointerAt, say, set, textWidth } from "./drawing.js";
import { drawAxes, drawEvents, drawLines, layout } from "./trend_draw.js";
import { moved, unpack, valueAt, zoomed } from "./trend_lines.js";
import { clockText, dayText } from "./trend_time.js";

const NEAR_PX = 7;

function build(root, own) {
  const svg = canvas(root, 10, 10, "");
  set(svg, { tabindex: 0, role: "group" });
  const defs = add(svg, "defs");
  const hatch = add(defs, "pattern", {
    id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  });
  add(hatch, "path", { class: "hatch", d: "M0 0V6" });
  add(add(defs, "clipPath", { id: "plot" }), "rect");
  own.svg = svg;
  own.back = add(svg, "g");
  own.lines = add(svg, "g", { "clip-path": "url(#plot)" });
  own.front = add(svg, "g");
  own.events = add(svg, "g");
  own.cursor = add(svg, "g", { class: "cursor", display: "none" });
  add(own.cursor, "path");
  own.selection = add(svg, "rect", { class: "selection", display: "none" });
  own.readout = make(root, "div", "readout");
  own.readout.hidden = true;
  own.buttons = make(root, "div", "buttons");
  own.paths = new Map();
  for (const act of ["zoom_in", "zoom_out", "whole"]) {
    const button = make(own.buttons, "button", act);
    button.type = "button";
    button.textContent = { zoom_in: "+", zoom_out: "\u2212", whole: "\u2922" }[act];
    button.addEventListener("click", () => change(own, act));
  }
  listen(svg, own);
}

/** Zoom or pan by a named act. */
function change(own, act) {
  const view = own.view || own.whole;
  const middle = (view[0] + view[1]) / 2;
  if (act === "zoom_in") own.view = zoomed(view, own.whole, 0.5, middle);
  else if (act === "zoom_out") own.view = zoomed(view, own.whole, 2, middle);
  else own.view = null;
  redraw(own);
}

function timeAt(own, x) {
  const { plot, view } = own.layout;
  return view[0] + ((x - plot.left) / (plot.right - plot.left)) * (view[1] - view[0]);
}

function listen(svg, own) {
  const inside = (x) => Math.min(own.layout.plot.right, Math.max(own.layout.plot.left, x));
  svg.addEventListener("pointermove", (event) => {
    const x = inside(pointerAt(event, svg).x);
    if (own.drag != null) {
      const [left, right] = [Math.min(own.drag, x), Math.max(own.drag, x)];
      set(own.selection, { display: right - left > 4 ? null : "none", x: left, width: right - left });
    }
    own.at = timeAt(own, x);
    drawCursor(own);
  });
  svg.addEventListener("pointerleave", () => {
    if (own.drag == null) own.at = null;
    drawCursor(own);
  });
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    own.drag = inside(pointerAt(event, svg).x);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointerup", (event) => {
    if (own.drag == null) return;
    const range = [timeAt(own, own.drag), timeAt(own, inside(pointerAt(event, svg).x))].sort((a, b) => a - b);
    const wide = Math.abs(own.drag - pointerAt(event, svg).x) > 8;
    own.drag = null;
    set(own.selection, { display: "none" });
    if (wide) own.view = zoomed(range, own.whole, 1, (range[0] + range[1]) / 2);
    redraw(own);
  });
  svg.addEventListener("pointercancel", () => {
    own.drag = null;
    set(own.selection, { display: "none" });
  });
  svg.addEventListener("dblclick", () => change(own, "whole"));
  svg.addEventListener("wheel", (event) => {
    const focused = svg.getRootNode().activeElement === svg;
    if (!event.ctrlKey && !focused) return; // the page scrolls under a mouse that only passes
    event.preventDefault();
    own.view = zoomed(own.view || own.whole, own.whole, event.deltaY > 0 ? 1.25 : 0.8, timeAt(own, inside(pointerAt(event, svg).x)));
    redraw(own);
  }, { passive: false });
  svg.addEventListener("keydown", (event) => press(own, event));
}

/** Arrows move the cursor, with shift the window; + and - zoom, 0 and Escape show the whole. */
function press(own, event) {
  const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const act = { "+": "zoom_in", "=": "zoom_in", "-": "zoom_out", 0: "whole", Escape: "whole" }[event.key];
  if (!side && !act) return;
  event.preventDefault();
  if (act) return change(own, act);
  const view = own.view || own.whole;
  const span = view[1] - view[0];
  if (event.shiftKey && own.view) {
    own.view = moved([view[0] + (side * span) / 8, view[1] + (side * span) / 8], own.whole);
    return redraw(own);
  }
  const pixel = span / (own.layout.plot.right - own.layout.plot.left);
  own.at = Math.min(view[1], Math.max(view[0], (own.at ?? view[1]) + side * pixel * 4));
  return drawCursor(own);
}

/** Upright at the pointer and what the lines say there. */
function drawCursor(own) {
  const { plot, view, x } = own.layout;
  const shown = own.at != null && own.at >= view[0] && own.at <= view[1] && own.drag == null;
  set(own.cursor, { display: shown ? null : "none" });
  own.readout.hidden = !shown;
  if (!shown) return;
  const left = x(own.at);
  set(own.cursor.firstChild, { d: `M${left} ${plot.top}V${plot.bottom}` });
  const data = own.data;
  const near = ((view[1] - view[0]) / (plot.right - plot.left)) * NEAR_PX;
  const rows = [[`${dayText(own.at, data.offsets, data.texts)} ${clockText(own.at, data.offsets, true)}`, "", "head"]];
  while (own.cursor.childElementCount > 1) own.cursor.lastElementChild.remove();
  for (const line of own.decoded) {
    const found = valueAt(line, own.at - data.start, near);
    if (!found) continue;
    const panel = data.panels[line.panel];
    const bad = (line.bad || []).some(([from, to]) => own.at >= from && own.at <= to);
    const text = numberText(found.value, panel.decimals ?? 1);
    rows.push([line.label, bad ? `[${text}] ${data.texts.bad}` : text, `line ${line.colour}`]);
    add(own.cursor, "circle", { class: `at ${line.colour}`, r: 3.2, cx: left, cy: own.layout.panels[line.panel].y(found.value) });
  }
  for (const event of data.events || []) {
    const [from, to] = [event.at - near, (event.until ?? event.at) + near];
    if (own.at >= from && own.at <= to) rows.push([event.text, "", "event"]);
  }
  writeReadout(own, rows, left);
}

function writeReadout(own, rows, left) {
  const box = own.readout;
  while (box.childElementCount > rows.length) box.lastElementChild.remove();
  while (box.childElementCount < rows.length) {
    const row = make(box, "div", "");
    make(row, "span", "name");
    make(row, "b", "value");
  }
  rows.forEach(([name, value, kind], index) => {
    const row = box.children[index];
    row.className = kind;
    say(row.children[0], name);
    say(row.children[1], value);
  });
  const { plot } = own.layout;
  const width = 40 + Math.max(...rows.map(([name, value]) => textWidth(`${name}${value}`, 13, true)));
  const onLeft = left + width + 14 > plot.right && left - width - 14 > 0;
  box.style.top = `${plot.top + 4}px`;
  box.style.left = onLeft ? "" : `${left + 12}px`;
  box.style.right = onLeft ? `${own.layout.width - left + 12}px` : "";
}

function redraw(own) {
  const data = own.data;
  own.layout = layout(data, own.decoded, own.view || own.whole, own.width, own.height);
  const { plot } = own.layout;
  set(own.svg, { viewBox: `0 0 ${own.width} ${own.height}`, width: own.width, height: own.height, "aria-label": data.label });
  set(own.svg.querySelector("clipPath rect"), {
    x: plot.left, y: plot.top - 3, width: plot.right - plot.left + 1, height: plot.bottom - plot.top + 6,
  });
  set(own.selection, { y: plot.top, height: plot.bottom - plot.top });
  drawAxes(own.back, own.front, data, own.layout);
  drawLines(own.lines, own.front, own.paths, own.decoded, data, own.layout);
  drawEvents(own.events, data, own.layout);
  const texts = data.texts;
  for (const button of own.buttons.children) {
    const act = button.className;
    set(button, { "aria-label": texts[act], title: texts[act] });
    if (act === "whole") button.hidden = !own.view;
  }
  own.root.classList.toggle("zoomed", Boolean(own.view));
  drawCursor(own);
}

function draw(root, data, own) {
  if (!own.svg) build(root, own);
  own.root = root;
  own.data = data;
  own.width = Math.max(280, root.clientWidth);
  own.height = data.height_px;
  own.whole = [data.start, data.end];
  if (own.view) own.view = own.view[1] - own.view[0] < data.end - data.start ? moved(own.view, own.whole) : null;
  if (own.unpacked !== data) {
    own.decoded = [];
    for (const line of data.lines) {
      // lines of one poll have the times of the line before them
      const times = line.times_of === undefined ? unpack(line.times) : own.decoded[line.times_of].times;
      const until = data.now == null ? null : data.now - data.start;
      own.decoded.push({ ...line, times, values: unpack(line.values), until });
    }
    own.unpacked = data;
  }
  redraw(own);
}

export default component("trend", draw);
