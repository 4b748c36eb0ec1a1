// Every symbol with its words, for the style page. Shapes are plain data, so that a test can look at them.

const SVG = "http://www.w3.org/2000/svg";
const OUTLINES = {
  1: "M4 4H20V20H4Z",
  2: "M12 3L21.5 20H2.5Z",
  3: "M12 2L22 12L12 22L2 12Z",
  4: "M12 3A9 9 0 1 1 11.99 3Z",
};
const OUTER = { transform: "translate(12 12) scale(1.28) translate(-12 -12)", fill: "none", "stroke-width": 1.2 };

function priority(level, state) {
  const colour = `var(--dhc-p${level})`;
  const hollow = state === "returned" || state === "shelved";
  const shapes = [];
  if (state === "unack") shapes.push(["path", { d: OUTLINES[level], stroke: colour, ...OUTER }]);
  const fill = hollow ? "none" : colour;
  shapes.push(["path", { d: OUTLINES[level], fill, stroke: colour, "stroke-width": hollow ? 2 : 0 }]);
  const ink = hollow ? "var(--dhc-text)" : "var(--dhc-digit)";
  shapes.push(["text", { x: 12, y: level === 2 ? 18 : 16.5, fill: ink }, String(level)]);
  if (state === "shelved") shapes.push(["path", { d: "M1 25H23", stroke: colour, "stroke-width": 2 }]);
  return shapes;
}

const ink = "var(--dhc-text)";
const circle = (r, rest) => ["circle", { cx: 12, cy: 12, r, ...rest }];
const line = (stroke, width, rest) => ["path", { d: "M0 12H24", stroke, "stroke-width": width, fill: "none", ...rest }];
const pips = (filled, last) =>
  [0, 1, 2, 3].map((n) => {
    const open = last === "expired" && n === 3;
    const fill = n < filled && !open ? ink : "none";
    return ["rect", { x: n * 6 + 0.5, y: 8, width: 5, height: 8, fill, stroke: ink, "stroke-width": 1 }];
  });
const track = () => ["rect", { x: 0, y: 9, width: 24, height: 6, fill: "var(--dhc-panel)", stroke: "var(--dhc-track-edge)" }];
const band = () => ["rect", { x: 7, y: 9, width: 10, height: 6, fill: "var(--dhc-band)", stroke: "var(--dhc-band-edge)" }];

/** Every symbol by its name: a list of [element, attributes, text]. */
export const SYMBOLS = {
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((level) =>
      ["unack", "ack", "returned", "shelved"].map((state) => [`p${level}-${state}`, priority(level, state)]),
    ),
  ),
  "count-zero": [
    ["path", { d: OUTLINES[1], fill: "none", stroke: "var(--dhc-track-edge)", "stroke-width": 1.5 }],
    ["text", { x: 12, y: 16.5, fill: "var(--dhc-muted)" }, "0"],
  ],
  "station-normal": [circle(5, { fill: "var(--dhc-primary-pipe)" })],
  "station-local": [
    ["rect", { x: 6, y: 6, width: 12, height: 12, fill: "none", stroke: "var(--dhc-primary-pipe)" }],
    ["rect", { x: 9, y: 9, width: 6, height: 6, fill: "var(--dhc-primary-pipe)" }],
  ],
  "station-silent": [circle(6, { fill: "none", stroke: "var(--dhc-primary-pipe)", "stroke-dasharray": "3 2" })],
  "station-worst": [circle(5, { fill: "var(--dhc-primary-pipe)" }), circle(9, { fill: "none", stroke: ink })],
  "value-fresh": [circle(5, { fill: ink })],
  "value-aged": [circle(5, { fill: "none", stroke: ink, "stroke-width": 2 })],
  "value-bad": [["text", { x: 12, y: 17, fill: ink, "text-decoration": "line-through" }, "[7]"]],
  measured: [track(), band(), ["path", { d: "M12 15L8 22H16Z", fill: ink }]],
  setpoint: [track(), band(), ["path", { d: "M12 9L8 2H16Z", fill: "none", stroke: "var(--dhc-mark)", "stroke-width": 1.5 }]],
  "setpoint-new": [track(), band(), ["path", { d: "M12 9L8 2H16Z", fill: "var(--dhc-mark)" }]],
  "pump-running": [circle(10, { fill: "none", stroke: ink }), ["path", { d: "M8 6L19 12L8 18Z", fill: "var(--dhc-pump-running)", stroke: ink }]],
  "pump-stopped": [circle(10, { fill: "none", stroke: ink }), ["path", { d: "M8 6L19 12L8 18Z", fill: "var(--dhc-pump-stopped)", stroke: ink }]],
  "pipe-primary": [line("var(--dhc-primary-pipe)", 5)],
  "pipe-secondary": [line("var(--dhc-secondary-pipe)", 5)],
  "line-actual": [line(ink, 2)],
  "line-plan": [line("var(--dhc-trend-1)", 2, { "stroke-dasharray": "5 3" })],
  "line-baseline": [line("var(--dhc-trend-3)", 2, { "stroke-dasharray": "1.5 2.5" })],
  "write-requested": pips(1),
  "write-sent": pips(2),
  "write-acknowledged": pips(3),
  "write-confirmed": pips(4),
  "write-limited": [...pips(4), ["path", { d: "M0 5H23.5", stroke: ink, "stroke-width": 2 }]],
  "write-rejected": [...pips(2), ["path", { d: "M13 6L23 18M23 6L13 18", stroke: ink, "stroke-width": 2 }]],
  "write-expired": pips(3, "expired"),
};

function drawn(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-3 -3 30 30");
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes, text] of SYMBOLS[name] || []) {
    const node = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    svg.append(node);
  }
  return svg;
}

function card(group) {
  const box = document.createElement("section");
  const title = document.createElement("h3");
  title.textContent = group.title;
  const list = document.createElement("ul");
  for (const item of group.items) {
    const row = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = item.label;
    if (item.colour) {
      const patch = document.createElement("i");
      patch.style.background = `var(--dhc-${item.colour})`;
      row.append(patch);
    } else row.append(drawn(item.symbol));
    row.append(words);
    list.append(row);
  }
  box.append(title, list);
  return box;
}

export default function ({ parentElement, data }) {
  let root = parentElement.querySelector(".legend");
  if (!root) {
    root = document.createElement("div");
    root.className = "legend";
    parentElement.append(root);
  }
  root.replaceChildren(...data.groups.map(card));
}
