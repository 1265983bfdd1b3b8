// The commands that prove data without a rehearsal. They read, and never write.
#pragma once

#include "harness/command_line.hpp"

namespace harness {

// The exit code. Throws as the database and the scan do.
[[nodiscard]] int checksum_tables(const ChecksumCommand& command);
// 0 where the tables are equal, 4 where not.
[[nodiscard]] int diff_tables(const DiffCommand& command);

}  // namespace harness
