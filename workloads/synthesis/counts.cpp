#include "workloads/synthesis/counts.hpp"

#include <algorithm>
#include <unordered_map>

namespace workloads::synthesis {
namespace {

constexpr double us_per_s = 1e6;

double seconds_from(std::int64_t from_us, std::int64_t to_us) {
    return static_cast<double>(to_us - from_us) / us_per_s;
}

}  // namespace

std::variant<Window, std::string> between(const Reading& first, const Reading& second) {
    if (first.reset_us != second.reset_us) {
        return "the statistics were reset between the two readings; do it again";
    }
    Window window;
    window.from_us = first.at_us;
    window.to_us = second.at_us;
    window.seconds = seconds_from(first.at_us, second.at_us);
    window.counts_nested = second.counts_nested;
    if (!(window.seconds > 0)) {
        return "the server's clock was set back between the two readings; do it again";
    }
    window.evictions = second.evictions.value_or(0) - first.evictions.value_or(0);
    std::unordered_map<std::string, const StatementCount*> before;
    for (const auto& statement : first.statements) {
        before.emplace(statement.id, &statement);
    }
    for (const auto& statement : second.statements) {
        Window::Entry entry{statement, window.seconds};
        const auto found = before.find(statement.id);
        // Fewer calls than before: thrown out and counted from nought again.
        if (found != before.end() && found->second->calls <= statement.calls) {
            entry.counted.calls -= found->second->calls;
            entry.counted.time_ms = std::max(0.0, statement.time_ms - found->second->time_ms);
            entry.counted.rows = std::max<std::int64_t>(0, statement.rows - found->second->rows);
        }
        if (entry.counted.calls > 0) {
            window.entries.push_back(std::move(entry));
        }
    }
    return window;
}

std::variant<Window, std::string> since_reset(const Reading& reading) {
    if (!reading.reset_us) {
        return "this version of pg_stat_statements does not say since when it counts (1.9, of "
               "PostgreSQL 14, does): compare two readings instead, for example --window 60s";
    }
    Window window;
    window.since_reset = true;
    window.from_us = *reading.reset_us;
    window.to_us = reading.at_us;
    window.seconds = seconds_from(window.from_us, window.to_us);
    window.counts_nested = reading.counts_nested;
    window.evictions = reading.evictions.value_or(0);
    if (!(window.seconds >= 1)) {
        return "the statistics were reset less than a second ago: compare two readings instead, "
               "for example --window 60s";
    }
    for (const auto& statement : reading.statements) {
        const double counted = seconds_from(
            std::max(statement.since_us.value_or(window.from_us), window.from_us), reading.at_us);
        // What has just appeared would seem to come at any rate.
        constexpr double least_seconds = 1;
        if (statement.calls > 0) {
            window.entries.push_back({statement, std::max(counted, least_seconds)});
        }
    }
    return window;
}

}  // namespace workloads::synthesis
