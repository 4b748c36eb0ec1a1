// A live region asks the screen's server for what its drawings show: one question for all of them, every few
// seconds, without a run of the page. Each drawing keeps a follower; its data say where the region is.

// Every drawing has a copy of this module; what they share lies with the page.
const regions = (globalThis.dhcRegions ??= new Map());

/** Hand an answer to the drawings of a region; one of them has the page laid anew if it was laid for another. */
export function tell(region, answer) {
  const { layout, drawings } = answer;
  let old = null;
  for (const one of region.followers) {
    const data = drawings[one.live.key];
    if (data) one.take(data);
    if (one.live.layout !== layout) old ??= one;
  }
  if (!old || region.reported === layout) {
    if (!old) region.reported = undefined;
    return;
  }
  region.reported = layout;
  old.stale(layout);
}

async function ask(region) {
  const headers = region.tag ? { "if-none-match": region.tag } : {};
  try {
    const answer = await fetch(region.url, { headers, cache: "no-store" });
    if (answer.ok) {
      region.tag = answer.headers.get("etag") || "";
      tell(region, await answer.json());
    } else {
      for (const one of region.followers) one.other(answer.status);
    }
  } catch {
    // The server is silent or gone: the strip says so, and the next question comes as ever.
  }
  if (region.followers.size) region.timer = setTimeout(() => ask(region), region.period_ms);
}

function join(live, follower) {
  let region = regions.get(live.url);
  if (!region) {
    region = { url: live.url, period_ms: 1000 * live.period_s, followers: new Set(), tag: "", timer: 0 };
    regions.set(live.url, region);
    region.timer = setTimeout(() => ask(region), region.period_ms);
  }
  region.followers.add(follower);
  return region;
}

/**
 * Follows the region of one drawing. ``take(data)`` draws an answer, ``stale(layout)`` has the page run anew,
 * ``other(status)`` hears of answers without data, 304 among them.
 */
export class Follower {
  constructor({ take, stale, other = () => {} }) {
    Object.assign(this, { take, stale, other, live: null, region: null });
  }

  /** Follow where a run of the page says; nothing where it says nothing. */
  follow(live) {
    this.live = live || null;
    if (this.region?.url === live?.url) return;
    this.leave();
    if (live) this.region = join(live, this);
  }

  leave() {
    if (!this.region) return;
    this.region.followers.delete(this);
    if (!this.region.followers.size) {
      clearTimeout(this.region.timer);
      regions.delete(this.region.url);
    }
    this.region = null;
  }
}
