// A price index as a target of indexlab: one JSON object a line on standard input, one a line on standard output.
//
// The rules to start from. Put your own in their place, and what DESCRIPTION promises with them:
// 1. Of each source the newest valid price counts, newest by the venue's own clock. A price that is null, zero or negative,
//    or whose time lies more than 1 s ahead of its arrival, is ignored as if it had not come.
// 2. A source whose newest price is more than 60 s old is stale and has no influence; nor has one of weight 0.
// 3. The median of the live prices is the reference. A price more than 1 % away from it is moved to that border.
// 4. The index is the mean of these prices by weight. With fewer than three live sources there is none: "halted".
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "json.hpp"

constexpr double MAX_AGE = 60e6;  // microseconds, as all times; they are exact in a double
constexpr double MAX_AHEAD = 1e6;
constexpr double CLAMP = 0.01;
constexpr size_t MIN_SOURCES = 3;

// What this target is, what it answers, and what it promises: indexlab holds it to that. At "thresholds" a rule takes hold.
const std::string DESCRIPTION =
    R"({"protocol": 1, "name": "my-index", "version": "1.0.0", "provides": ["index", "index_batch"], )"
    R"("thresholds": [0.01], "expect": {"max_age": "60s", "max_displacement": "1%", "min_sources": 3}})";

struct Entry {
    double price, weight;
};

// The index of the live sources, or nothing where they are too few.
std::optional<double> publish(const std::vector<Entry>& live) {
    size_t n = live.size();
    if (n < MIN_SOURCES) return {};
    std::vector<double> prices;
    for (const Entry& entry : live) prices.push_back(entry.price);
    std::sort(prices.begin(), prices.end());
    double median = (prices[(n - 1) / 2] + prices[n / 2]) / 2;  // of an odd number, both are the middle one
    double sum = 0, total = 0;
    for (const Entry& entry : live) {
        sum += std::clamp(entry.price, median * (1 - CLAMP), median * (1 + CLAMP)) * entry.weight;
        total += entry.weight;
    }
    return sum / total;
}

// Publishes the index at each of the times, from what was received at or before it; every run starts from nothing.
std::string index(const Json& run) {
    const Json& seen = run["observations"];
    auto received = seen["receive_time"].numbers(), event = seen["event_time"].numbers();
    auto source = seen["source"].numbers(), price = seen["price"].numbers();  // null is NaN
    const std::vector<Json>& sources = run["sources"].items;
    std::vector<double> newest(sources.size()), newest_event(sources.size());  // a price of 0: none yet
    std::string values, status;
    size_t row = 0;
    for (double now : run["times"].numbers()) {
        for (; row < received.size() && received[row] <= now; row++) {  // each observation is looked at once
            size_t s = static_cast<size_t>(source[row]);
            bool valid = price[row] > 0 && event[row] <= received[row] + MAX_AHEAD;  // NaN is not above 0
            if (!valid || (newest.at(s) > 0 && event[row] < newest_event[s])) continue;  // late news replaces nothing newer
            newest[s] = price[row];
            newest_event[s] = event[row];
        }
        std::vector<Entry> live;
        for (size_t s = 0; s < sources.size(); s++) {
            double weight = sources[s]["weight"].number_or(1);
            if (weight > 0 && newest[s] > 0 && now - newest_event[s] <= MAX_AGE) live.push_back({newest[s], weight});
        }
        std::optional<double> value = publish(live);
        char digits[32] = "null";
        if (value) std::snprintf(digits, sizeof digits, "%.17g", *value);  // 17 digits read back as the same number
        values += (values.empty() ? "" : ", ") + std::string(digits);
        status += (status.empty() ? "" : ", ") + std::string(value ? "\"ok\"" : "\"halted\"");
    }
    return "{\"index\": [" + values + "], \"status\": [" + status + "]}";
}

std::string result(const std::string& method, const Json& params) {
    if (method == "describe") return DESCRIPTION;
    if (method == "index") return index(params);
    if (method != "index_batch") throw std::invalid_argument("unknown method");
    std::string results;  // many runs in one line
    for (const Json& run : params.items) results += (results.empty() ? "" : ", ") + index(run);
    return "[" + results + "]";
}

int main() {
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
        std::string id = "null", answer;
        try {
            Json request = Json::parse(line);
            id = std::to_string(static_cast<long long>(request["id"].number_or(0)));
            answer = "\"result\": " + result(request["method"].text, request["params"]);
        } catch (const std::exception& wrong) {  // what cannot be answered is an error, and the next line is read all the same
            answer = "\"error\": {\"message\": \"" + std::string(wrong.what()) + "\"}";
        }
        std::cout << "{\"id\": " << id << ", " << answer << "}" << std::endl;  // endl flushes: what stays in a buffer never came
    }
}
