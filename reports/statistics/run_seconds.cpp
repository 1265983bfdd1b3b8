#include "reports/statistics/run_seconds.hpp"

#include <stdexcept>

namespace reports::statistics {

namespace {

void check(std::span<const SecondRange> ranges) {
    std::uint32_t reached = 0;
    for (const auto& [first, end] : ranges) {
        if (first < reached || end < first || end > most_seconds) {
            throw std::invalid_argument{
                "The phases of a run overlap, are out of order or endless."};
        }
        reached = end;
    }
}

// What an operation did in the second that is being read.
struct Current {
    std::vector<Bucket> successes;
    std::uint64_t failures = 0;
};

void append(const SecondRange& range, std::uint32_t second, Current& current, Seconds& to) {
    while (to.size() < second - range.first) {
        to.append(std::span<const Bucket>{}, 0);
    }
    to.append(current.successes, current.failures);
    current.successes.clear();
    current.failures = 0;
}

}  // namespace

std::vector<std::vector<Seconds>> seconds_by_operation(const std::vector<const SecondLog*>& logs,
                                                       std::size_t operations,
                                                       std::span<const SecondRange> ranges) {
    check(ranges);
    std::vector<std::vector<Seconds>> seconds(operations, std::vector<Seconds>(ranges.size()));
    std::vector<Current> current(operations);
    std::size_t range = 0;
    std::uint32_t now = 0;
    const auto close_second = [&] {
        for (std::size_t i = 0; i < operations; ++i) {
            if (!current[i].successes.empty() || current[i].failures > 0) {
                append(ranges[range], now, current[i], seconds[i][range]);
            }
        }
    };
    SecondLog::for_each_entry(logs, [&](const SecondLog::Entry& entry) {
        if (entry.second != now) {
            close_second();
            now = entry.second;
            while (range < ranges.size() && now >= ranges[range].end) {
                ++range;
            }
        }
        const auto series = Series::of(entry.series);
        if (range >= ranges.size() || now < ranges[range].first || series.operation >= operations) {
            return;
        }
        auto& of_operation = current[series.operation];
        of_operation.failures += entry.saturated;
        for (const auto& [edge_us, times] : entry.buckets) {
            if (series.failed) {
                of_operation.failures += times;
            } else {
                of_operation.successes.push_back({.edge_us = edge_us, .times = times});
            }
        }
    });
    close_second();
    for (auto& of_operation : seconds) {
        for (std::size_t i = 0; i < ranges.size(); ++i) {
            while (of_operation[i].size() < ranges[i].end - ranges[i].first) {
                of_operation[i].append(std::span<const Bucket>{}, 0);
            }
        }
    }
    return seconds;
}

}  // namespace reports::statistics
