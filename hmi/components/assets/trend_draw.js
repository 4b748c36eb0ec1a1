// Drawing of the trend's layers from data and window; nothing here keeps state.

import { add, drawMark, fitText, numberText, set, textWidth } from "./drawing.js";
import { axis, extent, linePath, spread, visible } from "./trend_lines.js";
import { clockText, dayText, local, timeTicks } from "./trend_time.js";

const LABEL = 12;

/** True for a setpoint: its last value holds until now. */
const holds = (line) => (line.kind === "step" || line.kind === "effective") && line.gap_s == null && line.until != null;

/**
 * What stands at the end of a line: its name and its last value in the window, if it has one there. ``late``
 * says that the line ended before the window's end or now: then its value is not the present one.
 */
export function endLabel(line, panel, from, to) {
  const [first, past] = visible(line.times, from, to);
  for (let i = past - 1; i >= first; i -= 1) {
    // a second more: times travel as 32-bit numbers, and the last one often is the window's end itself
    if (line.times[i] > to + 1 || Number.isNaN(line.values[i])) continue;
    const at = holds(line) ? Math.max(line.times[i], Math.min(to, line.until)) : line.times[i];
    const late = line.gap_s != null && Math.min(to, line.until ?? to) - at > line.gap_s;
    return { name: line.label, number: numberText(line.values[i], panel.decimals ?? 1), value: line.values[i], at, late };
  }
  return null;
}

/** Since when a line that ended early has been silent: the time, with its day where that is another one. */
export function endedText(at, now, offsets, texts) {
  const [then, today] = [local(at, offsets), local(now, offsets)];
  const same = then.day === today.day && then.month === today.month;
  const time = same ? clockText(at, offsets) : `${dayText(at, offsets, texts)} ${clockText(at, offsets)}`;
  return (texts.ended || "{time}").replace("{time}", time);
}

/** The two lines of an end label: of what is too wide the name is shortened, never the number. */
export function endTexts(end, room) {
  const number = textWidth(` ${end.number}`, LABEL, true);
  return [`${fitText(end.name, room - number, LABEL, true)} ${end.number}`, end.ended ? fitText(end.ended, room, LABEL) : ""];
}

/** Where everything lies: plot, panels with their axes, functions from time and value to px. */
export function layout(data, lines, view, width, height) {
  const [from, to] = [view[0] - data.start, view[1] - data.start];
  const ends = lines.map((line) => endLabel(line, data.panels[line.panel], from, to));
  for (const end of ends) if (end) end.ended = end.late ? endedText(end.at + data.start, view[1], data.offsets, data.texts) : "";
  const widest = Math.max(0, ...ends.map((end) => (end ? Math.max(textWidth(`${end.name} ${end.number}`, LABEL, true), textWidth(end.ended, LABEL)) : 0)));
  const right = Math.min(width * (width < 600 ? 0.42 : 0.3), Math.max(16, widest + 30));
  const plot = { left: 46, right: width - right, top: 30, bottom: height - 22 };
  const x = (at) => plot.left + ((at - view[0]) / (view[1] - view[0])) * (plot.right - plot.left);
  const gap = 20;
  const shares = data.panels.map((panel) => panel.share ?? 1);
  const total = shares.reduce((sum, one) => sum + one, 0);
  const tall = plot.bottom - plot.top - gap * (data.panels.length - 1);
  let top = plot.top;
  const panels = data.panels.map((panel, index) => {
    const bottom = top + (tall * shares[index]) / total;
    const own = lines.filter((line) => line.panel === index);
    const scale = axis(extent(own, from, to), panel, Math.max(1, Math.floor((bottom - top) / 25)));
    const edge = top;
    const placed = { top: edge, bottom, axis: scale, y: (value) => bottom - ((value - scale.low) / (scale.high - scale.low)) * (bottom - edge) };
    top = bottom + gap;
    return placed;
  });
  return { plot, panels, view, x, ends, width, labelRoom: right - 26 };
}

/** Ground: future, grid, axes and their texts. */
export function drawAxes(back, front, data, placed) {
  const { plot, panels, view, x } = placed;
  back.replaceChildren();
  front.replaceChildren();
  const now = data.now != null && data.now >= view[0] && data.now <= view[1] ? x(data.now) : null;
  const ahead = data.now != null && data.now < view[0] ? plot.left : now;
  if (ahead !== null && plot.right - ahead > 1) {
    add(back, "rect", { class: "future", x: ahead, y: plot.top, width: plot.right - ahead, height: plot.bottom - plot.top });
  }
  panels.forEach((panel, index) => {
    for (const tick of panel.axis.ticks) {
      const y = panel.y(tick);
      add(back, "path", { class: "grid", d: `M${plot.left} ${y}H${plot.right}` });
      add(back, "text", { class: "small", x: plot.left - 7, y: y + 4, "text-anchor": "end" }, numberText(tick, panel.axis.decimals));
    }
    const room = plot.right - plot.left - 8;
    if (!panel.axis.ticks.length) add(back, "text", { class: "small", x: plot.left + 8, y: (panel.top + panel.bottom) / 2 + 4 }, data.texts.empty);
    add(front, "text", { class: "small halo", x: plot.left + 4, y: panel.top - 6 }, fitText(data.panels[index].title, room, LABEL));
  });
  const ticks = timeTicks(view[0], view[1], plot.right - plot.left, data.offsets, data.texts);
  for (const tick of ticks) {
    const at = x(tick.at);
    add(back, "path", { class: tick.day ? "day" : "axis", d: tick.day ? `M${at} ${plot.top}V${plot.bottom + 5}` : `M${at} ${plot.bottom}v5` });
    const half = textWidth(tick.text, LABEL) / 2;
    const middle = Math.min(placed.width - half - 1, Math.max(half, at));
    add(back, "text", { class: tick.day ? "small strong" : "small", x: middle, y: plot.bottom + 18, "text-anchor": "middle" }, tick.text);
  }
  add(back, "path", { class: "axis", d: `M${plot.left} ${plot.bottom}H${plot.right}` });
  for (const limit of data.limits || []) {
    const panel = panels[limit.panel || 0];
    const y = panel.y(limit.value);
    if (y < panel.top - 1 || y > panel.bottom + 1) continue;
    add(back, "path", { class: "limit", d: `M${plot.left} ${y}H${plot.right}` });
    add(front, "text", { class: "small halo", x: plot.right - 4, y: y - 4, "text-anchor": "end" }, limit.text);
  }
  if (now !== null && plot.right - now > 1) {
    add(front, "path", { class: "now", d: `M${now} ${plot.top - 4}V${plot.bottom}` });
    const text = data.texts.now;
    if (plot.right - now > textWidth(text, LABEL) + 6) add(front, "text", { class: "small halo", x: now + 4, y: plot.top - 6 }, text);
  }
}

/** Lines by id, their untrusted spans, and their names at their ends. */
export function drawLines(layer, front, paths, lines, data, placed) {
  const { plot, panels, view, x, ends } = placed;
  const wanted = new Set(lines.map((line) => line.id));
  for (const [id, group] of paths) {
    if (!wanted.has(id)) {
      group.remove();
      paths.delete(id);
    }
  }
  const [from, to] = [view[0] - data.start, view[1] - data.start];
  for (const line of lines) {
    let group = paths.get(line.id);
    if (!group) {
      group = add(layer, "g");
      add(group, "path", { class: "untrusted" });
      add(group, "path", { class: "line" });
      paths.set(line.id, group);
    }
    const panel = panels[line.panel];
    const spans = (line.bad || []).filter(([start, end]) => end >= view[0] && start <= view[1]);
    const hatched = spans.map(([start, end]) => {
      const [left, right] = [x(Math.max(start, view[0])), x(Math.min(end, view[1]))];
      return `M${left} ${panel.top}H${Math.max(right, left + 2)}V${panel.bottom}H${left}Z`;
    });
    set(group.children[0], { d: hatched.join("") || null });
    const drawn = linePath(line, from, to, (at) => x(at + data.start), panel.y);
    set(group.children[1], { class: `line ${line.kind} ${line.colour}`, d: drawn || null, "data-line": line.id });
  }
  panels.forEach((panel, index) => {
    const own = lines.map((line, at) => ({ line, end: ends[at] })).filter(({ line, end }) => line.panel === index && end);
    const rooms = own.map(({ end }) => (end.late ? 28 : 14));
    const heights = spread(own.map(({ end }) => panel.y(end.value) + 4), rooms, panel.top + 8, panel.bottom + 4);
    own.forEach(({ line, end }, at) => {
      const left = x(end.at + data.start);
      const [text, ended] = endTexts(end, placed.labelRoom);
      add(front, "circle", { class: `at ${line.colour}${end.late ? " late" : ""}`, r: 2.6, cx: left, cy: panel.y(end.value) });
      add(front, "path", { class: `line ${line.kind} ${line.colour}`, d: `M${plot.right + 5} ${heights[at] - 4}h14` });
      add(front, "text", { class: "end", x: plot.right + 23, y: heights[at] }, text);
      if (ended) add(front, "text", { class: "small", x: plot.right + 23, y: heights[at] + 14 }, ended);
    });
  });
}

/** Events at the upper edge: marks of alarms, small uprights of the rest, bars for what lasted. */
export function drawEvents(layer, data, placed) {
  const { plot, view, x } = placed;
  layer.replaceChildren();
  for (const event of data.events || []) {
    const end = event.until ?? event.at;
    if (end < view[0] || event.at > view[1]) continue;
    const left = x(Math.max(event.at, view[0]));
    const right = x(Math.min(end, view[1]));
    const group = add(layer, "g", { class: "event" });
    add(group, "title", {}, event.text);
    add(group, "path", { class: "upright", d: `M${left} ${plot.top}V${plot.bottom}` });
    if (right - left > 1) add(group, "path", { class: "lasted", d: `M${left} ${plot.bottom}H${right}` });
    if (event.priority) {
      const mark = add(group, "g");
      drawMark(mark, event.priority, event.look);
      set(mark, { transform: `translate(${left} ${plot.bottom - 9}) scale(0.7)` });
    } else {
      add(group, "path", { class: "flag", d: `M${left - 4} ${plot.bottom}H${left + 4}L${left} ${plot.bottom - 7}Z` });
    }
  }
}
