// A sheet of text; a refresh changes texts only, so what is marked with the mouse stays marked.

import { Follower } from "./live.js";

/** Lines of the sheet in their order: [class, text]; empty texts have no line. */
export function lines(data) {
  const all = [
    ["heading", data.heading],
    ["title", data.title],
    ["text", data.text],
    ...data.facts.map((fact) => ["fact", fact]),
    ...data.sections.flatMap(([heading, text]) => [["section", heading], ["text", text]]),
  ];
  return all.filter(([, text]) => text !== "");
}

const followers = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let root = parentElement.querySelector(".dhc-sheet");
  if (!root) {
    root = document.createElement("div");
    root.className = "dhc-sheet";
    parentElement.append(root);
    const stale = (layout) => setTriggerValue("stale", layout);
    followers.set(root, new Follower({ take: (news) => write(root, news), stale }));
  }
  write(root, data);
  followers.get(root).follow(data.live);
  return () => followers.get(root).leave();
}

function write(root, data) {
  root.dataset.seq = String(data.seq);
  const wanted = lines(data);
  while (root.childElementCount > wanted.length) root.lastElementChild.remove();
  while (root.childElementCount < wanted.length) root.append(document.createElement("p"));
  wanted.forEach(([name, text], index) => {
    const line = root.children[index];
    if (line.className !== name) line.className = name;
    if (line.textContent !== text) line.textContent = text;
  });
}
