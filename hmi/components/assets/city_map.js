// The city as a map. Stations are made once and then only change; window and focus stay over refreshes.

import { add, canvas, component, drawMark, make, pointerAt, say, set, towards } from "./drawing.js";
import {
  along, beads, dotRadius, groupSpot, held, outline, pipeWidth, placeAreas, placeLabels, projection, zoomedMap,
} from "./map_layout.js";

const MARK = 12;
const MOST_LABELS = 40;
const MOST_BEADS = 2000;

function build(root, own) {
  const svg = canvas(root, 10, 10, "");
  set(svg, { role: "group" });
  own.svg = svg;
  own.view = { k: 1, x: 0, y: 0 };
  for (const layer of ["pipes", "areas", "outlines", "places", "marks3", "marks2", "marks1", "leaders", "labels"]) own[layer] = add(svg, "g", { class: layer });
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
  svg.addEventListener("focusin", (event) => focus(own, event.target.dataset.id));
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

function buildPlace(own, place) {
  const group = add(own.places, "g", { "data-id": place.id, tabindex: -1, role: "button" });
  add(group, "title");
  add(group, "circle", { class: "hit", r: 13 });
  add(group, "g", { class: "symbol" });
  add(group, "g", { class: "mark" });
  own.stations.set(place.id, group);
  return group;
}

/** Shape of a station by kind and state; drawn anew only where that changed. */
function drawSymbol(group, place, radius) {
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

function drawPlace(own, place, radius) {
  const group = own.stations.get(place.id) || buildPlace(own, place);
  const chosen = own.data.selected === place.id;
  const { name, detail, hint, kind, state, priority, look, ring, symbol: letter } = place;
  const wanted = [name, detail, hint, kind, state, priority, look, ring, letter, place.group, radius, chosen].join("\n");
  if (group.drawn === wanted) return;
  group.drawn = wanted;
  const lines = [place.name, place.detail, place.hint].filter(Boolean);
  const [title, , symbol, mark] = group.children;
  say(title, lines.join("\n"));
  set(group, {
    class: chosen ? "place selected" : "place",
    "aria-label": lines.join(", "),
  });
  drawSymbol(symbol, place, radius);
  const shown = place.group || (place.priority || 9) > 3 ? null : place.priority;
  drawMark(mark, shown, place.look);
  raise(own, group, shown && place.kind !== "source" ? own[`marks${shown}`] : own.places);
  set(mark, { transform: place.kind === "source" ? "translate(20 -20) scale(0.75)" : null });
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
  set(own.pipes, { transform: `translate(${view.x} ${view.y}) scale(${view.k})` });
  const radius = dotRadius(data.places.length, view.k);
  own.at = new Map();
  for (const place of data.places) {
    const at = onScreen(own, [place.latitude, place.longitude]);
    own.at.set(place.id, at);
    drawPlace(own, place, radius);
    const group = own.stations.get(place.id);
    put(group, at[0].toFixed(1), at[1].toFixed(1));
  }
  const inside = data.places.filter((place) => {
    const [x, y] = own.at.get(place.id);
    return x > 0 && y > 0 && x < width && y < height;
  });
  const groups = arrangeGroups(own, inside);
  own.reachable = [
    ...inside.map((place) => ({ id: place.id, x: own.at.get(place.id)[0], y: own.at.get(place.id)[1] })), ...groups,
  ];
  arrangeLabels(own, inside, groups, radius);
  own.svg.classList.toggle("near", view.k > 1);
  own.buttons.querySelector(".whole").hidden = view.k === 1;
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
    drawMark(mark.lastChild, group.priority, group.look || "unack");
    set(mark, { transform: `translate(${x} ${y})`, "aria-label": `${group.title}, ${group.detail}` });
    const far = (axis, side) => Math.max(MARK + 4, ...members.map((at) => side * (at[axis] - (axis ? y : x)) + 19));
    const clear = { left: far(0, -1), right: far(0, 1), up: far(1, -1), down: far(1, 1) };
    found.push({
      id: group.id, x, y, reach: MARK + 4, clear, name: group.title, detail: group.detail,
      weight: group.priority - 0.5, edge: along(members, 17),
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
  const wanted = [...groups];
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

function drawLegend(own, keys) {
  const wanted = JSON.stringify(keys);
  if (own.legend.dataset.keys === wanted) return;
  own.legend.dataset.keys = wanted;
  own.legend.replaceChildren();
  for (const key of keys) {
    const entry = make(own.legend, "span", "key");
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

function drawPipes(own, pipes) {
  const count = own.data.places.length;
  const wanted = `${JSON.stringify(pipes)}/${own.width}/${own.height}/${count}`;
  if (own.drawnPipes === wanted) return;
  own.drawnPipes = wanted;
  own.pipes.replaceChildren();
  const byWidth = new Map();
  for (const pipe of pipes) {
    const d = `M${pipe.points.map((point) => own.project(point).map((px) => px.toFixed(1)).join(" ")).join("L")}`;
    const width = (Math.round(pipeWidth(pipe.diameter_m, count) * 4) / 4).toString();
    byWidth.set(width, (byWidth.get(width) || "") + d);
  }
  for (const [width, d] of byWidth) add(own.pipes, "path", { d, "stroke-width": width });
}

function draw(root, data, own, tell) {
  if (!own.svg) build(root, own);
  Object.assign(own, { data, tell, width: Math.max(300, root.clientWidth), height: data.height_px || 500 });
  set(own.svg, { viewBox: `0 0 ${own.width} ${own.height}`, width: own.width, height: own.height, "aria-label": data.label });
  const points = [...data.places.map((place) => [place.latitude, place.longitude]), ...data.pipes.flatMap((pipe) => pipe.points)];
  own.project = projection(points, own.width, own.height);
  own.view = held(own.view, own.width, own.height);
  const known = new Set(data.places.map((place) => place.id));
  for (const [id, group] of own.stations) {
    if (!known.has(id)) {
      group.remove();
      own.stations.delete(id);
    }
  }
  own.empty.hidden = data.places.length > 0;
  say(own.empty, data.places.length ? "" : data.texts.empty);
  drawPipes(own, data.pipes);
  arrange(own);
  drawLegend(own, data.legend);
  for (const button of own.buttons.children) {
    set(button, { "aria-label": data.texts[button.className], title: data.texts[button.className] });
  }
  if (!own.focused || !(own.stations.has(own.focused) || own.groupMarks.has(own.focused))) {
    own.focused = null;
    if (data.places.length) focus(own, data.places[0].id);
  }
}

export default component("map", draw);
