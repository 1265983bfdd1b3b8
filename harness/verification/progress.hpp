// How far a scan is, as a line for the reader.
#pragma once

#include "checksum/progress.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace harness::verification {

// Thread-safe: workers count, somebody else asks for the line.
class Progress {
public:
    using Clock = std::chrono::steady_clock;

    // A table's scan begins. `rows` by the statistics, `bytes` of all its chunks; 0: not known.
    void begin(std::string what, std::uint64_t rows, std::uint64_t bytes, Clock::time_point now);
    void add_rows(std::uint64_t rows) noexcept { rows_.fetch_add(rows); }
    void chunk_done(std::uint64_t bytes) noexcept { bytes_done_.fetch_add(bytes); }

    // "public.orders: 2.30 M rows, 4.10 M rows/s, 46 %, 3 s left"; the last two once they are known.
    [[nodiscard]] std::string line(Clock::time_point now);

private:
    std::mutex mutex_;  // of what begin() sets
    std::string what_;
    std::optional<checksum::Progress> rate_;
    std::atomic<std::uint64_t> rows_{0}, bytes_done_{0};
};

// "640", "12.3 k", "4.1 M": three digits.
[[nodiscard]] std::string short_count(double count);

}  // namespace harness::verification
