// A histogram of latencies with a bounded relative error, in the layout of HdrHistogram
// (Tene; hdrhistogram.org) with two significant digits, so that its logs can be read by others.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
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
    // The buckets, numbered from the fastest: where a value within the range falls, and the highest
    // value that falls there.
    static constexpr std::size_t bucket_count = 3'328;
    [[nodiscard]] static std::size_t bucket_of(std::int64_t us) noexcept;
    [[nodiscard]] static std::int64_t upper_edge_us(std::size_t bucket) noexcept;

    void record(std::chrono::nanoseconds latency);
    void record_us(std::int64_t us, std::uint64_t times = 1);
    void merge(const Histogram& other);
    void clear();

    [[nodiscard]] std::uint64_t count() const noexcept;  // saturated ones included
    [[nodiscard]] std::uint64_t saturated() const noexcept;
    [[nodiscard]] double mean_us() const noexcept;  // exact (a running sum); 0 when empty
    [[nodiscard]] std::int64_t max_us()
        const noexcept;  // exact, saturated ones included; 0 when empty

    // The smallest recorded bucket's upper edge such that a share of at least q of all values lies
    // at or below it (nearest rank, never interpolated, never above max_us). q in [0, 1]. 0 when
    // empty. Where the rank falls on a saturated value the answer is max_us.
    [[nodiscard]] std::int64_t quantile_us(double q) const noexcept;

    // The same for the `rank`-th smallest value, counted from 1 and clipped to [1, count].
    [[nodiscard]] std::int64_t value_at_rank_us(std::uint64_t rank) const noexcept;

    // Number of values strictly above `us` (by bucket).
    [[nodiscard]] std::uint64_t count_above(std::int64_t us) const noexcept;

    // Calls visit(upper edge in µs, times) for every bucket in use, in order; saturated values are
    // not among them. record_us(edge, times) puts them back where they were.
    template <typename Visit>
    void for_each_bucket(Visit&& visit) const {
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            if (counts_[i] != 0) {
                visit(upper_edge_us(i), counts_[i]);
            }
        }
    }

    // HdrHistogram's V2 encoding, deflated, base64: one cell of an interval log. Saturated values
    // are not in it: the format has no place for them.
    [[nodiscard]] std::string encode_v2_base64() const;
    // The same back, with its layout only; sum and maximum are those of the buckets' upper edges.
    // Empty when it is broken.
    [[nodiscard]] static std::optional<Histogram> decode_v2_base64(std::string_view text);

    // What the encoding has no place for.
    struct Exact {
        std::int64_t sum_us = 0, max_us = 0;
        std::uint64_t saturated = 0;
    };
    [[nodiscard]] Exact exact() const noexcept { return {sum_us_, max_us_, saturated_}; }
    // Whether those could be of the values in these buckets.
    [[nodiscard]] bool may_have_been(const Exact& exact) const noexcept;
    // Of a histogram that was just decoded.
    void restore(const Exact& exact) noexcept;

private:
    void grow(std::size_t index);

    // Grows to the highest bucket in use: most operations use a few hundred.
    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0, saturated_ = 0;
    std::int64_t sum_us_ = 0, max_us_ = 0;
};

// The nearest rank of the quantile q among `count` values, from 1; 0 when there are none.
[[nodiscard]] std::uint64_t nearest_rank(double q, std::uint64_t count) noexcept;

}  // namespace reports
