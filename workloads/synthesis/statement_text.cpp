#include "workloads/synthesis/statement_text.hpp"

#include "workloads/letters.hpp"
#include "workloads/synthesis/sql_tokens.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace workloads::synthesis {
namespace {

using nlohmann::json;
using Kind = SqlToken::Kind;

constexpr std::string_view session_statements[] = {
    "TransactionStmt", "VariableSetStmt", "VariableShowStmt",   "DiscardStmt", "DeallocateStmt",
    "ListenStmt",      "UnlistenStmt",    "ConstraintsSetStmt", "PrepareStmt"};
constexpr std::string_view data_statements[] = {"SelectStmt", "InsertStmt", "UpdateStmt",
                                                "DeleteStmt", "MergeStmt"};

// Types whose name may stand right before a literal, and so, in a normalised text, before a $n.
constexpr std::string_view literal_types[] = {"date",      "interval",    "time",
                                              "timestamp", "timestamptz", "timetz"};
constexpr std::string_view interval_fields[] = {"day", "hour", "minute", "month", "second", "year"};

template <typename List>
bool is_in(const List& list, std::string_view word) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

std::string lower(std::string_view word) {
    std::string out{word};
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return out;
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && (is_space(text.front()) || text.front() == ';')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (is_space(text.back()) || text.back() == ';')) {
        text.remove_suffix(1);
    }
    return std::string{text};
}

// A hint's comment stays: it is part of what runs.
std::string without_comments(const std::vector<SqlToken>& tokens) {
    std::string out;
    for (const auto& token : tokens) {
        if (token.kind == Kind::comment && !token.text.starts_with("/*+")) {
            out += ' ';
        } else {
            out += token.text;
        }
    }
    return trimmed(out);
}

// The index of the next token that is no space; tokens.size() where there is none.
std::size_t next_of(const std::vector<SqlToken>& tokens, std::size_t at) {
    do {
        ++at;
    } while (at < tokens.size() && tokens[at].kind == Kind::space);
    return at;
}

// `interval '1 day'` is kept as `interval $1`, which no server reads: CAST($1 AS interval) is the
// same.
std::string with_casts(std::string_view sql) {
    const auto tokens = tokens_of(sql);
    const auto word_at = [&](std::size_t i) {
        return i < tokens.size() && tokens[i].kind == Kind::word ? lower(tokens[i].text)
                                                                 : std::string{};
    };
    std::string out;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (!is_in(literal_types, word_at(i))) {
            out += tokens[i].text;
            continue;
        }
        std::string type{tokens[i].text};
        std::size_t at = next_of(tokens, i);
        if (const auto with = word_at(at); with == "with" || with == "without") {
            const auto time = next_of(tokens, at), zone = next_of(tokens, time);
            if (word_at(time) == "time" && word_at(zone) == "zone") {
                type += " " + with + " time zone";
                at = next_of(tokens, zone);
            }
        }
        if (at >= tokens.size() || tokens[at].kind != Kind::parameter) {
            out += tokens[i].text;
            continue;
        }
        const std::string_view parameter = tokens[at].text;
        if (const auto field = next_of(tokens, at); is_in(interval_fields, word_at(field))) {
            type += " " + word_at(field);
            at = field;
        }
        out += "CAST(";
        out += parameter;
        out += " AS " + type + ")";
        i = at;
    }
    return out;
}

// A key word such as the field of EXTRACT is a constant in the tree, too, but no value; E'...' is
// one.
bool is_value(const json& constant, const std::string& sql) {
    const auto at = constant.value("location", 0);
    if (at < 0 || static_cast<std::size_t>(at) >= sql.size()) {
        return true;
    }
    const auto rest = std::string_view{sql}.substr(static_cast<std::size_t>(at), 4);
    return !is_name_start(rest[0]) || rest.find('\'') != std::string_view::npos;
}

// GROUP BY 1, ORDER BY 2: the server leaves the number of a column as it is.
bool is_position(const json& item) {
    const json* node = &item;
    if (item.is_object() && item.contains("SortBy")) {
        node = &item["SortBy"]["node"];
    }
    return node->is_object() && node->contains("A_Const") && (*node)["A_Const"].contains("ival");
}

bool holds_values(const json& node, const std::string& sql) {
    if (node.is_object()) {
        for (const auto& [key, child] : node.items()) {
            if (key == "typmods") {
                continue;  // varchar(20)
            }
            if ((key == "groupClause" || key == "sortClause" || key == "distinctClause") &&
                child.is_array()) {
                const bool others = std::any_of(child.begin(), child.end(), [&](const json& item) {
                    return !is_position(item) && holds_values(item, sql);
                });
                if (others) {
                    return true;
                }
                continue;
            }
            if ((key == "A_Const" && is_value(child, sql)) || holds_values(child, sql)) {
                return true;
            }
        }
    } else if (node.is_array()) {
        return std::any_of(node.begin(), node.end(),
                           [&](const json& child) { return holds_values(child, sql); });
    }
    return false;
}

int number_of(std::string_view parameter) {
    int number = 0;
    std::from_chars(parameter.data() + 1, parameter.data() + parameter.size(), number);
    return number;
}

int highest_parameter(std::string_view sql) {
    int highest = 0;
    for (const auto& token : tokens_of(sql)) {
        if (token.kind == Kind::parameter) {
            highest = std::max(highest, number_of(token.text));
        }
    }
    return highest;
}

}  // namespace

StatementText read_statement(const std::string& text) {
    StatementText read;
    if (text.find(own_mark) != std::string::npos) {
        read.kind = StatementClass::own;
        return read;
    }
    if (text == "<insufficient privilege>") {
        read.kind = StatementClass::not_permitted;
        return read;
    }
    read.lists_are_squashed = text.find("/*, ... */") != std::string::npos;
    read.sql = with_casts(without_comments(tokens_of(text)));
    auto parsed = parse_statement(read.sql);
    if (parsed && is_in(data_statements, parsed->kind) && holds_values(parsed->tree, read.sql)) {
        const auto normalised = without_constants(read.sql);
        read.sql = normalised ? with_casts(*normalised) : "";
        parsed = parse_statement(read.sql);
        if (parsed && holds_values(parsed->tree, read.sql)) {
            parsed.reset();
        }
    }
    if (!parsed) {
        read.sql.clear();
        return read;
    }
    read.parsed = *std::move(parsed);
    if (is_in(data_statements, read.parsed.kind)) {
        // SELECT ... INTO makes a table.
        read.kind = read.parsed.tree.contains("intoClause") ? StatementClass::utility
                                                            : StatementClass::data;
        read.parameters = highest_parameter(read.sql);
    } else {
        read.kind = is_in(session_statements, read.parsed.kind) ? StatementClass::session_control
                                                                : StatementClass::utility;
    }
    if (read.kind != StatementClass::data) {
        read.sql.clear();
    }
    return read;
}

std::string with_names(std::string_view sql, const std::function<std::string(int)>& name) {
    std::string out;
    bool apart = false;
    for (const auto& token : tokens_of(sql)) {
        if (token.kind != Kind::parameter) {
            if (apart && (token.kind == Kind::word || token.kind == Kind::quoted)) {
                out += ' ';
            }
            out += token.text;
            apart = false;
            continue;
        }
        // After a colon, as in a slice, or an operator: a space keeps them apart.
        if (!out.empty() && !is_space(out.back()) && out.back() != '(' && out.back() != ',') {
            out += ' ';
        }
        out += ":" + name(number_of(token.text));
        apart = true;
    }
    return out;
}

}  // namespace workloads::synthesis
