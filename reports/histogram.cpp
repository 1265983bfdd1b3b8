#include "reports/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace reports {

namespace {

// 256 sub-buckets of 1 µs first, then 128 of 2, 4, 8 ... µs: HdrHistogram's layout for two
// significant digits, with the lowest discernible value 1.
constexpr std::uint64_t sub_bucket_mask = 255;
constexpr unsigned half_count_magnitude = 7;

constexpr std::size_t index_of(std::int64_t us) noexcept {
    const auto value = static_cast<std::uint64_t>(us);
    const auto bucket = static_cast<unsigned>(std::bit_width(value | sub_bucket_mask)) - 8U;
    return (static_cast<std::size_t>(bucket) << half_count_magnitude) +
           static_cast<std::size_t>(value >> bucket);
}

// The highest value that falls into the same bucket; the topmost one is cut short by the end of
// what is recorded.
constexpr std::int64_t upper_edge(std::size_t index) noexcept {
    if (index <= sub_bucket_mask) {
        return static_cast<std::int64_t>(index);
    }
    const auto bucket = (index >> half_count_magnitude) - 1;
    const auto sub = (index & 127U) + 128U;
    return std::min(static_cast<std::int64_t>(((sub + 1) << bucket) - 1), Histogram::highest_us);
}

static_assert(index_of(1) == 1 && index_of(255) == 255 && index_of(256) == 256);
static_assert(index_of(257) == 256 && upper_edge(256) == 257);
static_assert(index_of(Histogram::highest_us) < Histogram::bucket_count);
static_assert(upper_edge(index_of(Histogram::highest_us)) == Histogram::highest_us);

std::int64_t add_saturating(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

}  // namespace

bool Histogram::may_have_been(const Exact& exact) const noexcept {
    constexpr std::uint64_t most = std::uint64_t{1} << 40;
    double least_us = 0, most_us = 0;
    std::size_t last = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        if (counts_[i] != 0) {
            least_us += static_cast<double>(counts_[i]) *
                        static_cast<double>(i == 0 ? 0 : upper_edge_us(i - 1));
            most_us += static_cast<double>(counts_[i]) * static_cast<double>(upper_edge_us(i));
            last = i;
        }
    }
    const auto sum = static_cast<double>(exact.sum_us);
    if (exact.saturated > most) {
        return false;
    }
    if (exact.saturated > 0) {
        return exact.max_us > highest_us && sum >= least_us;
    }
    return exact.max_us > 0 && bucket_of(exact.max_us) == last && sum >= least_us * (1 - 1e-9) &&
           sum <= most_us * (1 + 1e-9);
}

void Histogram::restore(const Exact& exact) noexcept {
    total_ += exact.saturated - saturated_;
    saturated_ = exact.saturated;
    sum_us_ = exact.sum_us;
    max_us_ = exact.max_us;
}

void Histogram::record(std::chrono::nanoseconds latency) {
    record_us((latency.count() + 500) / 1'000);
}

void Histogram::record_us(std::int64_t us, std::uint64_t times) {
    if (times == 0) {
        return;
    }
    us = std::max<std::int64_t>(us, 1);
    if (us <= highest_us) [[likely]] {
        const auto index = index_of(us);
        if (index >= counts_.size()) [[unlikely]] {
            grow(index);
        }
        counts_[index] += times;
    } else {
        saturated_ += times;
    }
    max_us_ = std::max(max_us_, us);
    total_ += times;
    std::int64_t product = 0;
    if (__builtin_mul_overflow(us, times, &product)) [[unlikely]] {
        product = std::numeric_limits<std::int64_t>::max();
    }
    sum_us_ = add_saturating(sum_us_, product);
}

// By whole half buckets, so that a rising latency does not reallocate at every step.
void Histogram::grow(std::size_t index) {
    counts_.resize((index / 128 + 1) * 128);
}

void Histogram::merge(const Histogram& other) {
    if (other.total_ == 0) {
        return;
    }
    if (counts_.size() < other.counts_.size()) {
        counts_.resize(other.counts_.size());
    }
    // By index, because a histogram may be merged into itself.
    for (std::size_t i = 0; i < other.counts_.size(); ++i) {
        counts_[i] += other.counts_[i];
    }
    max_us_ = std::max(max_us_, other.max_us_);
    sum_us_ = add_saturating(sum_us_, other.sum_us_);
    saturated_ += other.saturated_;
    total_ += other.total_;
}

void Histogram::clear() {
    // Keeps its memory: a recorder that is emptied at the end of a phase goes on at once.
    std::fill(counts_.begin(), counts_.end(), 0);
    total_ = saturated_ = 0;
    sum_us_ = max_us_ = 0;
}

std::size_t Histogram::bucket_of(std::int64_t us) noexcept {
    return index_of(std::clamp<std::int64_t>(us, 1, highest_us));
}

std::int64_t Histogram::upper_edge_us(std::size_t bucket) noexcept {
    return upper_edge(bucket);
}

std::uint64_t Histogram::count() const noexcept {
    return total_;
}
std::uint64_t Histogram::saturated() const noexcept {
    return saturated_;
}
std::int64_t Histogram::max_us() const noexcept {
    return max_us_;
}

double Histogram::mean_us() const noexcept {
    return total_ == 0 ? 0 : static_cast<double>(sum_us_) / static_cast<double>(total_);
}

std::int64_t Histogram::quantile_us(double q) const noexcept {
    return value_at_rank_us(nearest_rank(q, total_));
}

std::int64_t Histogram::value_at_rank_us(std::uint64_t rank) const noexcept {
    rank = std::clamp<std::uint64_t>(rank, 1, std::max<std::uint64_t>(total_, 1));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        seen += counts_[i];
        if (seen >= rank) {
            return std::min(upper_edge(i), max_us_);
        }
    }
    return max_us_;
}

std::uint64_t Histogram::count_above(std::int64_t us) const noexcept {
    if (us >= max_us_) {
        return 0;
    }
    std::uint64_t above = saturated_;
    if (us < highest_us) {
        const std::size_t first = us < 1 ? 0 : index_of(us) + 1;
        for (std::size_t i = first; i < counts_.size(); ++i) {
            above += counts_[i];
        }
    }
    return above;
}

std::uint64_t nearest_rank(double q, std::uint64_t count) noexcept {
    if (count == 0) {
        return 0;
    }
    if (!(q > 0)) {  // NaN too
        return 1;
    }
    if (q >= 1) {
        return count;
    }
    // q * count is a hair above the whole number for some pairs (0.07 * 100): that is not a rank
    // more.
    const double rank = std::ceil(q * static_cast<double>(count) * (1 - 1e-12));
    if (rank >= static_cast<double>(count)) {
        return count;
    }
    return std::max<std::uint64_t>(static_cast<std::uint64_t>(rank), 1);
}

}  // namespace reports
