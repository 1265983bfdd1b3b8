#include "scenarios/pgbench_section.hpp"

#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/operation_section.hpp"
#include "scenarios/text_file.hpp"
#include "scenarios/text_place.hpp"
#include "scenarios/write_effects.hpp"
#include "workloads/pgbench/script.hpp"

#include <algorithm>
#include <memory>

namespace scenarios {
namespace {

using workloads::Operation;
using workloads::Statement;
using workloads::pgbench::Script;
using workloads::pgbench::ScriptErrors;
using workloads::pgbench::ScriptOptions;
using workloads::pgbench::SqlCommand;

constexpr std::size_t most_script_bytes = 1U << 20U;

// A script's errors, told with its own lines and columns.
class ScriptReader {
public:
    ScriptReader(const Reading& reading, const Node& node, std::filesystem::path file,
                 Protocol protocol)
        : reading_{reading}, node_{node}, file_{std::move(file)}, protocol_{protocol} {}

    // False: there are errors, which are told.
    bool read(Operation& operation) {
        auto contents = read_text_file(file_, most_script_bytes);
        if (const auto* error = std::get_if<FileError>(&contents)) {
            const auto* const script = Fields{&node_}.find("script");
            reading_.error(*script, "the script " + shown(script->text) + " " + error->message);
            return false;
        }
        text_ = without_byte_order_mark(std::get<std::string>(contents));
        const auto bad = std::min(first_byte_that_is_not_utf8(text_), text_.find('\0'));
        if (bad != std::string::npos) {
            return fail_at(bad, "not UTF-8 text; save the file as UTF-8");
        }
        auto parsed = workloads::pgbench::parse_script(text_, options());
        if (const auto* errors = std::get_if<ScriptErrors>(&parsed)) {
            for (const auto& error : *errors) {
                fail_at(error.offset, error.message);
            }
            return false;
        }
        operation.script = std::make_shared<const Script>(std::get<Script>(std::move(parsed)));
        for (const auto& sql : operation.script->statements) {
            operation.statements.push_back(statement_of(*operation.script, sql));
        }
        return !failed_;
    }

private:
    bool fail_at(std::size_t offset, std::string message) {
        reading_.errors.add_in(file_, place_in(text_, offset), std::move(message));
        failed_ = true;
        return false;
    }

    [[nodiscard]] ScriptOptions options() const {
        ScriptOptions options;
        options.name = file_.filename().string();
        options.writes_text = protocol_ == Protocol::simple;
        if (const auto* variables = Fields{&node_}.find("variables")) {
            for (const auto& entry : variables->entries) {
                options.variables.emplace(entry.key, entry.value.text);
            }
        }
        return options;
    }

    Statement statement_of(const Script& script, const SqlCommand& sql) {
        Statement statement;
        statement.text = sql.text(script.variables);
        statement.numbered = sql.numbered();
        statement.parameters = sql.variables;
        statement.unreadable = sql.unreadable;
        const bool parts_of_text = script.writes_text && !sql.variables.empty();
        if (!statement.unreadable.empty() || parts_of_text) {
            statement.check = Statement::Check::none;
        } else if (sql.conditional || sql.combined || makes_its_own_) {
            statement.check = Statement::Check::grammar;
        }
        if (statement.unreadable.empty()) {
            look_into(statement, sql, parts_of_text);
        } else {
            makes_its_own_ = true;
        }
        return statement;
    }

    void look_into(Statement& statement, const SqlCommand& sql, bool parts_of_text) {
        const auto split = split_sql(statement.numbered);
        if (const auto* error = std::get_if<SqlError>(&split)) {
            // Behind a variable the two texts have not the same places.
            const auto offset = error->offset < sql.pieces[0].size() ? error->offset : 0;
            fail_at(sql.offset + offset, error->message);
            return;
        }
        const auto& [statements, doubt] = std::get<SqlText>(split);
        if (doubt && !parts_of_text) {
            reading_.errors.add_doubt_in(file_, place_in(text_, sql.offset), doubt->message);
        }
        const bool settles = only_sets(statement.numbered);
        statement.says_nothing = settles;
        for (const auto& part : statements) {
            const bool ordinary = part.role == TransactionRole::ordinary;
            statement.says_nothing = statement.says_nothing || !ordinary;
            if (!ordinary && statements.size() > 1) {
                statement.unreadable =
                    "joins statements with \\; of which one begins or ends a "
                    "transaction";
            }
        }
        // What follows may find tables that this one makes, or others by the same names.
        makes_its_own_ = makes_its_own_ || settles || doubt.has_value() ||
                         !write_effects_of(statement.numbered).anything.empty();
    }

    const Reading& reading_;
    const Node& node_;
    const std::filesystem::path file_;
    const Protocol protocol_;
    std::string text_;
    bool failed_ = false;
    bool makes_its_own_ = false;
};

std::string name_from(const Node& node, const std::filesystem::path& file) {
    const Fields fields{&node};
    return fields.has("name") ? fields.text("name") : file.stem().string();
}

void check_name(const Reading& reading, const Node& node, const std::string& name,
                const Workload& workload) {
    const auto* said = Fields{&node}.find("name");
    if (said == nullptr && !is_operation_name(name)) {
        return reading.error(node, "the operation would be called " + shown(name) +
                                       " after its file, which cannot be a name: add `name:`");
    }
    if (std::any_of(workload.operations.begin(), workload.operations.end(),
                    [&](const auto& other) { return other.name == name; })) {
        reading.error(said != nullptr ? *said : node,
                      "two operations are called " + shown(name) +
                          (said != nullptr ? "" : "; give this one a `name:` of its own"));
    }
}

}  // namespace

const Shape& pgbench_shape() {
    static const TextRule variable{"^[A-Za-z_][A-Za-z0-9_]*$",
                                   "must be a name of letters, digits and _ (it is used as "
                                   "`:name`)"};
    static const Shape value{.kind = Shape::Kind::text};
    static const Shape variables{.kind = Shape::Kind::dictionary,
                                 .example = "{scale: 10}",
                                 .rule = &variable,
                                 .item = &value};
    static const Shape script{
        .kind = Shape::Kind::mapping,
        .example = "{script: orders.pgbench, weight: 7}",
        .keys = {{"script", &text_shape(), "the script's file, beside the scenario", true},
                 {"name", operation_key("name").shape,
                  "what reports and gates call it; left out: the file's name"},
                 operation_key("weight"),
                 operation_key("app"),
                 operation_key("retry"),
                 {"variables", &variables, "what the script's variables begin with (pgbench -D)"}}};
    static const Shape shape{.kind = Shape::Kind::list,
                             .example = "[{script: orders.pgbench, weight: 7}]",
                             .least = 1,
                             .item = &script};
    return shape;
}

void read_pgbench(const Reading& reading, const Node* node, Workload& workload) {
    if (node == nullptr || node->kind != Node::Kind::list) {
        return;
    }
    for (const auto& item : node->items) {
        const Fields fields{&item};
        const auto* script = fields.find("script");
        const auto file =
            (reading.folder / (script == nullptr ? "" : script->text)).lexically_normal();
        Operation operation;
        read_operation_settings(item, operation);
        operation.name = script == nullptr ? fields.text("name") : name_from(item, file);
        if (script != nullptr) {
            check_name(reading, item, operation.name, workload);
            Operation whole = operation;
            if (ScriptReader{reading, item, file, workload.protocol}.read(whole)) {
                operation = std::move(whole);
            }
        }
        workload.operations.push_back(std::move(operation));
        workload.operation_places.push_back(item.origin.place);
    }
}

}  // namespace scenarios
