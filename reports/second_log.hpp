// Per second, the response times of what ended in it: the run's time line, packed so that an hour
// of fifty operations stays in the tens of megabytes.
#pragma once

#include "reports/histogram.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace reports {

// Which calls a histogram is of; its number is what a log names it by.
struct Series {
    std::uint32_t operation = 0;  // index in the record
    std::uint32_t app = 0;        // application version: 0 old, 1 new
    bool failed = false;          // the failures, else the successes

    [[nodiscard]] static constexpr Series of(std::uint32_t number) noexcept {
        return {.operation = number / 4, .app = number / 2 % 2, .failed = number % 2 != 0};
    }
    [[nodiscard]] constexpr std::uint32_t number() const noexcept {
        return operation * 4 + app * 2 + (failed ? 1U : 0U);
    }
    bool operator==(const Series&) const = default;
};

// Entries are appended second by second.
class SecondLog {
public:
    using Visit = std::function<void(std::uint32_t second, std::uint32_t series, const Histogram&)>;

    void append(std::uint32_t second, std::uint32_t series, const Histogram& histogram);

    // An entry as it lies in the log: the buckets' upper edges in order, how many values are past
    // the histograms' end, and the largest value of all.
    struct Bucket {
        std::int64_t edge_us;
        std::uint64_t times;
    };
    struct Entry {
        std::uint32_t second = 0, series = 0;
        std::span<const Bucket> buckets = {};
        std::uint64_t saturated = 0;
        std::int64_t max_us = 0;
    };
    using VisitEntry = std::function<void(const Entry&)>;

    // Hands out every entry of every log, second by second; a series may come more than once in a
    // second. Several times faster than histograms for those that only count.
    static void for_each_entry(const std::vector<const SecondLog*>& logs, const VisitEntry& visit);

    // The same second by second with the histograms of one series merged, by series.
    static void for_each(const std::vector<const SecondLog*>& logs, const Visit& visit);
    void for_each(const Visit& visit) const { for_each({this}, visit); }

    // The whole log as bytes, and back; empty when they are broken.
    [[nodiscard]] const std::string& packed() const noexcept { return packed_; }
    [[nodiscard]] static std::optional<SecondLog> unpacked(std::string packed);

    [[nodiscard]] bool empty() const noexcept { return packed_.empty(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return packed_.capacity(); }
    bool operator==(const SecondLog&) const = default;

private:
    std::string packed_;
};

}  // namespace reports
