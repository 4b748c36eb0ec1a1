// Figures side by side, each with its track, its band and a pointer.

/** Left edge and width of a stretch on a track, in percent. */
export function stretch(scale, from, to) {
  const span = scale[1] - scale[0];
  if (!(span > 0)) return { left: 0, width: 0 };
  const at = (value) => 100 * Math.min(1, Math.max(0, (value - scale[0]) / span));
  return { left: at(from), width: at(to) - at(from) };
}

function make(tag, className, parent) {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}

function build(root) {
  const box = make("div", "tile", root);
  const top = make("div", "top", box);
  make("span", "label", top);
  make("span", "target", top);
  const figure = make("div", "figure", box);
  make("b", "text", figure);
  make("span", "unit", figure);
  const track = make("div", "track", box);
  make("i", "band", track);
  make("i", "pointer", track);
  make("div", "note", box);
  return box;
}

function draw(box, tile) {
  for (const name of ["label", "target", "text", "unit", "note"]) {
    const element = box.querySelector(`.${name}`);
    if (element.textContent !== tile[name]) element.textContent = tile[name];
  }
  const track = box.querySelector(".track");
  track.hidden = !tile.scale;
  if (!tile.scale) return;
  const band = track.querySelector(".band");
  band.hidden = !tile.band;
  if (tile.band) {
    const drawn = stretch(tile.scale, tile.band[0], tile.band[1]);
    band.style.left = `${drawn.left}%`;
    band.style.width = `${drawn.width}%`;
  }
  const pointer = track.querySelector(".pointer");
  pointer.hidden = tile.value === null;
  if (tile.value !== null) pointer.style.left = `${stretch(tile.scale, tile.scale[0], tile.value).width}%`;
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".dhc-tiles") || make("div", "dhc-tiles", parentElement);
  root.dataset.seq = String(data.seq);
  root.setAttribute("aria-label", data.label);
  while (root.childElementCount > data.tiles.length) root.lastElementChild.remove();
  data.tiles.forEach((tile, index) => draw(root.children[index] || build(root), tile));
}
