#include "reports/json.hpp"

#include "reports/json_parts.hpp"
#include "reports/packed_text.hpp"

namespace reports {

namespace json_parts {

Json number(double value) {
    // A microsecond is as fine as anything here is measured; 0.30000000000000004 is noise.
    const double rounded = std::round(value * 1e6) / 1e6;
    return std::isfinite(rounded) ? Json(rounded) : Json(nullptr);
}

Json number_or_null(const std::optional<double>& value) {
    return value ? number(*value) : Json(nullptr);
}

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json comparison_json(const Comparison& each) {
    return {{"operation", each.operation},
            {"statistic", each.statistic},
            {"before_ms", number_or_null(each.before_ms)},
            {"now_ms", number_or_null(each.now_ms)},
            {"ratio", number_or_null(each.ratio)},
            {"ratio_lower", number_or_null(each.ratio_lower)},
            {"ratio_upper", number_or_null(each.ratio_upper)},
            {"lacking", text_or_null(each.lacking)},
            {"allowed_ratio", number_or_null(each.allowed_ratio)},
            {"floor_ms", number(each.floor_ms)},
            {"verdict", each.allowed_ratio ? Json(name_of(each.verdict)) : Json(nullptr)}};
}

}  // namespace json_parts

namespace {

using namespace json_parts;

Json run_json(const Run& run) {
    return {{"id", run.id},
            {"started_at", run.started_at},
            {"started_at_epoch_s", number(run.started_at_epoch_s)},
            {"finished_at", run.finished_at},
            {"seed", run.seed},
            {"overridden", run.overridden},
            {"scenario", run.scenario},
            {"version", run.version},
            {"duration_s", number(run.duration_s)},
            {"scenario_file", run.scenario_file},
            {"description", run.description},
            {"clock_offset_start_ms", number(run.clock_offset_start_ms)},
            {"clock_offset_end_ms", number(run.clock_offset_end_ms)}};
}

Json target_json(const Target& target) {
    return {{"engine", target.engine},       {"version", target.version},
            {"throwaway", target.throwaway}, {"database", target.database},
            {"settings", target.settings},   {"environment", target.environment}};
}

Json load_json(const Record& record) {
    return {{"open_loop", record.open_loop},
            {"asked_rate", number(record.asked_rate)},
            {"connections", record.connections}};
}

Json phases_json(const Record& record) {
    return list(record.phases, [](const Phase& phase) {
        return Json{{"name", name_of(phase.name)},
                    {"start_s", number(phase.start_s)},
                    {"end_s", number(phase.end_s)}};
    });
}

Json step_json(const Step& step) {
    const auto lock = [](const StepLock& each) {
        return Json{{"relation", each.relation},
                    {"mode", each.mode},
                    {"held_s", number(each.held_s)},
                    {"waited_s", number(each.waited_s)},
                    {"start_s", number_or_null(each.start_s)}};
    };
    const auto point = [](const BackfillPoint& each) {
        return Json{{"at_s", number(each.at_s)},
                    {"rows", each.rows},
                    {"throttled_s", number(each.throttled_s)},
                    {"throttled_by", text_or_null(each.throttled_by)}};
    };
    const auto attempt = [](const StepAttempt& each) {
        return Json{{"start_s", number(each.start_s)},
                    {"end_s", number(each.end_s)},
                    {"outcome", each.outcome},
                    {"error", text_or_null(each.error)},
                    {"statement", each.statement == 0 ? Json(nullptr) : Json(each.statement)}};
    };
    return {{"name", step.name},
            {"kind", step.kind},
            {"start_s", number(step.start_s)},
            {"end_s", number(step.end_s)},
            {"outcome", step.outcome},
            {"attempts", list(step.attempts, attempt)},
            {"rows", step.rows},
            {"rewrote", step.rewrote},
            {"wal_bytes", or_null(step.wal_bytes)},
            {"error", text_or_null(step.error)},
            {"locks", list(step.locks, lock)},
            {"statement", step.statement},
            {"wal_total_bytes", or_null(step.wal_total_bytes)},
            {"throttled_s", number_or_null(step.throttled_s)},
            {"deadlocks", step.deadlocks},
            {"file", text_or_null(step.file)},
            {"line", step.line == 0 ? Json(nullptr) : Json(step.line)},
            {"throttle_reasons", text_or_null(step.throttle_reasons)},
            {"progress", list(step.progress, point)}};
}

Json recovery_json(const Recovery& recovery) {
    return {{"backlog_max", recovery.backlog_max},
            {"recovered_after_s", number_or_null(recovery.recovered_after_s)},
            {"baseline_rate", number(recovery.baseline_rate)},
            {"lowest_rate", number(recovery.lowest_rate)},
            {"zero_seconds", recovery.zero_seconds}};
}

Json replication_json(const Replication& replication) {
    return {
        {"measured", replication.measured},
        {"max_lag_s", replication.measured ? number(replication.max_lag_s) : Json(nullptr)},
        {"max_lag_bytes", replication.measured ? Json(replication.max_lag_bytes) : Json(nullptr)}};
}

Json lag_json(const Schedule& schedule) {
    const auto lag = [&](double q) { return milliseconds(schedule.lag, q); };
    return {{"p50", lag(0.5)}, {"p99", lag(0.99)}, {"max", lag(1)}};
}

// The whole run's figures at the top; what is judged are the phases.
Json generator_json(const Record& record) {
    const auto& generator = record.generator;
    const auto whole = generator.whole_run();
    Json phases = Json::object();
    for (const auto& phase : record.phases) {
        const auto& schedule = generator.in(phase.name);
        phases[name_of(phase.name)] = {{"lag_ms", lag_json(schedule)},
                                       {"unsent", schedule.unsent},
                                       {"due", schedule.due},
                                       {"lag", whole_json(schedule.lag)}};
    }
    return {{"lag_ms", lag_json(whole)},
            {"unsent", whole.unsent},
            {"cpu_s", number(generator.cpu_s)},
            {"cpu_us_per_operation",
             generator.operations == 0
                 ? Json(nullptr)
                 : number(generator.cpu_s / static_cast<double>(generator.operations) * 1e6)},
            {"due", whole.due},
            {"operations", generator.operations},
            {"reconnects", generator.reconnects},
            {"phases", phases}};
}

Json observer_json(const Observer& observer) {
    return {{"cpu_s", number(observer.cpu_s)},
            {"queries", observer.queries},
            {"mean_query_ms", number(observer.mean_query_ms)},
            {"connection_losses", observer.connection_losses}};
}

Json written_json(const GateText& gate) {
    return {{"limit", or_null(gate.limit)},
            {"ratio", or_null(gate.ratio)},
            {"floor", or_null(gate.floor)}};
}

Json gate_json(const GateResult& gate) {
    return {{"name", gate.name},
            {"limit", gate.limit},
            {"observed", gate.observed},
            {"verdict", name_of(gate.verdict)},
            {"detail", gate.detail},
            {"written", written_json(gate.written)},
            {"baseline", text_or_null(gate.baseline)},
            {"limit_value", number_or_null(gate.limit_value)},
            {"observed_value", number_or_null(gate.observed_value)}};
}

Json adversary_json(const Adversary& adversary) {
    return {{"name", adversary.name},
            {"start_s", number(adversary.start_s)},
            {"end_s", number(adversary.end_s)},
            {"outcome", adversary.outcome},
            {"error", text_or_null(adversary.error)}};
}

Json second_json(const Second& second) {
    const auto ms = [](std::int64_t us) { return number(static_cast<double>(us) / 1e3); };
    return {{"due", second.due},           {"done", second.done},
            {"failed", second.failed},     {"p50_ms", ms(second.p50_us)},
            {"p99_ms", ms(second.p99_us)}, {"max_ms", ms(second.max_us)},
            {"blocked", second.blocked}};
}

// What was judged, and what it was judged by.
void add_judgement(const Record& record, Json& all) {
    all["verdict"] = name_of(record.verdict);
    all["exit_code"] = record.exit_code;
    all["reasons"] = record.reasons;
}

// Of the migration and of its way back alike.
void add_measurements(const Record& record, Json& all) {
    all["first_version"] = name_of(record.first_version);
    all["phases"] = phases_json(record);
    all["steps"] = list(record.steps, step_json);
    all["adversaries"] = list(record.adversaries, adversary_json);
    all["operations"] = operations_json(record);
    all["error_meanings"] = record.error_meanings;
    all["locks"] = locks_json(record);
    all["recovery"] = recovery_json(record.recovery);
    all["replication"] = replication_json(record.replication);
    all["server"] = server_json(record.server);
    all["verification"] =
        record.verification ? verification_json(*record.verification) : Json(nullptr);
    all["generator"] = generator_json(record);
    all["observer"] = observer_json(record.observer);
    all["comparisons"] = list(record.comparisons, comparison_json);
    all["gates"] = list(record.gates, gate_json);
    all["warnings"] = record.warnings;
    all["harness_faults"] = record.harness_faults;
    all["migration_error"] = text_or_null(record.migration_error);
    all["harness_error"] = text_or_null(record.harness_error);
    all["seconds"] = list(record.seconds, second_json);
    // Each second's histograms (see README): too many for keys of their own.
    all["latencies"] = base64(deflated(record.latencies.packed()));
}

// All of its seconds count from the whole run's start.
Json rollback_json(const Record& record) {
    if (record.rollback == nullptr) {
        return nullptr;
    }
    Json all = Json::object();
    add_judgement(*record.rollback, all);
    add_measurements(*record.rollback, all);
    return all;
}

}  // namespace

std::string to_json(const Record& record) {
    Json all = Json::object();
    all["schema"] = result_schema;
    add_judgement(record, all);
    all["interrupted"] = record.interrupted;
    all["run"] = run_json(record.run);
    all["target"] = target_json(record.target);
    all["load"] = load_json(record);
    add_measurements(record, all);
    if (!all["verification"].is_null()) {
        all["verification"]["rollback"] = rollback_proof_json(record);
    }
    all["rollback"] = rollback_json(record);
    all["replay"] = record.replay ? replay_json(record) : Json(nullptr);
    all["synthesis"] = record.synthesis ? synthesis_json(*record.synthesis) : Json(nullptr);
    all["placebo"] = record.placebo ? placebo_value(*record.placebo) : Json(nullptr);
    all["rollback_omitted"] = text_or_null(record.rollback_omitted);
    return all.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace reports
