// Just enough JSON to read a request, as the standard library has none: a value is null, a Boolean, Double, String, List or Map.
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

final class Json {
    private static final Json NOTHING = new Json(null);
    private final Object value;

    private Json(Object value) {
        this.value = value;
    }

    // Throws IllegalArgumentException where the text is no JSON.
    static Json parse(String text) {
        Reader reader = new Reader(text);
        Json read = reader.value();
        if (reader.peek() != 0) throw new IllegalArgumentException("more than one value");
        return read;
    }

    // What is not there is null.
    Json get(String key) {
        return value instanceof Map<?, ?> fields && fields.get(key) instanceof Json found ? found : NOTHING;
    }

    List<Json> list() {
        List<Json> items = new ArrayList<>();
        if (value instanceof List<?> given) given.forEach(item -> items.add((Json) item));
        return items;
    }

    // A list of numbers, NaN where there is none.
    double[] numbers() {
        return list().stream().mapToDouble(item -> item.number(Double.NaN)).toArray();
    }

    double number(double otherwise) {
        return value instanceof Double number ? number : otherwise;
    }

    String text() {
        return value instanceof String text ? text : "";
    }

    private static final class Reader {
        private final String text;
        private int at = 0;

        Reader(String text) {
            this.text = text;
        }

        // The next character that is no space; 0 at the end.
        char peek() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) at++;
            return at < text.length() ? text.charAt(at) : 0;
        }

        void take(char expected) {
            if (peek() != expected) throw new IllegalArgumentException("no " + expected + " at " + at);
            at++;
        }

        Json value() {
            switch (peek()) {
                case '{':
                    Map<String, Json> fields = new HashMap<>();
                    each('}', () -> {
                        String key = string();
                        take(':');
                        fields.put(key, value());
                    });
                    return new Json(fields);
                case '[':
                    List<Json> items = new ArrayList<>();
                    each(']', () -> items.add(value()));
                    return new Json(items);
                default:
                    return new Json(peek() == '"' ? string() : word());
            }
        }

        // Reads the entries up to the closing bracket, with commas between them.
        private void each(char end, Runnable entry) {
            at++;
            if (peek() != end) entry.run();
            while (peek() != end) {
                take(',');
                entry.run();
            }
            at++;
        }

        private String string() {
            take('"');
            StringBuilder read = new StringBuilder();
            while (text.charAt(at) != '"') {
                if (text.charAt(at) == '\\') at++; // of \n an n stays: no name that is looked for holds one
                read.append(text.charAt(at++));
            }
            at++;
            return read.toString();
        }

        private Object word() {
            int start = at;
            while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) at++;
            String word = text.substring(start, at);
            return switch (word) {
                case "null" -> null;
                case "true", "false" -> Boolean.valueOf(word);
                default -> Double.valueOf(word);
            };
        }
    }
}
