// The server's own parse trees (libpg_query), as JSON.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace workloads::synthesis {

// Of a text that holds exactly one statement: its kind, for example SelectStmt, and what it holds.
// Neither where it does not parse, or is so long or deep that walking it could exhaust the stack.
struct ParsedStatement {
    std::string kind;
    nlohmann::json tree;
};
[[nodiscard]] std::optional<ParsedStatement> parse_statement(const std::string& sql);

// The text with its constants made parameters that count on; none where it does not parse.
[[nodiscard]] std::optional<std::string> without_constants(const std::string& sql);

}  // namespace workloads::synthesis
