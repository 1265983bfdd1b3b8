#include "scenarios/plpgsql_body.hpp"

#include "scenarios/sql_tree.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>

#include <pg_query.h>

namespace scenarios {
namespace {

using nlohmann::json;

// The parser's own recursion ends the process at some 100,000 terms in one expression, of two bytes
// each; and a megabyte of statements takes it two seconds.
constexpr std::size_t longest_bytes = 60'000;
constexpr int deepest = 500;

// Of these every part is looked at. What is not among them may do anything: EXECUTE, cursors, CALL,
// what is yet to come.
constexpr std::array<std::string_view, 22> known{
    "PLpgSQL_stmt_block",  "PLpgSQL_exception_block", "PLpgSQL_exception",
    "PLpgSQL_condition",   "PLpgSQL_stmt_assign",     "PLpgSQL_stmt_if",
    "PLpgSQL_if_elsif",    "PLpgSQL_stmt_case",       "PLpgSQL_case_when",
    "PLpgSQL_stmt_loop",   "PLpgSQL_stmt_while",      "PLpgSQL_stmt_fori",
    "PLpgSQL_stmt_fors",   "PLpgSQL_stmt_foreach_a",  "PLpgSQL_stmt_exit",
    "PLpgSQL_stmt_return", "PLpgSQL_stmt_raise",      "PLpgSQL_raise_option",
    "PLpgSQL_stmt_assert", "PLpgSQL_stmt_execsql",    "PLpgSQL_stmt_perform",
    "PLpgSQL_stmt_getdiag"};

// A SET in a trigger would change how the rest of the transaction is carried out.
constexpr std::array<std::string_view, 6> statements{"SelectStmt", "InsertStmt", "UpdateStmt",
                                                     "DeleteStmt", "MergeStmt",  "TruncateStmt"};
constexpr std::array<std::string_view, 2> settings{"set_config", "setval"};

template <typename Names>
bool among(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string lower(std::string_view text) {
    std::string made{text};
    std::ranges::transform(made, made.begin(), [](unsigned char c) { return std::tolower(c); });
    return made;
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    const auto last = text.find_last_not_of(" \t\r\n");
    return first == std::string_view::npos ? std::string{}
                                           : std::string{text.substr(first, last - first + 1)};
}

bool in_a_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

// Past blanks and comments; those that begin with a slash may hold others.
std::size_t past_blanks(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        if (std::isspace(static_cast<unsigned char>(text[at])) != 0) {
            ++at;
        } else if (text.substr(at, 2) == "--") {
            at = std::min(text.find_first_of("\r\n", at), text.size());
        } else if (text.substr(at, 2) == "/*") {
            int open = 0;
            do {
                const auto two = text.substr(at, 2);
                open += two == "/*" ? 1 : two == "*/" ? -1 : 0;
                at += two == "/*" || two == "*/" ? 2 : 1;
            } while (open > 0 && at < text.size());
        } else {
            break;
        }
    }
    return std::min(at, text.size());
}

std::size_t past_word(std::string_view text, std::size_t at) {
    while (at < text.size() && in_a_word(text[at])) {
        ++at;
    }
    return at;
}

// Whether the words ALIAS FOR may stand there; where is not asked: also in a string.
bool may_declare_alias(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (!in_a_word(text[at])) {
            ++at;
            continue;
        }
        const auto end = past_word(text, at);
        if (lower(text.substr(at, end - at)) == "alias") {
            const auto next = past_blanks(text, end);
            if (lower(text.substr(next, past_word(text, next) - next)) == "for") {
                return true;
            }
        }
        at = end;
    }
    return false;
}

// The one word that an expression is, in small letters; empty: it is something else.
std::string only_word(std::string_view text) {
    const auto at = past_blanks(text, 0);
    std::string word;
    std::size_t end = at;
    for (const std::string_view quoted : {"\"new\"", "\"old\""}) {
        if (text.substr(at).starts_with(quoted)) {
            end = at + quoted.size();
            word = quoted.substr(1, quoted.size() - 2);
        }
    }
    if (word.empty()) {
        end = past_word(text, at);
        word = lower(text.substr(at, end - at));
    }
    return past_blanks(text, end) == text.size() ? word : std::string{};
}

// Whether a name stands anywhere in the tree as a string of SQL.
bool names(const json& node, std::string_view name, int depth) {
    if (depth > 4 * deepest) {
        return true;
    }
    if (node.is_string()) {
        return node.get_ref<const std::string&>() == name;
    }
    return node.is_structured() && std::ranges::any_of(node, [&](const json& child) {
               return names(child, name, depth + 1);
           });
}

// Where an assignment's operator stands: its target is a name, perhaps with subscripts. Comments
// and escapes are nobody's habit there.
std::optional<std::size_t> assignment_operator(std::string_view text) {
    int depth = 0;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            quote = c == quote ? char{0} : quote;
            if (c == '\\') {
                return std::nullopt;
            }
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '[' || c == '(') {
            ++depth;
        } else if (c == ']' || c == ')') {
            --depth;
        } else if (c == '$' || c == '/' || (c == '-' && text.substr(i, 2) == "--")) {
            return std::nullopt;
        } else if (depth == 0 && (c == '=' || text.substr(i, 2) == ":=")) {
            return i;
        }
    }
    return std::nullopt;
}

class Reader {
public:
    explicit Reader(PlpgsqlBody& body) : body_{body} {}

    void read(const json& function) {
        datums_ = function.value("datums", json::array());
        new_ = function.value("new_varno", -1);
        const auto action = function.find("action");
        if (new_ < 0 || action == function.end()) {
            anything("could not be read as a trigger's function");
            return;
        }
        int of_that_name = 0;
        for (const auto& datum : datums_) {
            if (!datum.is_object() || datum.size() != 1) {
                anything("has a variable that was not recognised");
                return;
            }
            const json& parts = datum.begin().value();
            const auto name = lower(parts.value("refname", ""));
            of_that_name += name == "new" || name == "old" ? 1 : 0;
            for (const auto& [key, part] : parts.items()) {
                if (key == "default_val") {
                    node(part, 0);
                } else if (part.is_structured() && key != "datatype" && key != "fields") {
                    anything("declares " + name + " in a way that was not recognised");
                }
            }
        }
        if (of_that_name != 2) {
            anything("declares a variable that is called new or old");
        }
        node(*action, 0);
    }

    void anything(std::string why) {
        if (body_.effects.anything.empty()) {
            body_.effects.anything = std::move(why);
        }
    }

private:
    // An object of one key, which is its kind; or a list of such.
    void node(const json& value, int depth) {
        if (depth > deepest) {
            anything("is nested too deep to be looked at");
            return;
        }
        if (value.is_array()) {
            for (const auto& one : value) {
                node(one, depth + 1);
            }
            return;
        }
        if (!value.is_object() || value.size() != 1 || !value.begin().value().is_object()) {
            anything("has a part that was not recognised");
            return;
        }
        visit(value.begin().key(), value.begin().value(), depth);
    }

    void visit(const std::string& kind, const json& parts, int depth) {
        if (kind == "PLpgSQL_expr") {
            expression(parts.value("query", ""));
        } else if (kind == "PLpgSQL_row") {
            for (const auto& field : parts.value("fields", json::array())) {
                assigns(field.value("varno", 0));
            }
        } else if (kind == "PLpgSQL_rec") {
            assigns(parts.value("dno", 0));
        } else if (kind == "PLpgSQL_diag_item") {
            assigns(parts.value("target", 0));
        } else if (kind == "PLpgSQL_stmt_dynexecute" || kind == "PLpgSQL_stmt_dynfors") {
            anything("runs SQL that it puts together itself (EXECUTE)");
        } else if (kind == "PLpgSQL_stmt_call") {
            anything("runs CALL or DO");
        } else if (!among(known, kind)) {
            anything("has a statement that was not recognised (" + kind + ")");
        } else {
            statement(kind, parts, depth);
        }
    }

    void statement(const std::string& kind, const json& parts, int depth) {
        if (const auto label = lower(parts.value("label", "")); label == "new" || label == "old") {
            anything("has a label that is called new or old");
        }
        if (kind == "PLpgSQL_stmt_assign" || kind == "PLpgSQL_stmt_foreach_a") {
            assigns(parts.value("varno", 0));
        }
        // The parser adds one without a line at the end, which is never reached: that is an error.
        body_.returns_other |=
            kind == "PLpgSQL_stmt_return" && parts.contains("lineno") && !parts.contains("expr");
        for (const auto& [key, part] : parts.items()) {
            if (!part.is_structured() || key == "conditions") {
                continue;  // line numbers, names and switches
            }
            if (kind == "PLpgSQL_stmt_fori" && key == "var") {
                continue;  // its own
            }
            const bool whole = kind == "PLpgSQL_stmt_execsql" || kind == "PLpgSQL_stmt_perform" ||
                               (kind == "PLpgSQL_stmt_fors" && key == "query");
            const bool assigned = kind == "PLpgSQL_stmt_assign";
            if (!part.contains("PLpgSQL_expr") ||
                !(whole || assigned || kind == "PLpgSQL_stmt_return")) {
                node(part, depth + 1);
                continue;
            }
            const auto text = part["PLpgSQL_expr"].value("query", "");
            if (whole) {
                sql(text);
            } else if (assigned) {
                assignment(text);
            } else {
                returns(text);
            }
        }
    }

    void assigns(int variable) {
        if (variable < 0 || static_cast<std::size_t>(variable) >= datums_.size()) {
            anything("assigns something that was not recognised");
            return;
        }
        const auto datum = datums_[static_cast<std::size_t>(variable)].begin();
        const std::string& kind = datum.key();
        const json& parts = datum.value();
        if (kind == "PLpgSQL_recfield") {
            if (parts.value("recparentno", -1) == new_) {
                body_.assigned.insert(parts.at("fieldname").get<std::string>());
            }
        } else if (kind == "PLpgSQL_rec") {
            if (variable == new_) {
                body_.row = "assigns NEW as a whole";
            }
        } else if (kind == "PLpgSQL_row") {
            for (const auto& field : parts.value("fields", json::array())) {
                if (const int one = field.value("varno", 0); one < variable) {
                    assigns(one);
                } else {
                    anything("assigns something that was not recognised");
                }
            }
        } else if (kind != "PLpgSQL_var") {
            anything("assigns something that was not recognised");
        }
    }

    void returns(const std::string& text) {
        const auto what = only_word(text);
        body_.returns_new |= what == "new";
        body_.returns_old |= what == "old";
        body_.returns_null |= what == "null";
        body_.returns_other |= what != "new" && what != "old" && what != "null";
        expression(text);
    }

    void assignment(const std::string& text) {
        const auto at = assignment_operator(text);
        if (!at) {
            anything("has an assignment that was not recognised");
            return;
        }
        expression(text.substr(0, *at));  // subscripts
        expression(text.substr(*at + (text[*at] == ':' ? 2 : 1)));
    }

    void expression(const std::string& text) {
        if (trimmed(text).empty()) {
            anything("has an expression that was not recognised");
        }
        sql("SELECT " + text);
    }

    void sql(const std::string& text) {
        const auto tree = sql_tree(text);
        const auto kind = only_statement(tree).first;
        if (!among(statements, kind)) {
            anything(kind.empty() ? "has SQL that could not be parsed"
                                  : "runs a statement of kind " + kind);
            return;
        }
        for (const auto& setting : settings) {
            if (names(tree, setting, 0)) {
                anything("calls " + std::string{setting});
            }
        }
        const auto effects = write_effects_of(text);
        if (!effects.anything.empty()) {
            anything(effects.anything);
        }
        auto& all = body_.effects;
        std::ranges::copy_if(effects.writes, std::back_inserter(all.writes),
                             [&](const auto& write) { return !among_writes(write); });
        std::ranges::copy_if(effects.functions, std::back_inserter(all.functions),
                             [&](const auto& name) { return !among(all.functions, name); });
    }

    [[nodiscard]] bool among_writes(const Write& write) const {
        const auto& all = body_.effects.writes;
        return std::find(all.begin(), all.end(), write) != all.end();
    }

    PlpgsqlBody& body_;
    json datums_;
    int new_ = -1;
};

// Why the text is not a trigger's function in PL/pgSQL with a body; empty: it is. The parser for
// such bodies must be given nothing else: what has none ends the process.
std::string obstacle(const std::string& function) {
    if (function.size() > longest_bytes) {
        return "is too long to be looked at";
    }
    const auto [kind, parts] = only_statement(sql_tree(function));
    if (kind != "CreateFunctionStmt") {
        return "could not be parsed";
    }
    std::string language;
    std::size_t bodies = 0;
    for (const auto& option : parts.value("options", json::array())) {
        const auto element = option.value("DefElem", json::object());
        const auto argument = element.value("arg", json::object());
        if (element.value("defname", "") == "language") {
            const auto text = argument.value("String", json::object());
            language = text.value("sval", text.value("str", ""));
        } else if (element.value("defname", "") == "as") {
            bodies = argument.value("List", json::object()).value("items", json::array()).size();
        }
    }
    if (language != "plpgsql") {
        return "is written in " + (language.empty() ? "an unknown language" : language);
    }
    const auto type =
        parts.value("returnType", json::object()).value("names", json::array()).dump();
    const bool is_trigger = type.find("\"trigger\"") != std::string::npos;
    return bodies == 1 && is_trigger ? "" : "is not a trigger's function with one body";
}

json plpgsql_tree(const std::string& function) {
    const PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(function.c_str());
    json tree = result.error == nullptr && result.plpgsql_funcs != nullptr
                    ? bounded_tree(result.plpgsql_funcs)
                    : json{};
    pg_query_free_plpgsql_parse_result(result);
    return tree;
}

}  // namespace

PlpgsqlBody read_plpgsql_body(const std::string& function) {
    PlpgsqlBody body;
    Reader reader{body};
    try {
        if (auto why = obstacle(function); !why.empty()) {
            reader.anything(std::move(why));
            return body;
        }
        // An alias may give NEW's name to another row, and the parser does not tell of it.
        if (may_declare_alias(function)) {
            reader.anything("declares an alias");
            return body;
        }
        const auto tree = plpgsql_tree(function);
        if (!tree.is_array() || tree.size() != 1 || !tree[0].contains("PLpgSQL_function")) {
            reader.anything("could not be parsed");
            return body;
        }
        reader.read(tree[0]["PLpgSQL_function"]);
    } catch (const json::exception&) {
        reader.anything("could not be read");
    }
    return body;
}

}  // namespace scenarios
