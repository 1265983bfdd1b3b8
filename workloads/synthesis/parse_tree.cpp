#include "workloads/synthesis/parse_tree.hpp"

#include "workloads/synthesis/sql_tokens.hpp"

#include <algorithm>
#include <string_view>

#include <pg_query.h>

namespace workloads::synthesis {
namespace {

using nlohmann::json;

// Levels of objects and arrays; copying 30,000 exhausted a stack of 8 MB.
constexpr int deepest = 1'000;
// libpg_query has no guard of its own: a sum of 60,000 terms takes it beyond the end of a stack of
// 8 MB, one of 6,000 fits into half of that. A level of the tree takes a token at least; members of
// lists, of which there may be many, take commas and parameters.
constexpr std::size_t most_tokens = 6'000;
constexpr std::size_t longest_statement_bytes = 1'000'000;

bool can_be_read(const std::string& sql) {
    if (sql.size() > longest_statement_bytes || sql.find('\0') != std::string::npos) {
        return false;
    }
    const auto tokens = tokens_of(sql);
    const auto counts = std::count_if(tokens.begin(), tokens.end(), [](const SqlToken& token) {
        return token.kind != SqlToken::Kind::space && token.kind != SqlToken::Kind::parameter &&
               token.text != "," && token.text != ")";
    });
    return static_cast<std::size_t>(counts) <= most_tokens;
}

int depth_of(std::string_view text) {
    int depth = 0, most = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            i += c == '\\' ? 1 : 0;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            most = std::max(most, ++depth);
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return most;
}

}  // namespace

std::optional<ParsedStatement> parse_statement(const std::string& sql) {
    if (!can_be_read(sql)) {
        return std::nullopt;
    }
    const PgQueryParseResult result = pg_query_parse(sql.c_str());
    json tree;
    if (result.error == nullptr && result.parse_tree != nullptr &&
        depth_of(result.parse_tree) <= deepest) {
        tree = json::parse(result.parse_tree, nullptr, false);
    }
    pg_query_free_parse_result(result);
    if (!tree.is_object() || !tree.contains("stmts") || tree["stmts"].size() != 1) {
        return std::nullopt;
    }
    auto& statement = tree["stmts"][0]["stmt"];
    if (!statement.is_object() || statement.size() != 1) {
        return std::nullopt;
    }
    const std::string kind = statement.begin().key();
    return ParsedStatement{kind, std::move(statement[kind])};
}

std::optional<std::string> without_constants(const std::string& sql) {
    if (!can_be_read(sql)) {
        return std::nullopt;
    }
    const PgQueryNormalizeResult result = pg_query_normalize(sql.c_str());
    std::optional<std::string> text;
    if (result.error == nullptr && result.normalized_query != nullptr) {
        text = result.normalized_query;
    }
    pg_query_free_normalize_result(result);
    return text;
}

}  // namespace workloads::synthesis
