#include "workloads/pgbench/value.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace workloads::pgbench {
namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_word(std::string_view text, std::string_view word) {
    return text.size() == word.size() && std::equal(text.begin(), text.end(), word.begin(),
                                                    [](char a, char b) { return lower(a) == b; });
}

bool begins_word(std::string_view text, std::string_view word) {
    return text.size() <= word.size() && equals_word(text, word.substr(0, text.size()));
}

std::string_view without_leading_spaces(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    return text;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
    std::int64_t number = 0;
    const bool plus = text[0] == '+';  // which from_chars does not know
    const auto [at, error] =
        std::from_chars(text.data() + (plus ? 1 : 0), text.data() + text.size(), number);
    return error == std::errc{} ? std::optional{number} : std::nullopt;
}

// With hexadecimal digits, inf and nan, as C reads them. The program never leaves the "C" locale.
std::optional<double> real_of(std::string_view text) {
    const std::string terminated{text};
    char* end = nullptr;
    errno = 0;
    const double number = std::strtod(terminated.c_str(), &end);
    if (errno != 0 || end == terminated.c_str() || end != terminated.c_str() + text.size()) {
        return std::nullopt;
    }
    return number;
}

bool looks_integer(std::string_view text) {
    const bool sign = !text.empty() && (text[0] == '+' || text[0] == '-');
    const auto digits = text.substr(sign ? 1 : 0);
    return !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit);
}

}  // namespace

Value Value::of(bool value) noexcept {
    Value made;
    made.type = Type::boolean;
    made.truth = value;
    return made;
}

Value Value::of(std::int64_t value) noexcept {
    Value made;
    made.type = Type::integer;
    made.integer = value;
    return made;
}

Value Value::of(double value) noexcept {
    Value made;
    made.type = Type::real;
    made.real = value;
    return made;
}

std::string_view name_of(Value::Type type) noexcept {
    switch (type) {
        case Value::Type::null:
            return "null";
        case Value::Type::boolean:
            return "boolean";
        case Value::Type::integer:
            return "int";
        case Value::Type::real:
            return "double";
    }
    return {};
}

void write_text(const Value& value, std::string& out) {
    char text[40];
    switch (value.type) {
        case Value::Type::null:
            out += "NULL";
            return;
        case Value::Type::boolean:
            out += value.truth ? "true" : "false";
            return;
        case Value::Type::integer: {
            const auto end = std::to_chars(text, text + sizeof text, value.integer).ptr;
            out.append(text, end);
            return;
        }
        case Value::Type::real:
            if (!std::isfinite(value.real)) {
                out += std::isnan(value.real) ? "NaN" : value.real < 0 ? "-Infinity" : "Infinity";
                return;
            }
            std::snprintf(text, sizeof text, "%.*g", std::numeric_limits<double>::digits10,
                          value.real);
            out += text;
            return;
    }
}

std::optional<Value> value_of_text(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    if (equals_word(text, "null")) {
        return Value{};
    }
    if (begins_word(text, "true") || begins_word(text, "yes") || equals_word(text, "on")) {
        return Value::of(true);
    }
    // "of" is taken for off; a lone "o" is neither.
    if (begins_word(text, "false") || begins_word(text, "no") || equals_word(text, "off") ||
        equals_word(text, "of")) {
        return Value::of(false);
    }
    const auto number = without_leading_spaces(text);
    if (looks_integer(number)) {
        const auto integer = integer_of(number);
        return integer ? std::optional{Value::of(*integer)} : std::nullopt;
    }
    const auto real = real_of(text);
    return real ? std::optional{Value::of(*real)} : std::nullopt;
}

std::optional<std::int64_t> to_integer(const Value& value, std::string& error) {
    if (value.type == Value::Type::integer) {
        return value.integer;
    }
    if (value.type != Value::Type::real) {
        error = "cannot coerce " + std::string{name_of(value.type)} + " to int";
        return std::nullopt;
    }
    // Half to even, as rint does it; 2^63 itself is the first double that does not fit.
    const double whole = std::nearbyint(value.real);
    if (!(whole >= -0x1p63 && whole < 0x1p63)) {
        error = "double to int overflow";
        return std::nullopt;
    }
    return static_cast<std::int64_t>(whole);
}

std::optional<double> to_real(const Value& value, std::string& error) {
    if (value.type == Value::Type::real) {
        return value.real;
    }
    if (value.type == Value::Type::integer) {
        return static_cast<double>(value.integer);
    }
    error = "cannot coerce " + std::string{name_of(value.type)} + " to double";
    return std::nullopt;
}

std::optional<bool> to_boolean(const Value& value, std::string& error) {
    if (value.type == Value::Type::boolean) {
        return value.truth;
    }
    error = "cannot coerce " + std::string{name_of(value.type)} + " to boolean";
    return std::nullopt;
}

bool is_true(const Value& value) noexcept {
    switch (value.type) {
        case Value::Type::null:
            return false;
        case Value::Type::boolean:
            return value.truth;
        case Value::Type::integer:
            return value.integer != 0;
        case Value::Type::real:
            return value.real != 0;
    }
    return false;
}

}  // namespace workloads::pgbench
