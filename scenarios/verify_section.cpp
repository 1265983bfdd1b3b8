// `verify`: what is proved of the data.
#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/reading.hpp"
#include "scenarios/sql_step.hpp"
#include "scenarios/suggestion.hpp"
#include "scenarios/units.hpp"

#include <algorithm>
#include <map>

namespace scenarios {
namespace {

constexpr std::string_view every{"every "};
constexpr std::pair<std::string_view, Verify::Live> lives[]{
    {"auto", Verify::Live::automatic}, {"on", Verify::Live::on}, {"off", Verify::Live::off}};

const Shape& column_name_shape() {
    static const TextRule rule{R"(^([A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*|"([^"]|"")+")$)",
                               R"(must be a column's name such as region or "Region")"};
    static const Shape shape{.kind = Shape::Kind::text, .example = "region", .rule = &rule};
    return shape;
}

const Shape& expect_shape() {
    static const Shape plain{.kind = Shape::Kind::choice, .choices = {"added", "dropped"}};
    static const Shape change{
        .kind = Shape::Kind::mapping,
        .example = "{renamed: new_name}",
        .keys = {{"added", &sql_shape(),
                  "an expression over the new columns that its values equal, but where the "
                  "workload sets it"},
                 {"renamed", &column_name_shape(), "the column's new name"},
                 {"rewritten", &sql_shape(),
                  "an expression over the old columns that its values equal afterwards"}},
        .exactly_one = {"added", "renamed", "rewritten"},
        .short_form = &plain};
    static const Shape shape{.kind = Shape::Kind::dictionary,
                             .example = "{orders.region: added}",
                             .least = 1,
                             .item = &change};
    return shape;
}

const Shape& invariants_shape() {
    static const TextRule during_rule{R"(^every [0-9]+(\.[0-9]+)?(ms|s|m|h)$)",
                                      "must be a period such as `every 5s`"};
    static const Shape during{
        .kind = Shape::Kind::text, .example = "every 5s", .rule = &during_rule};
    static const Shape same{.kind = Shape::Kind::choice, .choices = {"true"}};
    static const Shape invariant{
        .kind = Shape::Kind::mapping,
        .example = "{name: ..., sql: SELECT count(*) ..., equals: 0}",
        .keys = {{"name", &step_name_shape(), "what reports call it", true},
                 {"sql", &sql_shape(), "a query for one value", true},
                 {"equals", &text_shape(), "the value; numbers are compared as numbers"},
                 {"at_most", &text_shape(), "the largest number allowed"},
                 {"at_least", &text_shape(), "the smallest number allowed"},
                 {"same_as_before", &same, "the value that it had before the load"},
                 {"during", &during, "looked at under load, too: `every 5s`"}},
        .exactly_one = {"equals", "at_most", "at_least", "same_as_before"}};
    static const Shape shape{.kind = Shape::Kind::list,
                             .example = "[{name: ..., sql: ..., equals: 0}]",
                             .least = 1,
                             .item = &invariant};
    return shape;
}

// A name as the catalog spells it, and where the next part begins.
std::string catalog_name(std::string_view written, std::size_t& at) {
    std::string name;
    const bool quoted = at < written.size() && written[at] == '"';
    for (at += quoted ? 1 : 0; at < written.size(); ++at) {
        const char c = written[at];
        if (quoted && c == '"') {
            if (at + 1 >= written.size() || written[at + 1] != '"') {
                ++at;
                break;
            }
            ++at;
        } else if (!quoted && c == '.') {
            break;
        }
        name += !quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return name;
}

std::vector<std::string> catalog_names(std::string_view written) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < written.size(); ++at) {
        names.push_back(catalog_name(written, at));
    }
    return names;
}

void read_tables(const Reading& reading, const Node* node, Verify& verify) {
    if (node == nullptr || node->kind != Node::Kind::list) {
        return;
    }
    std::map<std::vector<std::string>, int> lines;
    for (const auto& item : node->items) {
        if (!item.sound) {
            continue;
        }
        const auto [first, fresh] = lines.emplace(catalog_names(item.text), item.origin.place.line);
        if (!fresh) {
            reading.error(item, "the table " + shown(item.text) + " stands here twice");
        }
        verify.tables.push_back({item.text, {}});
    }
}

Expectation expectation_of(const Entry& entry, std::string column) {
    Expectation expected{.column = std::move(column), .value = {}, .place = entry.origin.place};
    if (entry.value.kind == Node::Kind::scalar) {
        expected.kind =
            entry.value.text == "dropped" ? Expectation::Kind::dropped : Expectation::Kind::added;
        return expected;
    }
    const Fields fields{&entry.value};
    if (fields.has("renamed")) {
        expected.kind = Expectation::Kind::renamed;
        expected.value = catalog_names(fields.text("renamed")).front();
    } else if (fields.has("added")) {
        expected.kind = Expectation::Kind::added;
        expected.value = fields.text("added");
    } else {
        expected.kind = Expectation::Kind::rewritten;
        expected.value = fields.text("rewritten");
    }
    return expected;
}

void read_expectations(const Reading& reading, const Node* node, Verify& verify) {
    if (node == nullptr || node->kind != Node::Kind::mapping) {
        return;
    }
    std::vector<std::string_view> written;
    for (const auto& table : verify.tables) {
        written.push_back(table.name);
    }
    for (const auto& entry : node->entries) {
        if (!entry.value.sound) {
            continue;
        }
        auto parts = catalog_names(entry.key);
        if (parts.size() < 2) {
            reading.errors.add(entry.origin,
                               "`verify.expect`: " + shown(entry.key) +
                                   " must be a table and its column such as orders.region");
            continue;
        }
        std::string column = std::move(parts.back());
        parts.pop_back();
        const auto table = std::find_if(
            verify.tables.begin(), verify.tables.end(),
            [&](const auto& candidate) { return catalog_names(candidate.name) == parts; });
        if (table == verify.tables.end()) {
            const auto name = entry.key.substr(0, entry.key.rfind('.'));
            reading.errors.add(entry.origin, "`verify.expect`: the table of " + shown(entry.key) +
                                                 " is not among `verify.tables`" +
                                                 suggestion(name, written));
            continue;
        }
        auto expected = expectation_of(entry, column);
        const bool twice =
            std::any_of(table->expectations.begin(), table->expectations.end(),
                        [&](const Expectation& other) { return other.column == expected.column; });
        if (twice) {
            reading.errors.add(entry.origin, "`verify.expect`: " + shown(entry.key) +
                                                 " is the same column as one above");
            continue;
        }
        table->expectations.push_back(std::move(expected));
    }
}

void read_limit(const Reading& reading, const Fields& fields, Invariant& invariant) {
    using Test = Invariant::Test;
    constexpr std::pair<std::string_view, Test> tests[] = {
        {"equals", Test::equals},
        {"at_most", Test::at_most},
        {"at_least", Test::at_least},
        {"same_as_before", Test::same_as_before}};
    for (const auto& [key, test] : tests) {
        const auto* limit = fields.find(key);
        if (limit == nullptr) {
            continue;
        }
        invariant.test = test;
        invariant.limit = limit->text;
        const bool wants_number = test == Test::at_most || test == Test::at_least;
        if (wants_number && !parse_number(limit->text)) {
            reading.error(*limit,
                          "`" + std::string{key} + "` must be a number, not " + shown(limit->text));
        }
    }
}

void read_invariants(const Reading& reading, const Node* node, Verify& verify) {
    if (node == nullptr || node->kind != Node::Kind::list) {
        return;
    }
    constexpr milliseconds shortest{100};
    std::map<std::string, int> lines;
    for (const auto& item : node->items) {
        const Fields fields{&item};
        Invariant invariant;
        invariant.name = fields.text("name");
        invariant.sql = fields.text("sql");
        if (const auto* sql = fields.find("sql")) {
            check_single_statement(reading, *sql);
        }
        read_limit(reading, fields, invariant);
        if (const auto* during = fields.find("during")) {
            invariant.every = parse_duration(std::string_view{during->text}.substr(every.size()));
            if (!invariant.every || *invariant.every < shortest) {
                reading.error(*during, "`during` must be a period from 100ms to 7 days, not " +
                                           shown(during->text));
            }
        }
        if (fields.has("name")) {
            const auto [first, fresh] = lines.emplace(invariant.name, item.origin.place.line);
            if (!fresh) {
                reading.error(item, "two invariants are called " + shown(invariant.name) +
                                        "; the first stands in line " +
                                        std::to_string(first->second));
            }
        }
        verify.invariants.push_back(std::move(invariant));
    }
}

}  // namespace

const Shape& verify_shape() {
    static const Shape tables{.kind = Shape::Kind::list,
                              .example = "[orders, customers]",
                              .least = 1,
                              .item = &table_shape()};
    static const Shape live{.kind = Shape::Kind::choice, .choices = names_of(lives)};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{tables: [orders], expect: {orders.region: added}}",
        .keys = {
            {"tables", &tables, "whose rows are compared before and after"},
            {"expect", &expect_shape(), "what the migration is meant to do to a column"},
            {"invariants", &invariants_shape(), "queries whose answer must hold"},
            {"strict", &flag_shape(), "true: 1.0 and 1.00 are different"},
            {"live", &live,
             "on: every row's changes are followed in the server's change stream, so that what "
             "the workload writes is proved, too; off: that is left unproved, and a run may "
             "pass all the same; auto: followed where the server allows it"},
            {"rollback", &flag_shape(),
             "whether `migration.down` is rehearsed, and must lead back to the schema and the data "
             "before; left out: where there is one"}}};
    return shape;
}

void read_verify(const Reading& reading, const Node* node, Scenario& scenario) {
    scenario.rollback = !scenario.down.empty();
    if (node == nullptr || node->kind != Node::Kind::mapping) {
        return;
    }
    const Fields fields{node};
    Verify verify;
    read_tables(reading, fields.part("tables"), verify);
    if (fields.part("tables") != nullptr) {
        read_expectations(reading, fields.part("expect"), verify);
    }
    read_invariants(reading, fields.part("invariants"), verify);
    verify.strict = fields.flag("strict", false);
    verify.live = fields.choice("live", lives, verify.live);
    scenario.rollback = fields.flag("rollback", scenario.rollback);
    if (scenario.rollback && scenario.down.empty()) {
        reading.error(*node->find("rollback"),
                      "`verify.rollback` needs the way back: `migration.down`, a list of steps");
    }
    if (scenario.rollback && node->find("rollback") != nullptr && verify.tables.empty()) {
        reading.error(*node->find("rollback"),
                      "`verify.rollback` needs `tables`: their schema and data must come back");
    }
    if (node->find("tables") == nullptr) {
        if (const auto* expect = node->find("expect")) {
            reading.error(*expect, "`verify.expect` has a meaning only beside `tables`");
        }
        if (node->find("invariants") == nullptr && node->find("rollback") == nullptr) {
            reading.error(*node, "`verify` needs `tables` or `invariants`");
        }
    }
    scenario.verify = std::move(verify);
}

}  // namespace scenarios
