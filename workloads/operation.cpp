#include "workloads/operation.hpp"

#include "workloads/letters.hpp"
#include "workloads/pgbench/run.hpp"
#include "workloads/suggestion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace workloads {
namespace {

using Part = OperationError::Part;

// The wire protocol counts a statement's parameters in 16 bits, and so does Slot.
constexpr std::size_t most_slots = std::numeric_limits<Slot>::max();

bool is_name(std::string_view text) {
    return !text.empty() && is_name_start(text[0]) &&
           std::all_of(text.begin(), text.end(), is_name_part);
}

class Compiler {
public:
    explicit Compiler(const OperationSource& source) : source_{source} {}

    std::variant<Operation, std::vector<OperationError>> compile() {
        take_settings();
        take_parameters();
        take_statements();
        find_unused();
        if (!errors_.empty()) {
            return std::move(errors_);
        }
        return std::move(operation_);
    }

private:
    void complain(Part part, std::size_t index, std::size_t offset, std::string message) {
        errors_.push_back({part, index, offset, std::move(message)});
    }

    void take_settings() {
        operation_.name = source_.name;
        operation_.weight = source_.weight;
        operation_.app = source_.app;
        operation_.transaction = source_.transaction;
        operation_.retry = source_.retry;
        if (source_.name.empty()) {
            complain(Part::operation, 0, 0, "the operation has no name");
        }
        if (!std::isfinite(source_.weight) || source_.weight < 0) {
            complain(Part::operation, 0, 0, "the weight must be a finite number of at least 0");
        }
        if (source_.statements.empty()) {
            complain(Part::operation, 0, 0, "the operation has no statement");
        }
        if (source_.retry.times < 0 || source_.retry.backoff.count() < 0) {
            complain(Part::operation, 0, 0, "retries and their backoff must not be negative");
        }
    }

    void take_parameters() {
        for (std::size_t i = 0; i < source_.params.size(); ++i) {
            const auto& [name, text] = source_.params[i];
            auto parsed = Generator::parse(text);
            const std::optional<Slot> slot = bind(Part::parameter, i, name);
            if (auto* error = std::get_if<TextError>(&parsed)) {
                complain(Part::parameter, i, error->offset, name + ": " + error->message);
                continue;
            }
            auto& generator = std::get<Generator>(parsed);
            if (slot) {
                operation_.slot_numeric[*slot] = generator.numeric();
                operation_.parameters.push_back({name, std::move(generator), *slot});
            }
        }
    }

    // Gives a name its slot, or says why it cannot have one.
    std::optional<Slot> bind(Part part, std::size_t index, const std::string& name) {
        if (!is_name(name)) {
            complain(part, index, 0,
                     "'" + name +
                         "' cannot be a placeholder's name: letters A to Z, digits and _, "
                         "not beginning with a digit");
            return std::nullopt;
        }
        if (slots_.contains(name)) {
            complain(part, index, 0,
                     name + " is bound twice: a parameter or an earlier into has the same name");
            return std::nullopt;
        }
        if (slots_.size() >= most_slots) {
            complain(part, index, 0,
                     "an operation holds at most " + std::to_string(most_slots) + " values");
            return std::nullopt;
        }
        const auto slot = static_cast<Slot>(slots_.size());
        slots_.emplace(name, slot);
        operation_.slot_names.push_back(name);
        operation_.slot_numeric.push_back(false);
        return slot;
    }

    void take_statements() {
        for (std::size_t i = 0; i < source_.statements.size(); ++i) {
            const OperationSource::Sql& from = source_.statements[i];
            Statement statement;
            statement.text = from.sql;
            if (std::all_of(from.sql.begin(), from.sql.end(), is_space)) {
                complain(Part::statement, i, 0, "the statement is empty");
            }
            auto cut = cut_placeholders(from.sql);
            if (auto* error = std::get_if<TextError>(&cut)) {
                complain(Part::statement, i, error->offset, error->message);
                some_text_unread_ = true;
            } else {
                statement.cut = std::get<CutStatement>(std::move(cut));
                resolve(statement, i);
            }
            for (const std::string& name : from.into) {
                if (const std::optional<Slot> slot = bind(Part::into, i, name)) {
                    statement.into.push_back(*slot);
                }
            }
            operation_.statements.push_back(std::move(statement));
        }
    }

    void resolve(Statement& statement, std::size_t index) {
        std::unordered_set<std::string_view> complained;
        for (std::size_t k = 0; k < statement.cut.names.size(); ++k) {
            const std::string& name = statement.cut.names[k];
            used_.insert(name);
            if (const auto slot = slots_.find(name); slot != slots_.end()) {
                statement.cut_slots.push_back(slot->second);
            } else if (complained.insert(name).second) {
                complain(Part::statement, index, statement.cut.offsets[k], unbound(name, index));
            }
        }
        std::vector<std::string> names;
        statement.numbered = statement.cut.numbered(names);
        for (const std::string& name : names) {
            if (const auto slot = slots_.find(name); slot != slots_.end()) {
                statement.parameters.push_back(slot->second);
            }
        }
    }

    std::string unbound(const std::string& name, std::size_t index) const {
        for (std::size_t later = index; later < source_.statements.size(); ++later) {
            const std::vector<std::string>& into = source_.statements[later].into;
            if (std::find(into.begin(), into.end(), name) != into.end()) {
                return ":" + name + " is used before statement " + std::to_string(later + 1) +
                       " binds it (into)";
            }
        }
        const std::vector<std::string_view> known{operation_.slot_names.begin(),
                                                  operation_.slot_names.end()};
        return ":" + name + " is bound neither by a parameter nor by an earlier into" +
               did_you_mean(name, known);
    }

    // A name that only a statement uses which could not be read is not called unused. Names from
    // `into` need no use: reading a result is part of what the application does.
    void find_unused() {
        if (some_text_unread_) {
            return;
        }
        for (std::size_t i = 0; i < source_.params.size(); ++i) {
            const std::string& name = source_.params[i].first;
            if (slots_.contains(name) && !used_.contains(name)) {
                complain(Part::parameter, i, 0,
                         name + " is never used: no statement holds :" + name);
            }
        }
    }

    const OperationSource& source_;
    Operation operation_;
    std::vector<OperationError> errors_;
    std::unordered_map<std::string, Slot> slots_;
    std::unordered_set<std::string> used_;
    bool some_text_unread_ = false;
};

void append_quoted(std::string_view value, std::string& out) {
    // Without a backslash a plain literal reads the same under either standard_conforming_strings.
    const bool escapes = value.find('\\') != std::string_view::npos;
    append_apart(out, escapes ? "E'" : "'");
    for (const char c : value) {
        if (c == '\'' || c == '\\') {
            out += c;
        }
        out += c;
    }
    out += '\'';
}

}  // namespace

std::variant<Operation, std::vector<OperationError>> compile(const OperationSource& source) {
    return Compiler{source}.compile();
}

void Values::draw(const Operation& operation, std::uint64_t seed, std::uint64_t index,
                  std::int64_t wall_clock_us) {
    if (operation.script) {
        if (!run_) {
            run_ = std::make_shared<pgbench::Run>();
        }
        run_->begin(*operation.script, seed, index, client_);
        return;
    }
    constexpr std::uint64_t values_stream = 0x76616c756573U;  // "values": apart from the arrivals
    const std::size_t slots = operation.slot_names.size();
    if (values_.size() < slots) {
        values_.resize(slots);
    }
    nulls_.assign(values_.size(), true);
    Random random{mix(seed, values_stream), index};
    constexpr std::uint64_t rows_stream = 0x726f7773U;  // "rows"
    DrawContext context{random, index, wall_clock_us, mix(mix(seed, rows_stream), index)};
    for (const Parameter& parameter : operation.parameters) {
        std::string& value = values_[parameter.slot];
        value.clear();
        nulls_[parameter.slot] = !parameter.generator.draw(context, value);
    }
}

void Values::set(Slot slot, std::string_view value) {
    values_[slot].assign(value);
    nulls_[slot] = false;
}

void Values::set_null(Slot slot) {
    nulls_[slot] = true;
}

void write_literals(const Statement& statement, const Operation& operation, const Values& values,
                    std::string& out) {
    out += statement.cut.pieces[0];
    for (std::size_t i = 0; i < statement.cut_slots.size(); ++i) {
        const Slot slot = statement.cut_slots[i];
        if (values.is_null(slot)) {
            append_apart(out, "NULL");
        } else if (const std::string& value = values.at(slot); !operation.slot_numeric[slot]) {
            append_quoted(value, out);
        } else if (value.starts_with('-')) {
            // `1-:x` must not become a comment, nor `@-5` another operator.
            out += '(';
            out += value;
            out += ')';
        } else {
            append_apart(out, value);
        }
        append_apart(out, statement.cut.pieces[i + 1]);
    }
}

}  // namespace workloads
