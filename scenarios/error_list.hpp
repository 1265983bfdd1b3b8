// Collects everything that is wrong with a scenario, so that all of it is told at once, and what
// may be wrong.
#pragma once

#include "scenarios/scenario_file.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace scenarios {

// Where a value was written: in the scenario file or on the command line.
struct Origin {
    Place place;
    std::string set_by;  // the path of a --set; empty: written in the file
};

class ErrorList {
public:
    explicit ErrorList(std::filesystem::path scenario_file)
        : scenario_file_{std::move(scenario_file)} {}

    void add(const Origin& origin, std::string message);
    void add_in(const std::filesystem::path& file, Place place, std::string message);

    // What the parser at hand does not know, and a newer server may.
    void add_doubt(const Origin& origin, const std::string& parser_message);
    void add_doubt_in(const std::filesystem::path& file, Place place,
                      const std::string& parser_message);

    // What is allowed and will not do what was hoped for: a whole sentence.
    void add_remark(const Origin& origin, std::string sentence);

    [[nodiscard]] bool empty() const noexcept { return errors_.empty(); }

    // By place, the scenario's own first, each once (an alias brings the same error twice).
    [[nodiscard]] std::vector<Error> sorted() const { return sorted(errors_); }
    [[nodiscard]] std::vector<Error> sorted_doubts() const { return sorted(doubts_); }
    // Whoever mends the errors wants to know of the doubts, too: they are mostly mistakes.
    [[nodiscard]] std::vector<Error> sorted_with_doubts() const;

private:
    [[nodiscard]] Error at(const Origin& origin, std::string message) const;
    [[nodiscard]] std::vector<Error> sorted(std::vector<Error> errors) const;

    std::filesystem::path scenario_file_;
    std::vector<Error> errors_, doubts_;
};

// A value as it is quoted in a message: on one line, shortened where it is long.
[[nodiscard]] std::string shown(std::string_view value);

}  // namespace scenarios
