// The city as a map. Stations are made once and then only change; window and focus stay over refreshes.

import { FRAMES, add, canvas, component, drawMark, make, pointerAt, say, set, towards } from "./drawing.js";
import { drawLegend, drawSymbol } from "./map_symbols.js";
import { filled, groundStore, merged } from "./map_data.js";
import {
  along, beads, dotRadius, groupSpot, held, outline, pipeWidth, placeAreas, placeLabels, projection, zoomedMap,
} from "./map_layout.js";

const MARK = 12;
const MOST_LABELS = 40;
const MOST_BEADS = 2000;
const grounds = groundStore();
const asked = new Set();

function build(root, own) {
  const svg = canvas(root, 10, 10, "");
  set(svg, { role: "group" });
  own.svg = svg;
  own.view = { k: 1, x: 0, y: 0 };
  for (const layer of ["pipes", "areas", "outlines", "places", "marks3", "marks2", "marks1", "leaders", "labels"]) own[layer] = add(svg, "g", { class: layer });
  // frames blink all together, as one layer that the browser fades without drawing anything anew
  own.frames = add(root, "svg", { class: "frames", "aria-hidden": "true" });
  own.edges = new Map();
  own.stations = new Map();
  own.groupMarks = new Map();
  own.buttons = make(root, "div", "buttons");
  for (const act of ["zoom_in", "zoom_out", "whole"]) {
    const button = make(own.buttons, "button", act);
    button.type = "button";
    button.textContent = { zoom_in: "+", zoom_out: "\u2212", whole: "\u2922" }[act];
    button.addEventListener("click", () => zoom(own, act, { x: own.width / 2, y: own.height / 2 }));
  }
  own.empty = make(root, "div", "empty");
  own.legend = make(root, "div", "legend");
  listen(svg, own);
}

function zoom(own, act, at) {
  if (act === "whole") own.view = { k: 1, x: 0, y: 0 };
  else own.view = zoomedMap(own.view, act === "zoom_in" ? 1.5 : 1 / 1.5, at, own.width, own.height);
  arrange(own);
}

function listen(svg, own) {
  svg.addEventListener("wheel", (event) => {
    if (own.view.k === 1 && event.deltaY > 0) return; // nothing to zoom out of: the page may scroll
    event.preventDefault();
    own.view = zoomedMap(own.view, event.deltaY > 0 ? 0.8 : 1.25, pointerAt(event, svg), own.width, own.height);
    arrange(own);
  }, { passive: false });
  svg.addEventListener("pointerdown", (event) => {
    if (event.button === 0) own.pan = { from: pointerAt(event, svg), view: own.view, moved: false };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!own.pan) return;
    const at = pointerAt(event, svg);
    const [dx, dy] = [at.x - own.pan.from.x, at.y - own.pan.from.y];
    if (!own.pan.moved && Math.hypot(dx, dy) < 5) return;
    if (!own.pan.moved) svg.setPointerCapture(event.pointerId);
    own.pan.moved = true;
    own.view = held({ k: own.pan.view.k, x: own.pan.view.x + dx, y: own.pan.view.y + dy }, own.width, own.height);
    arrange(own);
  });
  const stop = () => {
    own.panned = Boolean(own.pan && own.pan.moved);
    own.pan = null;
  };
  svg.addEventListener("pointerup", stop);
  svg.addEventListener("pointercancel", stop);
  svg.addEventListener("click", (event) => {
    const group = event.target.closest("[data-id]");
    if (group && !own.panned) own.tell("picked", group.dataset.id);
  });
  svg.addEventListener("keydown", (event) => press(own, event));
  svg.addEventListener("focusin", (event) => {
    focus(own, event.target.dataset.id);
    point(own, event.target.dataset.id);
  });
  svg.addEventListener("pointerover", (event) => {
    const group = event.target.closest("[data-id]");
    point(own, group ? group.dataset.id : "");
  });
}

function press(own, event) {
  const act = { "+": "zoom_in", "=": "zoom_in", "-": "zoom_out", 0: "whole" }[event.key];
  const id = event.target.dataset.id;
  const next = towards(own.reachable, id, event.key);
  if (event.key === "Enter" && id) own.tell("picked", id);
  else if (act) zoom(own, act, { x: own.width / 2, y: own.height / 2 });
  else if (next) (own.stations.get(next) || own.groupMarks.get(next)).focus();
  else if (!event.key.startsWith("Arrow")) return;
  event.preventDefault();
}

/** One place at a time is in the order of the tab key; arrows lead to the others. */
function focus(own, id) {
  if (!id || id === own.focused) return;
  const of = (one) => own.stations.get(one) || own.groupMarks.get(one);
  if (own.focused && of(own.focused)) set(of(own.focused), { tabindex: -1 });
  own.focused = id;
  set(of(id), { tabindex: 0 });
}

/** Hints change with every poll: only the one that is pointed at is written, and followed. */
function point(own, id) {
  own.pointed = id;
  const number = own.numbers.get(id);
  if (number === undefined) return;
  const { name, detail } = own.data.places[number];
  const lines = [name, detail, filled(own.data.hints, number)].filter(Boolean);
  const group = own.stations.get(id);
  say(group.firstChild, lines.join("\n"));
  set(group, { "aria-label": lines.join(", ") });
}

function buildPlace(own, place) {
  const group = add(own.places, "g", { "data-id": place.id, tabindex: -1, role: "button" });
  add(group, "title");
  add(group, "circle", { class: "hit", r: 13 });
  add(group, "g", { class: "symbol" });
  add(group, "g", { class: "mark" });
  own.stations.set(place.id, group);
  return group;
}

function drawPlace(own, place, radius) {
  const group = own.stations.get(place.id) || buildPlace(own, place);
  const chosen = own.data.selected === place.id;
  if (group.drawn === place && group.radius === radius && group.chosen === chosen) return false;
  Object.assign(group, { drawn: place, radius, chosen });
  const lines = [place.name, place.detail].filter(Boolean);
  const [title, , symbol, mark] = group.children;
  say(title, lines.join("\n"));
  set(group, {
    class: chosen ? "place selected" : "place",
    "aria-label": lines.join(", "),
  });
  drawSymbol(symbol, place, radius);
  const shown = place.group || (place.priority || 9) > 3 ? null : place.priority;
  drawMark(mark, shown, steady(place.look));
  raise(own, group, shown && place.kind !== "source" ? own[`marks${shown}`] : own.places);
  set(mark, { transform: place.kind === "source" ? "translate(20 -20) scale(0.75)" : null });
  return true;
}

/** A mark without the frame of an unacknowledged alarm: that is drawn by ``drawFrames``. */
function steady(look) {
  return look === "unack" ? "ack" : look;
}

/** ``framed``: [id, priority, transform] of the marks that nobody has acknowledged. */
function drawFrames(own, framed) {
  const wanted = new Set(framed.map(([id]) => id));
  for (const [id, edge] of own.edges) {
    if (wanted.has(id)) continue;
    edge.remove();
    own.edges.delete(id);
  }
  for (const [id, priority, transform] of framed) {
    if (!own.edges.has(id)) own.edges.set(id, add(add(own.frames, "g"), "path", { class: "edge" }).parentNode);
    const edge = own.edges.get(id);
    set(edge, { class: `mark p${priority}`, transform });
    set(edge.firstChild, { d: FRAMES[priority] });
  }
}

/** What is more urgent lies above; moving an element would take its focus away. */
function raise(own, group, layer) {
  if (group.parentNode === layer) return;
  const focused = group.getRootNode().activeElement === group;
  layer.append(group);
  if (focused) group.focus();
}

/** Put a place. A plain dot moves by its centre: a thousand transforms would each be a layer to sort. */
function put(group, x, y) {
  const [, hit, symbol] = group.children;
  const plain = symbol.childElementCount === 1 && symbol.firstChild.tagName === "circle" && !group.lastChild.dataset.mark;
  const wanted = `${plain}/${x}/${y}/${symbol.dataset.symbol}`;
  if (group.placed === wanted) return;
  group.placed = wanted;
  set(group, { transform: plain ? null : `translate(${x} ${y})` });
  set(hit, { cx: plain ? x : null, cy: plain ? y : null });
  if (plain) set(symbol.firstChild, { cx: x, cy: y });
}

function onScreen(own, point) {
  const [x, y] = own.project(point);
  return [x * own.view.k + own.view.x, y * own.view.k + own.view.y];
}

/** Marks and labels stay the same size; only their places follow the window. */
function arrange(own) {
  const { data, view, width, height } = own;
  const window = `${data.ground}/${view.k}/${view.x}/${view.y}/${width}/${height}`;
  const moved = window !== own.window;
  if (moved) {
    own.window = window;
    set(own.pipes, { transform: `translate(${view.x} ${view.y}) scale(${view.k})` });
    own.at = new Map(data.places.map((place) => [place.id, onScreen(own, [place.latitude, place.longitude])]));
  }
  const radius = dotRadius(data.places.length, view.k);
  for (const place of data.places) {
    if (!drawPlace(own, place, radius) && !moved) continue;
    const [x, y] = own.at.get(place.id);
    put(own.stations.get(place.id), x.toFixed(1), y.toFixed(1));
  }
  const inside = data.places.filter((place) => {
    const [x, y] = own.at.get(place.id);
    return x > 0 && y > 0 && x < width && y < height;
  });
  const groups = arrangeGroups(own, inside);
  own.reachable = [
    ...inside.map((place) => ({ id: place.id, x: own.at.get(place.id)[0], y: own.at.get(place.id)[1] })), ...groups,
  ];
  drawFrames(own, [...inside.flatMap((place) => framed(own, place)), ...groups.flatMap((group) => group.frame)]);
  arrangeLabels(own, inside, groups, radius);
  own.svg.classList.toggle("near", view.k > 1);
  own.buttons.querySelector(".whole").hidden = view.k === 1;
}

function framed(own, place) {
  if (place.look !== "unack" || place.group || !(place.priority < 4)) return [];
  const [x, y] = own.at.get(place.id).map((px) => px.toFixed(1));
  const corner = place.kind === "source" ? " translate(20 -20) scale(0.75)" : "";
  return [[place.id, place.priority, `translate(${x} ${y})${corner}`]];
}

function arrangeGroups(own, inside) {
  const known = new Set();
  const found = [];
  const all = inside.map((place) => own.at.get(place.id));
  const paths = [];
  for (const group of own.data.groups || []) {
    const members = inside.filter((place) => place.group === group.id).map((place) => own.at.get(place.id));
    if (!members.length) continue;
    known.add(group.id);
    paths.push(outline(members, 17));
    let mark = own.groupMarks.get(group.id);
    if (!mark) {
      mark = add(own.marks1, "g", { "data-id": group.id, tabindex: -1, role: "button", class: "place" });
      add(mark, "title");
      add(mark, "circle", { class: "hit", r: 17 });
      add(mark, "g");
      own.groupMarks.set(group.id, mark);
    }
    const [x, y] = groupSpot(members, all, own.width, own.height);
    say(mark.firstChild, `${group.title}\n${group.detail}`);
    const look = group.look || "unack";
    drawMark(mark.lastChild, group.priority, steady(look));
    set(mark, { transform: `translate(${x} ${y})`, "aria-label": `${group.title}, ${group.detail}` });
    const far = (axis, side) => Math.max(MARK + 4, ...members.map((at) => side * (at[axis] - (axis ? y : x)) + 19));
    const clear = { left: far(0, -1), right: far(0, 1), up: far(1, -1), down: far(1, 1) };
    found.push({
      id: group.id, x, y, reach: MARK + 4, clear, name: group.title, detail: group.detail,
      weight: group.priority - 0.5, edge: along(members, 17),
      frame: look === "unack" ? [[group.id, group.priority, `translate(${x} ${y})`]] : [],
    });
  }
  set(own.outlines.firstChild || add(own.outlines, "path", { class: "lost" }), { d: paths.join("") || null });
  for (const [id, mark] of own.groupMarks) {
    if (!known.has(id)) {
      mark.remove();
      own.groupMarks.delete(id);
    }
  }
  return found;
}

function arrangeLabels(own, inside, groups, radius) {
  const wanted = groups.map(({ frame, ...group }) => group);
  for (const place of inside) {
    const abnormal = place.priority && place.priority < 4 && !place.group;
    if (!abnormal && place.kind !== "source" && !place.ring && own.data.selected !== place.id) continue;
    const [x, y] = own.at.get(place.id);
    const reach = place.kind === "source" ? 22 : abnormal ? MARK + (place.look === "unack" ? 3 : 0) : 11;
    const weight = place.kind === "source" ? 0 : abnormal ? place.priority : 4;
    // the mark of a source stands at its upper right corner
    const clear = place.kind === "source" && place.priority ? { left: 22, right: 35, up: 35, down: 22 } : undefined;
    wanted.push({ id: place.id, x, y, reach, clear, name: place.name, detail: place.detail, weight });
  }
  wanted.sort((a, b) => a.weight - b.weight);
  const where = JSON.stringify([wanted, own.data.areas, own.view, own.width, own.height, inside.length, radius]);
  if (where === own.labelled) return;
  own.labelled = where;
  const things = [
    ...inside.map((place) => [...own.at.get(place.id), radius + 1]), ...groups.flatMap((group) => group.edge),
    ...beads(own.data.pipes.map((pipe) => pipe.points.map((point) => onScreen(own, point))), 10, MOST_BEADS),
  ];
  const labels = placeLabels(wanted.slice(0, MOST_LABELS), things, own.width, own.height);
  const texts = new Map(wanted.map((one) => [one.id, one]));
  own.labels.replaceChildren();
  own.leaders.replaceChildren();
  for (const label of labels) {
    const { name, detail } = texts.get(label.id);
    if (label.leader) {
      const [x1, y1, x2, y2] = label.leader;
      add(own.leaders, "path", { class: "leader", d: `M${x1} ${y1}L${x2} ${y2}` });
    }
    add(own.labels, "text", { class: "name halo", x: label.x, y: label.y, "text-anchor": label.anchor }, name);
    if (detail) add(own.labels, "text", { class: "detail halo", x: label.x, y: label.y + 15, "text-anchor": label.anchor }, detail);
  }
  const areas = (own.data.areas || []).map((area) => {
    const of = inside.filter((place) => place.area === area.id).map((place) => own.at.get(place.id));
    const mean = (axis) => of.reduce((sum, at) => sum + at[axis], 0) / of.length;
    return of.length ? { title: area.title, x: mean(0), y: mean(1) } : null;
  }).filter(Boolean);
  const marks = wanted.map((one) => ({ x: one.x - one.reach, y: one.y - one.reach, width: 2 * one.reach, height: 2 * one.reach }));
  own.areas.replaceChildren();
  for (const area of placeAreas(areas, [...labels.map((label) => label.box), ...marks], things, own.width, own.height)) {
    add(own.areas, "text", { class: "area halo", x: area.x, y: area.y, "text-anchor": "middle" }, area.title);
  }
}

/** What stands still, drawn anew only for another ground or another width. */
function drawGround(own) {
  const { data, width, height } = own;
  const wanted = `${data.ground}/${width}/${height}`;
  if (own.drawnGround === wanted) return;
  own.drawnGround = wanted;
  for (const svg of [own.svg, own.frames]) set(svg, { viewBox: `0 0 ${width} ${height}`, width, height });
  const points = [...data.places.map((place) => [place.latitude, place.longitude]), ...data.pipes.flatMap((pipe) => pipe.points)];
  own.project = projection(points, width, height);
  own.numbers = new Map(data.places.map((place, number) => [place.id, number]));
  for (const [id, group] of own.stations) {
    if (own.numbers.has(id)) continue;
    group.remove();
    own.stations.delete(id);
  }
  own.pipes.replaceChildren();
  const byWidth = new Map();
  for (const pipe of data.pipes) {
    const d = `M${pipe.points.map((at) => own.project(at).map((px) => px.toFixed(1)).join(" ")).join("L")}`;
    const thick = (Math.round(pipeWidth(pipe.diameter_m, data.places.length) * 4) / 4).toString();
    byWidth.set(thick, (byWidth.get(thick) || "") + d);
  }
  for (const [thick, d] of byWidth) add(own.pipes, "path", { d, "stroke-width": thick });
  own.empty.hidden = data.places.length > 0;
  say(own.empty, data.places.length ? "" : data.texts.empty);
  for (const button of own.buttons.children) {
    set(button, { "aria-label": data.texts[button.className], title: data.texts[button.className] });
  }
}

function draw(root, data, own, tell, again) {
  const ground = grounds.of(data.ground);
  if (!ground) {
    fetchGround(data);
    return grounds.wait(own, data.ground, again);
  }
  if (!own.svg) build(root, own);
  own.merged = merged(ground, data.unusual, own.merged);
  own.data = { ...data, places: own.merged.places, pipes: ground.pipes, areas: ground.areas, texts: ground.texts };
  Object.assign(own, { tell, width: Math.max(300, root.clientWidth), height: data.height_px });
  own.view = held(own.view, own.width, own.height);
  set(own.svg, { "aria-label": data.label });
  drawGround(own);
  arrange(own);
  drawLegend(own.legend, data.legend);
  if (own.pointed) point(own, own.pointed);
  if (!own.focused || !(own.stations.has(own.focused) || own.groupMarks.has(own.focused))) {
    own.focused = null;
    if (own.data.places.length) focus(own, own.data.places[0].id);
  }
  return true;
}

/** Ask for a ground, once at a time; after a fault the next refresh asks again. */
async function fetchGround({ ground, at }) {
  if (asked.has(ground)) return;
  asked.add(ground);
  try {
    const answer = await fetch(at);
    if (answer.ok) grounds.lay(ground, await answer.json());
  } catch {
    // the server is silent or gone: the strip says so
  } finally {
    asked.delete(ground);
  }
}

export default component("map", draw);
