// Geometry of the city map: projection, window, outlines of groups, places for labels. Nothing draws here.

import { textWidth } from "./drawing.js";

const EDGE = { left: 46, right: 46, top: 40, bottom: 30 };
export const CLOSEST = 60;

/** Function from (latitude, longitude) to px that fits all points into a drawing, true to scale. */
export function projection(points, width, height) {
  const finite = points.filter(([lat, lon]) => Number.isFinite(lat) && Number.isFinite(lon));
  const lats = finite.map(([lat]) => lat);
  const lons = finite.map(([, lon]) => lon);
  const least = (list) => list.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (list) => list.reduce((a, b) => Math.max(a, b), -Infinity);
  const [south, north, west, east] = finite.length ? [least(lats), most(lats), least(lons), most(lons)] : [0, 0, 0, 0];
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const [inner, tall] = [width - EDGE.left - EDGE.right, height - EDGE.top - EDGE.bottom];
  const scale = Math.min(inner / Math.max((east - west) * shrink, 1e-4), tall / Math.max(north - south, 1e-4));
  const [x0, y0] = [EDGE.left + inner / 2, EDGE.top + tall / 2];
  return ([lat, lon]) => [
    x0 + (lon - (west + east) / 2) * shrink * scale,
    y0 - (lat - (south + north) / 2) * scale,
  ];
}

/** A view {k, x, y}: screen = city * k + (x, y). The whole city is {1, 0, 0}; it never leaves the drawing. */
export function held(view, width, height) {
  const k = Math.min(CLOSEST, Math.max(1, view.k));
  const within = (at, size) => Math.min(0, Math.max(size * (1 - k), at));
  return { k, x: within(view.x, width), y: within(view.y, height) };
}

/** The view zoomed by a factor around a point of the screen. */
export function zoomedMap(view, factor, at, width, height) {
  const k = Math.min(CLOSEST, Math.max(1, view.k * factor));
  const real = k / view.k;
  return held({ k, x: at.x - (at.x - view.x) * real, y: at.y - (at.y - view.y) * real }, width, height);
}

/** Radius of a station's dot: smaller where there are many, larger as one comes nearer. */
export function dotRadius(count, k) {
  const whole = count > 400 ? 2.6 : count > 120 ? 3.6 : 5;
  return Math.min(6, whole * Math.sqrt(Math.min(4, k)));
}

/** Corners of the convex outline of points, in order. */
export function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  if (sorted.length < 3) return sorted;
  const cross = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const half = (list) => {
    const kept = [];
    for (const point of list) {
      while (kept.length >= 2 && cross(kept[kept.length - 2], kept[kept.length - 1], point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  return [...half(sorted), ...half([...sorted].reverse())];
}

/** Path around points at a distance: outline of the stations that were lost together. */
export function outline(points, distance) {
  const around = points.flatMap(([x, y]) => Array.from({ length: 12 }, (_, i) => {
    const angle = (i * Math.PI) / 6;
    return [x + distance * Math.cos(angle), y + distance * Math.sin(angle)];
  }));
  return `M${hull(around).map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
}

const CELL = 48;

/** Things by the squares of a grid in which they begin: a label is near a few of a thousand dots. */
function gridOf(things) {
  const cells = new Map();
  let reach = 0;
  for (const thing of things) {
    const key = Math.floor(thing[0] / CELL) * 4096 + Math.floor(thing[1] / CELL);
    const cell = cells.get(key);
    if (cell) cell.push(thing);
    else cells.set(key, [thing]);
    reach = Math.max(reach, thing[2]);
  }
  return { cells, reach };
}

/** Area of a box that round things [x, y, radius] of a grid cover, as squares; counted up to ``most``. */
function coverage(box, { cells, reach }, most) {
  let covered = 0;
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  const cell = (px) => Math.floor(px / CELL);
  for (let column = cell(box.x - reach); column <= cell(right + reach); column += 1) {
    for (let row = cell(box.y - reach); row <= cell(bottom + reach); row += 1) {
      for (const [x, y, radius] of cells.get(column * 4096 + row) || []) {
        const wide = Math.min(right, x + radius) - Math.max(box.x, x - radius);
        const tall = Math.min(bottom, y + radius) - Math.max(box.y, y - radius);
        if (wide > 0 && tall > 0) covered += wide * tall;
      }
      if (covered >= most) return most;
    }
  }
  return covered;
}

const overlap = (a, b) => {
  const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const tall = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return wide > 0 && tall > 0 ? wide * tall : 0;
};

/** Points along the outline of a group, for what must not be covered. */
export function along(points, distance) {
  return points.flatMap(([x, y]) => Array.from({ length: 8 }, (_, i) => {
    const angle = (i * Math.PI) / 4;
    return [x + distance * Math.cos(angle), y + distance * Math.sin(angle), 3];
  }));
}

/** Where a group's mark stands: the free spot in or at its outline that is farthest from any station. */
export function groupSpot(points, others, width, height) {
  const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const corners = hull(points);
  const spots = [middle, ...corners.map((corner, index) => {
    const next = corners[(index + 1) % corners.length];
    return [(corner[0] + next[0] + middle[0]) / 3, (corner[1] + next[1] + middle[1]) / 3];
  }), ...corners.map(([x, y]) => [x + (x >= middle[0] ? 34 : -34), y])];
  const room = ([x, y]) => {
    if (x < 20 || x > width - 20 || y < 24 || y > height - 24) return -1;
    return Math.min(40, ...others.map((other) => Math.hypot(other[0] - x, other[1] - y)));
  };
  return spots.reduce((best, spot) => (room(spot) > room(best) + 0.5 ? spot : best));
}

/** Size of a label of a bold name with one line below. */
export function labelSize(name, detail) {
  return { width: Math.max(textWidth(name, 13, true), textWidth(detail || "", 12)) + 2, height: detail ? 32 : 17 };
}

/** Spots for a label as [dx, dy, anchor]: eight near ones, best first, then farther ones with a leader line. */
function spots(one, size) {
  const tall = size.height;
  const clear = one.clear || { left: one.reach, right: one.reach, up: one.reach, down: one.reach };
  const [left, right, up, down] = [clear.left + 4, clear.right + 4, clear.up + 4, clear.down + 4];
  const near = [
    [right, -tall / 2, "start"], [-left - size.width, -tall / 2, "end"],
    [-size.width / 2, -up - tall, "middle"], [-size.width / 2, down, "middle"],
    [right - 6, -up - tall + 8, "start"], [right - 6, down - 8, "start"],
    [-left - size.width + 6, -up - tall + 8, "end"], [-left - size.width + 6, down - 8, "end"],
  ];
  const far = [40, 75, 110, 150].flatMap((away) => [
    [away, -away * 0.6 - tall, "start"], [-away - size.width, -away * 0.6 - tall, "end"],
    [away, away * 0.6, "start"], [-away - size.width, away * 0.6, "end"],
    [-size.width / 2, -away - tall, "middle"], [-size.width / 2, away, "middle"],
  ]);
  return [...near, ...far];
}

/**
 * Places for labels beside their marks: [{id, x, y, anchor}] with x, y of the first baseline. Each ``wanted``
 * is {id, x, y, reach, name, detail, clear?}, in the order of weight; ``things`` are [x, y, radius] not to be covered.
 * Where all near spots are taken a label stands farther off with a leader; where those are taken too it is
 * left out: its mark and its hover text remain.
 */
export function placeLabels(wanted, things, width, height) {
  const boxes = [];
  const placed = [];
  const grid = gridOf(things);
  const solid = wanted.map((one) => ({ x: one.x - one.reach, y: one.y - one.reach, width: 2 * one.reach, height: 2 * one.reach }));
  wanted.forEach((one, index) => {
    const size = labelSize(one.name, one.detail);
    const tall = size.height;
    let best = null;
    let least = Infinity;
    spots(one, size).forEach(([dx, dy, anchor], order) => {
      const box = { x: one.x + dx, y: one.y + dy, width: size.width, height: tall };
      const outside = box.x < 2 || box.x + box.width > width - 2 || box.y < 2 || box.y + tall > height - 2;
      const blocked = outside || boxes.some((other) => overlap(box, other) > 0)
        || solid.some((other, at) => at !== index && overlap(box, other) > 4);
      if (blocked) return;
      let cost = order * (order < 8 ? 2 : 8);
      if (cost >= least) return;
      cost += coverage(box, grid, 90);
      if (cost < least) [best, least] = [{ box, anchor, far: order >= 8 }, cost];
    });
    if (!best) return;
    boxes.push(best.box);
    const at = { start: best.box.x, end: best.box.x + size.width, middle: best.box.x + size.width / 2 }[best.anchor];
    const leader = best.far ? [one.x, one.y, Math.min(best.box.x + size.width, Math.max(best.box.x, one.x)), best.box.y > one.y ? best.box.y : best.box.y + tall] : null;
    placed.push({ id: one.id, x: at, y: best.box.y + 13, anchor: best.anchor, box: best.box, leader });
  });
  return placed;
}

/** Places for the names of districts: near the middle of their stations, clear of labels and of most dots. */
export function placeAreas(areas, boxes, things, width, height) {
  const placed = [];
  const grid = gridOf(things);
  const taken = [...boxes];
  for (const area of areas) {
    const size = { width: textWidth(area.title, 15) * 1.15, height: 18 };
    let best = null;
    let least = Infinity;
    for (let ring = 0; ring < 6; ring += 1) {
      for (let turn = 0; turn < (ring ? 12 : 1); turn += 1) {
        const angle = (turn * Math.PI) / 6;
        const [x, y] = [area.x + ring * 26 * Math.cos(angle), area.y + ring * 20 * Math.sin(angle)];
        const box = { x: x - size.width / 2, y: y - 9, ...size };
        if (box.x < 4 || box.x + box.width > width - 4 || box.y < 4 || box.y > height - 24) continue;
        if (taken.some((other) => overlap(box, other) > 0)) continue;
        let cost = ring * 30;
        if (cost >= least) continue;
        cost += 10 * coverage(box, grid, 1000);
        if (cost < least) [best, least] = [{ x, y: y + 5, box, title: area.title }, cost];
      }
    }
    if (!best) continue;
    taken.push(best.box);
    placed.push(best);
  }
  return placed;
}

/** Small things [x, y, radius] along lines of px, about every ``step`` px, for what labels should keep off. */
export function beads(lines, step, most) {
  const found = [];
  for (const line of lines) {
    for (let i = 1; i < line.length; i += 1) {
      const [[x1, y1], [x2, y2]] = [line[i - 1], line[i]];
      const count = Math.max(1, Math.ceil(Math.hypot(x2 - x1, y2 - y1) / step));
      for (let j = 0; j < count; j += 1) {
        if (found.length >= most) return found;
        found.push([x1 + ((x2 - x1) * j) / count, y1 + ((y2 - y1) * j) / count, 2]);
      }
    }
  }
  return found;
}

/** Width in px of a pipe on the map. */
export function pipeWidth(diameter_m, count = 0) {
  const finer = count > 400 ? 0.5 : count > 120 ? 0.75 : 1;
  return finer * Math.min(7, Math.max(1.5, 1 + diameter_m * 8));
}
