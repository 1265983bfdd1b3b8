// What a recording holds, in figures: statements by shape, what can be replayed, what is lacking.
#pragma once

#include "harness/recording/log_advice.hpp"
#include "reports/histogram.hpp"
#include "workloads/logs/problems.hpp"
#include "workloads/recording.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace harness::recording {

// A log as it was read.
struct ReadFile {
    std::string path;
    std::string format;  // "csvlog"
    std::uint64_t bytes = 0, records = 0;
    std::vector<workloads::logs::LogProblem> problems;  // the first ones
    std::uint64_t problem_count = 0, passed_over_bytes = 0;
    std::vector<std::string> notes;  // about the file as a whole
    bool in_seconds = false;         // its times have no fractions
};

struct ByReplay {
    std::uint64_t exactly = 0, approximately = 0, not_at_all = 0;
};

struct StatementFigures {
    std::uint32_t shape = 0;
    std::uint64_t fingerprint = 0;
    bool parsed = false;
    std::string text;  // masked, or of the first such statement where values are shown
    std::string kind;
    std::uint64_t count = 0, timed = 0, failed = 0;
    std::int64_t total_us = 0;  // of the timed ones
    double share_of_time = 0;   // of the time of all timed statements
    ByReplay replay;
    workloads::Place first;
    reports::Histogram latency;
};

struct ReasonFigures {
    const workloads::logs::ReasonRow* row = nullptr;
    std::uint64_t count = 0;
    std::string first;  // file:line
};

using Counted = std::vector<std::pair<std::string, std::uint64_t>>;  // most first

struct Inspection {
    std::vector<ReadFile> files;
    std::int64_t start_us = 0, end_us = 0;  // since 1970 in UTC
    std::uint64_t sessions = 0, sessions_before = 0, sessions_incomplete = 0;
    std::uint64_t most_sessions_at_once = 0;
    Counted users, databases, applications;  // sessions each
    std::uint64_t statements = 0, timed = 0, failed = 0;
    reports::Histogram latency;  // of all timed statements
    std::int64_t total_us = 0, shortest_us = 0;
    Counted protocols, kinds, failures;  // statements each; failures by SQLSTATE
    ByReplay replay;
    std::vector<ReasonFigures> reasons;  // that occurred, in the table's order
    std::uint64_t shapes = 0;
    bool shapes_overflowed = false;
    std::vector<StatementFigures> top;  // by their share of time, or of calls where none is timed
    workloads::RecordCounts records;
    std::vector<Advice> advice;
    std::vector<std::string> not_logged;  // see work_not_logged()

    [[nodiscard]] double seconds() const noexcept {
        return static_cast<double>(end_us - start_us) * 1e-6;
    }
};

// `top`: how many shapes are given with their figures.
[[nodiscard]] Inspection inspect(const workloads::Recording& recording, std::vector<ReadFile> files,
                                 std::size_t top);

// For a terminal of so many columns.
[[nodiscard]] std::string inspection_text(const Inspection& inspection, std::size_t columns,
                                          bool colour);

// rehearse.workload/1. Times in seconds, latencies in milliseconds.
[[nodiscard]] std::string inspection_json(const Inspection& inspection);

}  // namespace harness::recording
