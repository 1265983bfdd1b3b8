#include "reports/statistics/seconds.hpp"

#include <algorithm>
#include <limits>

namespace reports::statistics {

void Seconds::add(std::int64_t us, std::uint64_t times) {
    if (us > Histogram::highest_us) {
        add_failures(times);
        return;
    }
    constexpr std::uint64_t most_in_one = (1U << 20U) - 1;
    // A hostile count must neither wrap around nor fill the memory.
    times = total_ > most_calls ? 0 : std::min(times, most_calls + 1);
    total_ += times;
    while (times > 0) {
        const auto part = std::min(times, most_in_one);
        packed_.push_back({.bucket = static_cast<std::uint32_t>(Histogram::bucket_of(us)) & 0xfffU,
                           .times = static_cast<std::uint32_t>(part) & 0xfffffU});
        times -= part;
    }
}

void Seconds::add_failures(std::uint64_t times) {
    times = total_ > most_calls ? 0 : std::min(times, most_calls + 1);
    total_ += times;
    failures_.back() += times;
}

void Seconds::append(std::span<const Bucket> successes, std::uint64_t failures) {
    failures_.push_back(0);
    add_failures(failures);
    for (const auto& [edge_us, times] : successes) {
        add(edge_us, times);
    }
    ends_.push_back(packed_.size());
}

void Seconds::append(const Histogram& successes, std::uint64_t failures) {
    failures_.push_back(0);
    add_failures(failures);
    add_failures(successes.saturated());
    successes.for_each_bucket([&](std::int64_t us, std::uint64_t times) { add(us, times); });
    ends_.push_back(packed_.size());
}

void Seconds::append_from(const Seconds& other, std::size_t second, double factor) {
    failures_.push_back(0);
    add_failures(other.failures_[second]);
    for (auto i = second == 0 ? 0 : other.ends_[second - 1]; i < other.ends_[second]; ++i) {
        const auto& packed = other.packed_[i];
        const double us = static_cast<double>(Histogram::upper_edge_us(packed.bucket)) * factor;
        add(static_cast<std::int64_t>(std::min(us, 1e18)), packed.times);
    }
    ends_.push_back(packed_.size());
}

RankedSeconds::RankedSeconds(const Seconds& seconds) {
    // Sorted by counting: how many entries each bucket has, then where its first one goes.
    std::vector<std::size_t> place(Histogram::bucket_count);
    std::vector<std::uint64_t> times(Histogram::bucket_count);
    for (const auto& packed : seconds.packed_) {
        ++place[packed.bucket];
        times[packed.bucket] += packed.times;
    }
    std::size_t begin = 0;
    for (std::size_t bucket = 0; bucket < place.size(); ++bucket) {
        const auto entries = place[bucket];
        place[bucket] = begin;
        begin += entries;
        if (entries > 0) {
            total_ += times[bucket];
            edges_us_.push_back(Histogram::upper_edge_us(bucket));
            ends_.push_back(begin);
            up_to_.push_back(total_);
        }
    }
    at_edge_.resize(begin);
    std::size_t entry = 0;
    for (std::size_t second = 0; second < seconds.size(); ++second) {
        std::uint64_t calls = seconds.failures_[second];
        total_ += seconds.failures_[second];
        for (; entry < seconds.ends_[second]; ++entry) {
            const auto& packed = seconds.packed_[entry];
            calls += packed.times;
            at_edge_[place[packed.bucket]++] = {.second = static_cast<std::uint32_t>(second),
                                                .times = packed.times};
        }
        calls_.push_back(calls);
    }
}

double RankedSeconds::edge_ms(std::size_t edge) const noexcept {
    return edge < edge_count() ? static_cast<double>(edges_us_[edge]) / 1e3
                               : std::numeric_limits<double>::infinity();
}

std::span<const RankedSeconds::Calls> RankedSeconds::calls_at(std::size_t edge) const {
    const auto begin = edge == 0 ? 0 : ends_[edge - 1];
    return std::span{at_edge_}.subspan(begin, ends_[edge] - begin);
}

std::uint64_t RankedSeconds::calls_up_to(std::size_t edge) const noexcept {
    return edge < edge_count() ? up_to_[edge] : total_;
}

std::size_t RankedSeconds::edge_of_rank(std::uint64_t rank) const noexcept {
    return static_cast<std::size_t>(std::lower_bound(up_to_.begin(), up_to_.end(), rank) -
                                    up_to_.begin());
}

std::vector<std::uint64_t> RankedSeconds::by_second_up_to(std::size_t edge) const {
    if (edge >= edge_count()) {
        return calls_;
    }
    std::vector<std::uint64_t> by_second(size());
    for (std::size_t i = 0; i < ends_[edge]; ++i) {
        by_second[at_edge_[i].second] += at_edge_[i].times;
    }
    return by_second;
}

}  // namespace reports::statistics
