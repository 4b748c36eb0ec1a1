// Pure functions of the screen's drawings. Run by tests/hmi/test_components_js.py with node's own runner.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { describe, it } from "node:test";

const load = (name) => import(pathToFileURL(`${process.env.DHC_ASSETS}/${name}.js`));
const drawing = await load("drawing");
const bar = await load("bar");
const indicators = await load("indicators");
const histogram = await load("histogram");
const time = await load("trend_time");
const lines = await load("trend_lines");
const draw = await load("trend_draw");
const map = await load("map_layout");
const data = await load("map_data");
const diagram = await load("diagram_layout");
const symbols = await load("diagram_symbols");
const tags = await load("diagram_tags");

const SHANGHAI = [[0, 8 * 3600]];
const pack = (numbers) => Buffer.from(new Float32Array(numbers).buffer).toString("base64");
const line = (times, values, more = {}) => ({
  id: "a", label: "a", kind: "actual", panel: 0, gap_s: null, bad: [],
  times: new Float32Array(times), values: new Float32Array(values), ...more,
});

describe("numbers and texts", () => {
  for (const [value, decimals, text] of [
    [51.26, 1, "51.3"], [-6.2, 1, "\u22126.2"], [-0.04, 1, "0.0"], [0, 0, "0"],
    [15402, 0, "15\u2009402"], [-1234567.8, 1, "\u22121\u2009234\u2009567.8"], [0.004, 2, "0.00"],
  ]) it(`writes ${value} as ${text}`, () => assert.equal(drawing.numberText(value, decimals), text));

  it("leaves a text that fits as it is", () => assert.equal(drawing.fitText("供温", 40, 14), "供温"));
  it("cuts a text that is too wide and says so", () => {
    const cut = drawing.fitText("Mean indoor temperature", 80, 13);
    assert.ok(cut.endsWith("…") && drawing.textWidth(cut, 13) <= 80);
  });
  it("counts a Chinese letter as wide as it is high", () => assert.equal(drawing.textWidth("供温", 14), 28));
  it("breaks a note at spaces where it has any", () => {
    assert.deepEqual(symbols.splitNote("Metered only, not controlled", 110), ["Metered only, not", "controlled"]);
    assert.deepEqual(symbols.splitNote("", 80), []);
  });
  it("breaks Chinese between letters and loses none", () => {
    assert.equal(symbols.splitNote("传感器断线，自凌晨三点零二分起", 90).join(""), "传感器断线，自凌晨三点零二分起");
  });
});

describe("scales", () => {
  it("keeps a pointer inside its track", () => {
    assert.equal(drawing.share([0, 10], -5), 0);
    assert.equal(drawing.share([0, 10], 50), 1);
    assert.equal(drawing.share([5, 5], 5), 0.5);
  });
  it("draws no pointer without a value or a scale", () => {
    assert.equal(drawing.share([0, 10], null), null);
    assert.equal(drawing.share(undefined, 3), null);
    assert.deepEqual(bar.barLayout({ scale: [0, 10] }, 100), { band: null, value: null, setpoint: null });
  });
  it("places band, value and setpoint on the bar", () => {
    const place = bar.barLayout({ scale: [0, 100], band: [40, 60], value: 50, setpoint: 45 }, 200);
    assert.deepEqual(place, { band: { x: 80, width: 40 }, value: 100, setpoint: 90 });
  });
  it("makes room for the number whatever the width", () => {
    for (const width of [320, 480, 640, 1000]) {
      const column = indicators.columns(width, true);
      assert.ok(column.track.width >= 60, `${width}`);
      assert.ok(column.track.x + column.track.width <= column.number - 60, `${width}`);
    }
  });
  it("says why instead of a number that is missing", () => {
    assert.deepEqual(indicators.figureOf({ text: "", reason: "断线" }), { text: "断线", missing: true });
    assert.deepEqual(indicators.figureOf({ text: "0.91", quality: "bad" }), { text: "[0.91]", missing: false });
    assert.equal(tags.written({ text: "0.91", unit: "MPa", quality: "bad" }).struck, true);
    assert.equal(tags.written({ text: "27.0", unit: "t/h", mark: "估", quality: "estimated" }).unit, "t/h 估");
  });
});

describe("sparkline", () => {
  it("lifts the pen over a gap", () => {
    const { d, end } = drawing.sparkPath([0, 1, null, 1, 0], [0, 1], 40, 10);
    assert.equal(d, "M0 10L10 0M30 0L40 10");
    assert.deepEqual(end, [40, 10]);
  });
  it("draws a level line in the middle", () => assert.equal(drawing.sparkPath([5, 5], null, 10, 10).d, "M0 5L10 5"));
  it("leaves noise flat where no scale was given", () => {
    const { d } = drawing.sparkPath([100, 100.1, 100], null, 10, 10);
    for (const y of d.match(/ [\d.]+/g)) assert.ok(Math.abs(Number(y) - 5) < 1);
  });
  it("draws nothing without values", () => assert.deepEqual(drawing.sparkPath([null, null], null, 10, 10), { d: "", end: null }));
});

describe("histogram", () => {
  it("counts in round steps", () => {
    assert.deepEqual(histogram.countTicks(14), [5, 10]);
    assert.deepEqual(histogram.countTicks(2), [1, 2]);
    assert.deepEqual(histogram.countTicks(600), [200, 400, 600]);
  });
  it("makes the highest bar as high as the plot and an empty one flat", () => {
    const [one, none] = histogram.bars([{ low: 0, high: 1, count: 7 }, { low: 1, high: 2, count: 0 }], [0, 2], 100, 60);
    assert.deepEqual([one.height, one.y, none.height], [60, 0, 0]);
  });
});

describe("time axis", () => {
  const midnight = Date.UTC(2026, 0, 15, 16) / 1000; // 2026-01-16 00:00 in Shanghai
  it("names the day at local midnight and hours elsewhere", () => {
    const ticks = time.timeTicks(midnight - 7200, midnight + 7200, 400, SHANGHAI, { date: "{month}月{day}日" });
    assert.deepEqual(ticks.map((tick) => tick.text), ["22:00", "23:00", "01月16日", "01:00", "02:00"]);
    assert.deepEqual(ticks.map((tick) => tick.day), [false, false, true, false, false]);
  });
  it("uses names of months where they came with the data", () => {
    const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    assert.equal(time.dayText(midnight, SHANGHAI, { months, date: "{day} {month}" }), "16 Jan");
  });
  it("keeps ticks apart whatever the span", () => {
    for (const span of [60, 900, 3600, 86400, 7 * 86400, 180 * 86400]) {
      const ticks = time.timeTicks(midnight, midnight + span, 600, SHANGHAI, {});
      assert.ok(ticks.length >= 1 && ticks.length <= 10, `${span}: ${ticks.length}`);
    }
  });
  it("keeps to round local times over a change of the clocks", () => {
    const change = Date.UTC(2026, 2, 29, 1) / 1000;
    const offsets = [[change - 86400, 3600], [change, 7200]];
    const ticks = time.timeTicks(change - 43200, change + 43200, 500, offsets, {});
    for (const tick of ticks) assert.equal(time.local(tick.at, offsets).minute, 0);
    assert.ok(ticks.some((tick) => tick.text === "12:00"));
  });
  it("draws no ticks on an empty span", () => assert.deepEqual(time.timeTicks(5, 5, 500, SHANGHAI, {}), []));
});

describe("lines of a trend", () => {
  it("reads what was packed, a missing value included", () => {
    const read = lines.unpack(pack([51.5, NaN, -3]));
    assert.equal(read[0], 51.5);
    assert.ok(Number.isNaN(read[1]));
  });
  it("breaks at a missing value and at a long pause", () => {
    assert.deepEqual(lines.runs(line([0, 10, 20, 30], [1, NaN, 1, 1]), 0, 4), [[0, 1], [2, 4]]);
    assert.deepEqual(lines.runs(line([0, 10, 500, 510], [1, 1, 1, 1], { gap_s: 60 }), 0, 4), [[0, 2], [2, 4]]);
  });
  it("draws a gap as a gap and a lone sample as a dot", () => {
    const d = lines.linePath(line([0, 10, 20], [1, NaN, 3]), 0, 20, (t) => t, (v) => v);
    assert.equal(d, "M0 1h0.01M20 3h0.01");
  });
  it("holds a setpoint until the next and until now", () => {
    const set = line([0, 10], [50, 52], { kind: "step", until: 30 });
    assert.equal(lines.linePath(set, 0, 40, (t) => t, (v) => v), "M0 50H10V52H30");
  });
  it("draws no more points than a few for each pixel, and keeps every peak", () => {
    const n = 8640;
    const many = line(Array.from({ length: n }, (_, i) => i * 10), Array.from({ length: n }, (_, i) => (i === 4321 ? 99 : i % 7)));
    const d = lines.linePath(many, 0, n * 10, (t) => (t / (n * 10)) * 600, (v) => v);
    assert.ok((d.match(/[ML]/g) || []).length <= 601 * 4);
    assert.ok(d.includes(" 99"));
  });
  it("draws 4 x 8,640 samples in well under a second", () => {
    const n = 8640;
    const many = line(Array.from({ length: n }, (_, i) => i), Array.from({ length: n }, (_, i) => Math.sin(i)));
    const start = performance.now();
    for (let i = 0; i < 4; i += 1) lines.linePath(many, 0, n, (t) => t / 10, (v) => v);
    assert.ok(performance.now() - start < 500);
  });
  it("makes a round axis that holds the values and what it must hold", () => {
    const axis = lines.axis([48.2, 53.9], { low: 45, high: 50, span: 1 }, 4);
    assert.ok(axis.low <= 45 && axis.high >= 53.9);
    assert.deepEqual(axis.ticks, [45, 47.5, 50, 52.5, 55]);
    assert.equal(axis.decimals, 1);
  });
  it("does not blow up noise to the height of the panel", () => {
    const axis = lines.axis([50.01, 50.03], { span: 4 }, 4);
    assert.ok(axis.high - axis.low >= 4);
  });
  it("writes no numbers at an axis where there is no value at all", () => {
    const axis = lines.axis(lines.extent([line([], [])], 0, 10), { low: 0 }, 4);
    assert.ok(axis.high > axis.low);
    assert.deepEqual(axis.ticks, []);
  });
  it("does not reach below zero for what never is", () => {
    assert.equal(lines.axis([2, 3], { span: 100 }, 4).low, 0);
    assert.ok(lines.axis([-2, 3], { span: 100 }, 4).low < 0);
  });
  it("reads the nearest sample, none in a gap, and of a setpoint the one in force", () => {
    const one = line([0, 10, 500], [1, 2, 3], { gap_s: 60 });
    assert.equal(lines.valueAt(one, 8, 5).value, 2);
    assert.equal(lines.valueAt(one, 200, 5), null);
    assert.equal(lines.valueAt(line([0, 100], [50, 52], { kind: "step" }), 99, 5).value, 50);
    assert.equal(lines.valueAt(line([0, 100], [50, 52], { kind: "step" }), 100, 5).value, 52);
    assert.equal(lines.valueAt(line([100], [50], { kind: "step" }), 10, 5), null);
    assert.equal(lines.valueAt(line([], []), 10, 5), null);
  });
  it("keeps labels at the line apart and inside", () => {
    const placed = lines.spread([50, 52, 51, 120], [14, 28, 14, 28], 10, 118);
    const sorted = [...placed].sort((a, b) => a - b);
    for (let i = 1; i < sorted.length; i += 1) assert.ok(sorted[i] - sorted[i - 1] >= 14);
    assert.ok(sorted[0] >= 10 && sorted[3] <= 118 - 14, "its second line is inside too");
    assert.ok(sorted[3] - placed[1] >= 28, "nothing stands on a second line");
  });
  it("labels a line with its last value in the window, a setpoint at now", () => {
    const end = draw.endLabel(line([0, 10, 50], [1, 2, 3], { label: "供温" }), { decimals: 1 }, 0, 20);
    assert.deepEqual([end.name, end.number, end.at, end.late], ["供温", "2.0", 10, false]);
    assert.equal(draw.endLabel(line([0], [50], { kind: "step", until: 30 }), {}, 0, 40).at, 30);
    assert.equal(draw.endLabel(line([0], [NaN]), {}, 0, 40), null);
    assert.equal(draw.endLabel(line([0, 12345.678], [1, 2]), {}, 0, 12345.677).value, 2, "the last, though rounded up");
  });
  it("says of a line that ended before now until when it went, and shortens names but no numbers", () => {
    assert.ok(draw.endLabel(line([0, 10], [1, 2], { gap_s: 120, until: 500 }), {}, 0, 500).late);
    assert.ok(!draw.endLabel(line([0, 10], [1, 2], { gap_s: 120, until: 100 }), {}, 0, 500).late);
    assert.ok(!draw.endLabel(line([0], [50], { kind: "step", until: 5000 }), {}, 0, 6000).late, "a setpoint holds");
    const texts = { ended: "至 {time}", date: "{month}-{day}" };
    assert.equal(draw.endedText(3600, 7200, [[0, 28800]], texts), "至 09:00");
    assert.equal(draw.endedText(3600, 3600 + 86400, [[0, 28800]], texts), "至 01-01 09:00");
    const [first, second] = draw.endTexts({ name: "Secondary supply temperature", number: "52.5", ended: "until 09:00" }, 120);
    assert.match(first, /^Sec.*… 52\.5$/);
    assert.equal(second, "until 09:00");
  });
});

describe("the window of a trend", () => {
  it("zooms around the pointer and stays inside the whole", () => {
    assert.deepEqual(lines.zoomed([0, 1000], [0, 1000], 0.5, 0), [0, 500]);
    assert.deepEqual(lines.zoomed([500, 1000], [0, 1000], 1, 750), [500, 1000]);
    assert.equal(lines.zoomed([0, 500], [0, 1000], 2, 100), null);
  });
  it("keeps its width when the whole moves on", () => assert.deepEqual(lines.moved([0, 100], [50, 900]), [50, 150]));
});

describe("the map", () => {
  const city = [[37.8, 112.4], [37.9, 112.6], [37.85, 112.5]];
  it("fits all places and keeps north up", () => {
    const project = map.projection(city, 1000, 500);
    for (const place of city) {
      const [x, y] = project(place);
      assert.ok(x >= 0 && x <= 1000 && y >= 0 && y <= 500);
    }
    assert.ok(project(city[1])[1] < project(city[0])[1]);
  });
  it("shows one place, and no place, without a number that is none", () => {
    assert.deepEqual(map.projection([[37.8, 112.4]], 1000, 500)([37.8, 112.4]), [500, 255]);
    assert.ok(map.projection([], 1000, 500)([0, 0]).every(Number.isFinite));
  });
  it("keeps what is under the pointer while zooming, and the city in sight", () => {
    const view = map.zoomedMap({ k: 1, x: 0, y: 0 }, 2, { x: 300, y: 200 }, 1000, 500);
    assert.deepEqual(view, { k: 2, x: -300, y: -200 });
    assert.deepEqual(map.zoomedMap(view, 0.1, { x: 0, y: 0 }, 1000, 500), { k: 1, x: 0, y: 0 });
    assert.deepEqual(map.held({ k: 2, x: 900, y: -9000 }, 1000, 500), { k: 2, x: 0, y: -500 });
  });
  const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  it("lets no label cover another, whatever the crowd", () => {
    const wanted = Array.from({ length: 30 }, (_, i) => ({ id: `${i}`, x: 400 + (i % 6) * 31, y: 200 + Math.floor(i / 6) * 23, reach: 15, name: `${i} 文昌街`, detail: "+2.2 K" }));
    const placed = map.placeLabels(wanted, [], 1000, 500);
    assert.ok(placed.length >= 8);
    placed.forEach((a, i) => placed.slice(i + 1).forEach((b) => assert.ok(!meet(a.box, b.box))));
    assert.equal(placed[0].id, "0");
  });
  it("keeps labels inside the drawing", () => {
    const [label] = map.placeLabels([{ id: "a", x: 995, y: 4, reach: 12, name: "Wenchang Street", detail: "" }], [], 1000, 500);
    assert.ok(label.box.x + label.box.width <= 1000 && label.box.y >= 0);
  });
  it("draws an outline around one, two or many lost stations", () => {
    for (const points of [[[5, 5]], [[5, 5], [50, 5]], [[5, 5], [50, 5], [30, 60], [30, 20]]]) {
      const d = map.outline(points, 17);
      assert.match(d, /^M[-\d. L]+Z$/);
    }
    assert.equal(map.hull([[0, 0], [10, 0], [10, 10], [0, 10], [5, 5]]).length, 4);
  });
  it("puts a group's mark where no station stands", () => {
    const points = [[100, 100], [200, 100], [150, 200]];
    const [x, y] = map.groupSpot(points, points, 1000, 500);
    for (const [a, b] of points) assert.ok(Math.hypot(a - x, b - y) > 20);
  });
  it("strings beads along a pipe", () => {
    assert.deepEqual(map.beads([[[0, 0], [20, 0]]], 10, 99), [[0, 0, 2], [10, 0, 2]]);
    assert.equal(map.beads([[[0, 0], [2000, 0]]], 1, 50).length, 50);
  });
  it("leads by arrow keys to the nearest in that direction", () => {
    const things = [{ id: "a", x: 0, y: 0 }, { id: "b", x: 50, y: 5 }, { id: "c", x: 20, y: 60 }, { id: "d", x: 90, y: 0 }];
    assert.equal(drawing.towards(things, "a", "ArrowRight"), "b");
    assert.equal(drawing.towards(things, "a", "ArrowDown"), "c");
    assert.equal(drawing.towards(things, "a", "ArrowLeft"), null);
    assert.equal(drawing.towards(things, "gone", "ArrowDown"), "a");
    assert.equal(drawing.towards([], "a", "ArrowDown"), null);
    assert.equal(drawing.towards(things, "a", "Enter"), null);
  });
});

describe("the process diagram", () => {
  const tag = { id: "x", label: "x", text: "1" };
  const all = (slots) => Object.fromEntries(slots.map((slot) => [slot, tag]));
  const LOOP = ["T_supply", "m_flow", "p_supply", "dp", "Q_flow", "heat_per_m2", "T_return", "p_return", "valve", "T_return_primary", "m_flow_primary", "makeup_flow", "makeup_level", "T_indoor"];
  const PRIMARY = ["T_supply", "p_supply", "T_return", "p_return", "meter", "m_flow", "E_heat", "area", "heat_per_m2", "T_outdoor"];
  const texts = { primary_supply: "一次供", primary_return: "一次回", makeup: "补水箱" };
  const loop = { id: "1", title: "高区", kind: "散热器", tags: all(LOOP), pumps: [{ state: "running" }] };
  const station = (loops, primary = all(PRIMARY)) => ({ primary, loops, texts });
  const frame = (one) => ({ x: one.style === "middle" ? one.x - 45 : one.x, y: one.y - 12, width: Math.min(one.width, 80), height: 34 });

  for (const width of [864, 1000, 1112, 1400]) {
    for (const count of [1, 2]) {
      it(`keeps ${count} loop(s) inside ${width} px and tags apart`, () => {
        const loops = Array.from({ length: count }, () => loop);
        const placed = diagram.stationLayout(station(loops), loops, width);
        const big = placed.tags.filter((one) => ["above", "plain", "middle", "valve"].includes(one.style)).map(frame);
        for (const one of placed.tags) assert.ok(one.x >= 0 && one.x < width && one.y > 0 && one.y < placed.height + 30, one.key);
        big.forEach((a, i) => big.slice(i + 1).forEach((b) => assert.ok(!meet(a, b), JSON.stringify([a, b]))));
      });
    }
  }
  const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

  it("draws no tag, valve, pump or tank that a metered station does not have", () => {
    const bare = { id: "1", title: "1", kind: "散热器", tags: {} };
    const placed = diagram.stationLayout(station([bare], all(["T_supply", "meter"])), [bare], 1112);
    assert.deepEqual(placed.tags.map((one) => one.key), ["p/T_supply", "p/meter"]);
    const [only] = placed.loops;
    assert.deepEqual([only.valve, only.pump, only.tank, placed.valve, placed.strainer], [null, null, null, null, null]);
  });
  it("leads the return of the upper loop behind the supply of the lower", () => {
    const placed = diagram.stationLayout(station([loop, loop]), [loop, loop], 1112);
    const lower = placed.loops[1].supply;
    assert.ok(placed.pipes.some((pipe) => pipe.d.includes(`V${lower - 8}M`)));
  });
  it("draws a source without any loop", () => {
    const placed = diagram.sourceLayout(station([], all(["T_supply", "T_return", "meter", "P_pump"])), 1112);
    assert.equal(placed.loops.length, 0);
    assert.ok(placed.pump && placed.source);
    for (const one of placed.tags) assert.ok(one.x < 1112 && one.y < placed.height);
  });
  it("shows two loops at a time", () => {
    assert.deepEqual(diagram.page([1, 2, 3], 1), { at: 1, pages: 2, loops: [3] });
    assert.deepEqual(diagram.page([1, 2], 5), { at: 0, pages: 1, loops: [1, 2] });
    assert.deepEqual(diagram.page([], 0), { at: 0, pages: 1, loops: [] });
  });
});

describe("what the map is drawn from", () => {
  const ground = { places: [{ id: "S1", name: "北坡" }, { id: "S2", name: "南坡" }] };

  it("puts hints together from their sentences and numbers", () => {
    const hints = { forms: ["online\nradiators: \0 °C / −\0 °C", "no data"], which: [0, 1, 0], numbers: "50.1 2 48.0 3" };
    assert.deepEqual([0, 1, 2].map((number) => data.filled(hints, number)), [
      "online\nradiators: 50.1 °C / −2 °C", "no data", "online\nradiators: 48.0 °C / −3 °C",
    ]);
  });
  it("leaves a place of which nothing new is said the same object", () => {
    const first = data.merged(ground, { 1: { priority: 2, look: "unack" } }, undefined);
    const next = data.merged(ground, { 1: { priority: 2, look: "ack" } }, first);
    assert.equal(next.places[0], first.places[0]);
    assert.notEqual(next.places[1], first.places[1]);
    assert.deepEqual(next.places[1], { id: "S2", name: "南坡", number: 1, priority: 2, look: "ack" });
    const normal = data.merged(ground, {}, next);
    assert.equal(normal.places[1].priority, undefined);
  });
  it("begins anew on another ground", () => {
    const first = data.merged(ground, {}, undefined);
    const moved = { places: [{ id: "S1", name: "North" }] };
    assert.deepEqual(data.merged(moved, {}, first).places, [{ id: "S1", name: "North", number: 0 }]);
  });
  it("draws who waits for a ground once it is there, and forgets the oldest ground", () => {
    const store = data.groundStore();
    const drawn = [];
    assert.equal(store.wait("map", "b", () => drawn.push("b")), false);
    store.lay("a", { places: [] });
    assert.deepEqual(drawn, []);
    store.lay("b", { places: [] });
    store.lay("b", { places: [] });
    assert.deepEqual(drawn, ["b"]);
    for (const id of ["c", "d", "e"]) store.lay(id, { places: [] });
    assert.equal(store.of("a"), undefined);
    assert.ok(store.of("b"));
  });
});
