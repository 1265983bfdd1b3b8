// `adversaries`: who else holds locks that day.
#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/reading.hpp"
#include "scenarios/sql_step.hpp"

#include <map>

namespace scenarios {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view from_about = "when, counted from the start of the migration";

Key table_key() {
    return {"table", &table_shape(), "the table", true};
}
Key from_key() {
    return {"from", &span_shape(), from_about};
}
Key statement_key() {
    return {"sql", &sql_shape(), "one statement", true};
}

const Shape& idle_shape() {
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{table: orders, from: 5s, for: 10s}",
        .keys = {table_key(),
                 from_key(),
                 {"for", &positive_span_shape(), "how long its transaction stays open"}}};
    return shape;
}

const Shape& report_shape() {
    static const Shape shape{.kind = Shape::Kind::mapping,
                             .example = R"({sql: "SELECT count(*) FROM orders", from: 3s})",
                             .keys = {statement_key(), from_key()}};
    return shape;
}

const Shape& second_migration_shape() {
    static const Shape shape{.kind = Shape::Kind::mapping,
                             .example = R"({sql: "ALTER TABLE orders ...", from: 3s})",
                             .keys = {statement_key(),
                                      from_key(),
                                      {"lock_timeout", &positive_span_shape(),
                                       "gives up waiting for a lock after this"}}};
    return shape;
}

const Shape& vacuum_shape() {
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{table: orders, from: 3s}",
        .keys = {table_key(), from_key(), {"freeze", &flag_shape(), "VACUUM (FREEZE)"}}};
    return shape;
}

// Reads the action of kind `kind` and the time from which it acts.
void read_action(const Reading& reading, const Fields& fields, std::string_view kind,
                 Adversary& adversary) {
    adversary.from = fields.duration("from", adversary.from);
    if (const auto* sql = fields.find("sql")) {
        check_single_statement(reading, *sql);
    }
    if (kind == "idle_in_transaction") {
        IdleInTransaction idle{fields.text("table")};
        idle.length = fields.duration("for", idle.length);
        adversary.action = idle;
    } else if (kind == "long_report") {
        adversary.action = LongReport{fields.text("sql")};
    } else if (kind == "second_migration") {
        SecondMigration migration{fields.text("sql")};
        migration.lock_timeout = fields.duration("lock_timeout", migration.lock_timeout);
        adversary.action = migration;
    } else {
        adversary.action = Vacuum{fields.text("table"), fields.flag("freeze", false)};
    }
}

}  // namespace

const Shape& adversaries_shape() {
    static const Shape adversary{
        .kind = Shape::Kind::mapping,
        .example = "{long_report: {sql: SELECT ..., from: 3s}}",
        .keys = {{"name", &step_name_shape(), "what reports call it"},
                 {"idle_in_transaction", &idle_shape(),
                  "reads a table in a transaction that it then leaves open"},
                 {"long_report", &report_shape(), "a long query"},
                 {"second_migration", &second_migration_shape(), "another schema change"},
                 {"vacuum", &vacuum_shape(), "VACUUM of a table"}},
        .exactly_one = {"idle_in_transaction", "long_report", "second_migration", "vacuum"}};
    static const Shape shape{.kind = Shape::Kind::list,
                             .example = "[{vacuum: {table: orders, from: 3s}}]",
                             .item = &adversary};
    return shape;
}

void read_adversaries(const Reading& reading, const Node* node, std::vector<Adversary>& out) {
    if (node == nullptr || node->kind != Node::Kind::list) {
        return;
    }
    std::map<std::string, int> lines;
    std::map<std::string_view, int> kinds;
    for (const auto& item : node->items) {
        const Fields fields{&item};
        Adversary adversary;
        adversary.place = item.origin.place;
        std::string_view kind;
        for (const auto name : adversaries_shape().item->exactly_one) {
            kind = item.find(name) != nullptr ? name : kind;
        }
        if (kind.empty()) {
            continue;  // told of by its shape
        }
        const auto number = ++kinds[kind];
        adversary.name = fields.has("name")
                             ? fields.text("name")
                             : std::string{kind} + (number > 1 ? " " + std::to_string(number) : "");
        read_action(reading, Fields{item.find(kind)}, kind, adversary);
        const auto [first, fresh] = lines.emplace(adversary.name, item.origin.place.line);
        if (!fresh) {
            reading.error(item, "two adversaries are called " + shown(adversary.name) +
                                    "; the first stands in line " + std::to_string(first->second));
        }
        out.push_back(std::move(adversary));
    }
}

}  // namespace scenarios
