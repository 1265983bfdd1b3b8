// Which settings of the server would make a better recording, and what they cost.
#pragma once

#include "workloads/recording.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harness::recording {

struct Advice {
    std::string settings;  // lines of postgresql.conf
    std::string why;       // what is lacking now
    std::string cost;
};

// What the figures of an inspection say of the settings that made the log.
struct LogSigns {
    workloads::RecordCounts records;
    std::uint64_t statements = 0, timed = 0;
    std::int64_t shortest_us = 0;  // of the timed ones
    // Statements that went through, and that failed: the server has a setting for each.
    std::uint64_t without_parameters = 0, perhaps_cut = 0;
    std::uint64_t failed_without_parameters = 0, failed_perhaps_cut = 0;
    std::uint64_t text_not_logged = 0, who_unknown = 0, sessions_inferred = 0, sessions_before = 0;
    std::uint64_t start_unknown = 0, failure_of_which_run = 0, files_in_seconds = 0;
};

// Why there was work that the log does not hold, as sentences; empty where nothing tells of any.
[[nodiscard]] std::vector<std::string> work_not_logged(const LogSigns& signs);

// Empty where nothing lacks.
[[nodiscard]] std::vector<Advice> advice_for(const LogSigns& signs);

}  // namespace harness::recording
