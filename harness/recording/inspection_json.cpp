#include "harness/recording/inspection.hpp"
#include "harness/recording/utc_text.hpp"

#include <cstdio>

#include <nlohmann/json.hpp>

namespace harness::recording {
namespace {

using Json = nlohmann::ordered_json;

double seconds(std::int64_t us) {
    return static_cast<double>(us) * 1e-6;
}

Json latency_json(const reports::Histogram& latency) {
    if (latency.count() == 0) {
        return nullptr;
    }
    const auto ms = [](std::int64_t us) { return static_cast<double>(us) * 1e-3; };
    return {{"count", latency.count()},
            {"mean", latency.mean_us() * 1e-3},
            {"p50", ms(latency.quantile_us(0.5))},
            {"p90", ms(latency.quantile_us(0.9))},
            {"p95", ms(latency.quantile_us(0.95))},
            {"p99", ms(latency.quantile_us(0.99))},
            {"p99_9", ms(latency.quantile_us(0.999))},
            {"max", ms(latency.max_us())}};
}

Json counts_json(const Counted& counts) {
    Json all = Json::object();
    for (const auto& [name, count] : counts) {
        // Each name comes once: a search for it would go through all of those before.
        all.get_ref<Json::object_t&>().emplace_back(name, count);
    }
    return all;
}

Json replay_json(const ByReplay& by) {
    return {{"exactly", by.exactly}, {"approximately", by.approximately}, {"not", by.not_at_all}};
}

std::string hex(std::uint64_t number) {
    char text[32];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return text;
}

Json files_json(const Inspection& all) {
    Json files = Json::array();
    for (const auto& file : all.files) {
        Json problems = Json::array();
        for (const auto& problem : file.problems) {
            problems.push_back(
                {{"line", problem.line}, {"bytes", problem.bytes}, {"what", problem.what}});
        }
        files.push_back({{"path", file.path},
                         {"format", file.format},
                         {"bytes", file.bytes},
                         {"records", file.records},
                         {"problems", std::move(problems)},
                         {"problem_count", file.problem_count},
                         {"passed_over_bytes", file.passed_over_bytes},
                         {"notes", file.notes}});
    }
    return files;
}

Json records_json(const workloads::RecordCounts& records) {
    return {{"all", records.all},
            {"background", records.background},
            {"replication", records.replication},
            {"unattributed", records.unattributed},
            {"repeated", records.repeated},
            {"missing", records.missing},
            {"connections", records.connections},
            {"disconnections", records.disconnections},
            {"refused_connections", records.refused_connections},
            {"lost_clients", records.lost_clients},
            {"parses", records.parses},
            {"binds", records.binds},
            {"unused_binds", records.unused_binds},
            {"bare_durations", records.bare_durations},
            {"plans", records.plans},
            {"lock_waits", records.lock_waits},
            {"timed", records.timed},
            {"announced", records.announced},
            {"skipped_transactions", records.skipped_transactions},
            {"failures_without_statement", records.failures_without_statement}};
}

Json reasons_json(const Inspection& all) {
    Json reasons = Json::array();
    for (const auto& each : all.reasons) {
        reasons.push_back({{"reason", each.row->key},
                           {"replay", name_of(each.row->replay)},
                           {"why", each.row->why},
                           {"count", each.count},
                           {"first", each.first}});
    }
    return reasons;
}

Json statements_json(const Inspection& all) {
    Json statements = Json::array();
    for (const auto& each : all.top) {
        statements.push_back(
            {{"fingerprint", hex(each.fingerprint)},
             {"parsed", each.parsed},
             {"text", each.text},
             {"kind", each.kind},
             {"count", each.count},
             {"failed", each.failed},
             {"rate", all.seconds() > 0 ? Json(static_cast<double>(each.count) / all.seconds())
                                        : Json(nullptr)},
             {"total_s", seconds(each.total_us)},
             {"share_of_time", each.share_of_time},
             {"latency_ms", latency_json(each.latency)},
             {"replay", replay_json(each.replay)}});
    }
    return statements;
}

Json advice_json(const Inspection& all) {
    Json advice = Json::array();
    for (const auto& each : all.advice) {
        advice.push_back({{"settings", each.settings}, {"why", each.why}, {"cost", each.cost}});
    }
    return advice;
}

}  // namespace

std::string inspection_json(const Inspection& all) {
    const Json document{
        {"schema", "rehearse.workload/1"},
        {"files", files_json(all)},
        {"start", utc_text(all.start_us) + "Z"},
        {"end", utc_text(all.end_us) + "Z"},
        {"duration_s", all.seconds()},
        {"sessions",
         {{"count", all.sessions},
          {"began_before", all.sessions_before},
          {"incomplete", all.sessions_incomplete},
          {"most_at_once", all.most_sessions_at_once},
          {"users", counts_json(all.users)},
          {"databases", counts_json(all.databases)},
          {"applications", counts_json(all.applications)}}},
        {"statements",
         {{"count", all.statements},
          {"timed", all.timed},
          {"failed", all.failed},
          {"shapes", all.shapes},
          {"shapes_overflowed", all.shapes_overflowed},
          {"latency_ms", latency_json(all.latency)},
          {"protocols", counts_json(all.protocols)},
          {"kinds", counts_json(all.kinds)},
          {"failures", counts_json(all.failures)},
          {"top", statements_json(all)}}},
        {"replay", {{"counts", replay_json(all.replay)}, {"reasons", reasons_json(all)}}},
        {"records", records_json(all.records)},
        {"advice", advice_json(all)}};
    // Names and texts come in the encodings of their databases.
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace harness::recording
