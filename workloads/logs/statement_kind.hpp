// Inside of statement_scan.cpp: from a statement's first words to its kind.
#pragma once

#include "workloads/logs/statement_scan.hpp"

#include <array>
#include <string>
#include <string_view>

namespace workloads::logs {

// What the lexer keeps of a statement.
struct StatementWords {
    static constexpr std::size_t most = 12;
    std::array<std::string_view, most> words;  // names and keywords as written, in order
    std::size_t count = 0;
    std::string_view last;  // the last one of all
    std::string_view
        copy_from;  // the word behind FROM or TO outside of parentheses; "?": a literal
    std::string_view current_of;    // the cursor of WHERE CURRENT OF
    unsigned current_of_words = 0;  // of these three, how many came last
    bool starts_with_parenthesis = false;
    bool copies_in = false;  // it was FROM

    [[nodiscard]] bool is(std::size_t index, std::string_view word) const;
    void note_current_of(std::string_view word);
};

[[nodiscard]] bool equals_word(std::string_view text, std::string_view upper_case);
// As the server folds it: in lower case unless quoted.
[[nodiscard]] std::string folded_name(std::string_view name);

[[nodiscard]] StatementKind kind_of(const StatementWords& words);

// Whether it makes, uses or drops a cursor or a prepared statement.
[[nodiscard]] bool names_an_object(StatementKind kind) noexcept;

// The cursor or prepared statement that a statement of that kind names; empty: none or all.
[[nodiscard]] std::string object_of(StatementKind kind, const StatementWords& words);

}  // namespace workloads::logs
