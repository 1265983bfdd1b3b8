#include "scenarios/operation_section.hpp"

#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/suggestion.hpp"

#include <algorithm>
#include <map>
#include <regex>

namespace scenarios {
namespace {

using workloads::AppFilter;
using workloads::OperationError;
using workloads::OperationSource;

constexpr std::pair<std::string_view, AppFilter> apps[]{
    {"old", AppFilter::old_version}, {"new", AppFilter::new_version}, {"both", AppFilter::both}};

const Shape& name_shape() {
    static const TextRule rule{"^[A-Za-z_][A-Za-z0-9_.:/-]{0,62}$",
                               "must be a name of letters, digits and _ . : / - that starts with a "
                               "letter, at most 63 long"};
    static const Shape shape{.kind = Shape::Kind::text, .rule = &rule};
    return shape;
}

const Shape& params_shape() {
    static const TextRule name{"^[A-Za-z_][A-Za-z0-9_]*$",
                               "must be a name of letters, digits and _ (it is used as `:name`)"};
    static const Shape function{.kind = Shape::Kind::text, .may_be_blank = true};
    static const Shape shape{.kind = Shape::Kind::dictionary,
                             .example = R"x({id: "uniform(1, 1000)"})x",
                             .rule = &name,
                             .item = &function};
    return shape;
}

const Shape& transaction_shape() {
    static const Shape into{
        .kind = Shape::Kind::list, .example = "[order_id]", .least = 1, .item = &text_shape()};
    static const Shape statement{
        .kind = Shape::Kind::mapping,
        .example = "{sql: INSERT ... RETURNING id, into: [order_id]}",
        .keys = {{"sql", &sql_shape(), "one statement", true},
                 {"into", &into,
                  "names for the columns of its first row, for the statements that follow"}},
        .short_form = &sql_shape()};
    static const Shape shape{.kind = Shape::Kind::list,
                             .example = "[{sql: ...}, {sql: ...}]",
                             .least = 1,
                             .item = &statement};
    return shape;
}

// The parts of one operation as the file holds them, to find the place of an error.
struct OperationNodes {
    const Node* operation = nullptr;
    std::vector<const Node*> params;
    std::vector<const Node*> statements;  // their SQL
    std::vector<const Node*> into;        // null where a statement has none
};

void gather_statements(const Fields& fields, OperationSource& source, OperationNodes& nodes) {
    if (const auto* sql = fields.find("sql")) {
        source.statements.push_back({sql->text, {}});
        nodes.statements.push_back(sql);
        nodes.into.push_back(nullptr);
        return;
    }
    const auto* list = fields.find("transaction");
    source.transaction = list != nullptr;
    if (list == nullptr) {
        return;
    }
    for (const auto& item : list->items) {
        const Fields statement{&item};
        const auto* text = item.kind == Node::Kind::scalar ? &item : statement.find("sql");
        source.statements.push_back({text->text, statement.texts("into")});
        nodes.statements.push_back(text);
        nodes.into.push_back(statement.find("into"));
    }
}

OperationSource source_of(const Node& node, OperationNodes& nodes) {
    const Fields fields{&node};
    OperationSource source;
    nodes.operation = &node;
    source.name = fields.text("name");
    workloads::Operation settings;
    read_operation_settings(node, settings);
    source.weight = settings.weight;
    source.app = settings.app;
    source.retry = settings.retry;
    if (const auto* params = fields.find("params")) {
        for (const auto& entry : params->entries) {
            source.params.emplace_back(entry.key, entry.value.text);
            nodes.params.push_back(&entry.value);
        }
    }
    gather_statements(fields, source, nodes);
    return source;
}

void report(const Reading& reading, const OperationNodes& nodes, const std::string& name,
            const OperationError& error) {
    const auto message = "operation " + shown(name) + ": " + error.message;
    const auto tell = [&](const std::vector<const Node*>& parts, std::size_t offset) {
        const bool known = error.index < parts.size() && parts[error.index] != nullptr;
        if (known && parts[error.index]->kind == Node::Kind::scalar) {
            reading.error_in(*parts[error.index], offset, message);
        } else {
            reading.error(known ? *parts[error.index] : *nodes.operation, message);
        }
    };
    switch (error.part) {
        case OperationError::Part::parameter:
            return tell(nodes.params, error.offset);
        case OperationError::Part::statement:
            return tell(nodes.statements, error.offset);
        case OperationError::Part::into:
            return tell(nodes.into, 0);
        case OperationError::Part::operation:
            return reading.error(*nodes.operation, message);
    }
}

// One statement each, none that begins or ends the transaction: the harness sends BEGIN and COMMIT.
void check_statement(const Reading& reading, const Node& node, const std::string& name,
                     const workloads::Statement& statement, bool in_transaction) {
    const auto fail = [&](std::size_t offset, const std::string& message) {
        reading.error_in(node, offset, "operation " + shown(name) + ": " + message);
    };
    const auto split = split_sql(statement.numbered);
    // Offsets agree as long as no placeholder stands before.
    const auto offset_of = [&](const SqlError& error) {
        return error.offset > statement.cut.pieces.front().size() ? 0 : error.offset;
    };
    if (const auto* error = std::get_if<SqlError>(&split)) {
        return fail(offset_of(*error), error->message);
    }
    const auto& [statements, doubt] = std::get<SqlText>(split);
    if (doubt) {
        reading.doubt_in(node, {offset_of(*doubt), doubt->message});
    }
    if (statements.size() > 1) {
        return fail(0, "holds " + std::to_string(statements.size()) +
                           " statements; write each as an entry of its own under `transaction:`");
    }
    const auto role = statements.front().role;
    if (role == TransactionRole::begins || role == TransactionRole::ends) {
        fail(0, "remove " + shown(statements.front().text) +
                    ": `transaction:` itself stands for BEGIN and COMMIT");
    } else if (role == TransactionRole::not_inside && in_transaction) {
        fail(0, shown(statements.front().text) +
                    " cannot run inside a transaction; make it an operation with `sql:` instead of "
                    "`transaction:`");
    }
}

// An operation with an error of its own, such as an unknown key, is compiled all the same where its
// statements and parameters can be read: what is wrong with them is told in the same breath.
bool can_be_compiled(const Node& node) {
    if (node.sound) {
        return true;
    }
    const Fields fields{&node};
    const bool one_text = fields.has("sql") != fields.has("transaction");
    const auto is_unsound = [&](std::string_view key) {
        const auto* part = node.find(key);
        return part != nullptr && !part->sound;
    };
    if (!one_text || is_unsound("sql") || is_unsound("transaction") || is_unsound("params")) {
        return false;
    }
    // A mistyped `params` would make every placeholder an error.
    const auto keys = names_of(operations_shape().item->keys);
    return node.find("params") != nullptr ||
           std::none_of(node.entries.begin(), node.entries.end(), [&](const Entry& entry) {
               return find_key(*operations_shape().item, entry.key) == nullptr &&
                      nearest(entry.key, keys) == "params";
           });
}

workloads::Operation compile(const Reading& reading, const Node& node) {
    workloads::Operation named;
    named.name = Fields{&node}.text("name");
    named.app = Fields{&node}.choice("app", apps, named.app);
    if (!can_be_compiled(node)) {
        return named;
    }
    OperationNodes nodes;
    auto source = source_of(node, nodes);
    if (source.name.empty()) {
        // What is wrong with it is told already; what else names the operation means this one.
        const auto* written = node.find("name");
        source.name =
            written != nullptr && !written->text.empty() ? written->text : "without a name";
    }
    auto compiled = workloads::compile(source);
    if (const auto* errors = std::get_if<std::vector<OperationError>>(&compiled)) {
        for (const auto& error : *errors) {
            report(reading, nodes, source.name, error);
        }
        return named;
    }
    auto& operation = std::get<workloads::Operation>(compiled);
    for (std::size_t i = 0; i < operation.statements.size(); ++i) {
        check_statement(reading, *nodes.statements[i], operation.name, operation.statements[i],
                        operation.transaction);
    }
    return std::move(operation);
}

void check_names(const Reading& reading, const Node& list) {
    std::map<std::string, int> lines;
    for (const auto& item : list.items) {
        const auto* name = Fields{&item}.find("name");
        if (name == nullptr) {
            continue;
        }
        const auto [first, fresh] = lines.emplace(name->text, name->origin.place.line);
        if (!fresh) {
            reading.error(*name, "two operations are called " + shown(name->text) +
                                     "; the first stands in line " + std::to_string(first->second));
        }
    }
}

}  // namespace

const Shape& operations_shape() {
    static const Shape weight{
        .kind = Shape::Kind::number, .least = 0, .most = 1e9, .above_least = true};
    static const Shape app{.kind = Shape::Kind::choice, .choices = names_of(apps)};
    static const Shape operation{
        .kind = Shape::Kind::mapping,
        .example = "{name: read_order, sql: SELECT ...}",
        .keys = {{"name", &name_shape(), "what reports and gates call it", true},
                 {"weight", &weight, "its share among the operations; left out: 1"},
                 {"app", &app, "the application version that sends it; left out: both"},
                 {"params", &params_shape(), "what each :name stands for"},
                 {"retry", &retries_shape(),
                  "tried again after a serialization failure or a deadlock"},
                 {"sql", &sql_shape(), "one statement, in a transaction of its own"},
                 {"transaction", &transaction_shape(), "statements between BEGIN and COMMIT"}},
        .exactly_one = {"sql", "transaction"}};
    static const Shape shape{.kind = Shape::Kind::list,
                             .example = "[{name: read_order, sql: SELECT ...}]",
                             .least = 1,
                             .item = &operation};
    return shape;
}

const Key& operation_key(std::string_view name) {
    return *find_key(*operations_shape().item, name);
}

void read_operation_settings(const Node& node, workloads::Operation& operation) {
    const Fields fields{&node};
    operation.weight = fields.number("weight", operation.weight);
    operation.app = fields.choice("app", apps, operation.app);
    const Fields retry{fields.find("retry")};
    operation.retry.times = retry.integer("times", operation.retry.times);
    operation.retry.backoff = retry.duration("backoff", operation.retry.backoff);
}

bool is_operation_name(const std::string& name) {
    static const std::regex pattern{std::string{name_shape().rule->pattern}};
    return std::regex_match(name, pattern);
}

void read_operations(const Reading& reading, const Node* node, Workload& workload) {
    if (node == nullptr || node->kind != Node::Kind::list) {
        return;
    }
    check_names(reading, *node);
    for (const auto& item : node->items) {
        workload.operations.push_back(compile(reading, item));
        workload.operation_places.push_back(item.origin.place);
    }
}

}  // namespace scenarios
