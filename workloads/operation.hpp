// An operation: what an application does as one transaction or one statement, compiled from the
// scenario so that running it needs no look-ups by name.
#pragma once

#include "workloads/placeholders.hpp"
#include "workloads/values.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace workloads {

namespace pgbench {
struct Script;
class Run;
}  // namespace pgbench

enum class App : std::uint8_t { old_version, new_version };  // the code that sends an operation
enum class AppFilter : std::uint8_t { old_version, new_version, both };

[[nodiscard]] constexpr bool admits(AppFilter filter, App app) noexcept {
    return filter == AppFilter::both ||
           (filter == AppFilter::old_version) == (app == App::old_version);
}
[[nodiscard]] constexpr std::string_view name_of(App app) noexcept {
    return app == App::old_version ? "old" : "new";
}

using Slot = std::uint16_t;  // index of a variable within one operation

struct Statement {
    std::string text;              // as written in the scenario
    std::string numbered;          // with $1..$n, to be prepared
    std::vector<Slot> parameters;  // $k takes the value of slot parameters[k-1]
    CutStatement cut;              // for the simple protocol, which writes values into the text
    std::vector<Slot> cut_slots;   // the slot of each of cut.names
    std::vector<Slot> into;  // columns of the first row that are kept; empty: rows are discarded

    // Of a script's statements alone.
    // Why `numbered` tells nobody what is sent: its variables may become any part of it. Whoever
    // asks what it writes must take it for anything. Empty: it tells.
    std::string unreadable{};
    // Begins or ends a transaction, must stand before its first query, or in none at all.
    bool says_nothing = false;
    // What a server can say of it before the load: whether it can be prepared; whether its grammar
    // is right, where it may never run or finds tables that another statement makes; nothing, where
    // values are part of its text.
    enum class Check : std::uint8_t { whole, grammar, none } check = Check::whole;
};

// How often an operation is tried again after a serialization failure or a deadlock.
struct RetryPolicy {
    int times = 0;
    std::chrono::milliseconds backoff{0};  // doubled at each try
};

struct Parameter {
    std::string name;
    Generator generator;
    Slot slot;
};

struct Operation {
    std::string name;
    double weight = 1;
    AppFilter app = AppFilter::both;
    bool transaction = false;  // BEGIN and COMMIT around the statements
    std::vector<Parameter> parameters;
    std::vector<Statement> statements;
    std::vector<std::string> slot_names;
    std::vector<bool> slot_numeric;  // whether the simple protocol may write it without quotes
    RetryPolicy retry;
    // What decides which of the statements is sent when; null: one after the other.
    std::shared_ptr<const pgbench::Script> script{};
};

// What a scenario says of one operation, before compilation.
struct OperationSource {
    struct Sql {
        std::string sql;
        std::vector<std::string> into;
    };
    std::string name;
    double weight = 1;
    AppFilter app = AppFilter::both;
    bool transaction = false;
    std::vector<std::pair<std::string, std::string>> params;  // name, function text; in file order
    std::vector<Sql> statements;
    RetryPolicy retry;
};

// Where an error stands: in the k-th statement's sql, in a parameter, or in an into name.
struct OperationError {
    enum class Part { operation, parameter, statement, into } part = Part::operation;
    std::size_t index = 0;   // of the parameter or the statement
    std::size_t offset = 0;  // byte offset in that text
    std::string message;
};

// All errors at once: parameters that are never used, placeholders that are never bound (neither a
// parameter nor an earlier `into`), names bound twice, bad functions, unterminated SQL.
[[nodiscard]] std::variant<Operation, std::vector<OperationError>> compile(const OperationSource&);

// Values of one run of an operation. Reused from run to run, so that the strings keep their memory.
class Values {
public:
    // Draws all parameters of `operation` for the operation number `index` of the run; all other
    // slots (those of `into`) become NULL. The same (seed, index) always gives the same values,
    // whatever ran before; only now() takes the wall clock.
    void draw(const Operation& operation, std::uint64_t seed, std::uint64_t index,
              std::int64_t wall_clock_us);

    // A script's :client_id, the number of the connection. A script that uses it, and whatever it
    // reads from the database, are what may differ between two runs of one (seed, index).
    void set_client(std::uint64_t client) noexcept { client_ = client; }
    // Of the last draw() of an operation that has a script.
    [[nodiscard]] pgbench::Run& script_run() { return *run_; }

    [[nodiscard]] const std::string& at(Slot slot) const { return values_[slot]; }
    [[nodiscard]] bool is_null(Slot slot) const { return nulls_[slot]; }
    void set(Slot slot, std::string_view value);  // from `into`
    void set_null(Slot slot);

private:
    std::vector<std::string> values_;
    std::vector<bool> nulls_;            // as many as values_
    std::shared_ptr<pgbench::Run> run_;  // made by the first script
    std::uint64_t client_ = 0;
};

// Appends the simple protocol's text: values written as literals, quoted by the rules of
// standard_conforming_strings = on (E'' where a backslash occurs), numbers without quotes and, when
// negative, in parentheses. A bare number has a type of its own: comparing it with a text column
// needs a cast, as in any SQL text.
void write_literals(const Statement& statement, const Operation& operation, const Values& values,
                    std::string& out);

}  // namespace workloads
