// The pure functions behind tables, figures, sheets and the plane; called by test_operations_js.py.
import assert from "node:assert/strict";
import test from "node:test";
import { pathToFileURL } from "node:url";

const ASSETS = process.env.DHC_ASSETS;
const load = (name) => import(pathToFileURL(`${ASSETS}/${name}`));
const rows = await load("rows.js");
const tiles = await load("tiles.js");
const sheet = await load("sheet.js");
const scatter = await load("scatter.js");
const live = await load("live.js");

const SCALE = { low: 0, high: 10, band: [4, 6], middle: 5 };

test("a deviation that is not sure has a band of its own, kept inside the scale", () => {
  const drawn = rows.deviation(SCALE, 8, [7, 12]);
  assert.deepEqual([drawn.at, drawn.low, drawn.width], [80, 70, 30]);
});

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

test("labels cover neither each other nor a dot, stay inside and turn at the right edge", () => {
  const box = { left: 0, right: 400, top: 0, bottom: 200 };
  const dots = Array.from({ length: 30 }, (_, i) => ({ id: `S${i}`, label: `S${i}`, x: 100 + 7 * (i % 6), y: 50 + 12 * Math.floor(i / 6) }));
  const placed = scatter.placeLabels(dots, box);
  assert.ok(placed.length > 3 && placed.length < dots.length);
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  for (const { id, own } of placed) {
    for (const other of placed) if (other.id !== id) assert.ok(apart(own, other.own), `${id} over ${other.id}`);
    for (const dot of dots) {
      if (dot.id !== id) assert.ok(apart(own, { left: dot.x - 5, right: dot.x + 5, top: dot.y - 5, bottom: dot.y + 5 }));
    }
    assert.ok(own.left >= box.left && own.right <= box.right && own.top >= box.top && own.bottom <= box.bottom);
  }
  assert.ok(scatter.placeLabels([{ id: "edge", label: "edge", x: 390, y: 50 }], box)[0].end);
  assert.deepEqual(scatter.placeLabels([{ id: "plain", label: "", x: 100, y: 50 }], box), []);
});

// ---------------------------------------------------------------------------------------------- live regions

function answered(status, body) {
  return { ok: status === 200, status, headers: new Map([["etag", `"${status}"`]]), json: async () => body };
}

/** A page with two drawings of one region; ``answers`` come one after the other. */
async function page(context, answers) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = { a: [], b: [], stale: [], other: [], asked: [] };
  globalThis.fetch = async (url, options) => {
    seen.asked.push([url, options.headers["if-none-match"]]);
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  const follower = (key) =>
    new live.Follower({
      take: (data) => seen[key].push(data),
      stale: (layout) => seen.stale.push(layout),
      other: (status) => seen.other.push(status),
    });
  const [a, b] = [follower("a"), follower("b")];
  for (const [one, key] of [[a, "a"], [b, "b"]]) one.follow({ url: "/live/x?n=1", period_s: 2, key, layout: "l" });
  const round = async () => {
    context.mock.timers.tick(2000);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  return { a, b, seen, round };
}

test("one question feeds all drawings of a region, a failed one changes nothing and the next goes on", async (context) => {
  const drawings = { a: { seq: 1 }, b: { seq: 2 } };
  const answers = [answered(200, { layout: "l", drawings }), new Error("gone"), answered(304), answered(401)];
  const { a, b, seen, round } = await page(context, answers);
  for (let i = 0; i < 4; i++) await round();
  assert.deepEqual([seen.a, seen.b], [[{ seq: 1 }], [{ seq: 2 }]]);
  assert.deepEqual(seen.asked.map(([, tag]) => tag), [undefined, '"200"', '"200"', '"200"']);
  assert.deepEqual(seen.other, [304, 304, 401, 401]);
  assert.deepEqual(seen.stale, []);
  a.leave();
  b.leave();
});

test("another layout has the page run once, and again only when it has become another one", async (context) => {
  const of = (layout) => answered(200, { layout, drawings: {} });
  const { a, b, seen, round } = await page(context, [of("m"), of("m"), of("n"), of("l"), of("m")]);
  for (let i = 0; i < 5; i++) await round();
  assert.deepEqual(seen.stale, ["m", "n", "m"]);
  a.leave();
  b.leave();
});

test("when the last drawing goes nobody asks any more", async (context) => {
  const { a, b, seen, round } = await page(context, [answered(200, { layout: "l", drawings: {} })]);
  a.leave();
  b.follow(undefined);
  await round();
  assert.deepEqual(seen.asked, []);
});
