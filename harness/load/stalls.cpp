#include "harness/load/stalls.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace harness::load {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
// Failures that follow each other so closely are kept as one span: a storm of instant failures must
// not take memory for each.
constexpr std::int64_t joined_ns = 5 * ns_per_ms;

// The first millisecond >= from (and < limit) with a success in it, or limit.
std::int64_t next_success(const std::vector<std::uint64_t>& bits, std::int64_t from,
                          std::int64_t limit) {
    while (from < limit) {
        const auto word = static_cast<std::size_t>(from / 64);
        if (word >= bits.size()) {
            return limit;
        }
        const std::uint64_t rest = bits[word] >> (from % 64);
        if (rest != 0) {
            return std::min<std::int64_t>(limit, from + std::countr_zero(rest));
        }
        from = (from / 64 + 1) * 64;
    }
    return limit;
}

}  // namespace

void StallTracker::success(nanoseconds due, nanoseconds done) {
    const std::int64_t ms = std::max<std::int64_t>(0, done.count() / ns_per_ms);
    const auto word = static_cast<std::size_t>(ms / 64);
    if (word >= success_ms_.size()) {
        success_ms_.resize(std::max(word + 1, success_ms_.size() * 5 / 4));
    }
    success_ms_[word] |= std::uint64_t{1} << (ms % 64);
    if (done - due >= shortest) {
        add_wait(std::max<std::int64_t>(0, due.count()), {done.count(), false});
    }
}

void StallTracker::failure(nanoseconds due, nanoseconds done) {
    // Never empty: who is turned away in no time is turned away all the same.
    const std::int64_t start = std::max<std::int64_t>(0, due.count());
    add_wait(start, {std::max(start + 1, done.count()), true});
}

void StallTracker::add_wait(std::int64_t start, Wait wait) {
    const auto reaches = [](const Wait& before, std::int64_t behind) {
        return behind <= before.end + (before.failed ? joined_ns : 0);
    };
    const auto absorb = [&wait](const Wait& other) {
        if (other.end > wait.end) {
            wait = other;
        } else if (other.end == wait.end) {
            wait.failed |= other.failed;
        }
    };
    auto at = waited_.upper_bound(start);
    if (at != waited_.begin()) {
        const auto before = std::prev(at);
        if (reaches(before->second, start)) {
            start = before->first;
            absorb(before->second);
            at = waited_.erase(before);
        }
    }
    while (at != waited_.end() && reaches(wait, at->first)) {
        absorb(at->second);
        at = waited_.erase(at);
    }
    waited_.emplace_hint(at, start, wait);
}

void StallTracker::merge(const StallTracker& other) {
    if (other.success_ms_.size() > success_ms_.size()) {
        success_ms_.resize(other.success_ms_.size());
    }
    for (std::size_t i = 0; i < other.success_ms_.size(); ++i) {
        success_ms_[i] |= other.success_ms_[i];
    }
    for (const auto& [start, wait] : other.waited_) {
        add_wait(start, wait);
    }
}

std::int64_t StallTracker::felt_until(const Wait& wait, std::int64_t limit) const noexcept {
    if (!wait.failed) {
        return wait.end;
    }
    // A success in the failure's own millisecond may have come after it: benefit of the doubt.
    const std::int64_t near = std::min(limit, wait.end + bridge.count());
    const std::int64_t success =
        next_success(success_ms_, wait.end / ns_per_ms, near / ns_per_ms + 1);
    const bool through = success <= near / ns_per_ms;
    return through ? std::max(wait.end, (success + 1) * ns_per_ms)
                   : (limit <= wait.end + bridge.count() ? limit : wait.end);
}

reports::Stall StallTracker::longest(nanoseconds from, nanoseconds to) const {
    std::int64_t best_start = 0, best_end = 0;
    // The parts of [start, end) between successes; somebody is without an answer all through it.
    const auto consider = [&](std::int64_t start, std::int64_t end) {
        start = std::max(start, from.count());
        end = std::min(end, to.count());
        while (end - start > best_end - best_start && end - start >= shortest.count()) {
            const std::int64_t success =
                next_success(success_ms_, start / ns_per_ms, end / ns_per_ms + 1);
            // A success somewhere in its millisecond ends the span at that millisecond's end, so
            // that a stall is never made shorter than it was; its own wait ends there too.
            const std::int64_t stop = std::min(end, (success + 1) * ns_per_ms);
            if (stop - start > best_end - best_start && stop - start >= shortest.count()) {
                best_start = start;
                best_end = stop;
            }
            start = stop;
        }
    };
    constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    for (auto at = waited_.begin(); at != waited_.end();) {
        const std::int64_t start = at->first;
        std::int64_t end = 0;
        bool joined = true;
        while (joined) {
            const Wait& wait = at->second;
            ++at;
            const std::int64_t next = at == waited_.end() ? never : at->first;
            end = felt_until(wait, next);
            joined = end >= next;
        }
        consider(start, end);
    }
    return {static_cast<double>(best_start) * 1e-9, static_cast<double>(best_end) * 1e-9};
}

}  // namespace harness::load
