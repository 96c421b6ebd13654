// A right index in plain Node.js, as a target: one JSON object a line on standard input, one a line on standard output.
//
// The rules: of each source the newest valid observation counts; it is stale once it is older than 60 s by the venue's own clock. The median of the live
// sources is the reference; each price is clamped to within 0.5 % of it, and the index is the mean of the clamped prices. Fewer than three live: halted.
//
// `--defect NAME` plants one mistake; where it sits, a comment names it.
"use strict";
const readline = require("node:readline");

const MAX_AGE = 60_000_000; // microseconds
const MAX_AHEAD = 1_000_000;
const CLAMP = 0.005;
const MIN_SOURCES = 3;
const DEFECTS = ["no-filter", "no-staleness", "receive-clock", "late-replaces", "zero-accepted", "quorum-ignored", "order-dependent", "state-leak", "frozen", "duplicate-counts"];

const at = process.argv.indexOf("--defect");
const defect = at < 0 ? null : process.argv[at + 1];
if (at >= 0 && !DEFECTS.includes(defect)) {
  console.error(`unknown defect ${defect}, known: ${DEFECTS.join(", ")}`);
  process.exit(2);
}

function valid(price, event, receive) {
  const positive = defect === "zero-accepted" ? price >= 0 : price > 0; // defect: an empty book counts as a price
  return price !== null && positive && Number.isFinite(price) && event <= receive + MAX_AHEAD;
}

// The index of what the live sources say, [price, weight] each, or null where they are too few.
function publish(entries, last) {
  if (entries.length < (defect === "quorum-ignored" ? 1 : MIN_SOURCES)) return null; // defect: the minimum is configured and never used
  entries.sort((a, b) => a[0] - b[0]); // sorted: the sum is the same in every order of the sources
  const middle = entries.length >> 1;
  const median = entries.length % 2 ? entries[middle][0] : (entries[middle - 1][0] + entries[middle][0]) / 2;
  const clamp = defect === "no-filter" ? Infinity : CLAMP; // defect: one venue moves the average
  let sum = 0, total = 0;
  for (const [price, weight] of entries) {
    sum += weight * Math.min(Math.max(price, median * (1 - clamp)), median * (1 + clamp));
    total += weight;
  }
  const value = sum / total;
  return defect === "frozen" && last && Math.abs(value / last - 1) > 0.1 ? last : value; // defect: a step guard that never lets go
}

function index({ sources, observations: seen, times }, newest) {
  const clock = defect === "receive-clock" ? seen.receive_time : seen.event_time; // defect: old news is fresh when it arrives late
  let row = 0, last = null;
  const values = times.map((now) => {
    for (; row < clock.length && seen.receive_time[row] <= now; row++) { // each observation is looked at once
      const price = seen.price[row], stamp = clock[row], before = newest.get(seen.source[row]);
      if (!valid(price, seen.event_time[row], seen.receive_time[row])) continue;
      if (before && stamp < before.stamp && defect !== "late-replaces") continue; // defect: the last arrival wins, however old
      const again = defect === "duplicate-counts" && before && before.stamp === stamp && before.price === price; // defect: said twice, counted twice
      newest.set(seen.source[row], { stamp, price, weight: again ? before.weight + 1 : 1 });
    }
    const live = [];
    for (let s = 0; s < sources.length; s++) {
      const entry = newest.get(s);
      if (!entry || (now - entry.stamp > MAX_AGE && defect !== "no-staleness")) continue; // defect: a dead source counts for ever
      live.push([entry.price, defect === "order-dependent" ? 1 / (1 + s) : entry.weight]); // defect: what is listed first weighs most
    }
    return (last = publish(live, last));
  });
  return { index: values, status: values.map((value) => (value === null ? "halted" : "ok")) };
}

const promise = { max_age: "60s", max_displacement: "1%", min_sources: 3 };
const kept = new Map();

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  let answer = { error: { message: `unknown method ${method}` } };
  if (method === "describe") answer = { result: { protocol: 1, name: "node-index", version: "1.0.0", provides: ["index"], expect: promise } };
  if (method === "index") answer = { result: index(params, defect === "state-leak" ? kept : new Map()) }; // defect: a run remembers the run before it
  process.stdout.write(JSON.stringify({ id, ...answer }) + "\n");
});
