// Where everything of a process diagram lies. Pure geometry: which tags a station has decides what is drawn.

import { textWidth } from "./drawing.js";

export const LEAST_WIDTH = 864;
export const LEAST_SOURCE = 640;
const LOOP = 238;
const SUPPLY = 72;
const RETURN = 202;
const BUILDING = 116;
const PLATES = 52;
const FACTS = ["m_flow", "E_heat", "area", "heat_per_m2", "T_outdoor", "Q_flow_max", "P_pump"];

const tagAt = (key, x, y, width, style = "above") => ({ key, x, y, width, style });

/** Columns of the drawing for a width; what is narrower than 1,110 px moves together by degrees. */
export function columns(width) {
  const tight = Math.min(1, Math.max(0, (1110 - width) / 246));
  const plates = Math.min(520, Math.max(374, width * 0.42 + 8 * tight));
  const first = plates + PLATES + 26;
  const building = width - BUILDING;
  return { tight, plates, building, first, step: (building - 8 - first) / 4, riser: plates - 205 + 37 * tight, back: plates - 155 + 19 * tight, valve: plates - 106 + 20 * tight };
}

/** One loop: its block begins at ``top``. ``has`` tells whether a slot has a tag; keys are LOOP INDEX/SLOT. */
export function loopLayout(index, loop, top, width, only) {
  const c = columns(width);
  const has = (slot) => Boolean(loop.tags[slot]);
  const key = (slot) => `${index}/${slot}`;
  const [supply, back] = [top + SUPPLY, top + RETURN];
  const at = (column) => c.first + column * c.step;
  const tags = [];
  const put = (slot, x, y, room, style) => has(slot) && tags.push(tagAt(key(slot), x, y, room, style));
  ["T_supply", "m_flow", "p_supply"].forEach((slot, i) => put(slot, at(i), supply - 54, c.step - 1 - (i === 2 ? 4 * c.tight : 0)));
  // worked out, and marked so: its text is the longest of the four
  put("dp", at(3) - 4 * c.tight, supply - 54, c.step - 1);
  put("Q_flow", at(0), supply + 32, c.step * 1.1, "figure");
  put("heat_per_m2", at(0), supply + 52, c.step * 1.1, "line");
  put("T_return", at(0), back - 54, c.step - 1);
  put("p_return", at(3), back - 54, c.step - 1);
  put("T_return_primary", c.back + 14, back - 38, c.plates - c.back - 22, "plain");
  put("m_flow_primary", c.back + 14, back + 22, c.plates - c.back - 22, "line");
  const valve = has("valve") || (only && loop.stationValve);
  if (has("valve")) put("valve", c.valve + 20, supply - 40, c.plates - c.valve - 22, "valve");
  const pump = { x: at(1) + Math.min(60, c.step * 0.6), y: back, half: Math.min(54, c.step * 0.55) };
  pump.room = at(3) - pump.x - 24;
  const duty = loop.pumps && loop.pumps.length ? loop.pumps[0].text : "";
  put("pump", duty ? pump.x - 7 + textWidth(duty, 12) : pump.x - 15, back + 30, c.step, "line");
  const makeup = has("makeup_flow") || has("makeup_level");
  const tank = makeup ? { x: Math.min(at(2) + 14, at(3) - 68), y: supply + 40, width: 44, height: 38, line: at(3) - 14, back } : null;
  if (tank && has("makeup_level")) tags.push({ ...tagAt(key("makeup_level"), tank.x, tank.y, 44, "tank"), room: 2 * (tank.line - tank.x - 30) });
  if (tank) put("makeup_flow", tank.x - 8, supply + 72, c.step, "before");
  put("T_indoor", c.building + 8, supply + 71, BUILDING - 16, "centre");
  return {
    index, top, supply, back, tags, tank,
    plates: { x: c.plates, y: supply - 20, width: PLATES, height: back - supply + 40 },
    valve: valve ? { x: c.valve, y: supply } : null,
    pump: loop.pumps && loop.pumps.length ? pump : null,
    building: { x: c.building, y: supply - 26, width: BUILDING, height: back - supply + 52 },
  };
}

/** Pipes as {d, side, arrows}: primary to each exchanger and back, secondary to each building and back. */
export function pipes(loops, width) {
  const c = columns(width);
  const found = [];
  const [first, last] = [loops[0], loops[loops.length - 1]];
  const arrow = (x, y, left = false) => ({ x, y, left });
  found.push({ side: "primary", d: `M0 ${first.supply}H${c.plates}`, arrows: [arrow(46, first.supply), arrow(c.plates - 30, first.supply)] });
  found.push({ side: "primary", d: `M${c.plates} ${last.back}H0`, arrows: [arrow(46, last.back, true), arrow(c.plates - 30, last.back, true)] });
  loops.slice(1).forEach((loop) => {
    found.push({ side: "primary", d: `M${c.riser} ${first.supply}V${loop.supply}H${c.plates}`, arrows: [arrow(c.plates - 30, loop.supply)] });
  });
  loops.slice(0, -1).forEach((loop, index) => {
    // the return falls behind the supply of the loops below: it shows a gap there
    let d = `M${c.plates} ${loop.back}H${c.back}`;
    for (const below of loops.slice(index + 1)) d += `V${below.supply - 8}M${c.back} ${below.supply + 8}`;
    found.push({ side: "primary", d: `${d}V${last.back}`, arrows: [arrow(c.plates - 30, loop.back, true)] });
  });
  for (const loop of loops) {
    const right = c.plates + PLATES;
    found.push({ side: "secondary", d: `M${right} ${loop.supply}H${c.building}`, arrows: [arrow(right + 16, loop.supply), arrow(c.building - 16, loop.supply)] });
    found.push({ side: "secondary", d: `M${c.building} ${loop.back}H${right}`, arrows: [arrow(right + 16, loop.back, true), arrow(c.building - 16, loop.back, true)] });
  }
  return found;
}

/** Tags of the primary side of a station; facts stand between the pipes, or below where one loop leaves no room. */
export function primaryTags(primary, loops, width) {
  const c = columns(width);
  const [supply, back] = [loops[0].supply, loops[loops.length - 1].back];
  const room = Math.min(96, (c.riser - 60) / 2);
  const tags = [];
  const put = (slot, x, y, wide, style) => primary[slot] && tags.push(tagAt(`p/${slot}`, x, y, wide, style));
  put("T_supply", 0, supply - 54, room - 8);
  // where the valve's dome stands beneath it, its hollow dot alone says that it is aged
  if (primary.p_supply) tags.push({ ...tagAt("p/p_supply", room, supply - 54, room - 8), crowded: Boolean(primary.valve) && loops.length > 1 });
  put("T_return", 0, back - 54, room - 8);
  put("p_return", room, back - 54, room - 8);
  put("meter", c.riser - 22, supply - 54, 90, "middle");
  put("strainer", 26, supply + 34, room + 20, "plain");
  const only = loops.length === 1;
  put("valve", only ? c.valve + 20 : room + 46, only ? supply - 40 : supply + 30, only ? c.plates - c.valve - 22 : 84, only ? "valve" : "plain");
  const facts = FACTS.filter((slot) => primary[slot]);
  const abreast = room < 90 ? 1 : 2;
  const first = abreast === 2 ? (supply + back) / 2 - 44 : supply + 88;
  const step = Math.min(abreast === 2 ? 54 : 46, (back - 92 - first) / Math.max(1, facts.length - 1));
  facts.forEach((slot, index) => {
    if (only) put(slot, index * 118, back + 60, 112, "plain");
    else put(slot, (index % abreast) * (room + 6), first + Math.floor(index / abreast) * step, abreast === 2 ? room + 6 : c.riser - 8, "plain");
  });
  return tags;
}

/** The whole station: loops, pipes, tags, symbols of the primary side and the size of the drawing. */
export function stationLayout(data, shown, width) {
  const c = columns(width);
  const only = shown.length === 1;
  const primary = data.primary || {};
  const loops = shown.map((loop, i) => loopLayout(i, { ...loop, stationValve: Boolean(primary.valve) }, i * LOOP, width, only));
  const [supply, back] = [loops[0].supply, loops[loops.length - 1].back];
  const facts = FACTS.some((slot) => primary[slot]);
  const room = Math.min(96, (c.riser - 60) / 2);
  return {
    width, height: shown.length * LOOP + (only && facts ? 56 : 4),
    loops, pipes: pipes(loops, width),
    tags: [...primaryTags(primary, loops, width), ...loops.flatMap((loop) => loop.tags)],
    meter: primary.meter ? { x: c.riser - 22, y: supply } : null,
    strainer: primary.strainer ? { x: 70, y: supply } : null,
    valve: primary.valve && !only ? { x: room + 26, y: supply } : null,
    names: [{ x: 0, y: supply + (primary.valve && !only ? 31 : 19), text: data.texts.primary_supply }, { x: 0, y: back + 19, text: data.texts.primary_return }],
  };
}

/** A heat source: its box at the left, supply and return to the city at the right. */
export function sourceLayout(data, width) {
  const primary = data.primary || {};
  const [supply, back, left] = [96, 236, 190];
  const step = Math.min(170, (width - left - 60) / 4);
  const tags = [];
  const put = (slot, x, y, style) => primary[slot] && tags.push(tagAt(`p/${slot}`, x, y, step - 12, style));
  ["T_supply", "p_supply", "m_flow"].forEach((slot, i) => put(slot, left + 30 + i * step, supply - 54));
  put("meter", left + 60 + 3 * step, supply - 54, "middle");
  ["T_return", "p_return"].forEach((slot, i) => put(slot, left + 30 + i * step, back - 54));
  put("P_pump", left + 60 + 2.6 * step, back - 54, "plain");
  const rest = ["Q_flow_max", "E_heat", "T_outdoor", "area", "heat_per_m2"].filter((slot) => primary[slot]);
  rest.forEach((slot, i) => put(slot, left + 30 + i * step, back + 58, "plain"));
  const arrow = (x, y, turned) => ({ x, y, left: turned });
  return {
    width, height: rest.length ? 330 : 280, loops: [], tags, strainer: null, valve: null,
    meter: primary.meter ? { x: left + 60 + 3 * step, y: supply } : null,
    source: { x: 0, y: supply - 40, width: left, height: back - supply + 80 },
    pump: primary.P_pump ? { x: left + 36 + 2.6 * step, y: back } : null,
    pipes: [
      { side: "primary", d: `M${left} ${supply}H${width}`, arrows: [arrow(left + 18, supply), arrow(width - 30, supply)] },
      { side: "primary", d: `M${width} ${back}H${left}`, arrows: [arrow(left + 18, back, true), arrow(width - 30, back, true)] },
    ],
    names: [{ x: left + 30, y: supply + 19, text: data.texts.primary_supply }, { x: left + 30, y: back + 19, text: data.texts.primary_return }],
  };
}

/** Loops of a page, two at a time. */
export function page(loops, number) {
  const pages = Math.max(1, Math.ceil(loops.length / 2));
  const at = Math.min(Math.max(0, number), pages - 1);
  return { at, pages, loops: loops.slice(at * 2, at * 2 + 2) };
}
