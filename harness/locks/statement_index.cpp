#include "harness/locks/statement_index.hpp"

#include <algorithm>

namespace harness::locks {

StatementIndex::StatementIndex(std::span<const SlowStatement> statements) {
    for (const auto& statement : statements) {
        by_session_[statement.session].push_back(&statement);
    }
    for (auto& [session, list] : by_session_) {
        std::sort(list.begin(), list.end(),
                  [](const auto* a, const auto* b) { return a->sent < b->sent; });
    }
}

const SlowStatement* StatementIndex::running(std::int64_t session, Clock::time_point begin,
                                             Clock::time_point end, bool from_start) const {
    const auto found = by_session_.find(session);
    if (found == by_session_.end()) {
        return nullptr;
    }
    const auto& list = found->second;
    auto at = std::lower_bound(list.begin(), list.end(), begin - tolerance,
                               [](const auto* s, Clock::time_point t) { return s->done < t; });
    const SlowStatement* best = nullptr;
    Clock::duration best_defect = tolerance;
    for (; at != list.end() && (*at)->sent <= end + tolerance; ++at) {
        const auto zero = Clock::duration::zero();
        const auto defect = std::max(zero, (*at)->sent - begin) + std::max(zero, end - (*at)->done);
        // Of two that fit alike the later: clocks rarely place a wait too late.
        if (defect <= best_defect) {
            best = *at;
            best_defect = defect;
        }
    }
    const bool doubtful = best != nullptr && from_start && best->done - begin < tolerance;
    return doubtful ? nullptr : best;
}

const SlowStatement* StatementIndex::operation_at(std::int64_t session,
                                                  Clock::time_point at) const {
    const auto found = by_session_.find(session);
    if (found == by_session_.end()) {
        return nullptr;
    }
    const auto& list = found->second;
    const auto begin_of = [](const SlowStatement* s) {
        return s->operation_sent == Clock::time_point{} ? s->sent : s->operation_sent;
    };
    const auto end_of = [](const SlowStatement* s) { return std::max(s->done, s->operation_done); };
    const auto next =
        std::upper_bound(list.begin(), list.end(), at,
                         [&](Clock::time_point t, const auto* s) { return t < begin_of(s); });
    return next != list.begin() && end_of(*std::prev(next)) >= at ? *std::prev(next) : nullptr;
}

}  // namespace harness::locks
