// What stations look like on the map, and the legend that says so.

import { add, drawMark, make, set } from "./drawing.js";

/** Shape of a station by kind and state; drawn anew only where that changed. */
export function drawSymbol(group, place, radius) {
  const marked = place.priority && place.priority < 4 && !place.group && place.kind !== "source";
  const shape = marked ? "marked" : place.kind === "source" ? "source" : place.group ? "no_data" : place.state || "normal";
  const wanted = `${shape}/${radius}/${place.ring}/${place.symbol}`;
  if (group.dataset.symbol === wanted) return;
  group.dataset.symbol = wanted;
  group.replaceChildren();
  if (shape === "normal") add(group, "circle", { class: "normal", r: radius });
  if (shape === "no_data") add(group, "circle", { class: "no_data", r: radius + 1 });
  if (shape === "local") {
    const side = radius + 1.5;
    add(group, "rect", { class: "local", x: -side, y: -side, width: 2 * side, height: 2 * side });
    add(group, "rect", { class: "normal", x: -radius / 2, y: -radius / 2, width: radius, height: radius });
  }
  if (shape === "source") {
    add(group, "rect", { class: "local", x: -18, y: -18, width: 36, height: 36 });
    add(group, "rect", { class: "normal", x: -14, y: -14, width: 28, height: 28 });
    add(group, "text", { class: "letter", y: 5.5 }, place.symbol || "");
  }
  if (place.ring) add(group, "circle", { class: "ring", r: Math.max(radius + 5, 10) });
}

/** The legend, made anew only where it says something else. */
export function drawLegend(legend, keys) {
  const wanted = JSON.stringify(keys);
  if (legend.dataset.keys === wanted) return;
  legend.dataset.keys = wanted;
  legend.replaceChildren();
  for (const key of keys) {
    const entry = make(legend, "span", "key");
    const group = add(add(entry, "svg", { viewBox: "-12 -12 24 24", width: 20, height: 20, "aria-hidden": "true" }), "g");
    const priority = { p1: 1, p2: 2, p3: 3 }[key.symbol];
    if (priority) drawMark(group, priority, "ack");
    else if (key.symbol === "outline") add(group, "path", { class: "frame-key", d: "M-7 -7H7V7H-7Z" });
    else if (key.symbol === "ring") drawSymbol(group, { ring: true }, 4);
    else drawSymbol(group, { state: key.symbol, kind: key.symbol === "source" ? "source" : "station" }, 5);
    if (key.symbol === "source") set(group, { transform: "scale(0.5)" });
    make(entry, "span", "").textContent = key.text;
  }
}
