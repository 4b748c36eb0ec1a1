// Tags of a process diagram: label, value, unit, age, quality, bar. Made once, then only changed.

import { buildBar, drawBar } from "./bar.js";
import { add, drawMark, fitText, say, set, textWidth } from "./drawing.js";
import { splitNote } from "./diagram_symbols.js";

/** What is written for a value: bad ones stand in brackets, missing ones say why. */
export function written(tag) {
  const missing = tag.text === "" || tag.quality === "none";
  if (missing) return { text: tag.reason || "", unit: "", missing, struck: false };
  const struck = tag.quality === "bad";
  const unit = [tag.unit || "", tag.mark || ""].filter(Boolean).join(" ");
  return { text: struck ? `[${tag.text}]` : tag.text, unit, missing, struck };
}

/** How a value stands by the style of its place: offsets of its texts from (x, y), sizes, anchor. */
export function style(name) {
  const styles = {
    above: { value: 20, size: 17, label: true, bar: 32 },
    plain: { value: 20, size: 17, label: true },
    valve: { value: 20, size: 17, label: true, level: [-46, -2, 6, 30] },
    middle: { value: 20, size: 17, label: true, anchor: "middle" },
    figure: { value: 0, size: 23 },
    line: { value: 0, size: 14 },
    before: { value: 0, size: 14, anchor: "end" },
    centre: { value: 24, size: 19, label: true, anchor: "middle", inner: true },
    tank: { value: 25, size: 14, anchor: "middle", inner: true, level: [1, 1, 42, 36], below: 53 },
  };
  return { anchor: "start", ...styles[name] };
}

export function buildTag(parent, key) {
  const group = add(parent, "g", { "data-key": key, role: "button", tabindex: -1 });
  add(group, "title");
  add(group, "rect", { class: "hit" });
  add(group, "rect", { class: "gauge" });
  add(group, "rect", { class: "level" });
  add(group, "circle", { class: "age", r: 3 });
  add(group, "g", { class: "mark" });
  add(group, "text", { class: "label" });
  const value = add(group, "text", { class: "value" });
  add(value, "tspan", { class: "number" });
  add(value, "tspan", { class: "unit" });
  add(group, "text", { class: "small reason" });
  buildBar(group);
  return group;
}

function spoken(tag) {
  const value = written(tag);
  return [tag.label, `${value.text} ${value.unit}`.trim(), value.missing ? "" : tag.reason, tag.age].filter(Boolean);
}

/** Put a tag's values into its parts. Its place is {x, y, width, style}. */
export function drawTag(group, tag, place, selected, small) {
  const look = style(place.style);
  const [title, hit, gauge, level, age, mark, label, value, reason, bar] = group.children;
  const shown = written(tag);
  const quality = tag.quality || "good";
  const x = look.inner ? place.x + place.width / 2 : place.x;
  const size = shown.missing ? 12 : look.size;
  const barred = look.bar && tag.scale && !shown.missing && !(shown.struck && tag.reason);
  const marked = tag.priority && !(barred && tag.value != null);
  const lead = look.label && look.anchor === "start" ? 11 : 0;
  const labelSize = small ? 12 : 13;
  set(group, { class: `tag ${quality}${selected ? " selected" : ""}`, "aria-label": spoken(tag).join(", ") });
  say(title, spoken(tag).join("\n"));
  say(label, look.label ? fitText(tag.label, place.width - lead, labelSize) : "");
  set(label, { x: x + lead, y: place.y, "text-anchor": look.anchor, "font-size": labelSize });
  // a box is too small for the reason why it has no value: that stands beneath it
  const top = place.y + (shown.missing && look.below ? look.below : look.value - (shown.missing && look.label ? 3 : 0));
  const missing = shown.missing ? splitNote(shown.text, place.room || place.width) : [];
  say(value.children[0], shown.missing ? missing[0] || "" : shown.text);
  say(value.children[1], shown.unit ? ` ${shown.unit}` : "");
  set(value.children[0], { class: shown.struck ? "number struck" : shown.missing ? "number why" : "number", "font-size": size });
  set(value, { x, y: top, "text-anchor": look.anchor });
  const width = textWidth(shown.missing ? missing[0] || "" : shown.text, size, true) + textWidth(shown.unit, 12) + 8;
  const said = shown.missing ? missing.slice(1).join(" ") : (quality === "bad" || quality === "aged") && look.label ? tag.reason || "" : "";
  const below = (barred || place.crowded) && quality === "aged" ? "" : said;
  say(reason, fitText(below, (place.room || place.width) + 8, 12));
  set(reason, { x, y: (shown.missing ? top : place.y + look.value) + 15, "text-anchor": look.anchor });
  drawBar(bar, barred ? tag : {}, x, place.y + (look.bar || 0), Math.min(84, place.width - 8), 7, quality === "good" || quality === "estimated");
  const dotted = !shown.missing && quality !== "estimated" && (look.label || quality !== "good") && !marked;
  const left = look.anchor === "middle" ? x - textWidth(tag.label, labelSize) / 2 - 9 : look.anchor === "end" ? x - width - 6 : x + (look.label ? 4 : width + 4);
  set(age, { display: dotted ? null : "none", class: `age ${quality}`, cx: left, cy: look.label ? place.y - 4.5 : place.y + look.value - 5 });
  drawMark(mark, marked ? tag.priority : null, tag.look);
  const beside = look.label && look.anchor === "start" ? [x - 4, place.y - 5] : [x + (look.anchor === "start" ? width + 12 : width / 2 + 12), place.y + look.value - 6];
  set(mark, { transform: `translate(${beside[0]} ${beside[1]}) scale(0.72)` });
  const part = look.level && tag.value != null && !shown.missing ? Math.min(1, Math.max(0, tag.value)) : null;
  const [dx, dy, wide, tall] = look.level || [0, 0, 0, 0];
  set(gauge, { display: part === null ? "none" : null, x: place.x + dx, y: place.y + dy, width: wide, height: tall });
  set(level, {
    display: part === null ? "none" : null, x: place.x + dx, width: wide,
    y: place.y + dy + tall * (1 - (part || 0)), height: tall * (part || 0),
  });
  set(group, { "data-style": place.style });
  frame(hit, place, look, x, width, barred);
}

/** Area that a finger or mouse meets: at least 32 px high. */
function frame(hit, place, look, x, width, barred) {
  const wide = look.label ? Math.max(width, place.width) : width;
  const left = look.anchor === "middle" ? x - wide / 2 : look.anchor === "end" ? x - wide : x - 4;
  const top = look.label ? place.y - 15 : place.y + look.value - 22;
  set(hit, { x: left, y: top, width: wide + 4, height: look.label ? (barred ? 62 : 42) : 32 });
}
