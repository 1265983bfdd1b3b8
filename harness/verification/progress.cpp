#include "harness/verification/progress.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace harness::verification {

void Progress::begin(std::string what, std::uint64_t rows, std::uint64_t bytes,
                     Clock::time_point now) {
    const auto known = [](std::uint64_t total) {
        return total == 0 ? std::nullopt : std::optional{total};
    };
    const std::scoped_lock lock{mutex_};
    what_ = std::move(what);
    rows_.store(0);
    bytes_done_.store(0);
    rate_.emplace(now, known(rows), known(bytes));
}

std::string short_count(double count) {
    constexpr std::array<const char*, 5> units{"", " k", " M", " G", " T"};
    std::size_t unit = 0;
    while (count >= 999.5 && unit + 1 < units.size()) {
        count /= 1000;
        ++unit;
    }
    char text[32];
    const int digits = unit == 0 || count >= 99.95 ? 0 : count >= 9.995 ? 1 : 2;
    std::snprintf(text, sizeof text, "%.*f", digits, count);
    return std::string{text} + units[unit];
}

std::string Progress::line(Clock::time_point now) {
    const std::scoped_lock lock{mutex_};
    if (!rate_) {
        return "reading the catalogue";
    }
    rate_->update(now, rows_.load(), bytes_done_.load());
    std::string line = what_ + ": " + short_count(static_cast<double>(rate_->rows())) + " rows, " +
                       short_count(rate_->rows_per_s()) + " rows/s";
    if (const auto done = rate_->done(); done && *done > 0) {
        line += ", " + std::to_string(std::lround(*done * 100)) + " %";
    }
    if (const auto left = rate_->remaining()) {
        line += ", " + std::to_string(left->count()) + " s left";
    }
    return line;
}

}  // namespace harness::verification
