// Per second, the response times of what ended in it: the run's time line, packed so that an hour
// of fifty operations stays in the tens of megabytes.
#pragma once

#include "reports/histogram.hpp"

#include <cstdint>
#include <functional>
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

    // Hands out every entry of every log, second by second, with the histograms of one series
    // merged, by series.
    static void for_each(const std::vector<const SecondLog*>& logs, const Visit& visit);
    void for_each(const Visit& visit) const { for_each({this}, visit); }

    // Hands out what for_each() would, value by value as the histograms hold them, and without
    // building one: an hour of a hundred operations has ten million.
    using VisitValues = std::function<void(std::uint32_t second, std::uint32_t series,
                                           std::int64_t us, std::uint64_t times)>;
    void for_each_value(const VisitValues& visit) const;

    [[nodiscard]] bool empty() const noexcept { return packed_.empty(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return packed_.capacity(); }
    bool operator==(const SecondLog&) const = default;

private:
    std::string packed_;
};

}  // namespace reports
