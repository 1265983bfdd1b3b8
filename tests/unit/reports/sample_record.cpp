#include "tests/unit/reports/sample_record.hpp"

#include "reports/comparisons.hpp"

#include <map>
#include <random>
#include <stdexcept>

namespace reports::samples {

OperationPhase healthy_calls(std::uint64_t count) {
    OperationPhase phase;
    phase.count = count;
    for (auto* histogram : {&phase.response, &phase.service}) {
        histogram->record_us(2'000, count - count / 100);
        histogram->record_us(4'000, count / 100);
    }
    return phase;
}

OperationPhase calls_of(std::uint64_t count, double ms) {
    OperationPhase phase;
    phase.count = count;
    phase.response.record_us(static_cast<std::int64_t>(ms * 1e3), count);
    phase.service.record_us(static_cast<std::int64_t>(ms * 1e3), count);
    return phase;
}

Record healthy() {
    Record record;
    record.run = {.id = "r1",
                  .started_at = "2026-01-01T00:00:00Z",
                  .finished_at = "2026-01-01T00:00:35Z",
                  .seed = 42,
                  .scenario = "add-region",
                  .scenario_file = "shop.yaml",
                  .description = "orders gets a region",
                  .version = "0.1.0",
                  .overridden = {},
                  .duration_s = 35};
    record.target = {.engine = "PostgreSQL",
                     .version = "15.6",
                     .database = "shop",
                     .throwaway = true,
                     .settings = {{"shared_buffers", "128MB"}},
                     .environment = {{"orders", "1000000 rows"}}};
    record.asked_rate = 4'000;
    record.connections = 32;
    record.phases = {{PhaseName::warmup, 0, 5},
                     {PhaseName::before, 5, 15},
                     {PhaseName::during, 15, 25},
                     {PhaseName::after, 25, 35}};
    Step step;
    step.name = "add the column";
    step.kind = "sql";
    step.statement = "ALTER TABLE orders ADD COLUMN region text";
    step.file = "shop.yaml";
    step.line = 31;
    step.start_s = 15;
    step.end_s = 25;
    step.outcome = "ok";
    step.attempts = {{.start_s = 15, .end_s = 25, .outcome = "ok", .error = ""}};
    step.wal_bytes = 4'096;
    step.locks = {
        {.relation = "orders", .mode = "AccessExclusiveLock", .waited_s = 0.001, .held_s = 0.002}};
    record.steps = {step};
    for (const char* name : {"read", "write"}) {
        OperationRecord operation;
        operation.name = name;
        for (const auto phase : {PhaseName::before, PhaseName::during, PhaseName::after}) {
            operation.by_app[0][static_cast<std::size_t>(phase)] = healthy_calls(20'000);
            operation.longest_stall[static_cast<std::size_t>(phase)] = {16, 16.02};
        }
        operation.longest_stall_of_migration = {16, 16.02};
        record.operations.push_back(operation);
    }
    record.seconds.assign(35, {.done = 4'000, .failed = 0, .due = 4'000, .p50_us = 2'000});
    record.locks.sample_interval_ms = 20;
    record.locks.samples = 1'750;
    record.locks.longest_gap_ms = 24;
    coverage(record, PhaseName::warmup) = {.samples = 250, .longest_gap_ms = 24};
    for (const auto phase : judged_phases) {
        coverage(record, phase) = {.samples = 500, .longest_gap_ms = 24};
    }
    record.locks.max_wait_ms = 12;
    record.locks.max_blocked = 3;
    record.recovery.recovered_after_s = 0;
    record.recovery.baseline_rate = 4'000;
    record.recovery.lowest_rate = 3'900;
    for (const auto phase : judged_phases) {
        schedule(record, phase).lag.record_us(100, 40'000);
        schedule(record, phase).due = 40'000;
    }
    record.generator.operations = 120'000;
    record.generator.cpu_s = 0.6;
    record.observer = {.cpu_s = 0.4, .queries = 1'750, .mean_query_ms = 1.1};
    return record;
}

Record naive() {
    Record record = healthy();
    record.run.scenario = "naive";
    record.steps[0].statement =
        "ALTER TABLE orders ADD COLUMN region uuid NOT NULL DEFAULT gen_random_uuid()";
    record.steps[0].rewrote = {"orders"};
    record.steps[0].locks[0].held_s = 8.4;
    record.steps[0].wal_bytes = 400'000'000;
    record.locks.max_wait_ms = 8'432;
    record.locks.max_blocked = 31;
    record.locks.victim_seconds = 240;
    LockEpisode episode;
    episode.start_s = 15.1;
    episode.end_s = 23.5;
    episode.blocker = {.pid = 4711,
                       .kind = "step",
                       .step = "add the column",
                       .operation = "",
                       .query = "",
                       .state = "active"};
    episode.relation = "orders";
    episode.mode = "AccessExclusiveLock";
    episode.max_blocked = 31;
    episode.victim_seconds = 240;
    episode.longest_wait_ms = 8'432;
    episode.victims = {{"read", 20, 8'432}, {"write", 11, 8'400}};
    record.locks.episodes = {episode};
    for (std::size_t i = 0; i < record.operations.size(); ++i) {
        calls(record, i, PhaseName::during).merge(calls_of(2'000, 8'400));
        record.operations[i].longest_stall_of_migration = {15.1, 23.5};
        record.operations[i].longest_stall[2] = {15.1, 23.5};
    }
    record.recovery = {.backlog_max = 16'020,
                       .recovered_after_s = 4.0,
                       .baseline_rate = 4'000,
                       .lowest_rate = 0,
                       .zero_seconds = 8};
    return record;
}

OperationPhase& calls(Record& record, std::size_t operation, PhaseName phase, std::size_t app) {
    return record.operations.at(operation).by_app.at(app).at(static_cast<std::size_t>(phase));
}

Schedule& schedule(Record& record, PhaseName phase) {
    return record.generator.schedule.at(static_cast<std::size_t>(phase));
}

LockCoverage& coverage(Record& record, PhaseName phase) {
    return record.locks.coverage.at(static_cast<std::size_t>(phase));
}

TableProof table(const std::string& name, Proof verdict) {
    TableProof proof;
    proof.name = name;
    proof.verdict = verdict;
    return proof;
}

InvariantProof invariant(const std::string& name, Proof verdict) {
    InvariantProof proof;
    proof.name = name;
    proof.expected = "0";
    proof.verdict = verdict;
    return proof;
}

Comparison comparison(const std::string& operation, const std::string& statistic,
                      std::optional<double> ratio, std::optional<double> lower,
                      std::optional<double> upper) {
    Comparison made;
    made.operation = operation;
    made.statistic = statistic;
    made.ratio = ratio;
    made.ratio_lower = lower;
    made.ratio_upper = upper;
    return made;
}

Blocker step_blocker(const std::string& step) {
    Blocker blocker;
    blocker.kind = "step";
    blocker.step = step;
    return blocker;
}

namespace {

Gate parsed(const GateText& text) {
    auto result = parse_gate(text);
    if (auto* wrong = std::get_if<std::string>(&result)) {
        throw std::invalid_argument{*wrong};
    }
    return std::get<Gate>(result);
}

}  // namespace

Gate gate(const std::string& key, const std::string& limit) {
    return parsed({.key = key, .limit = limit, .ratio = {}, .floor = {}});
}

Gate ratio_gate(const std::string& key, const std::string& ratio, const std::string& floor) {
    return parsed({.key = key, .limit = {}, .ratio = ratio, .floor = floor});
}

namespace {

// Each value in a second of its own choice, always the same one: an even share a second would be a
// rhythm, which is a correlation too.
std::vector<Histogram> scattered(const Histogram& whole, std::uint32_t seconds) {
    std::vector<Histogram> parts(seconds);
    std::minstd_rand random{1};
    const auto scatter = [&](std::int64_t us, std::uint64_t times) {
        for (; times > 0; --times) {
            parts[random() % seconds].record_us(us);
        }
    };
    whole.for_each_bucket(scatter);
    scatter(whole.max_us(), whole.saturated());
    return parts;
}

Histogram failed(const OperationPhase& phase) {
    Histogram failures;
    failures.record_us(1'000, phase.failures());
    return failures;
}

}  // namespace

void spread_over_seconds(Record& record) {
    if (!record.latencies.empty()) {
        return;
    }
    for (auto& phase : record.phases) {
        phase.start_s *= 12;
        phase.end_s *= 12;
        coverage(record, phase.name).samples *= 12;
        const auto from = static_cast<std::uint32_t>(phase.start_s);
        const auto seconds = static_cast<std::uint32_t>(phase.end_s) - from;
        std::map<std::uint32_t, std::vector<Histogram>> by_series;
        for (std::uint32_t i = 0; i < record.operations.size() * 2; ++i) {
            const auto& each = calls(record, i / 2, phase.name, i % 2);
            Series series{.operation = i / 2, .app = i % 2};
            by_series[series.number()] = scattered(each.response, seconds);
            series.failed = true;
            by_series[series.number()] = scattered(failed(each), seconds);
        }
        for (std::uint32_t second = 0; second < seconds; ++second) {
            for (const auto& [series, parts] : by_series) {
                if (parts[second].count() > 0) {
                    record.latencies.append(from + second, series, parts[second]);
                }
            }
        }
    }
}

GateResult judge_one(const Gate& gate, const Record& record) {
    const std::span gates{&gate, 1};
    if (!gate.ratio) {
        return judge(gates, record).at(0);
    }
    auto spread = record;
    spread_over_seconds(spread);
    spread.comparisons = compare_operations(spread, gates);
    return judge(gates, spread).at(0);
}

}  // namespace reports::samples
