#include "harness/load/stalls.hpp"

#include <algorithm>
#include <bit>

namespace harness::load {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

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
    bridge_from_failure(due);
    const std::int64_t ms = std::max<std::int64_t>(0, done.count() / ns_per_ms);
    const auto word = static_cast<std::size_t>(ms / 64);
    if (word >= success_ms_.size()) {
        success_ms_.resize(std::max(word + 1, success_ms_.size() * 5 / 4));
    }
    success_ms_[word] |= std::uint64_t{1} << (ms % 64);
    if (done - due >= shortest) {
        add_wait(due, done);
    }
}

void StallTracker::failure(nanoseconds due, nanoseconds done) {
    bridge_from_failure(due);
    add_wait(due, done);
    last_failure_ = std::max(last_failure_.value_or(done), done);
}

void StallTracker::bridge_from_failure(nanoseconds due) {
    if (last_failure_ && due > *last_failure_) {
        if (due - *last_failure_ <= bridge) {
            add_wait(*last_failure_, due);
        }
        last_failure_.reset();
    }
}

void StallTracker::add_wait(nanoseconds from, nanoseconds to) {
    std::int64_t start = from.count(), end = to.count();
    if (end <= start) {
        return;
    }
    auto at = waited_.upper_bound(start);
    if (at != waited_.begin()) {
        const auto before = std::prev(at);
        if (before->second >= start) {
            if (before->second >= end) {
                return;
            }
            start = before->first;
            at = before;
        }
    }
    while (at != waited_.end() && at->first <= end) {
        end = std::max(end, at->second);
        at = waited_.erase(at);
    }
    waited_.emplace_hint(at, start, end);
}

void StallTracker::merge(const StallTracker& other) {
    if (other.success_ms_.size() > success_ms_.size()) {
        success_ms_.resize(other.success_ms_.size());
    }
    for (std::size_t i = 0; i < other.success_ms_.size(); ++i) {
        success_ms_[i] |= other.success_ms_[i];
    }
    for (const auto& [start, end] : other.waited_) {
        add_wait(nanoseconds{start}, nanoseconds{end});
    }
}

reports::Stall StallTracker::longest(nanoseconds from, nanoseconds to) const {
    std::int64_t best_start = 0, best_end = 0;
    const auto consider = [&](std::int64_t start, std::int64_t end) {
        if (end - start > best_end - best_start && end - start >= shortest.count()) {
            best_start = start;
            best_end = end;
        }
    };
    for (const auto& [wait_start, wait_end] : waited_) {
        const std::int64_t start = std::max(wait_start, from.count());
        const std::int64_t end = std::min(wait_end, to.count());
        if (end - start <= best_end - best_start) {
            continue;
        }
        std::int64_t at = start;
        while (at < end) {
            const std::int64_t success =
                next_success(success_ms_, at / ns_per_ms, end / ns_per_ms + 1);
            // A success somewhere in its millisecond ends the span at that millisecond's end, so that
            // a stall is never made shorter than it was; its own wait ends there too.
            const std::int64_t stop = std::min(end, (success + 1) * ns_per_ms);
            consider(at, stop);
            at = std::max(stop, at + 1);
        }
    }
    return {static_cast<double>(best_start) * 1e-9, static_cast<double>(best_end) * 1e-9};
}

}  // namespace harness::load
