// Lines of the trend: unpacking, the axis that holds them, and paths with no more points than pixels.

/** Numbers of a base64 text of little-endian 32-bit floats; NaN stands for no value. */
export function unpack(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

/** Index of the first element not below ``at`` in a rising array. */
export function firstFrom(times, at) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** [first, past] of the samples in a window, with one more at each side so that lines reach the edges. */
export function visible(times, from, to) {
  return [Math.max(0, firstFrom(times, from) - 1), Math.min(times.length, firstFrom(times, to) + 1)];
}

/** Lowest and highest value of lines in a window; null where there is none. */
export function extent(lines, from, to) {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    const [first, past] = visible(line.times, from, to);
    for (let i = first; i < past; i += 1) {
      const value = line.values[i];
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : null;
}

/**
 * Axis {low, high, ticks} with round ends and about ``most`` steps, that holds a range and the panel's own ends.
 * Without any value it has no ticks: numbers would say that something was measured.
 */
export function axis(range, panel, most) {
  if (!range) return { low: 0, high: 1, ticks: [], decimals: 0 };
  let [low, high] = range;
  if (panel.low != null) low = Math.min(low, panel.low);
  if (panel.high != null) high = Math.max(high, panel.high);
  const least = panel.span ?? 1;
  if (high - low < least) {
    const middle = (low + high) / 2;
    const bottom = low >= 0 ? Math.max(0, middle - least / 2) : middle - least / 2;
    [low, high] = [bottom, bottom + least];
  }
  const raw = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= raw * 0.999) || power * 10;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = [];
  for (let i = first; i <= last; i += 1) ticks.push(Number((i * step).toPrecision(12)));
  const decimals = Math.max(0, Math.min(3, -Math.floor(Math.log10(step) + 1e-9) + (step / power === 2.5 ? 1 : 0)));
  return { low: first * step, high: last * step, ticks, decimals };
}

/** Runs [first, past] of samples that are joined: no missing value and no long pause between them. */
export function runs(line, first, past) {
  const found = [];
  let start = -1;
  for (let i = first; i <= past; i += 1) {
    const broken = i === past || Number.isNaN(line.values[i])
      || (start >= 0 && line.gap_s != null && line.times[i] - line.times[i - 1] > line.gap_s);
    if (broken && start >= 0) {
      found.push([start, i]);
      start = -1;
    }
    if (start < 0 && i < past && !Number.isNaN(line.values[i])) start = i;
  }
  return found;
}

/**
 * Path of a line: ``x`` and ``y`` turn time and value into px; steps hold each value until the next.
 *
 * Of the samples in one pixel column the lowest and the highest are drawn, in their order; of steps, and where a
 * line begins and ends, also the first and the last: what lies between two columns is less than a pixel wide.
 */
export function linePath(line, from, to, x, y) {
  const step = line.kind === "step" || line.kind === "effective";
  const { times, values } = line;
  const [first, past] = visible(times, from, to);
  const px = (value) => Math.round(value * 10) / 10;
  let d = "";
  let [pen, drawn, before] = ["M", -1, ""];
  const draw = (i) => {
    if (i === drawn) return;
    drawn = i;
    const [left, top] = [px(x(times[i])), px(y(values[i]))];
    const point = step && pen !== "M" ? `H${left}V${top}` : `${left} ${top}`;
    if (point === before) return;
    before = point;
    d += step && pen !== "M" ? point : pen + point;
    pen = "L";
  };
  for (const [start, end] of runs(line, first, past)) {
    [pen, drawn, before] = ["M", -1, ""];
    let at = start;
    while (at < end) {
      const column = Math.floor(x(times[at]));
      let [next, low, high] = [at + 1, at, at];
      while (next < end && Math.floor(x(times[next])) === column) {
        if (values[next] < values[low]) low = next;
        if (values[next] > values[high]) high = next;
        next += 1;
      }
      if (step || at === start) draw(at);
      draw(Math.min(low, high));
      draw(Math.max(low, high));
      if (step || next === end) draw(next - 1);
      at = next;
    }
    // a lone sample shows as a dot: a round cap on a line of no length
    if (end - start === 1) d += "h0.01";
    const endless = step && line.gap_s == null && end === line.times.length && line.until != null;
    if (endless) d += `H${px(x(Math.min(to, line.until)))}`;
  }
  return d;
}

/** Value of a line at a time: of a step the last before, else the nearest within ``near`` s; null for none. */
export function valueAt(line, at, near) {
  const after = firstFrom(line.times, at);
  const step = line.kind === "step" || line.kind === "effective";
  let index = after;
  if (after === line.times.length || (after > 0 && (step || at - line.times[after - 1] <= line.times[after] - at))) {
    index = after - 1;
  }
  if (step && line.times[after] === at) index = after;
  if (index < 0 || index >= line.times.length || Number.isNaN(line.values[index])) return null;
  const far = Math.abs(line.times[index] - at);
  const held = step && line.gap_s == null && line.times[index] <= at;
  return held || far <= Math.max(near, (line.gap_s || 0) / 2) ? { index, value: line.values[index], at: line.times[index] } : null;
}

/** Heights for labels near their own, in order and each with its ``rooms`` px beneath it, within [top, bottom]. */
export function spread(wanted, rooms, top, bottom) {
  const order = wanted.map((y, index) => ({ y, index, room: rooms[index] })).sort((a, b) => a.y - b.y);
  let least = top;
  for (const one of order) {
    one.y = Math.max(one.y, least);
    least = one.y + one.room;
  }
  const line = Math.min(...rooms);
  let most = bottom + line;
  for (const one of [...order].reverse()) {
    one.y = Math.min(one.y, most - one.room);
    most = one.y;
  }
  const placed = new Array(wanted.length);
  for (const one of order) placed[one.index] = one.y;
  return placed;
}

/** The window zoomed by a factor around a time, kept inside the whole span; null where it is the whole. */
export function zoomed(view, whole, factor, around) {
  const span = (view[1] - view[0]) * factor;
  if (span >= whole[1] - whole[0]) return null;
  const least = Math.min(300, whole[1] - whole[0]);
  const width = Math.max(span, least);
  const part = (around - view[0]) / (view[1] - view[0]);
  return moved([around - part * width, around + (1 - part) * width], whole);
}

/** A window pushed back inside the whole span, its width kept. */
export function moved(view, whole) {
  const width = Math.min(view[1] - view[0], whole[1] - whole[0]);
  const from = Math.min(Math.max(view[0], whole[0]), whole[1] - width);
  return [from, from + width];
}
