// A histogram of latencies with a bounded relative error, in the layout of HdrHistogram
// (Tene; hdrhistogram.org) with two significant digits, so that its logs can be read by others.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reports {

// Microseconds, 1 µs to 1 h; relative error below 1/128 (0.8 %). Values below 1 µs count as 1 µs;
// values past the end are counted as saturated and make the quantiles that fall on them "at least".
// Merging loses nothing.
class Histogram {
public:
    static constexpr std::int64_t highest_us = 3'600'000'000;

    void record(std::chrono::nanoseconds latency);
    void record_us(std::int64_t us, std::uint64_t times = 1);
    void merge(const Histogram& other);
    void clear();

    [[nodiscard]] std::uint64_t count() const noexcept;      // saturated ones included
    [[nodiscard]] std::uint64_t saturated() const noexcept;
    [[nodiscard]] double mean_us() const noexcept;           // exact (a running sum); 0 when empty
    [[nodiscard]] std::int64_t max_us() const noexcept;      // exact, saturated ones included; 0 when empty
    [[nodiscard]] std::int64_t min_us() const noexcept;      // exact; 0 when empty

    // The smallest recorded bucket's upper edge such that a share of at least q of all values lies at
    // or below it (nearest rank, never interpolated, never above max_us). q in [0, 1]. 0 when empty.
    [[nodiscard]] std::int64_t quantile_us(double q) const noexcept;

    // Number of values strictly above `us` (by bucket).
    [[nodiscard]] std::uint64_t count_above(std::int64_t us) const noexcept;

    // HdrHistogram's V2 encoding, deflated, base64: one cell of an interval log.
    [[nodiscard]] std::string encode_v2_base64() const;

private:
    // Grows to the highest bucket in use: most operations use a few hundred of the 3,328 buckets.
    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0, saturated_ = 0;
    std::int64_t sum_us_ = 0, max_us_ = 0, min_us_ = 0;
};

}  // namespace reports
