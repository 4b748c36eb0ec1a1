// What the map is drawn from: a ground that travels once, and at each refresh what is not usual on it.

const MOST_GROUNDS = 4;

/** The text of a number among texts that share their sentences; see `forms` in wire.py. */
export function filled(hints, number) {
  const numbers = hints.numbers.split(" ");
  const holes = hints.forms.map((form) => form.split("\0").length - 1);
  let next = 0;
  for (let i = 0; i < number; i += 1) next += holes[hints.which[i]];
  const [first, ...rest] = hints.forms[hints.which[number]].split("\0");
  return rest.reduce((text, part, i) => text + numbers[next + i] + part, first);
}

/**
 * Places of a ground as they are now. A place about which nothing new is said stays the same object as
 * before, so that whoever draws sees by identity what must be drawn anew. ``before`` is what this returned.
 */
export function merged(ground, unusual, before) {
  const kept = before && before.ground === ground ? before : { places: [], said: [] };
  const said = ground.places.map((_, number) => (unusual[number] ? JSON.stringify(unusual[number]) : ""));
  const places = ground.places.map((place, number) => (
    kept.said[number] === said[number] ? kept.places[number] : { ...place, ...unusual[number], number }
  ));
  return { ground, places, said };
}

/** Grounds by their ids; the oldest goes. Who waits for one is called once it is there. */
export function groundStore() {
  const known = new Map();
  const waiting = new Map();
  return {
    of: (id) => known.get(id),
    lay(id, ground) {
      known.delete(id);
      known.set(id, ground);
      if (known.size > MOST_GROUNDS) known.delete(known.keys().next().value);
      for (const [who, wanted] of waiting) {
        if (wanted.id !== id) continue;
        waiting.delete(who);
        wanted.draw();
      }
    },
    /** Returns false, as a drawing that has not drawn does. */
    wait(who, id, draw) {
      waiting.set(who, { id, draw });
      return false;
    },
  };
}
