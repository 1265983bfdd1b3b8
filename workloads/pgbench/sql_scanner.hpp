// Finds where a statement of a pgbench script ends, as psql's scanner does.
#pragma once

#include "workloads/pgbench/script.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::pgbench {

// A place in a statement where a variable's value goes.
struct Mention {
    // Where: as an operand of its own, glued to something else, or inside something else.
    enum class Where : std::uint8_t { apart, glued, literal, quoted_name, dollar_quote, comment };
    std::string name;
    Where where = Where::apart;
    std::size_t offset = 0;  // in the script
};

struct ScannedStatement {
    enum class End : std::uint8_t { semicolon, backslash, text };
    std::vector<std::string> pieces{{}};  // between the mentions; comments after -- are left out
    std::vector<Mention> mentions;
    bool combined = false;
    std::size_t offset = 0;  // of its first byte
    std::size_t next = 0;    // behind the semicolon, or behind the backslash
    End end = End::text;
    std::optional<TextError> error;  // an unterminated quote or comment

    [[nodiscard]] bool blank() const;
};

[[nodiscard]] ScannedStatement scan_statement(std::string_view script, std::size_t from);

}  // namespace workloads::pgbench
