// How far a scan is and how fast it may go. Plain classes that are told the time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace checksum {

using Moment = std::chrono::steady_clock::time_point;

// Rates are those of the last seconds: an estimate must follow a throttle or a busy server.
class Progress {
public:
    // What there is to do, where that is known: rows by the statistics, bytes by the table's size.
    Progress(Moment start, std::optional<std::uint64_t> total_rows,
             std::optional<std::uint64_t> total_bytes);

    // All that is done by now. Times and figures never go back.
    void update(Moment now, std::uint64_t rows, std::uint64_t bytes);

    [[nodiscard]] std::uint64_t rows() const noexcept { return newest().rows; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return newest().bytes; }
    [[nodiscard]] double rows_per_s() const noexcept;
    [[nodiscard]] double bytes_per_s() const noexcept;
    // 0 to 1, by bytes where their total is known, else by rows; statistics may be too low, so
    // never 1 before the caller says that it is done.
    [[nodiscard]] std::optional<double> done() const noexcept;
    [[nodiscard]] std::optional<std::chrono::seconds> remaining() const noexcept;

private:
    struct Sample {
        Moment at;
        std::uint64_t rows = 0;
        std::uint64_t bytes = 0;
    };
    static constexpr std::size_t kept = 16;
    static constexpr std::chrono::milliseconds spacing{500};

    [[nodiscard]] const Sample& newest() const noexcept { return samples_[(count_ - 1) % kept]; }
    [[nodiscard]] const Sample& oldest() const noexcept {
        return samples_[count_ <= kept ? 0 : count_ % kept];
    }
    [[nodiscard]] double seconds() const noexcept;

    std::optional<std::uint64_t> total_rows_;
    std::optional<std::uint64_t> total_bytes_;
    std::array<Sample, kept> samples_;
    std::size_t count_ = 1;
};

// At most so many rows a second over all who share it. Bursts of a tenth of a second are let
// through.
class RateLimit {
public:
    // Throws std::invalid_argument for 0.
    RateLimit(std::uint64_t max_rows_per_s, Moment start);

    // These rows were just read: how long to wait before the next.
    [[nodiscard]] std::chrono::nanoseconds took(std::uint64_t rows, Moment now);

private:
    std::uint64_t max_rows_per_s_;
    Moment paid_until_;
};

}  // namespace checksum
