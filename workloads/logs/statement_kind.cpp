#include "workloads/logs/statement_kind.hpp"

#include <algorithm>
#include <iterator>

namespace workloads::logs {
namespace {

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// What the first word alone decides.
struct Row {
    std::string_view word;
    StatementKind kind;
};
constexpr Row by_first_word[] = {
    {"ANALYSE", StatementKind::maintenance},
    {"ANALYZE", StatementKind::maintenance},
    {"ALTER", StatementKind::definition},
    {"BEGIN", StatementKind::begin},
    {"CALL", StatementKind::query},
    {"CHECKPOINT", StatementKind::server_command},
    {"CLOSE", StatementKind::close_cursor},
    {"CLUSTER", StatementKind::maintenance},
    {"COMMENT", StatementKind::definition},
    {"CREATE", StatementKind::definition},
    {"DEALLOCATE", StatementKind::sql_deallocate},
    {"DECLARE", StatementKind::declare_cursor},
    {"DELETE", StatementKind::query},
    {"DISCARD", StatementKind::discard},
    {"DO", StatementKind::query},
    {"DROP", StatementKind::definition},
    {"EXECUTE", StatementKind::sql_execute},
    {"EXPLAIN", StatementKind::query},
    {"FETCH", StatementKind::fetch_cursor},
    {"GRANT", StatementKind::definition},
    {"IMPORT", StatementKind::definition},
    {"INSERT", StatementKind::query},
    {"LISTEN", StatementKind::listen},
    {"LOAD", StatementKind::server_command},
    {"LOCK", StatementKind::query},
    {"MERGE", StatementKind::query},
    {"MOVE", StatementKind::fetch_cursor},
    {"NOTIFY", StatementKind::notify},
    {"REASSIGN", StatementKind::definition},
    {"REFRESH", StatementKind::maintenance},
    {"REINDEX", StatementKind::maintenance},
    {"RELEASE", StatementKind::release},
    {"RESET", StatementKind::set},
    {"REVOKE", StatementKind::definition},
    {"SAVEPOINT", StatementKind::savepoint},
    {"SECURITY", StatementKind::definition},
    {"SELECT", StatementKind::query},
    {"SHOW", StatementKind::query},
    {"START", StatementKind::begin},
    {"TABLE", StatementKind::query},
    {"TRUNCATE", StatementKind::query},
    {"UNLISTEN", StatementKind::listen},
    {"UPDATE", StatementKind::query},
    {"VACUUM", StatementKind::maintenance},
    {"VALUES", StatementKind::query},
    {"WITH", StatementKind::query},
};

StatementKind of_rollback(const StatementWords& words) {
    if (words.is(1, "PREPARED")) {
        return StatementKind::finish_prepared;
    }
    return words.is(1, "TO") || words.is(2, "TO") ? StatementKind::rollback_to
                                                  : StatementKind::rollback;
}

StatementKind of_copy(const StatementWords& words) {
    if (equals_word(words.copy_from, "STDIN") || equals_word(words.copy_from, "STDOUT")) {
        return words.copies_in ? StatementKind::copy_from_client : StatementKind::copy_to_client;
    }
    return StatementKind::copy_server_file;
}

StatementKind of_set(const StatementWords& words) {
    // SET [SESSION | LOCAL] ROLE x; SET [SESSION | LOCAL] SESSION AUTHORIZATION x
    for (std::size_t i = 1; i < std::min<std::size_t>(words.count, 4); ++i) {
        if (words.is(i, "ROLE") || words.is(i, "AUTHORIZATION")) {
            return StatementKind::set_role;
        }
        if (!words.is(i, "SESSION") && !words.is(i, "LOCAL")) {
            break;
        }
    }
    return StatementKind::set;
}

// CREATE, ALTER and DROP of what is the server's and no database's.
bool is_of_the_server(const StatementWords& words) {
    constexpr std::string_view things[] = {"DATABASE", "TABLESPACE",   "ROLE",
                                           "GROUP",    "SUBSCRIPTION", "SYSTEM"};
    if (!words.is(0, "CREATE") && !words.is(0, "ALTER") && !words.is(0, "DROP")) {
        return false;
    }
    const auto is_next = [&](std::string_view word) { return words.is(1, word); };
    return std::any_of(std::begin(things), std::end(things), is_next) ||
           (words.is(1, "USER") && !words.is(2, "MAPPING"));
}

// EXPLAIN EXECUTE p, CREATE TABLE t AS EXECUTE p: where the name of the statement stands.
std::size_t executed_at(const StatementWords& words) {
    for (std::size_t i = 0; i < words.count; ++i) {
        if (words.is(i, "EXECUTE")) {
            return i + 1;
        }
        // A query's own words begin: an EXECUTE behind them is a name.
        if (words.is(i, "SELECT") || words.is(i, "INSERT") || words.is(i, "UPDATE") ||
            words.is(i, "DELETE") || words.is(i, "WITH") || words.is(i, "VALUES")) {
            break;
        }
    }
    return words.count;
}

bool executes_something(const StatementWords& words) {
    const auto at = executed_at(words);
    if (at >= words.count) {
        return false;
    }
    return words.is(0, "EXPLAIN") || (words.is(0, "CREATE") && words.is(at - 2, "AS"));
}

}  // namespace

bool equals_word(std::string_view text, std::string_view upper_case) {
    return text.size() == upper_case.size() &&
           std::equal(text.begin(), text.end(), upper_case.begin(),
                      [](char a, char b) { return upper(a) == b; });
}

bool StatementWords::is(std::size_t index, std::string_view word) const {
    return index < count && equals_word(words[index], word);
}

std::string folded_name(std::string_view name) {
    std::string out;
    if (name.size() >= 2 && name.front() == '"') {
        for (std::size_t i = 1; i + 1 < name.size(); ++i) {
            out += name[i];
            if (name[i] == '"') {
                ++i;
            }
        }
        return out;
    }
    for (const char c : name) {
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

void StatementWords::note_current_of(std::string_view word) {
    constexpr std::string_view opening[] = {"WHERE", "CURRENT", "OF"};
    if (current_of_words == std::size(opening)) {
        current_of = word;
        current_of_words = 0;
    } else if (equals_word(word, opening[current_of_words])) {
        ++current_of_words;
    } else {
        current_of_words = equals_word(word, opening[0]) ? 1 : 0;
    }
}

StatementKind kind_of(const StatementWords& words) {
    if (words.starts_with_parenthesis) {
        return StatementKind::query;
    }
    if (words.count == 0) {
        return StatementKind::unknown;
    }
    if (words.is(0, "COMMIT") || words.is(0, "END")) {
        return words.is(1, "PREPARED") ? StatementKind::finish_prepared : StatementKind::commit;
    }
    if (words.is(0, "ROLLBACK") || words.is(0, "ABORT")) {
        return of_rollback(words);
    }
    if (words.is(0, "PREPARE")) {
        return words.is(1, "TRANSACTION") ? StatementKind::prepare_transaction
                                          : StatementKind::sql_prepare;
    }
    if (words.is(0, "COPY")) {
        return of_copy(words);
    }
    if (words.is(0, "SET")) {
        return of_set(words);
    }
    if (is_of_the_server(words)) {
        return StatementKind::server_command;
    }
    if (executes_something(words)) {
        return StatementKind::sql_execute;
    }
    const auto* const row = std::find_if(std::begin(by_first_word), std::end(by_first_word),
                                         [&](const Row& each) { return words.is(0, each.word); });
    return row == std::end(by_first_word) ? StatementKind::unknown : row->kind;
}

std::string object_of(StatementKind kind, const StatementWords& words) {
    const auto at = [&](std::size_t index) {
        return index < words.count ? folded_name(words.words[index]) : std::string{};
    };
    switch (kind) {
        case StatementKind::sql_prepare:
        case StatementKind::declare_cursor:
            return at(1);
        case StatementKind::sql_execute:
            return at(executed_at(words));
        case StatementKind::close_cursor:
            return words.is(1, "ALL") ? "" : at(1);
        case StatementKind::discard:
            return "";
        case StatementKind::sql_deallocate: {
            const std::size_t name = words.is(1, "PREPARE") && words.count > 2 ? 2 : 1;
            return words.is(name, "ALL") ? "" : at(name);
        }
        case StatementKind::fetch_cursor:
            return words.count > 1 ? folded_name(words.last) : "";
        default:
            return "";
    }
}

bool names_an_object(StatementKind kind) noexcept {
    switch (kind) {
        case StatementKind::sql_prepare:
        case StatementKind::sql_execute:
        case StatementKind::sql_deallocate:
        case StatementKind::declare_cursor:
        case StatementKind::fetch_cursor:
        case StatementKind::close_cursor:
        case StatementKind::discard:
            return true;
        default:
            return false;
    }
}

const char* name_of(StatementKind kind) noexcept {
    constexpr const char* names[] = {
        "query",
        "begin",
        "commit",
        "rollback",
        "savepoint",
        "release",
        "rollback to",
        "prepare transaction",
        "finish prepared",
        "copy from client",
        "copy to client",
        "copy server file",
        "sql prepare",
        "sql execute",
        "sql deallocate",
        "declare cursor",
        "fetch cursor",
        "close cursor",
        "listen",
        "notify",
        "set",
        "set role",
        "discard",
        "definition",
        "maintenance",
        "server command",
        "multiple",
        "empty",
        "unknown",
    };
    static_assert(std::size(names) == statement_kinds);
    return names[static_cast<std::size_t>(kind)];
}

}  // namespace workloads::logs
