// What a command says: its answer on stdout, complaints on stderr.
#pragma once

#include "scenarios/scenario.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harness {

// A file that the user wrote is wrong, and nothing was touched: exit code 2.
struct InvalidFile : std::runtime_error {
    explicit InvalidFile(std::vector<scenarios::Error> found)
        : std::runtime_error{found.empty() ? "" : found.front().text()}, errors{std::move(found)} {}

    std::vector<scenarios::Error> errors;
};

// Prints the answer and gives `exit_code`; 6, or a higher code, where stdout cannot be written:
// whoever pipes the answer elsewhere must not take half of it for whole.
int give(const std::string& answer, int exit_code);

// Names of tables, files and databases are quoted in what is said here, and a name may hold what a
// terminal obeys: everything goes out harmless. Gives the exit code.
int complain(const std::vector<scenarios::Error>& errors);
int complain(std::string_view what, int exit_code);

}  // namespace harness
