// Symbols of a station: what stands in the plant and does not carry a value of its own.

import { add, drawMark, fitText, set } from "./drawing.js";

const centred = (parent, x, y, text, kind, width, size, bold) =>
  add(parent, "text", { x, y, class: kind, "text-anchor": "middle" }, fitText(text, width, size, bold));

export function drawPipe(parent, pipe, stale) {
  add(parent, "path", { class: `pipe ${pipe.side}${stale ? " stale" : ""}`, d: pipe.d });
  for (const { x, y, left } of pipe.arrows) {
    const tip = left ? -8 : 8;
    add(parent, "path", { class: `arrow ${pipe.side}`, d: `M${x - tip} ${y - 6}L${x + tip} ${y}L${x - tip} ${y + 6}Z` });
  }
}

/** Bow-tie with a dome, its opening as a level in the dome's stem. */
export function drawValve(parent, { x, y }) {
  const group = add(parent, "g", { class: "valve", transform: `translate(${x} ${y})` });
  add(group, "path", { class: "solid", d: "M-15 -11L15 11V-11L-15 11Z" });
  add(group, "path", { class: "wire", d: "M0 0V-18" });
  add(group, "path", { class: "solid", d: "M-11 -18A11 10 0 0 1 11 -18Z" });
}

/** Plate heat exchanger: nine plates. */
export function drawPlates(parent, box) {
  const group = add(parent, "g");
  add(group, "rect", { class: "solid", ...box });
  for (let i = 0; i < 9; i += 1) {
    const x = box.x + 7 + (i * (box.width - 14)) / 8;
    add(group, "path", { class: "plate", d: `M${x} ${box.y + 5}V${box.y + box.height - 5}` });
  }
}

/** A pump looking left: light runs, dark stands, hatched where nobody knows. */
export function drawPump(parent, x, y, pump) {
  const group = add(parent, "g", { class: `pump ${pump.state || "unknown"}`, transform: `translate(${x} ${y})` });
  add(group, "circle", { class: "body", r: 15 });
  add(group, "path", { class: "wheel", d: "M-11 0L8 -9.5V9.5Z" });
  if (pump.priority) {
    const mark = add(group, "g");
    drawMark(mark, pump.priority, pump.look);
    set(mark, { transform: "translate(15 -15) scale(0.8)" });
  }
}

/** Duty pump in the return and, where there is one, the standby above it. */
export function drawPumps(parent, place, pumps) {
  const { x, y, half, room } = place;
  const [duty, standby] = pumps;
  if (standby) {
    add(parent, "path", { class: "pipe secondary thin", d: `M${x - half} ${y}V${y - 42}H${x + half}V${y}` });
    drawPump(parent, x, y - 42, standby);
    add(parent, "text", { class: "small", x: x + 20, y: y - 50 }, fitText(standby.text || "", room, 12));
  }
  drawPump(parent, x, y, duty);
  const text = fitText(duty.text || "", 160, 12);
  if (text) add(parent, "text", { class: "small strong", x: x - 15, y: y + 30, "text-anchor": "start" }, text);
}

export function drawMeter(parent, { x, y }) {
  add(parent, "circle", { class: "solid", cx: x, cy: y, r: 15 });
  add(parent, "text", { class: "sigma", x, y: y + 6, "text-anchor": "middle" }, "Σ");
}

export function drawStrainer(parent, { x, y }) {
  add(parent, "path", { class: "solid", d: `M${x - 12} ${y - 9}H${x + 12}V${y + 9}H${x - 12}Z` });
  add(parent, "path", { class: "wire dashed", d: `M${x - 8} ${y - 5}L${x + 10} ${y + 20}` });
}

/** Make-up tank with a pump towards the return. */
export function drawTank(parent, tank, texts) {
  const middle = tank.y + tank.height / 2;
  add(parent, "path", { class: "pipe secondary thin", d: `M${tank.x + tank.width} ${middle}H${tank.line}V${tank.back}` });
  add(parent, "rect", { class: "solid", x: tank.x, y: tank.y, width: tank.width, height: tank.height });
  add(parent, "text", { class: "small", x: tank.x - 8, y: tank.y + 14, "text-anchor": "end" }, fitText(texts.makeup, 130, 12));
}

/** Box of the buildings of a loop, or of a source. */
export function drawBuilding(parent, box, thing, indoor) {
  const [middle, room] = [box.x + box.width / 2, box.width - 10];
  add(parent, "rect", { class: "building", ...box });
  centred(parent, middle, box.y + 27, thing.title, "title", room, 16, true);
  centred(parent, middle, box.y + 48, thing.kind, "kind", room, 13);
  centred(parent, middle, box.y + 66, thing.area || "", "small", room, 12);
  if (indoor) add(parent, "path", { class: "rule", d: `M${box.x + 12} ${box.y + 77}H${box.x + box.width - 12}` });
  const note = thing.note || "";
  const lines = splitNote(note, room);
  lines.forEach((line, i) => centred(parent, middle, box.y + box.height - 12 - (lines.length - 1 - i) * 15, line, "small", room, 12));
}

/** A note in at most three lines: at spaces where there are any, else between letters. */
export function splitNote(text, width) {
  const lines = [];
  let rest = text;
  while (rest && lines.length < 2 && fitText(rest, width, 12) !== rest) {
    let cut = [...fitText(rest, width, 12)].length - 1;
    const head = [...rest].slice(0, cut).join("");
    const space = head.lastIndexOf(" ");
    if (space > cut / 2 && [...rest][cut] !== " ") cut = space;
    lines.push([...rest].slice(0, cut).join("").trim());
    rest = [...rest].slice(cut).join("").trim();
  }
  return rest ? [...lines, rest] : lines;
}
