// A price index as a target of indexlab: one JSON object a line on standard input, one a line on standard output.
//
// The rules to start from. Put your own in their place, and what DESCRIPTION promises with them:
// 1. Of each source the newest valid price counts, newest by the venue's own clock. A price that is null, zero or negative,
//    or whose time lies more than 1 s ahead of its arrival, is ignored as if it had not come.
// 2. A source whose newest price is more than 60 s old is stale and has no influence; nor has one of weight 0.
// 3. The median of the live prices is the reference. A price more than 1 % away from it is moved to that border.
// 4. The index is the mean of these prices by weight. With fewer than three live sources there is none: "halted".
mod json;

use json::Json;
use std::io::{stdin, stdout, BufRead, Write};

const MAX_AGE: f64 = 60e6; // microseconds, as all times; they are exact in a double
const MAX_AHEAD: f64 = 1e6;
const CLAMP: f64 = 0.01;
const MIN_SOURCES: usize = 3;

// What this target is, what it answers, and what it promises: indexlab holds it to that. At "thresholds" a rule takes hold.
const DESCRIPTION: &str = concat!(
    r#"{"protocol": 1, "name": "my-index", "version": "1.0.0", "provides": ["index", "index_batch"], "#,
    r#""thresholds": [0.01], "expect": {"max_age": "60s", "max_displacement": "1%", "min_sources": 3}}"#
);

// The index of the live sources, (price, weight) each, or None where they are too few.
fn publish(live: &[(f64, f64)]) -> Option<f64> {
    if live.len() < MIN_SOURCES {
        return None;
    }
    let mut prices: Vec<f64> = live.iter().map(|(price, _)| *price).collect();
    prices.sort_by(f64::total_cmp);
    let median = (prices[(prices.len() - 1) / 2] + prices[prices.len() / 2]) / 2.0; // of an odd number, both are the middle one
    let (low, high) = (median * (1.0 - CLAMP), median * (1.0 + CLAMP));
    let sum: f64 = live.iter().map(|(price, weight)| price.clamp(low, high) * weight).sum();
    let total: f64 = live.iter().map(|(_, weight)| weight).sum();
    Some(sum / total)
}

// Publishes the index at each of the times, from what was received at or before it; every run starts from nothing.
fn index(params: &Json) -> String {
    let column = |name| params.get("observations").get(name).numbers(); // null is NaN
    let (received, event, source, price) =
        (column("receive_time"), column("event_time"), column("source"), column("price"));
    let weight = |source: &Json| source.get("weight").number().unwrap_or(1.0);
    let weights: Vec<f64> = params.get("sources").list().iter().map(weight).collect();
    let mut newest: Vec<Option<(f64, f64)>> = vec![None; weights.len()]; // of each source: event time, price
    let (mut values, mut status, mut row) = (vec![], vec![], 0);
    for now in params.get("times").numbers() {
        while row < received.len() && received[row] <= now {
            let before = &mut newest[source[row] as usize]; // each observation is looked at once
            let valid = price[row] > 0.0 && event[row] <= received[row] + MAX_AHEAD; // NaN is not above 0
            if valid && before.map_or(true, |(time, _)| event[row] >= time) {
                *before = Some((event[row], price[row])); // late news replaces nothing newer
            }
            row += 1;
        }
        let live: Vec<(f64, f64)> = (newest.iter().zip(&weights))
            .filter_map(|(entry, weight)| entry.map(|(time, price)| (time, price, *weight)))
            .filter(|(time, _, weight)| *weight > 0.0 && now - time <= MAX_AGE)
            .map(|(_, price, weight)| (price, weight))
            .collect();
        let value = publish(&live);
        values.push(value.map_or("null".to_string(), |value| format!("{value:?}"))); // {:?} reads back as the same number
        status.push(if value.is_some() { r#""ok""# } else { r#""halted""# });
    }
    format!(r#"{{"index": [{}], "status": [{}]}}"#, values.join(", "), status.join(", "))
}

// Answers one request; what cannot be answered is an error, and the next line is read all the same.
fn answer(line: &str) -> String {
    let Some(request) = Json::parse(line) else {
        return r#"{"id": null, "error": {"message": "this is no JSON"}}"#.to_string();
    };
    let (id, params) = (request.get("id").number().unwrap_or(0.0), request.get("params"));
    let result = match request.get("method").text() {
        "describe" => DESCRIPTION.to_string(),
        "index" => index(params),
        "index_batch" => format!("[{}]", params.list().iter().map(index).collect::<Vec<_>>().join(", ")), // many runs in one line
        _ => return format!(r#"{{"id": {id}, "error": {{"message": "unknown method"}}}}"#),
    };
    format!(r#"{{"id": {id}, "result": {result}}}"#)
}

fn main() {
    for line in stdin().lock().lines() {
        let mut out = stdout().lock();
        writeln!(out, "{}", answer(&line.expect("standard input is text"))).expect("standard output is open");
        out.flush().expect("standard output is open"); // an answer that stays in a buffer is one that never came
    }
}
