// A price index as a target of indexlab: one JSON object a line on standard input, one a line on standard output.
//
// The rules to start from. Put your own in their place, and what `description` promises with them:
// 1. Of each source the newest valid price counts, newest by the venue's own clock. A price that is null, zero or negative,
//    or whose time lies more than 1 s ahead of its arrival, is ignored as if it had not come.
// 2. A source whose newest price is more than 60 s old is stale and has no influence; nor has one of weight 0.
// 3. The median of the live prices is the reference. A price more than 1 % away from it is moved to that border.
// 4. The index is the mean of these prices by weight. With fewer than three live sources there is none: "halted".
import { createInterface } from "node:readline";

const MAX_AGE = 60_000_000; // microseconds, as all times
const MAX_AHEAD = 1_000_000;
const CLAMP = 0.01;
const MIN_SOURCES = 3;

// What this target is, what it answers, and what it promises: indexlab holds it to that.
const description = {
  protocol: 1,
  name: "my-index",
  version: "1.0.0",
  provides: ["index", "index_batch"],
  thresholds: [CLAMP], // where a rule takes hold: sizes at and beside it are tried
  expect: { max_age: "60s", max_displacement: "1%", min_sources: MIN_SOURCES },
};

// The index of the live sources, {price, weight} each, or null where they are too few.
function publish(live) {
  if (live.length < MIN_SOURCES) return null;
  const prices = live.map((source) => source.price).sort((a, b) => a - b); // without (a, b) they sort as words: "100" < "99"
  const n = prices.length, median = (prices[(n - 1) >> 1] + prices[n >> 1]) / 2; // of an odd number, both are the middle one
  const low = median * (1 - CLAMP), high = median * (1 + CLAMP);
  let sum = 0, total = 0;
  for (const { price, weight } of live) {
    sum += Math.min(Math.max(price, low), high) * weight;
    total += weight;
  }
  return sum / total;
}

// Publishes the index at each of the times, from what was received at or before it; every run starts from nothing.
function index({ sources, observations: seen, times }) {
  const newest = new Map(); // position of a source -> {event, price}
  let row = 0;
  const values = times.map((now) => {
    for (; row < seen.price.length && seen.receive_time[row] <= now; row++) { // each observation is looked at once
      const price = seen.price[row], event = seen.event_time[row], before = newest.get(seen.source[row]);
      if (price === null || !(price > 0) || event > seen.receive_time[row] + MAX_AHEAD) continue;
      if (!before || event >= before.event) newest.set(seen.source[row], { event, price }); // late news replaces nothing newer
    }
    const live = [];
    sources.forEach(({ weight = 1 }, s) => {
      const entry = newest.get(s);
      if (weight > 0 && entry && now - entry.event <= MAX_AGE) live.push({ price: entry.price, weight });
    });
    return publish(live);
  });
  return { index: values, status: values.map((value) => (value === null ? "halted" : "ok")) };
}

const methods = {
  describe: () => description,
  index,
  index_batch: (runs) => runs.map(index), // many runs in one line
};

// What cannot be answered is an error, and the next line is read all the same.
createInterface({ input: process.stdin }).on("line", (line) => {
  const answer = { id: null };
  try {
    const { id, method, params } = JSON.parse(line);
    answer.id = id;
    if (Object.hasOwn(methods, method)) answer.result = methods[method](params);
    else answer.error = { message: `unknown method ${method}` };
  } catch (error) {
    answer.error = { message: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
