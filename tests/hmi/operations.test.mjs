// The pure functions behind tables, figures, sheets and the plane; called by test_operations_js.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const ASSETS = process.env.DHC_ASSETS;
const load = (name) =>
  import(`data:text/javascript,${encodeURIComponent(readFileSync(`${ASSETS}/${name}`, "utf8"))}`);
const rows = await load("rows.js");
const tiles = await load("tiles.js");
const sheet = await load("sheet.js");
const scatter = await load("scatter.js");

const SCALE = { low: 0, high: 10, band: [4, 6], middle: 5 };

test("a deviation is drawn from the middle to its dot, either way", () => {
  assert.deepEqual(rows.deviation(SCALE, 8), { at: 80, middle: 50, low: 40, width: 20, stem: 50, length: 30 });
  assert.deepEqual(rows.deviation(SCALE, 2), { at: 20, middle: 50, low: 40, width: 20, stem: 20, length: 30 });
});

test("a value beyond the scale stays at its end, and a scale without span in the middle", () => {
  assert.equal(rows.share(SCALE, 99), 1);
  assert.equal(rows.share(SCALE, -99), 0);
  assert.equal(rows.share({ low: 3, high: 3 }, 3), 0.5);
});

test("children show only while their parent is open", () => {
  const all = [{ id: "a", parent: "" }, { id: "b", parent: "a" }, { id: "c", parent: "" }];
  assert.deepEqual(rows.shownRows(all, new Set()).map((row) => row.id), ["a", "c"]);
  assert.deepEqual(rows.shownRows(all, new Set(["a"])).map((row) => row.id), ["a", "b", "c"]);
});

test("a narrow table leaves out what can be missed", () => {
  const columns = [{ from_px: 0 }, { from_px: 800 }, {}];
  assert.deepEqual(rows.shownColumns(columns, 700), [0, 2]);
  assert.deepEqual(rows.shownColumns(columns, 800), [0, 1, 2]);
});

test("arrow keys lead to neighbours by id and stop at the ends", () => {
  const ids = ["a", "b", "c"];
  assert.equal(rows.neighbour(ids, "a", "ArrowDown"), "b");
  assert.equal(rows.neighbour(ids, "a", "ArrowUp"), "a");
  assert.equal(rows.neighbour(ids, "a", "End"), "c");
  assert.equal(rows.neighbour(ids, "c", "Home"), "a");
  assert.equal(rows.neighbour(ids, "b", "x"), null);
});

test("a band on a track keeps inside it", () => {
  assert.deepEqual(tiles.stretch([0, 20], 0, 10), { left: 0, width: 50 });
  assert.deepEqual(tiles.stretch([0, 20], -5, 40), { left: 0, width: 100 });
  assert.deepEqual(tiles.stretch([3, 3], 1, 2), { left: 0, width: 0 });
});

test("a sheet has no empty lines and keeps the order", () => {
  const data = { heading: "S001", title: "Frost", text: "", facts: ["since"], sections: [["Cause", "cold"]] };
  assert.deepEqual(sheet.lines(data), [
    ["heading", "S001"], ["title", "Frost"], ["fact", "since"], ["section", "Cause"], ["text", "cold"],
  ]);
});

test("a plane turns values into pixels, upwards too", () => {
  const y = scatter.toPixel({ low: 0, high: 10 }, 300, 0);
  assert.equal(y(0), 300);
  assert.equal(y(10), 0);
});

test("labels never cover each other and turn at the right edge", () => {
  const dots = Array.from({ length: 12 }, (_, i) => ({ id: `S${i}`, x: 100 + i, y: 50 }));
  const placed = scatter.placeLabels(dots, 400);
  for (const one of placed) {
    for (const other of placed) {
      if (one !== other) assert.ok(Math.abs(one.y - other.y) >= 15);
    }
  }
  assert.ok(scatter.placeLabels([{ id: "edge", x: 390, y: 50 }], 400)[0].end);
});
