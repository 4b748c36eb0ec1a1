// An analogue bar: track, normal band, setpoint above, measured pointer below or the mark of its alarm.

import { add, drawMark, set, share } from "./drawing.js";

/** What stands where on a bar of ``width`` px; null where there is nothing. */
export function barLayout(thing, width) {
  const at = (value) => {
    const part = share(thing.scale, value);
    return part === null ? null : part * width;
  };
  const band = thing.band ? { x: at(thing.band[0]), width: at(thing.band[1]) - at(thing.band[0]) } : null;
  return { band, value: at(thing.value), setpoint: at(thing.setpoint) };
}

/** Make the parts of a bar once; its origin is the upper left corner of the track. */
export function buildBar(parent) {
  const group = add(parent, "g", { class: "bar" });
  add(group, "rect", { class: "track" });
  add(group, "rect", { class: "band" });
  add(group, "path", { class: "stem" });
  add(group, "path", { class: "setpoint" });
  add(group, "path", { class: "pointer" });
  add(group, "g", { class: "mark" });
  return group;
}

/** Put values on a bar. ``sure`` false draws the pointer hollow: aged or bad. */
export function drawBar(group, thing, x, y, width, height, sure = true, big = false) {
  set(group, { display: thing.scale ? null : "none" });
  if (!thing.scale) return;
  const place = barLayout(thing, width);
  const [track, band, stem, setpoint, pointer, mark] = group.children;
  const a = big ? 5 : 4;
  const h = big ? 9 : 7;
  set(group, { transform: `translate(${x} ${y})` });
  set(track, { width, height });
  set(band, {
    x: place.band ? place.band.x : 0, width: place.band ? Math.max(1, place.band.width) : 0, height,
    display: place.band ? null : "none",
  });
  const none = (shown) => (shown ? null : "none");
  set(setpoint, {
    display: none(place.setpoint !== null),
    d: place.setpoint === null ? null
      : `M${place.setpoint - a} ${-h - 1}H${place.setpoint + a}L${place.setpoint} ${-1}Z`,
  });
  const marked = Boolean(thing.priority);
  set(pointer, {
    display: none(place.value !== null && !marked),
    class: sure ? "pointer" : "pointer hollow",
    d: place.value === null ? null
      : `M${place.value - a} ${height + h + 1}H${place.value + a}L${place.value} ${height + 1}Z`,
  });
  set(stem, {
    class: "pointer", display: none(place.value !== null && !marked && sure), "stroke-width": 2,
    d: place.value === null ? null : `M${place.value} 0V${height + 2}`,
  });
  drawMark(mark, marked && place.value !== null ? thing.priority : null, thing.look);
  set(mark, { transform: `translate(${place.value || 0} ${height / 2}) scale(${big ? 0.9 : 0.8})` });
}
