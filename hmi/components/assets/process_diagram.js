// One station. Pipes and symbols are drawn again only where the station changed; tags change in place.

import { add, canvas, component, make, say, set, towards } from "./drawing.js";
import { LEAST_SOURCE, LEAST_WIDTH, page, sourceLayout, stationLayout } from "./diagram_layout.js";
import {
  drawBuilding, drawMeter, drawPipe, drawPlates, drawPump, drawPumps, drawStrainer, drawTank, drawValve,
} from "./diagram_symbols.js";
import { buildTag, drawTag } from "./diagram_tags.js";

function build(root, own) {
  own.svg = canvas(root, 10, 10, "");
  const hatch = add(add(own.svg, "defs"), "pattern", {
    id: "unknown", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  });
  add(hatch, "path", { class: "hatch", d: "M0 0V5" });
  own.plant = add(own.svg, "g");
  own.tags = add(own.svg, "g");
  own.known = new Map();
  own.pages = make(root, "div", "pages");
  own.empty = make(root, "div", "empty");
  own.page = 0;
  own.svg.addEventListener("click", (event) => pick(own, event.target.closest("[data-key]")));
  own.svg.addEventListener("keydown", (event) => {
    const group = event.target.closest("[data-key]");
    if (event.key === "Enter") pick(own, group);
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    const next = towards(own.reachable, group && group.dataset.key, event.key);
    if (next) own.known.get(next).focus();
  });
  own.svg.addEventListener("focusin", (event) => focus(own, event.target.dataset.key));
}

function pick(own, group) {
  if (group) own.tell("picked", own.tagOf(group.dataset.key).id);
}

/** One tag at a time is in the order of the tab key; arrows lead to the others. */
function focus(own, key) {
  if (own.focused && own.known.has(own.focused)) set(own.known.get(own.focused), { tabindex: -1 });
  own.focused = key;
  if (own.known.has(key)) set(own.known.get(key), { tabindex: 0 });
}

/** The pumps of a source run while they draw power. */
function sourcePump(data) {
  const power = data.primary.P_pump.value;
  if (data.stale || power == null) return "unknown";
  return power > 0 ? "running" : "stopped";
}

function drawPlant(own, data, placed, loops) {
  const layer = own.plant;
  layer.replaceChildren();
  for (const pipe of placed.pipes) drawPipe(layer, pipe, data.stale);
  for (const name of placed.names) add(layer, "text", { class: "small", x: name.x, y: name.y }, name.text);
  if (placed.strainer) drawStrainer(layer, placed.strainer);
  if (placed.meter) drawMeter(layer, placed.meter);
  if (placed.valve) drawValve(layer, placed.valve);
  if (placed.source) drawBuilding(layer, placed.source, data.source, false);
  if (placed.pump) drawPump(layer, placed.pump.x, placed.pump.y, { state: sourcePump(data) });
  placed.loops.forEach((place, index) => {
    const loop = loops[index];
    drawPlates(layer, place.plates);
    if (place.valve) drawValve(layer, place.valve);
    if (place.tank) drawTank(layer, place.tank, data.texts);
    if (place.pump) drawPumps(layer, place.pump, loop.pumps);
    drawBuilding(layer, place.building, loop, Boolean(loop.tags.T_indoor));
  });
}

function drawPages(own, all, shown) {
  own.pages.hidden = shown.pages < 2;
  if (shown.pages < 2) return own.pages.replaceChildren();
  while (own.pages.childElementCount > shown.pages) own.pages.lastElementChild.remove();
  for (let number = own.pages.childElementCount; number < shown.pages; number += 1) {
    const button = make(own.pages, "button", "page");
    button.type = "button";
    button.addEventListener("click", () => {
      own.page = number;
      own.redraw();
    });
  }
  [...own.pages.children].forEach((button, number) => {
    say(button, page(all, number).loops.map((loop) => loop.title).join(" · "));
    set(button, { "aria-pressed": number === shown.at });
  });
  return undefined;
}

function draw(root, data, own, tell) {
  if (!own.svg) build(root, own);
  own.tell = tell;
  own.redraw = () => draw(root, data, own, own.tell);
  const loops = data.loops || [];
  const shown = page(loops, own.page);
  const nothing = !data.source && !loops.length;
  own.empty.hidden = !nothing;
  say(own.empty, nothing ? data.texts.empty : "");
  set(own.svg, { display: nothing ? "none" : null });
  drawPages(own, loops, shown);
  if (nothing) return;
  const real = root.clientWidth;
  const width = Math.max(data.source ? LEAST_SOURCE : LEAST_WIDTH, real);
  const placed = data.source ? sourceLayout(data, width) : stationLayout(data, shown.loops, width);
  own.tagOf = (key) => {
    const [owner, slot] = key.split("/");
    return owner === "p" ? data.primary[slot] : shown.loops[Number(owner)].tags[slot];
  };
  // above the first tags stand marks of alarms and, on the left edge, half of one
  set(own.svg, {
    viewBox: `-12 0 ${width + 14} ${placed.height}`, width: real, height: Math.round((placed.height * real) / (width + 14)),
    "aria-label": data.label, class: data.stale ? "stale" : null,
  });
  const plant = JSON.stringify([placed, data.source, data.stale, data.texts, data.source && placed.pump && sourcePump(data), shown.loops.map((loop) => ({ ...loop, tags: 0 }))]);
  if (plant !== own.drawn) {
    drawPlant(own, data, placed, shown.loops);
    own.drawn = plant;
  }
  const wanted = new Set(placed.tags.map((place) => place.key));
  for (const [key, group] of own.known) {
    if (!wanted.has(key)) {
      group.remove();
      own.known.delete(key);
    }
  }
  for (const place of placed.tags) {
    if (!own.known.has(place.key)) own.known.set(place.key, buildTag(own.tags, place.key));
    const tag = own.tagOf(place.key);
    drawTag(own.known.get(place.key), tag, place, data.selected === tag.id, width < 1110);
  }
  own.reachable = placed.tags.map((place) => ({ id: place.key, x: place.x, y: place.y }));
  if (!own.known.has(own.focused) && placed.tags.length) focus(own, placed.tags[0].key);
}

export default component("process", draw);
