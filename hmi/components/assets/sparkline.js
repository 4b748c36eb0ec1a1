// A small line with a dot at its end.

import { add, canvas, component, say, set, sparkPath } from "./drawing.js";

function draw(root, data) {
  const width = Math.max(40, root.clientWidth);
  const height = data.height_px || 32;
  const svg = canvas(root, width, height, data.label);
  if (!svg.childElementCount) {
    add(svg, "title");
    add(svg, "path", { class: "spark" });
    add(svg, "circle", { class: "spark-end", r: 2.5 });
  }
  set(svg, { role: "img" });
  const [title, path, dot] = svg.children;
  say(title, data.label);
  const line = sparkPath(data.values, data.scale, width - 8, height - 8);
  set(path, { d: line.d || null, transform: "translate(3 4)" });
  set(dot, { display: line.end ? null : "none", cx: 3 + (line.end || [0])[0], cy: 4 + (line.end || [0, 0])[1] });
}

export default component("sparkline", draw);
