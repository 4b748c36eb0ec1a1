// A table of rows known by their id. A refresh changes texts and attributes only: scroll, focus, folds stay.

import { Follower } from "./live.js";

const SVG = "http://www.w3.org/2000/svg";
const OUTLINES = {
  1: "M3 3H17V17H3Z",
  2: "M10 2.2L18.4 17H1.6Z",
  3: "M10 1.2L18.8 10L10 18.8L1.2 10Z",
  4: "M10 2.5a7.5 7.5 0 1 0 .01 0Z",
};

/** Share 0..1 of a value on a scale, kept inside it. */
export function share(scale, value) {
  const span = scale.high - scale.low;
  if (!(span > 0)) return 0.5;
  return Math.min(1, Math.max(0, (value - scale.low) / span));
}

/** What a deviation bar draws, in percent: band (the cell's own `span` or that of all), middle, stem to the dot. */
export function deviation(scale, value, span) {
  const at = 100 * share(scale, value);
  const middle = 100 * share(scale, scale.middle);
  const [from, to] = span || scale.band;
  const low = 100 * share(scale, from);
  const high = 100 * share(scale, to);
  return { at, middle, low, width: high - low, stem: Math.min(at, middle), length: Math.abs(at - middle) };
}

/** Ids of the rows to show, given which parents are open. */
export function shownRows(rows, open) {
  return rows.filter((row) => !row.parent || open.has(row.parent));
}

/** Places of the columns that a table of this width shows. */
export function shownColumns(columns, width) {
  return columns.map((_, place) => place).filter((place) => (columns[place].from_px || 0) <= width);
}

/** Id that arrow keys lead to from the focused one. */
export function neighbour(ids, id, key) {
  const here = ids.indexOf(id);
  const last = ids.length - 1;
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: last }[key];
  return to === undefined ? null : ids[Math.min(last, Math.max(0, to))];
}

function make(tag, className, parent) {
  const element = document.createElement(tag);
  element.className = className;
  if (parent) parent.append(element);
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function drawMark(holder, priority, look) {
  const wanted = `${priority}/${look}`;
  if (holder.dataset.mark === wanted) return;
  holder.dataset.mark = wanted;
  holder.replaceChildren();
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-4 -4 28 30");
  svg.setAttribute("class", `mark p${priority} ${look}`);
  svg.setAttribute("aria-hidden", "true");
  const add = (tag, attributes) => {
    const part = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
    svg.append(part);
    return part;
  };
  if (look === "unack") {
    add("path", { d: OUTLINES[priority], class: "outer", transform: "translate(10 10) scale(1.42) translate(-10 -10)" });
  }
  add("path", { d: OUTLINES[priority], class: "shape" });
  add("text", { x: 10, y: priority === 2 ? 15.5 : 14, class: "digit" }).textContent = String(priority);
  if (look === "shelved") add("path", { d: "M0 23H20", class: "shelf" });
  holder.append(svg);
}

function drawDeviation(holder, scale, value, span) {
  if (holder.childElementCount === 0) {
    for (const name of ["band", "middle", "stem", "dot"]) make("i", name, holder);
  }
  const [band, middle, stem, dot] = holder.children;
  const none = value === undefined || value === null || !scale;
  holder.classList.toggle("none", none);
  if (none) return;
  const drawn = deviation(scale, value, span);
  band.classList.toggle("own", Boolean(span));
  band.style.left = `${drawn.low}%`;
  band.style.width = `${drawn.width}%`;
  middle.style.left = `${drawn.middle}%`;
  stem.style.left = `${drawn.stem}%`;
  stem.style.width = `${drawn.length}%`;
  dot.style.left = `${drawn.at}%`;
}

function drawPips(holder, full) {
  while (holder.childElementCount < 4) make("i", "pip", holder);
  [...holder.children].forEach((pip, index) => pip.classList.toggle("full", index < full));
}

function drawCell(view, holder, cell, column, id) {
  const kind = cell.action && cell.action !== "fold" ? "action" : column.kind;
  if (holder.dataset.kind !== kind) {
    holder.replaceChildren();
    delete holder.dataset.mark;
    holder.dataset.kind = kind;
  }
  holder.className = `cell ${kind}${cell.strong ? " strong" : ""}${cell.muted ? " muted" : ""}`;
  holder.title = cell.hint || "";
  if (kind === "mark" && cell.priority) {
    drawMark(holder, cell.priority, cell.look || "ack");
    holder.setAttribute("aria-label", cell.hint || String(cell.priority));
  } else if (kind === "deviation") drawDeviation(holder, view.data.scale, cell.value, cell.span);
  else if (kind === "pips") drawPips(holder, cell.value || 0);
  else if (cell.action) drawButton(view, holder, cell, id);
  else drawText(holder, cell);
}

function drawText(holder, cell) {
  if (holder.childElementCount !== 2 || holder.firstElementChild.tagName !== "SPAN") {
    holder.replaceChildren(make("span", "main"), make("small", "more"));
  }
  setText(holder.firstElementChild, cell.text || "");
  setText(holder.lastElementChild, cell.small || "");
}

function drawButton(view, holder, cell, id) {
  let button = holder.querySelector("button");
  if (!button) {
    holder.replaceChildren();
    button = make("button", "", holder);
    button.type = "button";
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      if (button.dataset.action === "fold") view.fold(button.dataset.id);
      else view.tell("acted", { id: button.dataset.id, action: button.dataset.action });
    });
  }
  const folds = cell.action === "fold";
  button.dataset.id = id;
  button.dataset.action = cell.action;
  button.disabled = Boolean(cell.disabled);
  button.classList.toggle("fold", folds);
  if (folds) button.setAttribute("aria-expanded", String(view.open.has(id)));
  else button.removeAttribute("aria-expanded");
  setText(button, cell.text);
}

class View {
  constructor(root) {
    this.root = root;
    this.open = new Set();
    this.rows = new Map();
    this.selected = null;
    this.head = make("div", "row head", root);
    this.head.setAttribute("role", "row");
    this.empty = make("div", "empty", root);
    root.addEventListener("keydown", (event) => this.key(event));
    this.watcher = new ResizeObserver(() => this.data && this.draw());
    this.watcher.observe(root);
  }

  refresh(data, tell) {
    // what a run of the page chose; a refresh may say nothing of it
    if (data.selected !== undefined && this.asked !== data.selected) this.selected = this.asked = data.selected;
    this.data = data;
    this.tell = tell;
    this.root.dataset.seq = String(data.seq);
    this.root.setAttribute("aria-label", data.label);
    this.root.style.maxHeight = data.height_px ? `${data.height_px}px` : "none";
    this.draw();
  }

  draw() {
    this.places = shownColumns(this.data.columns, this.root.clientWidth || 2000);
    const tracks = this.places.map((place) => this.data.columns[place].width).join(" ");
    if (this.root.style.gridTemplateColumns !== tracks) this.root.style.gridTemplateColumns = tracks;
    this.drawHead();
    this.drawRows();
  }

  drawHead() {
    while (this.head.childElementCount > this.places.length) this.head.lastElementChild.remove();
    this.places.forEach((place, index) => {
      const column = this.data.columns[place];
      const cell = this.head.children[index] || make("div", "", this.head);
      cell.className = `cell ${column.kind}`;
      cell.setAttribute("role", "columnheader");
      cell.title = column.hint;
      setText(cell, column.title);
    });
  }

  drawRows() {
    const shown = shownRows(this.data.rows, this.open);
    const wanted = new Set(shown.map((row) => row.id));
    for (const [id, row] of this.rows) {
      if (!wanted.has(id)) {
        row.remove();
        this.rows.delete(id);
      }
    }
    let before = this.head;
    shown.forEach((row, index) => {
      const element = this.rows.get(row.id) || this.addRow(row.id);
      if (before.nextElementSibling !== element) before.after(element);
      before = element;
      this.drawRow(element, row, index);
    });
    this.empty.hidden = shown.length > 0;
    setText(this.empty, this.data.empty);
  }

  addRow(id) {
    const element = make("div", "row");
    element.setAttribute("role", "row");
    element.dataset.id = id;
    element.addEventListener("click", () => this.pick(id));
    this.rows.set(id, element);
    return element;
  }

  drawRow(element, row, index) {
    const selected = row.id === this.selected;
    element.className = `row${row.parent ? " child" : ""}${selected ? " selected" : ""}`;
    element.setAttribute("aria-selected", String(selected));
    const focusable = this.data.selectable && (selected || (!this.rows.has(this.selected) && index === 0));
    element.tabIndex = focusable ? 0 : -1;
    while (element.childElementCount > this.places.length) element.lastElementChild.remove();
    this.places.forEach((place, at) => {
      const column = this.data.columns[place];
      let holder = element.children[at];
      if (!holder) {
        holder = make("div", "cell", element);
        holder.setAttribute("role", "gridcell");
      }
      drawCell(this, holder, row.cells[place] || {}, column, row.id);
    });
  }

  pick(id) {
    if (!this.data.selectable) return;
    this.selected = id;
    this.drawRows();
    this.tell("picked", id);
  }

  fold(id) {
    if (!this.open.delete(id)) this.open.add(id);
    this.drawRows();
  }

  key(event) {
    const row = event.target.closest && event.target.closest(".row[data-id]");
    if (!row || event.target.tagName === "BUTTON") return;
    if (event.key === "Enter") return this.pick(row.dataset.id);
    const ids = shownRows(this.data.rows, this.open).map((entry) => entry.id);
    const to = neighbour(ids, row.dataset.id, event.key);
    if (to === null) return;
    event.preventDefault();
    row.tabIndex = -1;
    const next = this.rows.get(to);
    next.tabIndex = 0;
    next.focus();
  }
}

const views = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let root = parentElement.querySelector(".dhc-rows");
  if (!root) {
    root = make("div", "dhc-rows", parentElement);
    root.setAttribute("role", "grid");
    const view = new View(root);
    view.follower = new Follower({
      take: (news) => view.refresh(news, view.tell),
      stale: (layout) => view.tell("stale", layout),
    });
    views.set(root, view);
  }
  const view = views.get(root);
  view.refresh(data, setTriggerValue);
  view.follower.follow(data.live);
  return () => view.follower.leave();
}
