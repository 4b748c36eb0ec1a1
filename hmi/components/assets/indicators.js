// A column of analogue indicators. Rows are made once and then only change.

import { buildBar, drawBar } from "./bar.js";
import { add, canvas, component, fitText, say, set, sparkPath, textWidth } from "./drawing.js";

/** Columns by the width of the drawing: name, track, sparkline, right edge of the number, unit. */
export function columns(width, lines) {
  const unit = 46;
  const figure = 86;
  const name = Math.min(190, Math.max(112, width * 0.26));
  const rest = Math.max(80, width - name - figure - unit - 24);
  const spark = lines && rest > 190 ? Math.min(130, rest * 0.3) : 0;
  return {
    name: { x: 0, width: name - 8 },
    track: { x: name + 6, width: rest - spark - (spark ? 22 : 0) },
    spark: { x: name + 6 + rest - spark, width: spark },
    number: width - unit - 2,
    unit: { x: width - unit + 4, width: unit - 4 },
  };
}

/** Number as drawn, by its quality: a bad one in brackets, a missing one as its reason. */
export function figureOf(row) {
  if (row.text === "" || row.quality === "none") return { text: row.reason || "", missing: true };
  return { text: row.quality === "bad" ? `[${row.text}]` : row.text, missing: false };
}

function build(svg, id) {
  const group = add(svg, "g", { "data-id": id });
  add(group, "title");
  add(group, "rect", { class: "hit" });
  add(group, "text", { class: "label" });
  add(group, "text", { class: "small note" });
  buildBar(group);
  add(group, "path", { class: "spark" });
  add(group, "circle", { class: "spark-end", r: 2.5 });
  add(group, "circle", { class: "age", r: 3 });
  add(group, "text", { class: "figure", "text-anchor": "end" });
  add(group, "text", { class: "small unit" });
  add(group, "path", { class: "rule" });
  return group;
}

function drawRow(group, row, column, y, height, width, last) {
  const [title, hit, label, note, bar, spark, dot, age, figure, unit, rule] = group.children;
  const middle = height / 2;
  const shown = figureOf(row);
  const quality = row.quality || "good";
  set(group, { transform: `translate(0 ${y})`, class: `row ${quality}` });
  say(title, [row.label, row.note, row.age, row.reason].filter(Boolean).join("\n"));
  set(hit, { width, height });
  say(label, fitText(row.label, column.name.width, 14));
  set(label, { x: 0, y: row.note ? middle - 3 : middle + 5 });
  say(note, fitText(row.note || "", column.name.width, 12));
  set(note, { x: 0, y: middle + 14 });
  drawBar(bar, row, column.track.x, middle - 6, column.track.width, 12, quality === "good" || quality === "estimated", true);
  const line = column.spark.width ? sparkPath(row.line || [], row.line_scale, column.spark.width - 6, 22) : { d: "", end: null };
  set(spark, { d: line.d || null, transform: `translate(${column.spark.x} ${middle - 11})` });
  set(dot, {
    display: line.end ? null : "none",
    cx: column.spark.x + (line.end || [0])[0], cy: middle - 11 + (line.end || [0, 0])[1],
  });
  const size = shown.missing ? 12 : 24;
  const free = line.d ? column.spark.x + column.spark.width : column.track.x + column.track.width;
  const text = shown.missing ? fitText(shown.text, width - free - 12, size) : shown.text;
  say(figure, text);
  set(figure, { x: shown.missing ? width : column.number, y: middle + (shown.missing ? 4 : 9), class: shown.missing ? "small figure" : "figure" });
  set(age, {
    display: !shown.missing && (quality === "aged" || quality === "bad") ? null : "none",
    cx: column.number - textWidth(text, size, true) - 8, cy: middle,
  });
  say(unit, shown.missing ? "" : row.unit || "");
  set(unit, { x: column.unit.x, y: middle + 9 });
  set(rule, { d: `M0 ${height}H${width}`, display: last ? "none" : null });
}

function draw(root, data, own, tell) {
  const width = Math.max(320, root.clientWidth);
  const height = data.row_px || 65;
  const svg = canvas(root, width, height * data.rows.length, data.label);
  own.tell = tell;
  own.groups = own.groups || new Map();
  const column = columns(width, data.rows.some((row) => row.line && row.line.length > 1));
  const wanted = new Set(data.rows.map((row) => row.id));
  for (const [id, group] of own.groups) {
    if (!wanted.has(id)) {
      group.remove();
      own.groups.delete(id);
    }
  }
  data.rows.forEach((row, index) => {
    let group = own.groups.get(row.id);
    if (!group) {
      group = build(svg, row.id);
      own.groups.set(row.id, group);
      const pick = () => group.hasAttribute("tabindex") && own.tell("picked", row.id);
      group.addEventListener("click", pick);
      group.addEventListener("keydown", (event) => event.key === "Enter" && pick());
    }
    set(group, row.pickable ? { tabindex: 0, role: "button", "aria-label": row.label } : { tabindex: null, role: null, "aria-label": null });
    drawRow(group, row, column, index * height, height, width, index === data.rows.length - 1);
  });
}

export default component("indicators", draw);
