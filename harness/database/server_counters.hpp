// What a server counts of itself, read about once a second all through a run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace harness::database {

// Rows, ever; of a table with all its partitions and children.
struct TableCounters {
    std::int64_t identity = 0;  // another one: other tables are counted than before
    std::uint64_t updates = 0, hot_updates = 0;
};

// Since whenever the server began to count; empty: it does not tell.
struct Counters {
    std::optional<std::int64_t> log_bytes;  // of its write-ahead log
    std::optional<std::uint64_t> checkpoints, cache_hits, cache_misses;
    std::optional<TableCounters> all_tables;           // each once, however many names it has
    std::vector<std::optional<TableCounters>> tables;  // by name; empty: there is no such table
};

struct StoredBytes {
    std::optional<std::int64_t> table, indexes;
};

// Of one database and the tables that were named when it was opened. One thread, except cancel().
class ServerCounters {
public:
    virtual ~ServerCounters() = default;

    // Waits for no lock. What the role may not see is empty from then on, and a note says so.
    // Throws Outage where there is no answer; then another one must be opened.
    virtual Counters read() = 0;

    // By name. Empty where there is no such table, or where somebody holds it exclusively for
    // longer than a moment: a note says so. Throws Outage.
    virtual std::vector<StoredBytes> sizes() = 0;

    // For the reader, each once.
    virtual std::vector<std::string> take_notes() = 0;

    // Asks the server to cancel what runs here now. Safe from any thread; does not wait.
    virtual void cancel() noexcept = 0;
};

}  // namespace harness::database
