// The strip above every page. Data come as plain values; whatever comes from outside is set as text, never as HTML.

import { Follower } from "./live.js";

const SVG = "http://www.w3.org/2000/svg";
const SILENT_MS = 10000;
const SEQUENCE_MS = 1500;
const LEAVING_MS = 10000;
const OUTLINES = {
  1: "M3 3H21V21H3Z",
  2: "M12 2L22.5 21H1.5Z",
  3: "M12 1L23 12L12 23L1 12Z",
  4: "M12 2A10 10 0 1 1 11.99 2Z",
};

/** Return what to draw for a priority: path, digit and its height. */
export function markOf(priority, count) {
  return { path: OUTLINES[priority], digit: String(count === 0 ? 0 : priority), dy: priority === 2 ? 18.5 : 16.5 };
}

/** Return the page that keys lead to, and what waits for a second key. `keys` maps "a" or "g m" to a page. */
export function keyStep(keys, waiting, key) {
  const both = waiting ? `${waiting} ${key}` : key;
  const page = keys[both] || keys[key];
  if (page) return { page, waiting: "" };
  const first = Object.keys(keys).some((known) => known.startsWith(`${key} `));
  return { page: "", waiting: first ? key : "" };
}

/** Tell whether a key press belongs to a field and not to the page. */
export function isTyping(path) {
  return path.some((node) => node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName || ""));
}

function el(tag, cls, text) {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  if (text !== undefined) node.textContent = text;
  return node;
}

function mark(priority, { size, hollow, unacknowledged, count }) {
  const { path, digit, dy } = markOf(priority, count);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-3 -3 30 30");
  svg.setAttribute("width", size);
  svg.setAttribute("height", size);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `mark p${priority}${hollow ? " hollow" : ""}${count === 0 ? " zero" : ""}`);
  const outline = document.createElementNS(SVG, "path");
  outline.setAttribute("d", path);
  outline.setAttribute("class", "outer");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  shape.setAttribute("class", "shape");
  const text = document.createElementNS(SVG, "text");
  text.setAttribute("x", "12");
  text.setAttribute("y", String(dy));
  text.textContent = digit;
  if (unacknowledged) svg.append(outline);
  svg.append(shape, text);
  return svg;
}

function counts(data) {
  const box = el("div", "counts");
  for (const one of data.counts) {
    const card = el("button", "count");
    card.type = "button";
    card.dataset.go = "alarms";
    card.dataset.priority = one.priority;
    card.title = one.label;
    card.append(mark(one.priority, { size: 36, unacknowledged: one.unacknowledged > 0, count: one.count }));
    const figures = el("span", "figures");
    figures.append(el("b", "", String(one.count)));
    figures.append(el("small", "", `${data.words.unacknowledged} ${one.unacknowledged}`));
    card.append(figures);
    card.setAttribute("aria-label", `${one.label} ${one.count}, ${data.words.unacknowledged} ${one.unacknowledged}`);
    box.append(card);
  }
  return box;
}

function newest(data) {
  const box = el("div", "newest");
  if (!data.newest.length) box.append(el("span", "none", data.none_new));
  for (const one of data.newest) {
    const row = el("button", "alarm");
    row.type = "button";
    row.dataset.go = "alarms";
    row.dataset.alarm = one.id;
    row.append(mark(one.priority, { size: 18, hollow: one.returned, unacknowledged: true, count: 1 }));
    row.append(el("span", "time", one.time), el("b", "place", one.place), el("span", "text", one.text));
    row.title = `${one.place} ${one.text}`;
    box.append(row);
  }
  return box;
}

function cells(data) {
  return data.cells.map((one) => {
    const cell = el("div", "cell");
    if (one.id) cell.dataset.cell = one.id;
    cell.append(el("span", "label", one.label));
    const line = el("span", "line");
    if (one.dot) line.append(el("i", `dot ${one.dot}`));
    if (one.value) line.append(el("b", "", one.value));
    if (one.unit) line.append(el("span", "unit", one.unit));
    if (one.note) line.append(el("span", "note", one.note));
    cell.append(line);
    return cell;
  });
}

function choice(name, options, chosen) {
  const box = el("span", "choice");
  box.setAttribute("role", "group");
  for (const [value, label, title] of options) {
    const button = el("button", value === chosen ? "chosen" : "", label);
    button.type = "button";
    button.title = title || label;
    button.dataset[name] = value;
    button.setAttribute("aria-pressed", String(value === chosen));
    box.append(button);
  }
  return box;
}

function person(data) {
  const box = el("div", "cell person");
  const who = el("span", "line who");
  if (data.user) who.append(el("span", "label", `${data.user.name} · ${data.user.role}`));
  const line = el("span", "line");
  line.append(choice("language", [["zh", "中", "中文"], ["en", "EN", "English"]], data.language));
  line.append(choice("theme", [["light", data.words.light], ["dark", data.words.dark]], data.theme));
  const wall = el("button", data.wall ? "plain chosen" : "plain", data.words.wall);
  wall.type = "button";
  wall.title = data.words.keys;
  wall.setAttribute("aria-pressed", String(Boolean(data.wall)));
  wall.dataset.wall = data.wall ? "0" : "1";
  line.append(wall);
  if (data.user) {
    const out = el("form", "");
    out.method = "post";
    out.action = "/logout";
    const button = el("button", "link", data.words.log_out);
    button.type = "submit";
    out.append(button);
    who.append(out);
  }
  box.append(who, line);
  return box;
}

function draw(root, data) {
  const parts = [];
  if (data.simulation) parts.push(el("div", "simulation", ""));
  if (data.simulation) parts[0].append(el("span", "", data.simulation));
  const bar = el("div", "bar");
  const brand = el("div", "brand");
  brand.append(el("b", "", data.site), el("small", "", data.subtitle));
  bar.append(brand, counts(data), newest(data), ...cells(data), person(data));
  parts.push(bar);
  const frozen = el("div", "frozen", data.frozen);
  frozen.setAttribute("role", "alert");
  frozen.hidden = !data.frozen;
  parts.push(frozen);
  const foot = el("div", "foot");
  for (const line of data.foot) foot.append(el("span", "", line));
  parts.push(foot);
  morphChildren(root, parts);
}

// Nodes stay and only what differs is changed: a click is not lost, focus stays, nothing blinks anew.
function morphChildren(old, fresh) {
  const before = [...old.childNodes];
  fresh.forEach((node, i) => (before[i] ? morph(before[i], node) : old.append(node)));
  before.slice(fresh.length).forEach((node) => node.remove());
}

function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return undefined;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  return morphChildren(old, [...fresh.childNodes]);
}

// Attributes of the page's root are written only where they differ: each write has all elements styled anew.
function flag(name, on) {
  const root = document.documentElement;
  if (root.hasAttribute(`data-dhc-${name}`) === Boolean(on)) return;
  root.toggleAttribute(`data-dhc-${name}`, Boolean(on));
}

function speak(element, lang) {
  if (element.lang !== lang) element.lang = lang;
}

function keepCookie(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}

function changeTheme(theme, pages) {
  const name = theme === "dark" ? "Dark" : "Light";
  const paths = ["/", ...pages.map((page) => `/${page}`)];
  for (const path of paths) localStorage.setItem(`stActiveTheme-${path}-v2`, JSON.stringify(name));
  location.reload();
}

/** Tell whether a click on a link leads this page elsewhere, and not into another window or nowhere. */
export function leads(event, link) {
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button > 0;
  return Boolean(link) && !elsewhere && link.getAttribute("aria-current") !== "page";
}

// From a click on the navigation to the new page's title the old page still stands there. It is dimmed and takes
// no click: such a click would be lost, or meant for what is coming. Pages of like build keep the element of the
// title and change its words. A press that news of the old page overtook on its way leads nowhere: then it is
// pressed `again`.
function leave(again) {
  const main = document.querySelector('[data-testid="stMain"]');
  const old = main && main.querySelector("h1");
  if (!old) return;
  const title = old.textContent, until = Date.now() + LEAVING_MS;
  flag("leaving", true);
  main.setAttribute("aria-busy", "true");
  const look = setInterval(() => {
    if (old.isConnected && old.textContent === title && Date.now() < until) return;
    clearInterval(look);
    flag("leaving", false);
    main.removeAttribute("aria-busy");
    if (again && old.isConnected && old.textContent === title) again();
  }, 50);
}

function goTo(component, page, query) {
  if (!query) {
    const links = [...document.querySelectorAll('[data-testid="stSidebarNavLink"]')];
    const wanted = page === "overview" ? "" : page;
    const link = links.find((one) => new URL(one.href).pathname.replaceAll("/", "") === wanted);
    if (link) return link.click();
  }
  leave();
  component.setTriggerValue("go", { page, query: query || {} });
}

function listen(state) {
  state.root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { language, theme, wall, go, alarm, priority } = button.dataset;
    if (language) {
      keepCookie("dhc_language", language);
      state.component.setTriggerValue("language", language);
    } else if (theme) changeTheme(theme, Object.values(state.data.keys));
    else if (wall) {
      keepCookie("dhc_wall", wall);
      state.component.setTriggerValue("wall", wall);
    } else if (go) goTo(state.component, go, alarm ? { alarm } : priority ? { priority } : null);
  });
  state.onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.composedPath())) return;
    if (event.key === "/") {
      event.preventDefault();
      const field = document.querySelector('[data-testid="stMain"] input[type="text"]');
      if (field) return field.focus();
      return goTo(state.component, "stations");
    }
    const step = keyStep(state.data.keys, Date.now() - state.keyAt < SEQUENCE_MS ? state.waiting : "", event.key);
    state.waiting = step.waiting;
    state.keyAt = Date.now();
    if (step.page) goTo(state.component, step.page);
  };
  document.addEventListener("keydown", state.onKey);
  let second = false;
  state.onLink = (event) => {
    const link = event.target.closest?.('[data-testid="stSidebarNavLink"]');
    if (!leads(event, link)) return;
    leave(second ? undefined : () => {
      second = true;
      link.click();
      second = false;
    });
  };
  document.addEventListener("click", state.onLink, true);
  // Dialogs are put beside the page's root; the foot of the navigation must not stand on them.
  state.dialogs = new MutationObserver(() => {
    state.root.classList.toggle("modal", Boolean(document.querySelector('[data-testid="stDialog"]')));
  });
  state.dialogs.observe(document.body, { childList: true });
  state.watch = setInterval(() => {
    if (Date.now() - state.drawnAt < SILENT_MS || document.hidden) return;
    const frozen = state.root.querySelector(".frozen");
    if (!frozen) return;
    frozen.hidden = false;
    frozen.textContent = state.data.words.screen_silent;
    flag("frozen", true);
  }, 1000);
}

/** Draw what is told; what belongs to the frame (keys, wall) comes with runs of the page only. */
function show(state, told) {
  const data = { ...state.data, ...told };
  state.data = data;
  state.drawnAt = Date.now();
  state.root.classList.toggle("wall", Boolean(data.wall));
  state.root.dataset.seq = data.seq;
  const lang = data.language === "zh" ? "zh-CN" : "en";
  speak(state.root, lang);
  speak(document.documentElement, lang);
  flag("simulation", Boolean(data.simulation));
  flag("frozen", Boolean(data.frozen));
  flag("wall", data.wall);
  const shown = JSON.stringify(data);
  if (shown !== state.shown) draw(state.root, data);
  state.shown = shown;
}

function heard(state, status) {
  if (status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  else if (status === 304 || status === 503) state.drawnAt = Date.now();
}

const states = new WeakMap();

export default function (component) {
  const { parentElement, data } = component;
  let state = states.get(parentElement);
  if (!state) {
    const root = el("div", "strip");
    root.setAttribute("popover", "manual");
    parentElement.append(root);
    // In the top layer: no dialog dims or covers the alarms.
    root.showPopover();
    state = { root, waiting: "", keyAt: 0 };
    states.set(parentElement, state);
    listen(state);
  }
  state.component = component;
  state.follower ??= new Follower({
    take: (news) => show(state, news),
    stale: () => {},
    other: (status) => heard(state, status),
  });
  state.data = data;
  if (data.leave) location.assign(data.leave);
  else show(state, data);
  state.follower.follow(data.live);
  return () => {
    state.follower.leave();
    clearInterval(state.watch);
    state.dialogs.disconnect();
    document.removeEventListener("keydown", state.onKey);
    document.removeEventListener("click", state.onLink, true);
    states.delete(parentElement);
    state.root.remove();
  };
}
