// Runs the scenario's setup files.
#pragma once

#include "harness/database/control.hpp"
#include "harness/migration/interruption.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harness::migration {

struct SetupError {
    std::filesystem::path file;
    int line = 0;  // 0: the file as a whole
    std::string message;
    [[nodiscard]] std::string text() const;  // file:line: message
};

struct SetupOptions {
    const Interruption* interruption = nullptr;  // the first Ctrl-C ends the setup
    std::function<void(std::string_view)> log;   // one line per file, and what went wrong
};

// Plain SQL, run statement by statement as psql -f does: each commits itself unless the file begins
// a transaction; only INSERTs in a row commit together, up to 1,000, because each would wait for
// the disk. A file is read in pieces of 1 MB, so its size does not matter. Not supported, and said
// so: psql commands and COPY FROM STDIN (a dump: pg_dump --inserts). A transaction that a file
// leaves open is an error, because its changes would be lost. Stops at the first error; what was
// committed before it stays. Sets the session's lock_timeout and statement_timeout (none).
[[nodiscard]] std::optional<SetupError> run_setup(database::Control& control,
                                                  const std::vector<std::filesystem::path>& files,
                                                  const SetupOptions& options = {});

}  // namespace harness::migration
