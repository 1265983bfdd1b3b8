// What the server has counted of its statements, and what came in between two readings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace workloads::synthesis {

struct StatementCount {
    std::string id;           // the same in every reading: user, query and whether it was nested
    std::string text;         // normalised by the server: constants are $1, $2, ...
    std::string search_path;  // of the role that sent it; empty: the database's
    std::optional<bool> top_level;  // empty: the server does not tell
    std::int64_t calls = 0;
    double time_ms = 0;
    std::int64_t rows = 0;
    std::optional<std::int64_t> since_us;  // counted from then; empty: since the last reset
};

struct Reading {
    std::vector<StatementCount> statements;
    std::int64_t at_us = 0;                 // the server's clock, since the Unix epoch
    std::optional<std::int64_t> reset_us;   // empty: the server does not tell
    std::optional<std::int64_t> evictions;  // times that rare statements were thrown out
    bool counts_nested = false;             // pg_stat_statements.track = all
};

// What ran within some seconds.
struct Window {
    struct Entry {
        StatementCount counted;  // in `seconds`
        double seconds = 0;      // above 0
    };
    std::vector<Entry> entries;  // with calls
    double seconds = 0;
    bool since_reset = false;
    bool counts_nested = false;
    std::int64_t from_us = 0, to_us = 0;
    // Statements that were thrown out in between are missing, or lack calls.
    std::int64_t evictions = 0;
};

// An error says what to do instead.
[[nodiscard]] std::variant<Window, std::string> between(const Reading& first,
                                                        const Reading& second);
[[nodiscard]] std::variant<Window, std::string> since_reset(const Reading& reading);

}  // namespace workloads::synthesis
