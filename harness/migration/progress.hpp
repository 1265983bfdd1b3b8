// How far a backfill is and when it will be done.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace harness::migration {

// The rate is that of the last `window`, throttling included: what the rest will take if things
// stay as they are. Memory is bounded: marks closer than `resolution` are merged.
class Progress {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds window{15};
    static constexpr std::chrono::milliseconds resolution{250};

    // estimated_rows <= 0: unknown.
    Progress(std::int64_t estimated_rows, Clock::time_point now);

    // `rows` more rows have been visited (changed or not).
    void visited(std::int64_t rows, Clock::time_point now);

    [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
    [[nodiscard]] std::int64_t estimated_rows() const noexcept { return estimated_; }
    [[nodiscard]] double rows_per_second(Clock::time_point now) const noexcept;

    // Empty where the number of rows is unknown or already exceeded, or nothing moves.
    [[nodiscard]] std::optional<std::chrono::seconds> eta(Clock::time_point now) const noexcept;

private:
    struct Mark {
        Clock::time_point at;
        std::int64_t rows;
    };
    std::int64_t estimated_;
    std::int64_t rows_ = 0;
    std::deque<Mark> marks_;  // the first is at or before the window's begin
};

}  // namespace harness::migration
