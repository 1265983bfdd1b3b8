// `migration`: the steps, in order.
#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/reading.hpp"
#include "scenarios/sql_step.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <regex>

namespace scenarios {
namespace {

using std::chrono::milliseconds;
using workloads::App;

constexpr std::pair<std::string_view, App> apps[]{{"old", App::old_version},
                                                  {"new", App::new_version}};

const Shape& backfill_shape() {
    static const Shape batch{.kind = Shape::Kind::integer, .least = 1, .most = 1'000'000};
    static const Shape throttle{
        .kind = Shape::Kind::mapping,
        .example = "{p99: 50ms, pause: 5ms}",
        .keys = {{"p99", &positive_span_shape(),
                  "waits while the workload's response time is above this at the 99th percentile"},
                 {"replica_lag", &positive_span_shape(), "waits while a replica is further behind"},
                 {"pause", &span_shape(), "pause after each batch"}}};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = R"({table: orders, set: "region = 'eu'", where: "region IS NULL"})",
        .keys = {{"table", &table_shape(), "the table, which needs a primary key", true},
                 {"set", &text_shape(), "what UPDATE sets", true},
                 {"where", &text_shape(), "which rows; left out: all"},
                 {"batch", &batch, "rows of a batch, by primary key"},
                 {"throttle", &throttle, "when to go slower"}}};
    return shape;
}

const Shape& command_shape() {
    static const Shape argument{.kind = Shape::Kind::text, .may_be_blank = true};
    static const Shape shape{.kind = Shape::Kind::list,
                             .example = "[alembic, upgrade, head]",
                             .least = 1,
                             .item = &argument};
    return shape;
}

const Shape& environment_shape() {
    static const TextRule name{"^[A-Za-z_][A-Za-z0-9_]*$",
                               "must be the name of an environment variable"};
    static const Shape value{.kind = Shape::Kind::text, .may_be_blank = true};
    static const Shape shape{.kind = Shape::Kind::dictionary,
                             .example = R"({DATABASE_URL: "{{target.uri}}"})",
                             .rule = &name,
                             .item = &value};
    return shape;
}

const Shape& deploy_shape() {
    static const Shape to{.kind = Shape::Kind::choice, .choices = names_of(apps)};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{to: new, over: 20s}",
        .keys = {{"to", &to, "the version that sends from then on", true},
                 {"over", &span_shape(), "a rolling deploy: its share grows over this time"}},
        .short_form = &to};
    return shape;
}

const Shape& wait_for_shape() {
    static const Shape every{.kind = Shape::Kind::duration, .least = 10, .most = 3'600'000};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = R"({sql: "SELECT ...", timeout: 60s})",
        .keys = {{"sql", &sql_shape(), "its first value must become true", true},
                 {"timeout", &positive_span_shape(), "the step fails after this time"},
                 {"every", &every, "how often it is asked"}},
        .short_form = &sql_shape()};
    return shape;
}

const Shape& step_shape() {
    static const std::vector<std::string_view> sql_steps{"sql", "file"};
    static const std::vector<std::string_view> lockers{"sql", "file", "backfill"};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{name: add the column, sql: ALTER TABLE ...}",
        .keys =
            {{"name", &step_name_shape(), "what reports call it"},
             {"sql", &sql_shape(), "one or more statements"},
             {"file", &text_shape(), "a file of statements, beside the scenario"},
             {"backfill", &backfill_shape(),
              "fills a column in batches, in the order of the primary key, up to the last key at "
              "its start; rows that come later are the application's business"},
             {"command", &command_shape(), "an external program and its arguments"},
             {"deploy", &deploy_shape(), "switches the application version"},
             {"pause", &span_shape(), "lets time pass"},
             {"wait_for", &wait_for_shape(), "waits until a query's value is true"},
             {"transaction", &flag_shape(),
              "whether its statements run as one transaction; left out: true", false, sql_steps},
             {"lock_timeout", &positive_span_shape(), "gives up waiting for a lock after this",
              false, lockers},
             {"statement_timeout", &span_shape(), "gives up a statement after this; 0: never",
              false, sql_steps},
             {"retries", &retries_shape(), "tried again after a lock timeout or a deadlock", false,
              lockers},
             {"timeout",
              &positive_span_shape(),
              "the command is stopped after this",
              false,
              {"command"}},
             {"env",
              &environment_shape(),
              "environment of the command; values may hold {{target.uri}}",
              false,
              {"command"}}},
        .exactly_one = {"sql", "file", "backfill", "command", "deploy", "pause", "wait_for"}};
    return shape;
}

Retries read_retries(const Fields& step, Retries retries) {
    const Fields fields{step.find("retries")};
    return {fields.integer("times", retries.times), fields.duration("backoff", retries.backoff)};
}

// `set` and `where` are parts of a statement; whether they are right is asked of the whole.
void check_backfill_sql(const Reading& reading, const Fields& fields, const BackfillStep& step) {
    if (!fields.has("set")) {
        return;
    }
    const std::string head = "UPDATE " + (step.table.empty() ? "t" : step.table) + " SET ";
    const std::string middle = "\nWHERE (";
    const auto sql =
        head + step.set + (step.where.empty() ? std::string{} : middle + step.where + "\n)");
    const auto split = split_sql(sql);
    // The part of the step, and where in it.
    const auto place_of = [&](std::size_t offset) {
        const auto where_at = head.size() + step.set.size() + middle.size();
        return offset >= where_at && fields.has("where")
                   ? std::pair{fields.find("where"), offset - where_at}
                   : std::pair{fields.find("set"), offset - std::min(offset, head.size())};
    };
    const auto fail = [&](std::size_t offset, const std::string& message) {
        const auto [part, at] = place_of(offset);
        reading.error_in(*part, at, message);
    };
    if (const auto* error = std::get_if<SqlError>(&split)) {
        return fail(error->offset, error->message);
    }
    const auto& [statements, doubt] = std::get<SqlText>(split);
    if (doubt && doubt->offset + step.table.size() < head.size() && fields.has("table")) {
        return reading.error(*fields.find("table"),
                             shown(step.table) + " is a reserved word: write it in double quotes");
    }
    if (doubt) {
        const auto [part, at] = place_of(doubt->offset);
        reading.doubt_in(*part, {at, doubt->message});
    }
    if (statements.size() > 1) {
        fail(statements[1].offset,
             "a second statement starts here; `set` and `where` are parts of "
             "one UPDATE");
    }
}

BackfillStep read_backfill(const Reading& reading, const Fields& step) {
    const Fields fields{step.part("backfill")};
    BackfillStep backfill;
    backfill.table = fields.text("table");
    backfill.set = fields.text("set");
    backfill.where = fields.text("where");
    backfill.batch = fields.integer("batch", backfill.batch);
    const Fields throttle{fields.part("throttle")};
    backfill.throttle.p99 = throttle.duration("p99");
    backfill.throttle.replica_lag = throttle.duration("replica_lag");
    backfill.throttle.pause = throttle.duration("pause", backfill.throttle.pause);
    backfill.lock_timeout = step.duration("lock_timeout", backfill.lock_timeout);
    backfill.retries = read_retries(step, backfill.retries);
    check_backfill_sql(reading, fields, backfill);
    return backfill;
}

// `{{target.url}}` would reach the program as it stands.
void check_templates(const Reading& reading, const Node& value) {
    static const std::regex pattern{R"(\{\{\s*(target\.?[A-Za-z_.]*)\s*\}\})"};
    for (std::sregex_iterator match{value.text.begin(), value.text.end(), pattern}, end;
         match != end; ++match) {
        if (match->str() != "{{target.uri}}") {
            reading.error_in(value, static_cast<std::size_t>(match->position()),
                             shown(match->str()) + " is not known; write {{target.uri}}");
        }
    }
}

CommandStep read_command(const Reading& reading, const Fields& step) {
    CommandStep command;
    command.command = step.texts("command");
    command.timeout = step.duration("timeout", command.timeout);
    if (const auto* list = step.find("command")) {
        if (list->items.front().text.empty()) {
            reading.error(list->items.front(), "the program's name is empty");
        }
        for (const auto& argument : list->items) {
            check_templates(reading, argument);
        }
    }
    if (const auto* environment = step.find("env")) {
        for (const auto& entry : environment->entries) {
            check_templates(reading, entry.value);
            command.environment.emplace_back(entry.key, entry.value.text);
        }
    }
    return command;
}

DeployStep read_deploy(const Fields& step) {
    const auto* node = step.find("deploy");
    DeployStep deploy;
    if (node != nullptr && node->kind == Node::Kind::scalar) {
        deploy.to = step.choice("deploy", apps, deploy.to);
        return deploy;
    }
    const Fields fields{node};
    deploy.to = fields.choice("to", apps, deploy.to);
    deploy.over = fields.duration("over", deploy.over);
    return deploy;
}

WaitForStep read_wait_for(const Reading& reading, const Fields& step) {
    WaitForStep wait;
    const Fields fields{step.part("wait_for")};
    const auto* sql = step.part("wait_for")->kind == Node::Kind::scalar ? step.find("wait_for")
                                                                        : fields.find("sql");
    if (sql == nullptr) {
        return wait;
    }
    wait.sql = sql->text;
    wait.timeout = fields.duration("timeout", wait.timeout);
    wait.every = fields.duration("every", wait.every);
    check_single_statement(reading, *sql);
    return wait;
}

Step read_step(const Reading& reading, const Node& node, std::size_t number) {
    const Fields fields{&node};
    Step step;
    step.place = node.origin.place;
    std::string_view kind = "step";
    for (const auto name : step_shape().exactly_one) {
        kind = node.find(name) != nullptr ? name : kind;
    }
    step.name = fields.has("name")
                    ? fields.text("name")
                    : "step " + std::to_string(number) + " (" + std::string{kind} + ")";
    if (kind == "sql" || kind == "file") {
        step.action = read_sql_step(reading, node, read_retries(fields, Retries{}));
    } else if (kind == "backfill") {
        step.action = read_backfill(reading, fields);
    } else if (kind == "command") {
        step.action = read_command(reading, fields);
    } else if (kind == "deploy") {
        step.action = read_deploy(fields);
    } else if (kind == "pause") {
        step.action = PauseStep{fields.duration("pause", milliseconds{0})};
    } else if (kind == "wait_for") {
        step.action = read_wait_for(reading, fields);
    }
    return step;
}

}  // namespace

const Shape& migration_shape() {
    static const Shape steps{.kind = Shape::Kind::list,
                             .example = "[{sql: ALTER TABLE ...}]; [] rehearses nothing",
                             .item = &step_shape()};
    static const Shape way_back{.kind = Shape::Kind::list,
                                .example = "[{sql: ALTER TABLE ...}]",
                                .least = 1,
                                .item = &step_shape()};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{up: [{sql: ALTER TABLE ...}]}",
        .keys = {{"up", &steps, "the steps, in order", true},
                 {"down", &way_back,
                  "the steps that undo it; rehearsed under the same load when all else is over"}}};
    return shape;
}

namespace {

void read_steps(const Reading& reading, const Node* steps, std::vector<Step>& out) {
    if (steps == nullptr || steps->kind != Node::Kind::list) {
        return;
    }
    std::map<std::string, int> lines;
    for (std::size_t i = 0; i < steps->items.size(); ++i) {
        const auto& item = steps->items[i];
        out.push_back(read_step(reading, item, i + 1));
        const auto [first, fresh] = lines.emplace(out.back().name, item.origin.place.line);
        if (!fresh) {
            const auto* name = item.find("name");
            reading.error(name != nullptr ? *name : item,
                          "two steps are called " + shown(out.back().name) +
                              "; the first stands in line " + std::to_string(first->second));
        }
    }
}

}  // namespace

void read_migration(const Reading& reading, const Node* node, Scenario& scenario) {
    const Fields fields{node};
    read_steps(reading, fields.part("up"), scenario.up);
    read_steps(reading, fields.part("down"), scenario.down);
}

}  // namespace scenarios
