// Bars over a scale, the target as a band, the odd ones by name.

import { add, canvas, component, drawMark, fitText, share } from "./drawing.js";

/** Round steps of the count axis for the highest bar: about three lines. */
export function countTicks(most) {
  const raw = Math.max(1, most / 3);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw) || power;
  const ticks = [];
  for (let tick = step; tick <= most; tick += step) ticks.push(tick);
  return ticks;
}

/** Bars as {x, y, width, height} in a plot of ``width`` x ``height`` px. */
export function bars(bins, scale, width, height) {
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  return bins.map((bin) => {
    const x = share(scale, bin.low) * width;
    const tall = (bin.count / most) * height;
    return { x: x + 1, y: height - tall, width: Math.max(2, share(scale, bin.high) * width - x - 2), height: tall };
  });
}

const EDGE = { left: 34, right: 14, top: 46, bottom: 26 };

function drawAxes(plot, data, most, width, height) {
  if (data.band) {
    const left = share(data.scale, data.band[0]) * width;
    const right = share(data.scale, data.band[1]) * width;
    add(plot, "rect", { class: "target", x: left, y: -22, width: right - left, height: height + 22 });
    add(plot, "text", { class: "small", x: (left + right) / 2, y: -28, "text-anchor": "middle" }, data.band_title || "");
  }
  for (const tick of countTicks(most)) {
    const y = height - (tick / most) * height;
    add(plot, "path", { class: "grid", d: `M0 ${y}H${width}` });
    add(plot, "text", { class: "small", x: -8, y: y + 4, "text-anchor": "end" }, String(tick));
  }
  data.ticks.forEach(([value, text], index) => {
    const x = share(data.scale, value) * width;
    add(plot, "path", { class: "axis", d: `M${x} ${height}v4` });
    const anchor = index === data.ticks.length - 1 && x > width - 20 ? "end" : "middle";
    add(plot, "text", { class: "small", x: anchor === "end" ? width + EDGE.right : x, y: height + 19, "text-anchor": anchor }, text);
  });
  add(plot, "path", { class: "axis", d: `M0 ${height}H${width}` });
  if (data.middle != null) {
    const x = share(data.scale, data.middle) * width;
    add(plot, "path", { class: "middle", d: `M${x} -22V${height}` });
  }
}

function drawBin(plot, bin, box, tell) {
  const group = add(plot, "g", bin.id ? { class: "bin pick", tabindex: 0, role: "button", "aria-label": bin.hint || bin.label || "" } : { class: "bin" });
  add(group, "title", {}, bin.hint || "");
  const middle = box.x + box.width / 2;
  add(group, "rect", { class: "hit", x: box.x, y: Math.min(box.y, box.y + box.height - 32), width: box.width, height: Math.max(32, box.height) });
  add(group, "rect", { class: `fill p${bin.priority || 0}`, x: box.x, y: box.y, width: box.width, height: box.height });
  let y = box.y - 5;
  if (bin.priority) {
    const mark = add(group, "g");
    drawMark(mark, bin.priority, bin.look);
    mark.setAttribute("transform", `translate(${middle} ${y - 9}) scale(0.8)`);
    y -= 24;
  } else if (bin.count) {
    add(group, "text", { class: "count halo", x: middle, y, "text-anchor": "middle" }, String(bin.count));
    y -= 16;
  }
  if (bin.label) add(group, "text", { class: "name halo", x: middle, y, "text-anchor": "middle" }, fitText(bin.label, 90, 12, true));
  if (bin.id) {
    group.addEventListener("click", () => tell("picked", bin.id));
    group.addEventListener("keydown", (event) => event.key === "Enter" && tell("picked", bin.id));
  }
}

function draw(root, data, own, tell) {
  const width = Math.max(240, root.clientWidth);
  const height = data.height_px || 230;
  const seen = JSON.stringify({ ...data, seq: 0, width });
  if (seen === own.seen) return;
  own.seen = seen;
  const focused = root.getRootNode().activeElement;
  const at = focused ? [...root.querySelectorAll(".pick")].indexOf(focused) : -1;
  root.replaceChildren();
  if (!data.bins.some((bin) => bin.count)) {
    root.textContent = data.empty;
    root.classList.add("empty");
    return;
  }
  root.classList.remove("empty");
  const svg = canvas(root, width, height, data.label);
  const plot = add(svg, "g", { transform: `translate(${EDGE.left} ${EDGE.top})` });
  const size = [width - EDGE.left - EDGE.right, height - EDGE.top - EDGE.bottom];
  const most = Math.max(1, ...data.bins.map((bin) => bin.count));
  drawAxes(plot, data, most, ...size);
  const boxes = bars(data.bins, data.scale, ...size);
  data.bins.forEach((bin, index) => drawBin(plot, bin, boxes[index], tell));
  if (at >= 0) root.querySelectorAll(".pick")[at]?.focus();
}

export default component("histogram", draw);
