// Reads what a scenario writes under `gates:`.
#include "reports/comparisons.hpp"
#include "reports/figures.hpp"
#include "reports/gates.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace reports {

namespace {

enum class Unit : std::uint8_t { time, count, share };

struct MetricRow {
    std::string_view key;  // as written, behind an operation's name where it may have one
    GateMetric metric;
    std::string_view statistic;
    Unit unit;
    bool per_operation;
};

// clang-format off
constexpr std::array<MetricRow, 27> metrics{{
    {"lock_wait.max",    GateMetric::lock_wait_max, "", Unit::time,  false},
    {"stall.max",        GateMetric::stall_max,     "", Unit::time,  true},
    {"errors",           GateMetric::errors,        "", Unit::count, true},
    {"deadlocks",        GateMetric::deadlocks,     "", Unit::count, false},
    {"blocked.max",      GateMetric::blocked_max,   "", Unit::count, false},
    {"duration",         GateMetric::duration,      "", Unit::time,  false},
    {"replica_lag",      GateMetric::replica_lag,   "", Unit::time,  false},
    {"replica_lag.max",  GateMetric::replica_lag,   "", Unit::time,  false},
    {"response.mean",    GateMetric::response, "mean",  Unit::time, true},
    {"response.p50",     GateMetric::response, "p50",   Unit::time, true},
    {"response.p90",     GateMetric::response, "p90",   Unit::time, true},
    {"response.p95",     GateMetric::response, "p95",   Unit::time, true},
    {"response.p99",     GateMetric::response, "p99",   Unit::time, true},
    {"response.p99_9",   GateMetric::response, "p99_9", Unit::time, true},
    {"response.p99.9",   GateMetric::response, "p99_9", Unit::time, true},
    {"response.p999",    GateMetric::response, "p99_9", Unit::time, true},
    {"response.max",     GateMetric::response, "max",   Unit::time, true},
    {"service.mean",     GateMetric::service,  "mean",  Unit::time, true},
    {"service.p50",      GateMetric::service,  "p50",   Unit::time, true},
    {"service.p90",      GateMetric::service,  "p90",   Unit::time, true},
    {"service.p95",      GateMetric::service,  "p95",   Unit::time, true},
    {"service.p99",      GateMetric::service,  "p99",   Unit::time, true},
    {"service.p99_9",    GateMetric::service,  "p99_9", Unit::time, true},
    {"service.p99.9",    GateMetric::service,  "p99_9", Unit::time, true},
    {"service.p999",     GateMetric::service,  "p99_9", Unit::time, true},
    {"service.max",      GateMetric::service,  "max",   Unit::time, true},
    {"replay.coverage",  GateMetric::replay_coverage, "", Unit::share, false},
}};
// clang-format on

constexpr const char* known_keys =
    "known are lock_wait.max, stall.max, errors, deadlocks, blocked.max, duration, replica_lag, "
    "replay.coverage, response.<s> and service.<s> with <s> one of mean, p50, p90, p95, p99, "
    "p99_9, max; stall.max, "
    "errors, response and service may stand behind an operation's name and a dot";

// The row whose key ends the text, and the operation's name before it. An operation's name may hold
// dots itself, so the end decides; the longest key wins.
const MetricRow* find_metric(std::string_view key, std::string_view& operation) {
    const MetricRow* best = nullptr;
    for (const auto& row : metrics) {
        const bool whole = key == row.key;
        const bool behind_name = key.size() > row.key.size() + 1 && key.ends_with(row.key) &&
                                 key[key.size() - row.key.size() - 1] == '.';
        if ((whole || behind_name) && (best == nullptr || row.key.size() > best->key.size())) {
            best = &row;
        }
    }
    if (best != nullptr) {
        operation = key.size() > best->key.size() ? key.substr(0, key.size() - best->key.size() - 1)
                                                  : std::string_view{};
    }
    return best;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// A finite number of at least 0 at the start of `text`, which is left with what follows it.
std::optional<double> take_number(std::string_view& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
    if (error != std::errc{} || !digit || !std::isfinite(value)) {
        return std::nullopt;
    }
    text = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
    return value;
}

std::optional<double> parse_duration_ms(std::string_view text) {
    struct Row {
        std::string_view unit;
        double ms;
    };
    static constexpr std::array<Row, 5> units{
        {{"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}}};
    auto rest = trimmed(text);
    const auto value = take_number(rest);
    if (!value) {
        return std::nullopt;
    }
    if (rest.empty() && *value == 0) {
        return 0;  // nothing is nothing in every unit
    }
    for (const auto& [unit, ms] : units) {
        if (rest == unit && std::isfinite(*value * ms)) {
            return *value * ms;
        }
    }
    return std::nullopt;
}

std::optional<double> parse_count(std::string_view text) {
    auto rest = trimmed(text);
    const auto value = take_number(rest);
    const bool whole = value && rest.empty() && std::floor(*value) == *value && *value <= 1e15;
    return whole ? value : std::nullopt;
}

// Per cent, as a share.
std::optional<double> parse_share(std::string_view text) {
    auto rest = trimmed(text);
    const auto value = take_number(rest);
    return value && rest == "%" && *value <= 100 ? std::optional{*value / 100} : std::nullopt;
}

// The only lower limit.
std::string read_least_share(const std::string& written, Gate& gate) {
    auto text = trimmed(written);
    if (text.starts_with(">=")) {
        text.remove_prefix(2);
    } else if (text.starts_with("<") || text.starts_with(">")) {
        return "`" + gate.name + "` is a lower limit: write it with `>=` or without a sign";
    }
    gate.limit = parse_share(text);
    return gate.limit ? "" : "`" + written + "` is not a share: write per cent, such as 99%";
}

// What is wrong, or empty.
std::string read_limit(std::string_view written, Unit unit, Gate& gate) {
    auto text = trimmed(written);
    if (text.starts_with("<=")) {
        text.remove_prefix(2);
    } else if (text.starts_with("<")) {
        text.remove_prefix(1);
        gate.strict = true;
    } else if (text.starts_with(">") || text.starts_with("=") || text.starts_with("!")) {
        return "a gate is an upper limit: write it with `<`, `<=` or without a sign";
    }
    gate.limit = unit == Unit::time ? parse_duration_ms(text) : parse_count(text);
    if (!gate.limit) {
        const auto quoted = "`" + std::string{written} + "` is not ";
        return unit == Unit::time
                   ? quoted + "a duration: write a number and us, ms, s, m or h, such as 300ms"
                   : quoted + "a count: write a whole number, such as 0 or < 20";
    }
    if (gate.strict && *gate.limit == 0) {
        return "nothing is less than 0: write `0` or `<= 0`";
    }
    return {};
}

std::string read_ratio(const GateText& text, Gate& gate) {
    if (gate.metric != GateMetric::response || !quantile_of(gate.statistic)) {
        return "`" + text.key +
               "` takes a limit; a ratio is for response.p50, p90, p95, p99 and p99_9 only";
    }
    auto rest = trimmed(*text.ratio);
    gate.ratio = take_number(rest);
    if (!gate.ratio || !rest.empty() || *gate.ratio < 1 || *gate.ratio > 1e6) {
        return "`" + *text.ratio +
               "` is not a ratio: write a number of at least 1, such as 1.25 for at most a quarter "
               "slower "
               "than before";
    }
    gate.floor_ms = default_floor_ms(gate.statistic);
    if (text.floor) {
        const auto floor = parse_duration_ms(*text.floor);
        if (!floor) {
            return "`" + *text.floor + "` is not a duration: write the floor such as 5ms";
        }
        gate.floor_ms = *floor;
    }
    return {};
}

}  // namespace

std::variant<Gate, std::string> parse_gate(const GateText& text) {
    std::string_view operation;
    const MetricRow* row = find_metric(text.key, operation);
    if (row == nullptr) {
        return "unknown gate `" + text.key + "`: " + known_keys;
    }
    if (!operation.empty() && !row->per_operation) {
        return "`" + std::string{row->key} +
               "` holds for the whole run, not for one operation: write `" + std::string{row->key} +
               "`";
    }
    Gate gate{.name = text.key,
              .metric = row->metric,
              .operation = std::string{operation},
              .statistic = std::string{row->statistic},
              .limit = {},
              .ratio = {},
              .written = text};
    if (!text.limit && !text.ratio) {
        return "`" + text.key + "` needs a limit" +
               (text.floor ? ": a floor alone limits nothing; write {ratio: 1.25, floor: 5ms}"
                           : "");
    }
    if (text.floor && !text.ratio) {
        return "a floor belongs to a ratio: write {ratio: 1.25, floor: 5ms}";
    }
    std::string wrong;
    if (text.limit) {
        wrong = row->unit == Unit::share ? read_least_share(*text.limit, gate)
                                         : read_limit(*text.limit, row->unit, gate);
    }
    if (wrong.empty() && text.ratio) {
        wrong = read_ratio(text, gate);
    }
    if (!wrong.empty()) {
        return wrong;
    }
    return gate;
}

Gate default_coverage_gate() {
    return std::get<Gate>(
        parse_gate({.key = "replay.coverage", .limit = "99%", .ratio = {}, .floor = {}}));
}

std::vector<Gate> default_gates() {
    std::vector<Gate> gates;
    for (const auto& [key, limit] :
         {std::pair{"errors", "0"}, {"lock_wait.max", "1s"}, {"stall.max", "1s"}}) {
        gates.push_back(
            std::get<Gate>(parse_gate({.key = key, .limit = limit, .ratio = {}, .floor = {}})));
    }
    return gates;
}

}  // namespace reports
