// A price index as a target of indexlab: one JSON object a line on standard input, one a line on standard output.
//
// The rules to start from. Put your own in their place, and what DESCRIPTION promises with them:
// 1. Of each source the newest valid price counts, newest by the venue's own clock. A price that is null, zero or negative,
//    or whose time lies more than 1 s ahead of its arrival, is ignored as if it had not come.
// 2. A source whose newest price is more than 60 s old is stale and has no influence; nor has one of weight 0.
// 3. The median of the live prices is the reference. A price more than 1 % away from it is moved to that border.
// 4. The index is the mean of these prices by weight. With fewer than three live sources there is none: "halted".
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

public final class Index {
    static final double MAX_AGE = 60e6; // microseconds, as all times; they are exact in a double
    static final double MAX_AHEAD = 1e6;
    static final double CLAMP = 0.01;
    static final int MIN_SOURCES = 3;

    // What this target is, what it answers, and what it promises: indexlab holds it to that. At "thresholds" a rule takes hold.
    static final String DESCRIPTION = "{\"protocol\": 1, \"name\": \"my-index\", \"version\": \"1.0.0\","
        + " \"provides\": [\"index\", \"index_batch\"], \"thresholds\": [0.01],"
        + " \"expect\": {\"max_age\": \"60s\", \"max_displacement\": \"1%\", \"min_sources\": 3}}";

    // The index of the live sources, {price, weight} each, or null where they are too few.
    static Double publish(List<double[]> live) {
        int n = live.size();
        if (n < MIN_SOURCES) return null;
        double[] prices = live.stream().mapToDouble(source -> source[0]).sorted().toArray();
        double median = (prices[(n - 1) / 2] + prices[n / 2]) / 2; // of an odd number, both are the middle one
        double low = median * (1 - CLAMP), high = median * (1 + CLAMP), sum = 0, total = 0;
        for (double[] source : live) {
            sum += Math.min(Math.max(source[0], low), high) * source[1];
            total += source[1];
        }
        return sum / total;
    }

    // Publishes the index at each of the times, from what was received at or before it; every run starts from nothing.
    static String index(Json run) {
        Json seen = run.get("observations");
        double[] received = seen.get("receive_time").numbers(), event = seen.get("event_time").numbers();
        double[] source = seen.get("source").numbers(), price = seen.get("price").numbers(); // null is NaN
        double[] weights = run.get("sources").list().stream().mapToDouble(one -> one.get("weight").number(1)).toArray();
        double[] newest = new double[weights.length], newestEvent = new double[weights.length]; // a price of 0: none yet
        List<String> values = new ArrayList<>(), status = new ArrayList<>();
        int row = 0;
        for (double now : run.get("times").numbers()) {
            for (; row < received.length && received[row] <= now; row++) { // each observation is looked at once
                int s = (int) source[row];
                boolean valid = price[row] > 0 && event[row] <= received[row] + MAX_AHEAD; // NaN is not above 0
                if (!valid || (newest[s] > 0 && event[row] < newestEvent[s])) continue; // late news replaces nothing newer
                newest[s] = price[row];
                newestEvent[s] = event[row];
            }
            List<double[]> live = new ArrayList<>();
            for (int s = 0; s < weights.length; s++) {
                boolean isLive = newest[s] > 0 && now - newestEvent[s] <= MAX_AGE;
                if (isLive && weights[s] > 0) live.add(new double[] {newest[s], weights[s]});
            }
            Double value = publish(live);
            values.add(String.valueOf(value)); // null, or digits that read back as the same number
            status.add(value == null ? "\"halted\"" : "\"ok\"");
        }
        return "{\"index\": " + values + ", \"status\": " + status + "}"; // a list prints as [a, b]
    }

    static String result(String method, Json params) {
        return switch (method) {
            case "describe" -> DESCRIPTION;
            case "index" -> index(params);
            case "index_batch" -> params.list().stream().map(Index::index).collect(Collectors.joining(", ", "[", "]"));
            default -> throw new IllegalArgumentException("unknown method " + method);
        };
    }

    public static void main(String[] arguments) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            String id = "null", answer;
            try {
                Json request = Json.parse(line);
                id = String.valueOf((long) request.get("id").number(0));
                answer = "\"result\": " + result(request.get("method").text(), request.get("params"));
            } catch (RuntimeException wrong) { // what cannot be answered is an error, and the next line is read all the same
                answer = "\"error\": {\"message\": \"" + wrong.toString().replaceAll("[^\\w .:]", " ") + "\"}";
            }
            System.out.println("{\"id\": " + id + ", " + answer + "}");
            System.out.flush(); // an answer that stays in a buffer is one that never came
        }
    }
}
