// A price index as a target of indexlab: one JSON object a line on standard input, one a line on standard output.
//
// The rules to start from. Put your own in their place, and what description promises with them:
//  1. Of each source the newest valid price counts, newest by the venue's own clock. A price that is null, zero or negative,
//     or whose time lies more than 1 s ahead of its arrival, is ignored as if it had not come.
//  2. A source whose newest price is more than 60 s old is stale and has no influence; nor has one of weight 0.
//  3. The median of the live prices is the reference. A price more than 1 % away from it is moved to that border.
//  4. The index is the mean of these prices by weight. With fewer than three live sources there is none: "halted".
package main

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"sort"
)

const (
	maxAge     = 60_000_000 // microseconds, as all times
	maxAhead   = 1_000_000
	clamp      = 0.01
	minSources = 3
)

// What this target is, what it answers, and what it promises: indexlab holds it to that. At `thresholds` a rule takes hold.
const description = `{"protocol": 1, "name": "my-index", "version": "1.0.0", "provides": ["index", "index_batch"],
 "thresholds": [0.01], "expect": {"max_age": "60s", "max_displacement": "1%", "min_sources": 3}}`

type run struct {
	Sources []struct {
		Weight *float64 // nil, where none is given, is 1
	}
	Observations struct {
		ReceiveTime []int64 `json:"receive_time"`
		EventTime   []int64 `json:"event_time"`
		Source      []int
		Price       []*float64 // nil where the venue sent something that is no number
	}
	Times []int64
}

// publish gives the index of the live sources, or nil where they are too few.
func publish(prices, weights []float64) *float64 {
	if len(prices) < minSources {
		return nil
	}
	sorted := append([]float64{}, prices...)
	sort.Float64s(sorted)
	median := (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2 // of an odd number, both are the middle one
	sum, total := 0.0, 0.0
	for s, price := range prices {
		sum += math.Min(math.Max(price, median*(1-clamp)), median*(1+clamp)) * weights[s]
		total += weights[s]
	}
	value := sum / total
	return &value
}

// index publishes at each of the times, from what was received at or before it; every run starts from nothing.
func index(asked run) map[string]any {
	seen, row := asked.Observations, 0
	newest, event := make([]float64, len(asked.Sources)), make([]int64, len(asked.Sources)) // a price of 0: none yet
	values, status := make([]*float64, len(asked.Times)), make([]string, len(asked.Times))
	for t, now := range asked.Times {
		for ; row < len(seen.Price) && seen.ReceiveTime[row] <= now; row++ { // each observation is looked at once
			s, price, at := seen.Source[row], seen.Price[row], seen.EventTime[row]
			valid := price != nil && *price > 0 && at <= seen.ReceiveTime[row]+maxAhead
			if valid && (newest[s] == 0 || at >= event[s]) { // late news replaces nothing newer
				newest[s], event[s] = *price, at
			}
		}
		var prices, weights []float64
		for s, source := range asked.Sources {
			weight := 1.0
			if source.Weight != nil {
				weight = *source.Weight
			}
			if weight > 0 && newest[s] > 0 && now-event[s] <= maxAge {
				prices, weights = append(prices, newest[s]), append(weights, weight)
			}
		}
		values[t], status[t] = publish(prices, weights), "ok"
		if values[t] == nil {
			status[t] = "halted"
		}
	}
	return map[string]any{"index": values, "status": status}
}

func main() {
	lines, answers := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout) // each answer is written at once
	for line, err := lines.ReadBytes('\n'); err == nil; line, err = lines.ReadBytes('\n') {
		var request struct {
			ID     *int64
			Method string
			Params json.RawMessage
		}
		one, many, results := run{}, []run{}, []any{}
		wrong, answer := json.Unmarshal(line, &request), map[string]any{"id": request.ID}
		switch {
		case wrong == nil && request.Method == "describe":
			answer["result"] = json.RawMessage(description)
		case wrong == nil && request.Method == "index" && json.Unmarshal(request.Params, &one) == nil:
			answer["result"] = index(one)
		case wrong == nil && request.Method == "index_batch" && json.Unmarshal(request.Params, &many) == nil: // many runs in one line
			for _, asked := range many {
				results = append(results, index(asked))
			}
			answer["result"] = results
		default: // what cannot be answered is an error, and the next line is read all the same
			answer["error"] = map[string]string{"message": "cannot answer the method " + request.Method}
		}
		answers.Encode(answer)
	}
}
