#include "tests/unit/reports/full_record.hpp"

#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <memory>

namespace reports::samples {

namespace {

// What has to be of full_of()'s text, in one place.
struct Texts {
    std::string step, statement, adversary, report, table, column, message, meaning, value, place;
};

void add_queue(Record& record, const Texts& texts) {
    LockEpisode queue;
    queue.start_s = 16;
    queue.end_s = 21.25;
    queue.blocker = {.pid = 901,
                     .kind = "adversary",
                     .step = texts.adversary,
                     .operation = {},
                     .query = texts.report,
                     .state = "active"};
    queue.queued = Blocker{.pid = 902,
                           .kind = "step",
                           .step = texts.step,
                           .operation = {},
                           .query = texts.statement,
                           .state = "active"};
    queue.queued_mode = "AccessExclusiveLock";
    queue.relation = texts.table;
    queue.mode = "AccessShareLock";
    queue.kind = "relation";
    queue.max_blocked = 3;
    queue.victim_seconds = 400;
    queue.longest_wait_ms = 5'000;
    queue.victims = {{record.operations[0].name, 2, 5'000}};
    record.locks.episodes.push_back(queue);
    const auto wait = [&](std::int64_t pid, std::int64_t behind, const char* kind,
                          const std::string& name, const char* mode, double start_s) {
        record.locks.waits.push_back({.episode = record.locks.episodes.size() - 1,
                                      .pid = pid,
                                      .behind = behind,
                                      .kind = kind,
                                      .name = name,
                                      .relation = texts.table,
                                      .mode = mode,
                                      .start_s = start_s,
                                      .end_s = 21.25});
    };
    wait(902, 901, "step", texts.step, "AccessExclusiveLock", 16);
    wait(903, 902, "operation", record.operations[0].name, "AccessShareLock", 16.25);
    wait(904, 902, "operation", record.operations[0].name, "AccessShareLock", 17);
    record.locks.waits_dropped = 7;
}

void add_calls(Record& record, const Texts& texts) {
    for (std::uint32_t second = 5; second < 35; ++second) {
        for (std::uint32_t operation = 0; operation < record.operations.size(); ++operation) {
            const std::uint32_t app = second < 20 ? 0 : 1;
            Histogram histogram;
            histogram.record_us(second < 15 ? 2'000 : 9'000, 100);
            record.latencies.append(second, Series{.operation = operation, .app = app}.number(),
                                    histogram);
        }
    }
    Histogram failed;
    failed.record_us(500'000, 3);
    record.latencies.append(34, Series{.operation = 0, .app = 1, .failed = true}.number(), failed);
    auto& calls = record.operations[0].by_app[1][3];
    calls = calls_of(1'000, 9);
    calls.errors = {{"40P01", 2}, {texts.value, 1}};
    calls.failed_response = failed;
    record.error_meanings = {{"40P01", texts.meaning}};
}

void add_steps(Record& record, const Texts& texts) {
    auto& step = record.steps[0];
    step.name = texts.step;
    step.statement = texts.statement;
    step.file = texts.place;
    step.line = 7;
    step.rewrote = {texts.table};
    step.locks = {{.relation = texts.table,
                   .mode = "AccessExclusiveLock",
                   .waited_s = 5.25,
                   .held_s = 0.125,
                   .start_s = 16}};
    step.attempts = {{.start_s = 15, .end_s = 15.5, .outcome = "55P03", .error = texts.message},
                     {.start_s = 16, .end_s = 25, .outcome = "ok", .error = {}}};
    Step backfill;
    backfill.name = texts.step;
    backfill.kind = "backfill";
    backfill.outcome = "failed";
    backfill.error = texts.message;
    backfill.start_s = 25;
    backfill.end_s = 26;
    backfill.rows = 1'234;
    backfill.throttled_s = 0.75;
    backfill.throttle_reasons = texts.message;
    record.steps.push_back(backfill);
    record.adversaries = {{.name = texts.adversary,
                           .start_s = 14,
                           .end_s = 21.25,
                           .outcome = "failed",
                           .error = texts.message}};
}

void add_server(Record& record, const Texts& texts) {
    for (int second = 0; second < 35; ++second) {
        const auto count = static_cast<std::uint64_t>(second);
        record.server.samples.push_back({.at_s = static_cast<double>(second),
                                         .log_bytes = second * 1'000'000,
                                         .checkpoints = count / 10,
                                         .cache_hits = count * 900,
                                         .cache_misses = count * 100,
                                         .updates = count * 40,
                                         .hot_updates = count * 30,
                                         .replica_lag_s = 0.25});
    }
    record.server.tables = {{.name = texts.table,
                             .bytes_before = 1'048'576,
                             .bytes_after = 2'097'152,
                             .index_bytes_before = 524'288,
                             .index_bytes_after = {},
                             .updates = 1'000,
                             .hot_updates = 250}};
    record.replication = {.measured = true, .max_lag_s = 0.25, .max_lag_bytes = 4'096};
    record.target.settings = {{"shared_buffers", texts.value}};
    record.target.environment = {{texts.table, texts.value}};
}

void add_proof(Record& record, const Texts& texts) {
    TableProof table;
    table.name = texts.table;
    table.rows_before = 1'000;
    table.rows_after = 999;
    table.digest_before = "aa11";
    table.digest_after = "bb22";
    table.verdict = Proof::fail;
    table.proved = {texts.column};
    table.problems = {texts.message};
    table.unproved = {texts.message};
    table.notes = {texts.message};
    table.lost = 2;
    table.mismatches = {{.kind = "lost",
                         .key = "id=" + texts.value,
                         .columns = {texts.column},
                         .by = texts.step,
                         .rows = RowValues{texts.value, ""}}};
    table.schema_changes = {{.kind = "index",
                             .name = texts.column,
                             .text = texts.message,
                             .before = texts.statement,
                             .after = {},
                             .problem = true}};
    auto& proof = record.verification.emplace();
    proof.tables = {table};
    proof.ledger = LedgerProof{.unavailable = {},
                               .transactions = 30,
                               .tagged = 29,
                               .changes = 300,
                               .received_bytes = 4'096,
                               .log_kept_bytes_max = 8'192,
                               .spilled_bytes = 0,
                               .catch_up_s = 0.5};
    proof.invariants = {{.name = texts.message,
                         .expected = texts.value,
                         .before = texts.value,
                         .after = texts.value,
                         .looks = 12,
                         .violations = 1,
                         .first_violation_s = 16.5,
                         .first_violation = texts.value,
                         .verdict = Proof::fail,
                         .detail = texts.message}};
}

std::vector<Comparison> comparisons_of(const Record& record, const Texts& texts) {
    return {{.operation = record.operations[0].name,
             .statistic = "p50",
             .before_ms = 2,
             .now_ms = 3,
             .ratio = 1.5,
             .ratio_lower = 1.25,
             .ratio_upper = 1.75,
             .lacking = {}},
            {.operation = record.operations[0].name,
             .statistic = "p99",
             .before_ms = {},
             .now_ms = {},
             .ratio = {},
             .ratio_lower = {},
             .ratio_upper = {},
             .lacking = texts.message}};
}

Record made_with(const Texts& texts) {
    auto record = naive();
    record.run.scenario = texts.place;
    record.run.scenario_file = texts.place;
    record.run.description = texts.message;
    record.target.database = texts.value;
    record.target.throwaway = false;
    record.operations[0].name = texts.column;
    add_steps(record, texts);
    add_queue(record, texts);
    add_calls(record, texts);
    add_server(record, texts);
    add_proof(record, texts);
    record.warnings = {texts.message};
    record.harness_faults = {texts.message};
    record.rollback = std::make_shared<Record>(record);
    record.rollback->is_rollback = true;
    record.rollback->verification->lost_writes = {
        {.table = texts.table, .column = texts.column, .rows = 12, .operations = {texts.step}}};
    std::vector<Gate> gates = default_gates();
    gates.push_back(ratio_gate("response.p99", "1.25", "5ms"));
    decide(record, gates);
    for (auto* each : {&record, record.rollback.get()}) {
        each->gates.back().detail = texts.message;
        each->comparisons = comparisons_of(*each, texts);
    }
    return record;
}

}  // namespace

Record full() {
    return made_with({.step = "add the column",
                      .statement = "ALTER TABLE orders ADD COLUMN region text",
                      .adversary = "monthly report",
                      .report = "SELECT count(*) FROM orders",
                      .table = "orders",
                      .column = "place_order",
                      .message = "something that was said",
                      .meaning = "deadlock detected",
                      .value = "eu",
                      .place = "shop.yaml"});
}

Record full_of(const std::string& text) {
    auto record = made_with({text, text, text, text, text, text, text, text, text, text});
    record.target.engine = record.target.version = record.run.version = text;
    record.run.started_at = text;
    return record;
}

}  // namespace reports::samples
