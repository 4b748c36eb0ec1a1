// What all drawings share: elements of SVG, text that fits, marks of alarms, the root with its sequence.

import { Follower } from "./live.js";

const SVG = "http://www.w3.org/2000/svg";
const OUTLINES = {
  1: "M-8 -8H8V8H-8Z",
  2: "M0 -9.5L9.5 7.5H-9.5Z",
  3: "M0 -10L10 0L0 10L-10 0Z",
  4: "M0 -8.5A8.5 8.5 0 1 0 0 8.5A8.5 8.5 0 1 0 0 -8.5Z",
};
export const FRAMES = {
  1: "M-11.5 -11.5H11.5V11.5H-11.5Z",
  2: "M0 -15L14.6 10.6H-14.6Z",
  3: "M0 -14.5L14.5 0L0 14.5L-14.5 0Z",
  4: "M0 -12A12 12 0 1 0 0 12A12 12 0 1 0 0 -12Z",
};

/** Position 0..1 of a value between the two ends of a scale, kept inside; null for no value. */
export function share(scale, value) {
  if (value == null || !scale) return null;
  const span = scale[1] - scale[0];
  if (!(span > 0)) return 0.5;
  return Math.min(1, Math.max(0, (value - scale[0]) / span));
}

/** Width of a text in px, by kinds of letters: near enough to keep texts apart, the same on every machine. */
export function textWidth(text, size, bold = false) {
  let em = 0;
  for (const letter of text) {
    const code = letter.codePointAt(0);
    if (code >= 0x2e80) em += 1;
    else if ("il.,:;'|!·".includes(letter)) em += 0.3;
    else if (" frtj()[]/−-".includes(letter)) em += 0.4;
    else if ("mwMW%@".includes(letter)) em += 0.88;
    else if (code >= 65 && code <= 90) em += 0.65;
    else if (code === 0x2009) em += 0.2;
    else em += 0.56;
  }
  return em * size * (bold ? 1.05 : 1);
}

/** The text, or its beginning with an ellipsis where it is wider than ``width`` px. */
export function fitText(text, width, size, bold = false) {
  if (textWidth(text, size, bold) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(`${letters.join("")}…`, size, bold) > width) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

/** A number with a true minus and thin spaces between thousands; never −0. */
export function numberText(value, decimals) {
  const [whole, rest] = Math.abs(value).toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
  const text = rest === undefined ? grouped : `${grouped}.${rest}`;
  return value < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text;
}

/** Path of a sparkline in a box: a gap lifts the pen. Returns {d, end: [x, y] or null}. */
export function sparkPath(values, scale, width, height) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return { d: "", end: null };
  let [low, high] = scale || [Math.min(...known), Math.max(...known)];
  // without a scale a change of less than a fiftieth is noise and stays flat
  const least = scale ? 0 : Math.max(Math.abs(low), Math.abs(high)) / 50 || 1;
  if (!(high - low > least)) {
    const middle = (low + high) / 2;
    [low, high] = [middle - (least || 1) / 2, middle + (least || 1) / 2];
  }
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let d = "";
  let pen = false;
  let end = null;
  values.forEach((value, index) => {
    if (value === null) {
      pen = false;
      return;
    }
    const x = Math.round(index * step * 10) / 10;
    const y = Math.round((1 - share([low, high], value)) * height * 10) / 10;
    d += `${pen ? "L" : "M"}${x} ${y}`;
    pen = true;
    end = [x, y];
  });
  return { d, end };
}

/** Id to which an arrow key leads: the nearest thing in that direction; sideways distance counts double. */
export function towards(things, id, key) {
  const dx = { ArrowLeft: -1, ArrowRight: 1 }[key] || 0;
  const dy = { ArrowUp: -1, ArrowDown: 1 }[key] || 0;
  if (!dx && !dy) return null;
  const from = things.find((thing) => thing.id === id);
  if (!from) return things.length ? things[0].id : null;
  let best = null;
  let least = Infinity;
  for (const thing of things) {
    const ahead = (thing.x - from.x) * dx + (thing.y - from.y) * dy;
    if (thing.id === id || ahead <= 0) continue;
    const aside = Math.abs((thing.x - from.x) * dy) + Math.abs((thing.y - from.y) * dx);
    const far = ahead + 2 * aside;
    if (far < least) [best, least] = [thing.id, far];
  }
  return best;
}

/** Make an SVG element with attributes and, where given, its text. */
export function add(parent, tag, attributes = {}, text = undefined) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, String(value)); // there is none to compare
  }
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

/** Set attributes that changed; null or undefined takes one away. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
  }
  return element;
}

/** Set a text if it changed. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  return element;
}

/** Make an HTML element. */
export function make(parent, tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}

/** Draw an alarm's mark in a group around its origin, anew only where it changed. Its size is 20 px. */
export function drawMark(group, priority, look = "ack") {
  const wanted = priority ? `${priority}/${look}` : "";
  if (group.dataset.mark === wanted) return;
  group.dataset.mark = wanted;
  group.replaceChildren();
  set(group, { class: wanted ? `mark p${priority} ${look}` : "mark" });
  if (!wanted) return;
  if (look === "unack") add(group, "path", { class: "frame", d: FRAMES[priority] });
  add(group, "path", { class: "shape", d: OUTLINES[priority] });
  add(group, "text", { class: "digit", y: priority === 2 ? 5.2 : 4.4 }, String(priority));
  if (look === "shelved") add(group, "path", { class: "shelf", d: "M-10 13H10" });
}

/** An <svg> of the component's size in px, made once. */
export function canvas(root, width, height, label) {
  const svg = root.querySelector(":scope > svg") || add(root, "svg", { role: "group" });
  set(svg, { viewBox: `0 0 ${width} ${height}`, width, height, "aria-label": label });
  return svg;
}

/** Position of the pointer in px of the drawing, also where the page is zoomed. */
export function pointerAt(event, svg) {
  const box = svg.getBoundingClientRect();
  const scale = box.width / svg.viewBox.baseVal.width || 1;
  return { x: (event.clientX - box.left) / scale, y: (event.clientY - box.top) / scale };
}

/**
 * The component's function for Streamlit: keeps one state per place on the page and draws on new data and on
 * a new width, and on what its live region tells. ``draw(root, data, state, tell, again)`` gets the same ``state`` object each time; where it
 * returns false nothing was drawn yet, and it calls ``again`` once it can.
 */
export function component(name, draw) {
  const known = new WeakMap();
  return function mounted({ data, parentElement, setTriggerValue }) {
    let state = known.get(parentElement);
    if (!state) {
      const root = make(parentElement, "div", `dhc-drawing dhc-${name}`);
      state = { root, own: {}, width: 0 };
      known.set(parentElement, state);
      state.watcher = new ResizeObserver(() => {
        if (root.clientWidth && root.clientWidth !== state.width) state.draw();
      });
      state.watcher.observe(root);
      state.follower = new Follower({
        take: (news) => {
          state.data = news;
          state.draw();
        },
        stale: (layout) => state.tell("stale", layout),
      });
    }
    state.tell = setTriggerValue;
    state.data = data;
    state.draw = () => {
      state.width = state.root.clientWidth;
      const drawn = draw(state.root, state.data, state.own, setTriggerValue, () => state.draw());
      if (drawn !== false) state.root.dataset.seq = String(state.data.seq);
    };
    state.draw();
    state.follower.follow(data.live);
    return () => {
      state.follower.leave();
      state.watcher.disconnect();
      known.delete(parentElement);
      state.root.remove();
    };
  };
}
