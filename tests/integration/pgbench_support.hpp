// The real pgbench, to compare with.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tests {

// Of the newest installed server, or of the one under test.
std::filesystem::path pgbench_program();

struct PgbenchRun {
    int exit = 0;
    std::string output;  // stdout and stderr

    // "int 5": what the calls of debug() printed, in their order.
    [[nodiscard]] std::vector<std::string> debugged() const;
};

// Runs the script once with one client. `options` as on a command line.
PgbenchRun run_pgbench(const std::string& uri, const std::string& script,
                       const std::string& options = "");

}  // namespace tests
