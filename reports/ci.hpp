// What a CI system shows beside the changed lines: annotations of GitHub, code quality of GitLab.
#pragma once

#include "reports/record.hpp"
#include "reports/source_place.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reports {

// Most serious first.
enum class Severity : std::uint8_t { data, harness, migration, gate, doubt };

// Something that keeps a run from passing.
struct Annotation {
    Severity severity = Severity::doubt;
    std::string check;    // "gate", "data", "step", ...: what kind of thing it is
    std::string subject;  // the gate's, table's or step's name: the same in every run
    std::string title, message;
    SourcePlace place;
};

// Everything that keeps the run from passing, most serious first; empty only for a pass.
[[nodiscard]] std::vector<Annotation> annotations(const Record& record);

// GitHub shows ten of a step and counts the rest; five are read.
inline constexpr std::size_t most_github_annotations = 5;

// Workflow commands ("::error file=...::..."), a line each. The last one tells how many were left
// out. No text can end its line, start another command or change the file that is named.
[[nodiscard]] std::string github_annotations(std::span<const Annotation> annotations,
                                             const Checkout& checkout);

// gl-code-quality.json: an array, empty for a pass. A fingerprint is made of what an annotation is
// about and never of a figure: the same finding has the same in every run.
[[nodiscard]] std::string gitlab_code_quality(const Record& record, const Checkout& checkout);

}  // namespace reports
