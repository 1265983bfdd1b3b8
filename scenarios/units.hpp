// Durations and rates as a scenario writes them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace scenarios {

// `250ms`, `30s`, `1.5m`, `1h`, or `0`: whole milliseconds, at most 7 days (PostgreSQL's own
// timeouts end at 24 days). Anything else is no duration.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// `2000/s` or `30/m` as operations per second, > 0 and at most 10 million.
[[nodiscard]] std::optional<double> parse_rate(std::string_view text);

// Digits with an optional sign and fraction, finite.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::optional<long long> parse_integer(std::string_view text);

// As it would be written in a scenario: the largest unit that leaves a whole number.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds);

inline constexpr std::string_view duration_pattern = R"(^([0-9]+(\.[0-9]+)?(ms|s|m|h)|0)$)";
inline constexpr std::string_view rate_pattern = R"(^[0-9]+(\.[0-9]+)?/(s|m)$)";

}  // namespace scenarios
