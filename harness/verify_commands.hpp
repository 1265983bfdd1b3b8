// The commands that prove data without a rehearsal. They read, and never write.
#pragma once

#include "harness/command_line.hpp"

namespace harness {

// The exit code. Throws as the database and the scan do.
[[nodiscard]] int checksum_tables(const ChecksumCommand& command);

}  // namespace harness
