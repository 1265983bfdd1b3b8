// Steps, operations, locks and the generator's schedule of result.json.
#include "reports/read_json_parts.hpp"

namespace reports::reading {

namespace {

constexpr std::array versions{SentBy::both, SentBy::old_version, SentBy::new_version};

std::map<std::string, std::uint64_t> read_errors(const Part& part) {
    std::map<std::string, std::uint64_t> errors;
    part.for_each(
        [&](const std::string& code, const Part& times) { errors[code] = times.count(); });
    return errors;
}

Stall read_stall(const Part& part) {
    return {.start_s = part["start_s"].number(), .end_s = part["end_s"].number()};
}

void read_calls(const Part& part, OperationRecord& operation) {
    const auto app = part["app"].one_of(std::array{SentBy::old_version, SentBy::new_version});
    const auto phase = part["phase"].one_of(all_phases);
    auto& calls =
        operation.by_app[app == SentBy::old_version ? 0 : 1][static_cast<std::size_t>(phase)];
    calls = {.count = part["count"].count(),
             .errors = read_errors(part["errors"]),
             .retries = part["retries"].count(),
             .response = read_histogram(part["response"]),
             .service = read_histogram(part["service"]),
             .failed_response = read_histogram(part["failed_response"])};
}

StepLock read_step_lock(const Part& part) {
    return {.relation = part["relation"].text(),
            .mode = part["mode"].text(),
            .waited_s = part["waited_s"].number(),
            .held_s = part["held_s"].number(),
            .start_s = part["start_s"].optional_number()};
}

BackfillPoint read_point(const Part& part) {
    return {.at_s = part["at_s"].number(),
            .rows = part["rows"].whole(),
            .throttled_s = part["throttled_s"].number(),
            .throttled_by = part["throttled_by"].text_or_empty()};
}

StepAttempt read_attempt(const Part& part) {
    return {.start_s = part["start_s"].number(),
            .end_s = part["end_s"].number(),
            .outcome = part["outcome"].text(),
            .error = part["error"].text_or_empty(),
            .statement = part["statement"].optional_count().value_or(0)};
}

Blocker read_blocker(const Part& part) {
    return {.pid = part["pid"].whole(),
            .kind = part["kind"].text(),
            .step = part["step"].text_or_empty(),
            .operation = part["operation"].text_or_empty(),
            .query = part["query"].text(),
            .state = part["state"].text()};
}

Victims read_victims(const Part& part) {
    return {.operation = part["operation"].text(),
            .count = part["count"].count(),
            .longest_wait_ms = part["longest_wait_ms"].number()};
}

LockEpisode read_episode(const Part& part) {
    return {.start_s = part["start_s"].number(),
            .end_s = part["end_s"].number(),
            .blocker = read_blocker(part["blocker"]),
            .queued = part["queued"].optional(read_blocker),
            .queued_mode = part["queued_mode"].text_or_empty(),
            .relation = part["relation"].text(),
            .mode = part["mode"].text(),
            .kind = part["kind"].text(),
            .max_blocked = part["max_blocked"].small_count(),
            .victim_seconds = part["victim_seconds"].number(),
            .longest_wait_ms = part["longest_wait_ms"].number(),
            .victims = part["victims"].list(read_victims)};
}

LockWait read_wait(const Part& part, std::size_t episodes) {
    LockWait wait{.episode = part["episode"].count(),
                  .pid = part["pid"].whole(),
                  .behind = part["behind"].whole(),
                  .kind = part["kind"].text(),
                  .name = part["name"].text_or_empty(),
                  .relation = part["relation"].text(),
                  .mode = part["mode"].text(),
                  .start_s = part["start_s"].number(),
                  .end_s = part["end_s"].number()};
    if (wait.episode >= episodes) {
        part["episode"].fail("there is no such episode");
    }
    return wait;
}

ServerSample read_sample(const Part& part) {
    return {.at_s = part["at_s"].number(),
            .log_bytes = part["log_bytes"].optional_whole(),
            .checkpoints = part["checkpoints"].optional_count(),
            .cache_hits = part["cache_hits"].optional_count(),
            .cache_misses = part["cache_misses"].optional_count(),
            .updates = part["updates"].optional_count(),
            .hot_updates = part["hot_updates"].optional_count(),
            .replica_lag_s = part["replica_lag_s"].optional_number()};
}

TableSize read_size(const Part& part) {
    return {.name = part["name"].text(),
            .bytes_before = part["bytes_before"].optional_whole(),
            .bytes_after = part["bytes_after"].optional_whole(),
            .index_bytes_before = part["index_bytes_before"].optional_whole(),
            .index_bytes_after = part["index_bytes_after"].optional_whole(),
            .updates = part["updates"].optional_count(),
            .hot_updates = part["hot_updates"].optional_count()};
}

}  // namespace

Server read_server(const Part& part) {
    return {.samples = part["samples"].list(read_sample), .tables = part["tables"].list(read_size)};
}

Histogram read_histogram(const Part& part) {
    if (part.is_null()) {
        return {};
    }
    auto histogram = Histogram::decode_v2_base64(part["hdr"].text());
    if (!histogram) {
        part["hdr"].fail("it is no histogram of this program's layout");
    }
    const Histogram::Exact exact{.sum_us = part["sum_us"].whole(),
                                 .max_us = part["max_us"].whole(),
                                 .saturated = part["saturated"].count()};
    if (!histogram->may_have_been(exact)) {
        part.fail("its sum, maximum and saturated values are not those of its buckets");
    }
    histogram->restore(exact);
    return std::move(*histogram);
}

OperationRecord read_operation(const Part& part) {
    OperationRecord operation;
    operation.name = part["name"].text();
    operation.sent_by = part["sent_by"].one_of(versions);
    part["measured"].for_each_item([&](const Part& each) { read_calls(each, operation); });
    for (const auto phase : judged_phases) {
        operation.longest_stall[static_cast<std::size_t>(phase)] =
            read_stall(part["phases"][name_of(phase)]["stall"]);
    }
    operation.longest_stall_of_migration = read_stall(part["stall_of_migration"]);
    return operation;
}

Step read_step(const Part& part) {
    Step step;
    step.name = part["name"].text();
    step.kind = part["kind"].text();
    step.statement = part["statement"].text();
    step.file = part["file"].text_or_empty();
    step.line = part["line"].optional_count().value_or(0);
    step.start_s = part["start_s"].number();
    step.end_s = part["end_s"].number();
    step.outcome = part["outcome"].text();
    step.attempts = part["attempts"].list(read_attempt);
    step.deadlocks = part["deadlocks"].count();
    step.rows = part["rows"].whole();
    step.rewrote = part["rewrote"].texts();
    step.wal_bytes = part["wal_bytes"].optional_whole();
    step.wal_total_bytes = part["wal_total_bytes"].optional_whole();
    step.error = part["error"].text_or_empty();
    step.locks = part["locks"].list(read_step_lock);
    step.throttled_s = part["throttled_s"].optional_number();
    step.throttle_reasons = part["throttle_reasons"].text_or_empty();
    step.progress = part["progress"].list(read_point);
    return step;
}

Locks read_locks(const Part& part) {
    Locks locks;
    locks.sample_interval_ms = part["sample_interval_ms"].number();
    locks.samples = part["samples"].count();
    locks.lost_samples = part["lost_samples"].count();
    locks.longest_gap_ms = part["longest_gap_ms"].number();
    part["phases"].for_each([&](const std::string& name, const Part& each) {
        for (const auto phase : all_phases) {
            if (name == name_of(phase)) {
                locks.coverage[static_cast<std::size_t>(phase)] = {
                    .samples = each["samples"].count(),
                    .lost_samples = each["lost_samples"].count(),
                    .connection_losses = each["connection_losses"].count(),
                    .longest_gap_ms = each["longest_gap_ms"].number()};
            }
        }
    });
    locks.max_wait_ms = part["max_wait_ms"].number();
    locks.max_blocked = part["max_blocked"].small_count();
    locks.victim_seconds = part["victim_seconds"].number();
    locks.deadlocks = part["deadlocks"].count();
    locks.episodes = part["episodes"].list(read_episode);
    locks.episodes_dropped = part["episodes_dropped"].count();
    locks.waits = part["waits"].list(
        [&](const Part& each) { return read_wait(each, locks.episodes.size()); });
    locks.waits_dropped = part["waits_dropped"].count();
    return locks;
}

Generator read_generator(const Part& part) {
    Generator generator;
    part["phases"].for_each([&](const std::string& name, const Part& each) {
        for (const auto phase : all_phases) {
            if (name == name_of(phase)) {
                generator.schedule[static_cast<std::size_t>(phase)] = {
                    .lag = read_histogram(each["lag"]),
                    .due = each["due"].count(),
                    .unsent = each["unsent"].count()};
            }
        }
    });
    generator.cpu_s = part["cpu_s"].number();
    generator.operations = part["operations"].count();
    generator.reconnects = part["reconnects"].count();
    return generator;
}

}  // namespace reports::reading
