#include "harness/migration/progress_series.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace harness::migration {

void ProgressSeries::add(Clock::time_point at, std::int64_t rows, const Waited& waited) {
    if (at - (marks_.empty() ? began_ : marks_.back().at) >= spacing_) {
        push({at, rows, waited});
    }
}

void ProgressSeries::end(Clock::time_point at, std::int64_t rows, const Waited& waited) {
    if (!marks_.empty() && at - marks_.back().at < finest) {
        marks_.back() = {at, rows, waited};
    } else {
        push({at, rows, waited});
    }
}

void ProgressSeries::push(const Mark& mark) {
    if (marks_.size() == bound) {
        std::size_t kept = 0;
        for (std::size_t i = 1; i < marks_.size(); i += 2) {
            marks_[kept++] = marks_[i];
        }
        marks_.resize(kept);
        spacing_ *= 2;
    }
    marks_.push_back(mark);
}

std::vector<reports::BackfillPoint> ProgressSeries::points(Clock::time_point run_start) const {
    using Seconds = std::chrono::duration<double>;
    std::vector<reports::BackfillPoint> points;
    points.reserve(marks_.size());
    Waited before{};
    for (const auto& mark : marks_) {
        reports::BackfillPoint point;
        point.at_s = Seconds{mark.at - run_start}.count();
        point.rows = mark.rows;
        Waited since{};
        std::transform(mark.waited.begin(), mark.waited.end(), before.begin(), since.begin(),
                       std::minus<>{});
        const auto most = std::max_element(since.begin(), since.end());
        if (most->count() > 0) {
            point.throttled_s =
                Seconds{std::accumulate(since.begin(), since.end(), Clock::duration{})}.count();
            point.throttled_by = name_of(static_cast<ThrottleReason>(most - since.begin()));
        }
        points.push_back(std::move(point));
        before = mark.waited;
    }
    return points;
}

}  // namespace harness::migration
