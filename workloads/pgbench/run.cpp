#include "workloads/pgbench/run.hpp"

#include <charconv>

namespace workloads::pgbench {
namespace {

constexpr std::uint64_t script_stream = 0x736372697074U;  // "script": apart from other streams
constexpr std::uint64_t hash_stream = 0x68617368U;
constexpr std::int64_t longest_sleep_us = 3'600'000'000;

}  // namespace

void Run::begin(const Script& script, std::uint64_t seed, std::uint64_t index,
                std::uint64_t client) {
    script_ = &script;
    seed_ = seed;
    index_ = index;
    client_ = client;
    fresh_ = false;
    restart();
}

void Run::restart() {
    if (fresh_) {
        return;
    }
    fresh_ = true;
    random_ = Random{mix(seed_, script_stream), index_};
    at_ = 0;
    in_pipeline_ = false;
    error_.clear();
    if (variables_.size() < script_->variables.size()) {
        variables_.resize(script_->variables.size());
    }
    for (auto& variable : variables_) {
        variable.defined = false;
    }
    for (const auto& [id, text] : script_->given) {
        set_text(id, text);
    }
    const auto give = [&](const std::optional<VariableId>& id, std::uint64_t value) {
        if (id) {
            set(*id, Value::of(static_cast<std::int64_t>(value)));
        }
    };
    give(script_->client_id, client_);
    give(script_->random_seed, seed_);
    // One for the whole load, so that a hash is the same key wherever it is computed.
    give(script_->default_seed, mix(seed_, hash_stream));
}

Action Run::next() {
    fresh_ = false;
    for (;;) {
        if (at_ >= script_->commands.size()) {
            return end();
        }
        const Command& command = script_->commands[at_];
        Value value;
        Action failure;
        switch (command.kind) {
            case Command::Kind::jump:
                at_ = command.target;
                continue;
            case Command::Kind::set:
                if (!evaluate(command, value, failure)) {
                    return failure;
                }
                set(command.variable, value);
                ++at_;
                continue;
            case Command::Kind::branch:
                if (!evaluate(command, value, failure)) {
                    return failure;
                }
                at_ = is_true(value) ? at_ + 1 : command.target;
                continue;
            case Command::Kind::sql:
                return send(command);
            case Command::Kind::sleep:
                return sleep(command);
            case Command::Kind::start_pipeline:
            case Command::Kind::sync_pipeline:
            case Command::Kind::end_pipeline:
                return pipeline(command);
        }
    }
}

Action Run::end() {
    if (in_pipeline_ && error_.empty() && !script_->commands.empty()) {
        return fail(script_->commands.back(), "end of script reached with pipeline open");
    }
    return {.kind = error_.empty() ? Action::Kind::finished : Action::Kind::failed};
}

bool Run::evaluate(const Command& command, Value& value, Action& failure) {
    std::string why;
    if (command.expression.evaluate(*this, value, why)) {
        return true;
    }
    failure = fail(command, why);
    return false;
}

Action Run::fail(const Command& command, std::string_view why) {
    if (error_.empty()) {
        error_ = script_->name + ":" + std::to_string(command.line) + ":" +
                 std::to_string(command.column) + ": ";
        error_.append(why);
    }
    at_ = script_->commands.size();
    return {.kind = Action::Kind::failed};
}

Action Run::send(const Command& command) {
    if (in_pipeline_ && script_->statements[command.target].keeps != SqlCommand::Keeps::nothing) {
        return fail(command, "\\gset and \\aset are not allowed in a pipeline");
    }
    ++at_;
    return {.kind = Action::Kind::send, .statement = command.target};
}

Action Run::sleep(const Command& command) {
    std::int64_t us = command.sleep_us;
    if (command.from_variable) {
        Variable& variable = variables_[command.variable];
        if (!variable.defined) {
            return fail(command, "undefined variable :" + script_->variables[command.variable]);
        }
        // As C's atoi does it: what stands behind the digits is not looked at.
        const std::string& text = text_of(variable);
        const std::size_t sign = !text.empty() && text[0] == '+' ? 1 : 0;
        const auto read = std::from_chars(text.data() + sign, text.data() + text.size(), us);
        if (read.ec != std::errc{}) {
            return fail(command, "\\sleep for :" + script_->variables[command.variable] +
                                     ", which is no number");
        }
        if (us > 0 && us > longest_sleep_us / command.unit_us) {
            return fail(command, "\\sleep for more than an hour");
        }
        us *= us > 0 ? command.unit_us : 0;
    }
    ++at_;
    return {.kind = Action::Kind::sleep, .sleep_us = us};
}

Action Run::pipeline(const Command& command) {
    if (command.kind == Command::Kind::start_pipeline) {
        if (in_pipeline_) {
            return fail(command, "already in pipeline mode");
        }
        in_pipeline_ = true;
        ++at_;
        return {.kind = Action::Kind::start_pipeline};
    }
    if (!in_pipeline_) {
        return fail(command, "not in pipeline mode");
    }
    const bool ends = command.kind == Command::Kind::end_pipeline;
    in_pipeline_ = !ends;
    ++at_;
    return {.kind = ends ? Action::Kind::end_pipeline : Action::Kind::sync_pipeline};
}

bool Run::value_of(VariableId id, Value& value, std::string& error) {
    Variable& variable = variables_[id];
    if (!variable.defined) {
        error = "undefined variable :" + script_->variables[id];
        return false;
    }
    if (!variable.has_value) {
        const auto read = value_of_text(variable.text);
        if (!read) {
            error = "malformed variable :" + script_->variables[id] +
                    ": its value is no number, boolean or null";
            return false;
        }
        variable.value = *read;
        variable.has_value = true;
    }
    value = variable.value;
    return true;
}

const std::string& Run::text_of(Variable& variable) {
    if (!variable.has_text) {
        variable.text.clear();
        pgbench::write_text(variable.value, variable.text);
        variable.has_text = true;
    }
    return variable.text;
}

void Run::set(VariableId id, const Value& value) {
    Variable& variable = variables_[id];
    variable.defined = variable.has_value = true;
    variable.has_text = false;
    variable.value = value;
}

void Run::set_text(VariableId id, std::string_view text) {
    Variable& variable = variables_[id];
    variable.defined = variable.has_text = true;
    variable.has_value = false;
    variable.text.assign(text);
}

void Run::write_text(std::uint32_t statement, std::string& out) {
    const SqlCommand& sql = script_->statements[statement];
    out += sql.pieces[0];
    for (std::size_t i = 0; i < sql.variables.size(); ++i) {
        Variable& variable = variables_[sql.variables[i]];
        if (variable.defined) {
            out += text_of(variable);
        } else {
            out += ':';
            out += script_->variables[sql.variables[i]];
        }
        out += sql.pieces[i + 1];
    }
}

bool Run::bind(std::uint32_t statement, std::vector<const char*>& values) {
    const SqlCommand& sql = script_->statements[statement];
    for (std::size_t i = 0; i < sql.variables.size(); ++i) {
        Variable& variable = variables_[sql.variables[i]];
        if (!variable.defined) {
            fail_statement(statement,
                           "undefined variable :" + script_->variables[sql.variables[i]]);
            return false;
        }
        values[i] = text_of(variable).c_str();
    }
    return true;
}

bool Run::keep(std::uint32_t statement, std::string_view column, std::string_view value) {
    name_ = script_->statements[statement].prefix;
    name_.append(column);
    if (!is_variable_name(name_)) {
        fail_statement(statement, "a column called '" + name_.substr(0, 60) +
                                      "' cannot be kept: give it a name with AS");
        return false;
    }
    // What no command names needs no place.
    if (const auto found = script_->ids.find(name_); found != script_->ids.end()) {
        set_text(found->second, value);
    }
    return true;
}

void Run::fail_statement(std::uint32_t statement, std::string_view why) {
    Command place;
    place.line = script_->statements[statement].line;
    place.column = script_->statements[statement].column;
    static_cast<void>(fail(place, why));
}

}  // namespace workloads::pgbench
