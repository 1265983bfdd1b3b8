// What a reader could not make sense of. Bounded: a broken file of any size costs the same memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace workloads::logs {

// Where a log does not make sense, and what became of it.
struct LogProblem {
    std::uint64_t line = 0;
    std::uint64_t bytes = 0;  // that were passed over; 0: nothing was lost
    const char* what = "";    // a literal: "a record is cut off at the end of the file"
};

// The first problems in full, of the others their number and bytes.
class Problems {
public:
    static constexpr std::size_t most_kept = 100;

    void add(const LogProblem& problem) {
        ++count_;
        bytes_ += problem.bytes;
        if (kept_.size() < most_kept) {
            kept_.push_back(problem);
        }
    }

    [[nodiscard]] const std::vector<LogProblem>& kept() const noexcept { return kept_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    // Passed over in all.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

private:
    std::vector<LogProblem> kept_;
    std::uint64_t count_ = 0, bytes_ = 0;
};

}  // namespace workloads::logs
