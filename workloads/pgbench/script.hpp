// A pgbench script, read once and run often: its statements, and what its commands do between them.
#pragma once

#include "workloads/pgbench/expression.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace workloads::pgbench {

// One statement as the script has it, cut at its variables: pieces[0] :name[0] pieces[1] ...
struct SqlCommand {
    // What becomes of the rows: of the last query its one row, of each query its last row.
    enum class Keeps : std::uint8_t { nothing, gset, aset };

    std::vector<std::string> pieces;    // one more than variables
    std::vector<VariableId> variables;  // as often as they stand there
    Keeps keeps = Keeps::nothing;
    std::string prefix;        // of the variables that the columns go to
    bool combined = false;     // holds \; and so several statements
    std::size_t offset = 0;    // of its first byte, in the script
    int line = 0, column = 0;  // the same, from 1
    bool conditional = false;  // stands under an \if: it may never run
    // Why its text tells nobody what it does before its variables are written into it; else empty.
    std::string unreadable;

    // As it is prepared: the k-th variable is $k.
    [[nodiscard]] std::string numbered() const;
    // As a reader knows it, with :name.
    [[nodiscard]] std::string text(const std::vector<std::string>& names) const;
};

struct Command {
    enum class Kind : std::uint8_t {
        sql,             // sends statements[target]
        set,             // variable = expression
        sleep,           // sleep_us, or the variable times unit_us
        branch,          // goes on if the expression is true, else to the command `target`
        jump,            // to the command `target`
        start_pipeline,  // statements are sent without waiting for answers
        sync_pipeline,   // what was sent is one transaction
        end_pipeline,    // ... and its answers are awaited
    };
    Kind kind = Kind::sql;
    std::uint32_t target = 0;
    Expression expression{};
    VariableId variable = 0;
    bool from_variable = false;  // sleep
    std::int64_t sleep_us = 0, unit_us = 1;
    int line = 0, column = 0;  // from 1; columns in characters
};

struct Script {
    std::string name;  // for messages: "orders.pgbench"
    std::vector<Command> commands;
    std::vector<SqlCommand> statements;
    std::vector<std::string> variables;                  // names
    std::map<std::string, VariableId, std::less<>> ids;  // ... and where they are found
    // Those that have a value when the script begins; others are undefined. The text is read as in
    // pgbench's -D.
    std::vector<std::pair<VariableId, std::string>> given;
    bool writes_text = false;  // variables are written into the text, not sent as parameters

    // Of the variables that are there for every script, where this one names them.
    std::optional<VariableId> client_id, random_seed, default_seed;
};

struct ScriptOptions {
    std::string name;
    std::map<std::string, std::string> variables;  // what they begin with
    // The simple protocol, or statements with parameters.
    bool writes_text = false;
};

inline constexpr std::size_t most_commands = 10'000;
// As many as pgbench itself takes, and as one statement may have.
inline constexpr std::size_t most_statement_variables = 255;
inline constexpr std::size_t most_nested_conditions = 100;
inline constexpr std::size_t most_variables = 10'000;

// Everything that is wrong with the script, each with its byte offset; never empty.
using ScriptErrors = std::vector<TextError>;

// Reads the format of pgbench 10 to 18: statements end at a semicolon outside quotes, comments,
// parentheses and CREATE FUNCTION's BEGIN ... END, or at a backslash command. \shell and \setshell
// are refused. A variable that nothing before can have set is an error, unless it stands in SQL
// that is sent as text: there pgbench leaves it as it is.
[[nodiscard]] std::variant<Script, ScriptErrors> parse_script(std::string_view text,
                                                              const ScriptOptions& options);

// Letters, digits and _, not beginning with a digit; letters beyond ASCII count.
[[nodiscard]] bool is_variable_name(std::string_view name);

}  // namespace workloads::pgbench
