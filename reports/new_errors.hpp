// Whose fault it is that calls of a recording fail now and did not then: the replay's, or the
// migration's. A control, replays of the same recording without the migration, tells.
//
// What is said here explains and acquits nobody: the gates count every new error, whoever's fault
// it is said to be. A call that fails without the migration as well was no trial of the migration:
// it may break that call, too, and under the same SQLSTATE. Counts cannot show that it does not,
// and so they never turn a failure into a pass.
#pragma once

#include "reports/record.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reports {

// Of one operation and one SQLSTATE in one replay, before the migration began (or would have) and
// from then on. fresh <= calls; a replay is cut off when its phases are over, so `calls` are the
// first that many of those that the recording has there.
struct NewErrorCounts {
    std::uint64_t calls_before = 0, fresh_before = 0;
    std::uint64_t calls_later = 0, fresh_later = 0;
};

// fresh_later in three parts.
struct NewErrorSplit {
    std::uint64_t without_migration = 0;  // every control shows them: the replay's fault
    std::uint64_t migration_only = 0;     // more than any control shows: the migration's fault
    std::uint64_t unclear = 0;
    // What the controls show among as many calls as here.
    std::uint64_t lowest = 0, highest = 0;
    bool other_beginning = false;  // until the migration more or fewer failed than in any
    bool control_too_short = false;
};

// No control: all is unclear.
[[nodiscard]] NewErrorSplit split_new_errors(const NewErrorCounts& here,
                                             std::span<const NewErrorCounts> controls);

struct NewErrors {
    struct Row {
        std::string operation, code;
        std::uint64_t before = 0, later = 0;
        NewErrorSplit split;  // of `later`
    };
    std::vector<Row> rows;  // of what failed anew, by operation and code
    std::uint64_t before = 0, later = 0;
    std::uint64_t without_migration = 0, migration_only = 0, unclear = 0;  // together `later`
    std::size_t controls = 0;  // replays without the migration that were held against this one
    std::vector<std::string> no_control;  // why there are none, as sentences
    std::vector<std::string> doubts;      // why some are unclear, as sentences
};

// Nothing where the load was no recording.
[[nodiscard]] NewErrors new_errors(const Record& record);

// As sentences; empty: nothing failed anew.
[[nodiscard]] std::string new_errors_text(const Record& record);

}  // namespace reports
