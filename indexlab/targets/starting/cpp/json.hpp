// Just enough JSON to read a request, as the standard library has none.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// A value: a number (NaN where it is none), a text, a list's items or an object's fields; null, true and false have none of them.
struct Json {
    double number = NAN;
    std::string text;
    std::vector<Json> items;
    std::vector<std::pair<std::string, Json>> fields;

    // Throws std::invalid_argument where the text is no JSON.
    static Json parse(const std::string& text);

    // What is not there is null.
    const Json& operator[](const std::string& key) const {
        static const Json nothing{};
        for (const auto& [name, value] : fields) {
            if (name == key) return value;
        }
        return nothing;
    }

    double number_or(double otherwise) const { return std::isnan(number) ? otherwise : number; }

    std::vector<double> numbers() const {
        std::vector<double> found;
        for (const Json& item : items) found.push_back(item.number);
        return found;
    }
};

class JsonReader {
public:
    explicit JsonReader(const std::string& given) : text(given) {}

    // The next character that is no space; 0 at the end.
    char peek() {
        at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
        return at < text.size() ? text[at] : '\0';
    }

    Json value() {
        Json read;
        char first = peek();
        if (first == '"') {
            read.text = string();
        } else if (first == '[') {
            each(']', [&] { read.items.push_back(value()); });
        } else if (first == '{') {
            each('}', [&] {
                std::string key = string();
                take(':');
                read.fields.emplace_back(key, value());
            });
        } else {
            read.number = word();
        }
        return read;
    }

private:
    const std::string& text;
    size_t at = 0;

    void take(char expected) {
        if (peek() != expected) throw std::invalid_argument("this is no JSON");
        at++;
    }

    // Reads the entries up to the closing bracket, with commas between them.
    template <typename Read>
    void each(char end, Read entry) {
        at++;
        if (peek() != end) entry();
        while (peek() != end) {
            take(',');
            entry();
        }
        at++;
    }

    std::string string() {
        take('"');
        std::string read;
        while (text.at(at) != '"') {
            if (text[at] == '\\') at++;  // of \n an n stays: no name that is looked for holds one
            read += text.at(at++);
        }
        at++;
        return read;
    }

    double word() {
        for (const std::string known : {"null", "true", "false"}) {
            if (text.compare(at, known.size(), known) != 0) continue;
            at += known.size();
            return NAN;
        }
        char* end = nullptr;
        double number = std::strtod(text.c_str() + at, &end);
        if (end == text.c_str() + at) throw std::invalid_argument("this is no JSON");
        at = static_cast<size_t>(end - text.c_str());
        return number;
    }
};

inline Json Json::parse(const std::string& text) {
    JsonReader reader(text);
    Json read = reader.value();
    if (reader.peek() != '\0') throw std::invalid_argument("this is no JSON");
    return read;
}
