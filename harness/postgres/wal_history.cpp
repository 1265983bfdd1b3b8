#include "harness/postgres/wal_history.hpp"

#include <algorithm>

namespace harness::postgres {

void WalHistory::add(Clock::time_point at, std::int64_t written) {
    if (!looks_.empty() && written < looks_.back().written) {
        looks_.clear();
    }
    looks_.push_back({at, written});
    if (looks_.size() > bound) {
        looks_.pop_front();
    }
}

std::optional<WalHistory::Clock::duration> WalHistory::behind(std::int64_t replayed,
                                                              Clock::time_point now) const {
    const auto lacked = std::upper_bound(
        looks_.begin(), looks_.end(), replayed,
        [](std::int64_t position, const Look& look) { return position < look.written; });
    if (lacked == looks_.end()) {
        return Clock::duration::zero();
    }
    if (lacked == looks_.begin()) {
        return std::nullopt;
    }
    const auto had = std::prev(lacked);
    const double share = static_cast<double>(replayed - had->written) /
                         static_cast<double>(lacked->written - had->written);
    const auto since = had->at + std::chrono::duration_cast<Clock::duration>(
                                     share * std::chrono::duration<double>(lacked->at - had->at));
    return std::max(Clock::duration::zero(), now - since);
}

double WalHistory::seconds_behind(std::int64_t replayed, Clock::time_point now,
                                  std::optional<double> told_s) const {
    const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
    const auto lacks_since = behind(replayed, now);
    if (!lacks_since) {
        return std::max(seconds(now - looks_.front().at), told_s.value_or(0));
    }
    const bool recent = looks_.size() >= 2 && replayed >= looks_[looks_.size() - 2].written;
    return recent && told_s ? std::min(seconds(*lacks_since), std::max(*told_s, 0.0))
                            : seconds(*lacks_since);
}

}  // namespace harness::postgres
