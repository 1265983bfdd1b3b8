// One run of a script: decides what comes next, and never waits for anything itself.
#pragma once

#include "workloads/pgbench/script.hpp"
#include "workloads/random.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::pgbench {

struct Action {
    enum class Kind : std::uint8_t {
        send,  // the statement; its answer is awaited unless a pipeline is open
        sleep,
        start_pipeline,
        sync_pipeline,
        end_pipeline,  // all answers are awaited
        finished,
        failed,  // error() says why
    };
    Kind kind = Kind::finished;
    std::uint32_t statement = 0;
    std::int64_t sleep_us = 0;
};

// Not thread-safe. Reused from run to run, so that the strings keep their memory.
class Run final : private Expression::Scope {
public:
    // The script must live as long as it runs. The same (seed, index, client) and the same answers
    // of the database always give the same run, whatever ran before: unlike under pgbench, no
    // variable keeps its value from one run to the next.
    void begin(const Script& script, std::uint64_t seed, std::uint64_t index, std::uint64_t client);
    // From the start, with the same random numbers, as for a transaction that is tried again.
    void restart();

    // What is to be done now; asked again when it is done.
    [[nodiscard]] Action next();

    // The statement's text, values written into it. A variable without a value stays as it is.
    void write_text(std::uint32_t statement, std::string& out);
    // The statement's parameters, valid until the next call of this object. False: one has no
    // value, and the run has failed.
    [[nodiscard]] bool bind(std::uint32_t statement, std::vector<const char*>& values);

    // Keeps one column of a row. False: its name cannot be a variable's, and the run has failed.
    [[nodiscard]] bool keep(std::uint32_t statement, std::string_view column,
                            std::string_view value);
    // The answer was not what the script must have: "expected one row, got 0".
    void fail_statement(std::uint32_t statement, std::string_view why);

    // "orders.pgbench:3:1: division by zero"; of the first failure.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }

private:
    struct Variable {
        bool defined = false, has_value = false, has_text = false;
        Value value;
        std::string text;
    };

    bool value_of(VariableId variable, Value& value, std::string& error) override;
    Random& random() override { return random_; }
    [[nodiscard]] const std::string& text_of(Variable& variable);
    void set(VariableId id, const Value& value);
    void set_text(VariableId id, std::string_view text);
    [[nodiscard]] Action fail(const Command& command, std::string_view why);
    [[nodiscard]] Action sleep(const Command& command);
    [[nodiscard]] Action pipeline(const Command& command);
    [[nodiscard]] Action send(const Command& command);
    [[nodiscard]] Action end();
    // False: the action is one of failure.
    [[nodiscard]] bool evaluate(const Command& command, Value& value, Action& failure);

    const Script* script_ = nullptr;
    std::uint64_t seed_ = 0, index_ = 0, client_ = 0;
    Random random_{0, 0};
    std::size_t at_ = 0;  // the command that comes next
    bool in_pipeline_ = false;
    bool fresh_ = false;  // nothing has been done yet
    std::vector<Variable> variables_;
    std::string error_, name_;
};

}  // namespace workloads::pgbench
