#include "workloads/pgbench/value.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace workloads::pgbench {
namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_word(std::string_view text, std::string_view word) {
    return text.size() == word.size() &&
           std::equal(text.begin(), text.end(), word.begin(),
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

// from_chars knows no plus sign, strtod asks the locale.
std::string_view without_plus(std::string_view text) {
    const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+';
    return plus ? text.substr(1) : text;
}

template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || at != end || text.empty()) {
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
            // The program never leaves the "C" locale, so the point is a point.
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
        const auto integer = whole_number<std::int64_t>(without_plus(number));
        return integer ? std::optional{Value::of(*integer)} : std::nullopt;
    }
    const auto real = whole_number<double>(without_plus(number));
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
