#include "scenarios/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace scenarios {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::pair<std::string_view, double>, 4> duration_units{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr double longest_ms = 7 * 24 * 3'600'000.0;
constexpr double highest_rate = 1e7;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// The unsigned decimal at the start of `text`, and what follows it.
std::optional<std::pair<double, std::string_view>> leading_decimal(std::string_view text) {
    std::size_t end = 0;
    const auto digits = [&] {
        const auto from = end;
        while (end < text.size() && is_digit(text[end])) {
            ++end;
        }
        return end > from;
    };
    if (!digits()) {
        return std::nullopt;
    }
    if (end < text.size() && text[end] == '.') {
        ++end;
        if (!digits()) {
            return std::nullopt;
        }
    }
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + end, value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + end) {
        return std::nullopt;
    }
    return std::pair{value, text.substr(end)};
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
    if (text == "0") {
        return milliseconds{0};
    }
    const auto decimal = leading_decimal(text);
    if (!decimal) {
        return std::nullopt;
    }
    for (const auto& [unit, factor] : duration_units) {
        if (decimal->second == unit) {
            const double ms = decimal->first * factor;
            const double whole = std::round(ms);
            // 0.1 has no exact binary form: 0.1s is 100 ms within an error far below this.
            if (ms > longest_ms || std::abs(ms - whole) > 1e-6) {
                return std::nullopt;
            }
            return milliseconds{static_cast<std::int64_t>(whole)};
        }
    }
    return std::nullopt;
}

std::optional<double> parse_rate(std::string_view text) {
    const auto decimal = leading_decimal(text);
    if (!decimal || (decimal->second != "/s" && decimal->second != "/m")) {
        return std::nullopt;
    }
    const double rate = decimal->second == "/s" ? decimal->first : decimal->first / 60;
    if (!(rate > 0) || rate > highest_rate) {
        return std::nullopt;
    }
    return rate;
}

// As YAML's core schema has it: 1.5, -2, +3, .5, 1e-06. Neither infinity nor NaN.
std::optional<double> parse_number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (text.empty() || !(is_digit(text.front()) || text.front() == '.')) {
        return std::nullopt;  // from_chars would take inf and another sign
    }
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return negative ? -value : value;
}

std::optional<long long> parse_integer(std::string_view text) {
    long long value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::string duration_text(milliseconds duration) {
    const auto ms = duration.count();
    if (ms == 0) {
        return "0";
    }
    for (const auto& [unit, factor] : {std::pair{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}}) {
        if (ms % factor == 0) {
            return std::to_string(ms / factor) + unit;
        }
    }
    return std::to_string(ms) + "ms";
}

}  // namespace scenarios
