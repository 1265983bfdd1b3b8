#include "reports/read_json.hpp"

#include "reports/json.hpp"
#include "reports/packed_text.hpp"
#include "reports/read_json_parts.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace reports {

namespace reading {

Json parsed(std::string_view text) {
    constexpr int deepest = 40;
    bool too_deep = false;
    auto json = Json::parse(
        text,
        [&](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
            too_deep = too_deep || depth > deepest;
            return !too_deep;
        },
        false);
    if (too_deep) {
        throw Malformed{"it is nested deeper than " + std::to_string(deepest) + " levels"};
    }
    if (json.is_discarded()) {
        throw Malformed{"it is no JSON, or was cut off"};
    }
    return json;
}

void Part::fail(const std::string& why) const {
    throw Malformed{(path_.empty() ? std::string{"the file"} : path_.substr(1)) + ": " + why};
}

void Part::require(bool good, const char* what) const {
    if (!good) {
        fail(std::string{what} + " was expected, not " + json_->type_name());
    }
}

Part Part::operator[](const char* key) const {
    require(json_->is_object(), "an object");
    const auto found = json_->find(key);
    if (found == json_->end()) {
        fail(std::string{"`"} + key + "` is missing");
    }
    return {*found, path_ + "." + key};
}

bool Part::has(const char* key) const {
    require(json_->is_object(), "an object");
    const auto found = json_->find(key);
    return found != json_->end() && !found->is_null();
}

double Part::number() const {
    if (is_null()) {
        return std::nan("");  // what was written of a number that is not finite
    }
    require(json_->is_number(), "a number");
    return json_->get<double>();
}

std::uint64_t Part::any_count() const {
    require(json_->is_number_unsigned(), "a whole number of at least 0");
    return json_->get<std::uint64_t>();
}

std::uint64_t Part::count() const {
    const auto value = any_count();
    if (value > most_counted) {
        fail("the number is too large");
    }
    return value;
}

std::uint32_t Part::small_count() const {
    const auto value = count();
    if (value > UINT32_MAX) {
        fail("the number is too large");
    }
    return static_cast<std::uint32_t>(value);
}

std::int64_t Part::whole() const {
    require(json_->is_number_integer() &&
                (!json_->is_number_unsigned() || json_->get<std::uint64_t>() <= INT64_MAX),
            "a whole number");
    return json_->get<std::int64_t>();
}

bool Part::truth() const {
    require(json_->is_boolean(), "true or false");
    return json_->get<bool>();
}

std::string Part::text() const {
    require(json_->is_string(), "a text");
    return json_->get<std::string>();
}

std::string Part::text_or_empty() const {
    return is_null() ? std::string{} : text();
}

std::vector<std::string> Part::texts() const {
    return list([](const Part& each) { return each.text(); });
}

std::map<std::string, std::string> Part::named_texts() const {
    std::map<std::string, std::string> all;
    for_each([&](const std::string& key, const Part& each) { all[key] = each.text(); });
    return all;
}

std::optional<double> Part::optional_number() const {
    return optional([](const Part& part) { return part.number(); });
}

std::optional<std::uint64_t> Part::optional_count() const {
    return optional([](const Part& part) { return part.count(); });
}

std::optional<std::int64_t> Part::optional_whole() const {
    return optional([](const Part& part) { return part.whole(); });
}

std::optional<std::string> Part::optional_text() const {
    return optional([](const Part& part) { return part.text(); });
}

}  // namespace reading

namespace {

using reading::Malformed;
using reading::Part;

// What one byte of a log may at most become.
constexpr std::size_t most_log_bytes = 1'000'000'000;

Run read_run(const Part& part) {
    return {.id = part["id"].text(),
            .started_at = part["started_at"].text(),
            .finished_at = part["finished_at"].text(),
            .started_at_epoch_s = part["started_at_epoch_s"].number(),
            .seed = part["seed"].any_count(),
            .scenario = part["scenario"].text(),
            .scenario_file = part["scenario_file"].text(),
            .description = part["description"].text(),
            .version = part["version"].text(),
            .overridden = part["overridden"].texts(),
            .duration_s = part["duration_s"].number(),
            .clock_offset_start_ms = part["clock_offset_start_ms"].number(),
            .clock_offset_end_ms = part["clock_offset_end_ms"].number()};
}

Target read_target(const Part& part) {
    return {.engine = part["engine"].text(),
            .version = part["version"].text(),
            .database = part["database"].text(),
            .throwaway = part["throwaway"].truth(),
            .settings = part["settings"].named_texts(),
            .environment = part["environment"].named_texts()};
}

GateResult read_gate(const Part& part) {
    const auto written = part["written"];
    return {.name = part["name"].text(),
            .limit = part["limit"].text(),
            .observed = part["observed"].text(),
            .verdict = part["verdict"].one_of(reading::verdicts),
            .detail = part["detail"].text(),
            .limit_value = part["limit_value"].optional_number(),
            .observed_value = part["observed_value"].optional_number(),
            .written = {.key = part["name"].text(),
                        .limit = written["limit"].optional_text(),
                        .ratio = written["ratio"].optional_text(),
                        .floor = written["floor"].optional_text()},
            .baseline = part["baseline"].text_or_empty()};
}

Comparison read_comparison(const Part& part) {
    Comparison comparison{.operation = part["operation"].text(),
                          .statistic = part["statistic"].text(),
                          .before_ms = part["before_ms"].optional_number(),
                          .now_ms = part["now_ms"].optional_number(),
                          .ratio = part["ratio"].optional_number(),
                          .ratio_lower = part["ratio_lower"].optional_number(),
                          .ratio_upper = part["ratio_upper"].optional_number(),
                          .lacking = part["lacking"].text_or_empty(),
                          .allowed_ratio = part["allowed_ratio"].optional_number(),
                          .floor_ms = part["floor_ms"].number()};
    if (part.has("verdict")) {
        comparison.verdict = part["verdict"].one_of(reading::verdicts);
    }
    return comparison;
}

Second read_second(const Part& part) {
    const auto count = [&](const char* key) { return part[key].small_count(); };
    const auto us = [&](const char* key) {
        return static_cast<std::int64_t>(std::llround(part[key].number() * 1e3));
    };
    return {.done = count("done"),
            .failed = count("failed"),
            .due = count("due"),
            .p50_us = us("p50_ms"),
            .p99_us = us("p99_ms"),
            .max_us = us("max_ms"),
            .blocked = count("blocked")};
}

SecondLog read_latencies(const Part& part, const std::vector<OperationRecord>& operations) {
    const auto packed = from_base64(part.text());
    auto bytes = packed ? inflated(*packed, most_log_bytes) : std::nullopt;
    auto log = bytes ? SecondLog::unpacked(std::move(*bytes)) : std::nullopt;
    if (!log) {
        part.fail("it is broken");
    }
    // What ended in the run's seconds is what was counted in its phases.
    std::vector<std::uint64_t> calls(operations.size() * 4);
    SecondLog::for_each_entry({&*log}, [&](const SecondLog::Entry& entry) {
        if (entry.series >= calls.size()) {
            part.fail("it tells of an operation that the run does not have");
        }
        calls[entry.series] += entry.saturated;
        for (const auto& bucket : entry.buckets) {
            calls[entry.series] += bucket.times;
        }
    });
    for (std::uint32_t number = 0; number < calls.size(); ++number) {
        const auto series = Series::of(number);
        std::uint64_t counted = 0;
        for (const auto& phase : operations[series.operation].by_app[series.app]) {
            counted += series.failed ? phase.failures() : phase.count;
        }
        if (counted != calls[number]) {
            part.fail("it does not hold the calls that were counted of the operation \"" +
                      operations[series.operation].name.substr(0, 60) + "\"");
        }
    }
    return std::move(*log);
}

void read_judgement(const Part& part, Record& record) {
    record.verdict = part["verdict"].one_of(reading::verdicts);
    record.exit_code = static_cast<int>(part["exit_code"].whole());
    record.reasons = part["reasons"].texts();
}

void read_load(const Part& part, Record& record) {
    record.open_loop = part["open_loop"].truth();
    record.asked_rate = part["asked_rate"].number();
    record.connections = part["connections"].small_count();
}

Recovery read_recovery(const Part& part) {
    return {.backlog_max = part["backlog_max"].count(),
            .recovered_after_s = part["recovered_after_s"].optional_number(),
            .baseline_rate = part["baseline_rate"].number(),
            .lowest_rate = part["lowest_rate"].number(),
            .zero_seconds = part["zero_seconds"].small_count()};
}

Replication read_replication(const Part& part) {
    return {.measured = part["measured"].truth(),
            .max_lag_s = part["max_lag_s"].optional_number().value_or(0),
            .max_lag_bytes = part["max_lag_bytes"].optional_whole().value_or(0)};
}

Observer read_observer(const Part& part) {
    return {.cpu_s = part["cpu_s"].number(),
            .queries = part["queries"].count(),
            .mean_query_ms = part["mean_query_ms"].number(),
            .connection_losses = part["connection_losses"].count()};
}

Adversary read_adversary(const Part& part) {
    return {.name = part["name"].text(),
            .start_s = part["start_s"].number(),
            .end_s = part["end_s"].number(),
            .outcome = part["outcome"].text(),
            .error = part["error"].text_or_empty()};
}

Phase read_phase(const Part& part) {
    const Phase phase{.name = part["name"].one_of(reading::all_phases),
                      .start_s = part["start_s"].number(),
                      .end_s = part["end_s"].number()};
    if (!(phase.start_s >= 0 && phase.end_s >= phase.start_s && phase.end_s <= 1e7)) {
        part.fail("it does not end after its start");
    }
    return phase;
}

void read_measurements(const Part& part, Record& record) {
    record.phases = part["phases"].list(read_phase);
    for (std::size_t i = 1; i < record.phases.size(); ++i) {
        if (record.phases[i].name <= record.phases[i - 1].name ||
            record.phases[i].start_s < record.phases[i - 1].end_s - 1e-3) {
            part["phases"].fail("they are not one after the other");
        }
    }
    record.steps = part["steps"].list(reading::read_step);
    record.adversaries = part["adversaries"].list(read_adversary);
    record.operations = part["operations"].list(reading::read_operation);
    std::set<std::string> names;
    for (const auto& operation : record.operations) {
        if (!names.insert(operation.name).second) {
            part["operations"].fail("two have the same name");
        }
    }
    record.error_meanings = part["error_meanings"].named_texts();
    record.locks = reading::read_locks(part["locks"]);
    record.recovery = read_recovery(part["recovery"]);
    record.replication = read_replication(part["replication"]);
    record.server = reading::read_server(part["server"]);
    record.verification = part["verification"].optional(reading::read_verification);
    record.generator = reading::read_generator(part["generator"]);
    record.observer = read_observer(part["observer"]);
    record.comparisons = part["comparisons"].list(read_comparison);
    record.gates = part["gates"].list(read_gate);
    record.warnings = part["warnings"].texts();
    record.harness_faults = part["harness_faults"].texts();
    record.migration_error = part["migration_error"].text_or_empty();
    record.harness_error = part["harness_error"].text_or_empty();
    record.seconds = part["seconds"].list(read_second);
    record.latencies = read_latencies(part["latencies"], record.operations);
    record.first_version =
        part["first_version"].one_of(std::array{SentBy::old_version, SentBy::new_version});
}

Record read_way_back(const Part& part, const Record& there) {
    Record back;
    back.is_rollback = true;
    read_judgement(part, back);
    read_measurements(part, back);
    back.run = there.run;
    back.target = there.target;
    back.interrupted = there.interrupted;
    back.open_loop = there.open_loop;
    back.asked_rate = there.asked_rate;
    back.connections = there.connections;
    back.synthesis = there.synthesis;
    const auto same = [](const OperationRecord& a, const OperationRecord& b) {
        return a.name == b.name;
    };
    if (!std::equal(back.operations.begin(), back.operations.end(), there.operations.begin(),
                    there.operations.end(), same)) {
        part.fail("its operations are not those of the migration");
    }
    give_baselines(there, back);
    return back;
}

Record read_whole(const Part& part) {
    if (const auto schema = part["schema"].text(); schema != result_schema) {
        part["schema"].fail("this program reads " + std::string{result_schema} + ", not " +
                            schema.substr(0, 60));
    }
    Record record;
    read_judgement(part, record);
    record.interrupted = part["interrupted"].truth();
    record.run = read_run(part["run"]);
    record.target = read_target(part["target"]);
    read_load(part["load"], record);
    read_measurements(part, record);
    record.rollback_omitted = part["rollback_omitted"].text_or_empty();
    if (part.has("replay")) {
        record.replay = reading::read_replay_part(part["replay"]);
    }
    if (part.has("synthesis")) {
        record.synthesis = reading::read_synthesis_part(part["synthesis"]);
    }
    if (part.has("placebo")) {
        record.placebo = reading::read_placebo_part(part["placebo"]);
    }
    if (part.has("rollback")) {
        record.rollback = std::make_shared<Record>(read_way_back(part["rollback"], record));
    }
    return record;
}

}  // namespace

std::variant<Record, std::string> read_json(std::string_view text) {
    try {
        const auto json = reading::parsed(text);
        return read_whole(Part{json, ""});
    } catch (const Malformed& wrong) {
        return wrong.what();
    }
}

}  // namespace reports
