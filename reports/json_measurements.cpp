// Operations, locks and what the server counted, in result.json.
#include "reports/json_parts.hpp"

namespace reports::json_parts {

namespace {

Json histogram_json(const Histogram& histogram) {
    if (histogram.count() == 0) {
        return nullptr;
    }
    return {{"mean", number(histogram.mean_us() / 1e3)}, {"p50", milliseconds(histogram, 0.5)},
            {"p90", milliseconds(histogram, 0.9)},       {"p95", milliseconds(histogram, 0.95)},
            {"p99", milliseconds(histogram, 0.99)},      {"p99_9", milliseconds(histogram, 0.999)},
            {"max", milliseconds(histogram, 1)},         {"saturated", histogram.saturated()}};
}

Json calls_json(const OperationPhase& calls, double seconds) {
    return {
        {"count", calls.count},
        {"rate", seconds > 0 ? number(static_cast<double>(calls.count) / seconds) : Json(nullptr)},
        {"errors", calls.errors},
        {"retries", calls.retries},
        {"response_ms", histogram_json(calls.response)},
        {"service_ms", histogram_json(calls.service)},
        {"failed_response_ms", histogram_json(calls.failed_response)}};
}

Json stall_json(const Stall& stall) {
    return {{"start_s", number(stall.start_s)}, {"end_s", number(stall.end_s)}};
}

Json measured_json(const OperationRecord& operation) {
    Json all = Json::array();
    for (std::size_t app = 0; app < 2; ++app) {
        for (std::size_t phase = 0; phase < phase_count; ++phase) {
            const auto& calls = operation.by_app[app][phase];
            if (calls.due() > 0) {
                all.push_back({{"app", app == 0 ? "old" : "new"},
                               {"phase", name_of(static_cast<PhaseName>(phase))},
                               {"count", calls.count},
                               {"errors", calls.errors},
                               {"retries", calls.retries},
                               {"response", whole_json(calls.response)},
                               {"service", whole_json(calls.service)},
                               {"failed_response", whole_json(calls.failed_response)}});
            }
        }
    }
    return all;
}

// Which versions really sent it: what a reader of the figures needs to know.
const char* sent_by(const OperationRecord& operation, bool& both) {
    std::array<std::uint64_t, 2> due{};
    for (std::size_t app = 0; app < 2; ++app) {
        for (const auto& calls : operation.by_app[app]) {
            due[app] += calls.due();
        }
    }
    both = due[0] > 0 && due[1] > 0;
    if (due[0] + due[1] == 0) {
        return name_of(operation.sent_by);
    }
    return both ? "both" : due[0] > 0 ? "old" : "new";
}

Json operation_json(const OperationRecord& operation, const Record& record) {
    bool both = false;
    Json json{{"name", operation.name},
              {"app", sent_by(operation, both)},
              {"sent_by", name_of(operation.sent_by)}};
    for (const auto phase : judged_phases) {
        auto calls = calls_json(operation.phase(phase), record.phase_seconds(phase));
        const auto& stall = operation.longest_stall[static_cast<std::size_t>(phase)];
        calls["stall_max_s"] = number(stall.length_s());
        calls["stall"] = stall_json(stall);
        json["phases"][name_of(phase)] = std::move(calls);
    }
    json["stall_of_migration"] = stall_json(operation.longest_stall_of_migration);
    if (both) {
        for (std::size_t app = 0; app < 2; ++app) {
            for (const auto phase : judged_phases) {
                json["by_app"][app == 0 ? "old" : "new"][name_of(phase)] =
                    calls_json(operation.by_app[app][static_cast<std::size_t>(phase)],
                               record.phase_seconds(phase));
            }
        }
    }
    json["measured"] = measured_json(operation);
    return json;
}

Json blocker_json(const Blocker& blocker) {
    return {{"pid", blocker.pid},
            {"kind", blocker.kind},
            {"step", text_or_null(blocker.step)},
            {"operation", text_or_null(blocker.operation)},
            {"query", blocker.query},
            {"state", blocker.state}};
}

Json episode_json(const LockEpisode& episode) {
    const auto victims = [](const Victims& each) {
        return Json{{"operation", each.operation},
                    {"count", each.count},
                    {"longest_wait_ms", number(each.longest_wait_ms)}};
    };
    return {{"start_s", number(episode.start_s)},
            {"end_s", number(episode.end_s)},
            {"blocker", blocker_json(episode.blocker)},
            {"relation", episode.relation},
            {"mode", episode.mode},
            {"kind", episode.kind},
            {"max_blocked", episode.max_blocked},
            {"victim_seconds", number(episode.victim_seconds)},
            {"longest_wait_ms", number(episode.longest_wait_ms)},
            {"victims", list(episode.victims, victims)},
            {"queued", episode.queued ? blocker_json(*episode.queued) : Json(nullptr)},
            {"queued_mode", text_or_null(episode.queued_mode)}};
}

// 50,000 of them, the most that a record holds, are 12 MB.
Json wait_json(const LockWait& wait) {
    return {{"episode", wait.episode},
            {"pid", wait.pid},
            {"behind", wait.behind},
            {"kind", wait.kind},
            {"name", text_or_null(wait.name)},
            {"relation", wait.relation},
            {"mode", wait.mode},
            {"start_s", number(wait.start_s)},
            {"end_s", number(wait.end_s)}};
}

Json sample_json(const ServerSample& sample) {
    return {{"at_s", number(sample.at_s)},
            {"log_bytes", or_null(sample.log_bytes)},
            {"checkpoints", or_null(sample.checkpoints)},
            {"cache_hits", or_null(sample.cache_hits)},
            {"cache_misses", or_null(sample.cache_misses)},
            {"updates", or_null(sample.updates)},
            {"hot_updates", or_null(sample.hot_updates)},
            {"replica_lag_s", number_or_null(sample.replica_lag_s)}};
}

Json size_json(const TableSize& table) {
    return {{"name", table.name},
            {"bytes_before", or_null(table.bytes_before)},
            {"bytes_after", or_null(table.bytes_after)},
            {"index_bytes_before", or_null(table.index_bytes_before)},
            {"index_bytes_after", or_null(table.index_bytes_after)},
            {"updates", or_null(table.updates)},
            {"hot_updates", or_null(table.hot_updates)}};
}

}  // namespace

// Whole, for who judges or draws the run again: in HdrHistogram's V2 encoding, and what that has no
// place for.
Json whole_json(const Histogram& histogram) {
    if (histogram.count() == 0) {
        return nullptr;
    }
    const auto exact = histogram.exact();
    return {{"hdr", histogram.encode_v2_base64()},
            {"sum_us", exact.sum_us},
            {"max_us", exact.max_us},
            {"saturated", exact.saturated}};
}

Json milliseconds(const Histogram& histogram, double q) {
    return histogram.count() == 0 ? Json(nullptr)
                                  : number(static_cast<double>(histogram.quantile_us(q)) / 1e3);
}

Json operations_json(const Record& record) {
    return list(record.operations,
                [&](const OperationRecord& each) { return operation_json(each, record); });
}

Json coverage_json(const Record& record) {
    Json phases = Json::object();
    for (const auto& phase : record.phases) {
        const auto& coverage = record.coverage(phase.name);
        phases[name_of(phase.name)] = {{"samples", coverage.samples},
                                       {"lost_samples", coverage.lost_samples},
                                       {"connection_losses", coverage.connection_losses},
                                       {"longest_gap_ms", number(coverage.longest_gap_ms)}};
    }
    return phases;
}

Json locks_json(const Record& record) {
    const auto& locks = record.locks;
    return {{"sample_interval_ms", number(locks.sample_interval_ms)},
            {"samples", locks.samples},
            {"lost_samples", locks.lost_samples},
            {"max_wait_ms", number(locks.max_wait_ms)},
            {"max_blocked", locks.max_blocked},
            {"victim_seconds", number(locks.victim_seconds)},
            {"deadlocks", locks.deadlocks},
            {"longest_gap_ms", number(locks.longest_gap_ms)},
            {"phases", coverage_json(record)},
            {"episodes_dropped", locks.episodes_dropped},
            {"episodes", list(locks.episodes, episode_json)},
            {"waits_dropped", locks.waits_dropped},
            {"waits", list(locks.waits, wait_json)}};
}

Json server_json(const Server& server) {
    return {{"samples", list(server.samples, sample_json)},
            {"tables", list(server.tables, size_json)}};
}

}  // namespace reports::json_parts
