// Time axis of the trend: ticks at round local times, days by name. Times are UTC seconds.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const STEPS = [
  10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 56 * DAY,
];

/** Seconds east of UTC at a time, from [[from, offset], …] in rising order. */
export function offsetAt(offsets, at) {
  let found = offsets.length ? offsets[0][1] : 0;
  for (const [from, offset] of offsets) if (at >= from) found = offset;
  return found;
}

/** Parts of local time. */
export function local(at, offsets) {
  const date = new Date((at + offsetAt(offsets, at)) * 1000);
  return {
    month: date.getUTCMonth(), day: date.getUTCDate(),
    hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds(),
  };
}

const two = (number) => String(number).padStart(2, "0");

/** Clock time, with seconds where they matter. */
export function clockText(at, offsets, seconds = false) {
  const { hour, minute, second } = local(at, offsets);
  return `${two(hour)}:${two(minute)}${seconds ? `:${two(second)}` : ""}`;
}

/** A day in the words that came with the data. */
export function dayText(at, offsets, texts) {
  const { month, day } = local(at, offsets);
  const name = texts.months && texts.months.length === 12 ? texts.months[month] : two(month + 1);
  return (texts.date || "{month}-{day}").replace("{month}", name).replace("{day}", two(day));
}

/** Ticks [{at, text, day}] between two times, at least ``room`` px apart; midnight carries the day. */
export function timeTicks(from, to, width, offsets, texts, room = 64) {
  const span = to - from;
  if (!(span > 0) || width < room) return [];
  const step = STEPS.find((one) => (one / span) * width >= room) || STEPS[STEPS.length - 1];
  const ticks = [];
  const offset = offsetAt(offsets, from);
  let at = Math.ceil((from + offset) / step) * step - offset;
  for (; at <= to; at += step) {
    // after a change of the clocks a round time lies elsewhere
    const round = at - (offsetAt(offsets, at) - offset);
    if (round < from || round > to) continue;
    const { hour, minute, second } = local(round, offsets);
    const day = hour === 0 && minute === 0 && second === 0;
    const text = day || step >= DAY ? dayText(round, offsets, texts) : clockText(round, offsets, step < MINUTE);
    ticks.push({ at: round, text, day });
  }
  return ticks;
}
