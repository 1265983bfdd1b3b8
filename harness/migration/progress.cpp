#include "harness/migration/progress.hpp"

#include <algorithm>
#include <cmath>

namespace harness::migration {

Progress::Progress(std::int64_t estimated_rows, Clock::time_point now)
    : estimated_{estimated_rows}, marks_{{now, 0}} {}

void Progress::visited(std::int64_t rows, Clock::time_point now) {
    rows_ += rows;
    if (marks_.size() > 1 && now - marks_[marks_.size() - 2].at < resolution) {
        marks_.back() = {now, rows_};
    } else {
        marks_.push_back({now, rows_});
    }
    // The newest mark that is older than the window stays: the rate is measured from it.
    while (marks_.size() > 2 && marks_[1].at <= now - window) {
        marks_.pop_front();
    }
}

double Progress::rows_per_second(Clock::time_point now) const noexcept {
    const double seconds = std::chrono::duration<double>(now - marks_.front().at).count();
    return seconds > 0 ? static_cast<double>(rows_ - marks_.front().rows) / seconds : 0;
}

std::optional<std::chrono::seconds> Progress::eta(Clock::time_point now) const noexcept {
    const double rate = rows_per_second(now);
    if (estimated_ <= 0 || rows_ >= estimated_ || rate <= 0) {
        return std::nullopt;
    }
    const double seconds = std::ceil(static_cast<double>(estimated_ - rows_) / rate);
    constexpr double a_year = 366.0 * 86'400;
    return std::chrono::seconds{static_cast<std::int64_t>(std::min(seconds, a_year))};
}

}  // namespace harness::migration
