// Where in the repository a finding is shown: the line of the migration that it is about.
#pragma once

#include "reports/record.hpp"

#include <cstddef>
#include <string>

namespace reports {

struct SourcePlace {
    std::string file;  // as the record has it; empty: the record names none
    std::size_t line = 1;
};

// What a CI system checked out. Both absolute; where one is empty files are told as they are.
struct Checkout {
    std::string root, working_directory;
};

// A file as the repository names it ("db/shop.yaml"), found by its letters alone: no symbolic link
// is followed. What lies outside of the checkout stays as it is.
[[nodiscard]] std::string path_in(const Checkout& checkout, const std::string& file);

[[nodiscard]] SourcePlace place_of(const Step& step, const Record& record);
// Where the first step is written, or the scenario's first line.
[[nodiscard]] SourcePlace place_of_migration(const Record& record);
// For `duration` the longest step; for all else the step that is to blame for the worst lock
// episode, where one is; otherwise where the migration begins.
[[nodiscard]] SourcePlace place_of_gate(const GateResult& gate, const Record& record);

}  // namespace reports
