#include "harness/load/summary.hpp"

#include <algorithm>

namespace harness::load {
namespace {

using reports::PhaseName;
using std::chrono::nanoseconds;

reports::SentBy sent_by(workloads::AppFilter filter) {
    switch (filter) {
        case workloads::AppFilter::old_version:
            return reports::SentBy::old_version;
        case workloads::AppFilter::new_version:
            return reports::SentBy::new_version;
        case workloads::AppFilter::both:
            break;
    }
    return reports::SentBy::both;
}

nanoseconds from_seconds(double seconds) {
    return nanoseconds{static_cast<std::int64_t>(seconds * 1e9)};
}

void summarize_operation(const std::vector<Measured>& measured, std::size_t index,
                         const reports::Record& record, reports::OperationRecord& operation) {
    StallTracker stalls;
    for (const auto& worker : measured) {
        stalls.merge(worker.stalls[index]);
        for (std::size_t app = 0; app < 2; ++app) {
            for (std::size_t phase = 0; phase < reports::phase_count; ++phase) {
                operation.by_app[app][phase].merge(worker.operations[index][app][phase]);
            }
        }
    }
    for (const auto& phase : record.phases) {
        operation.longest_stall[static_cast<std::size_t>(phase.name)] =
            stalls.longest(from_seconds(phase.start_s), from_seconds(phase.end_s));
    }
    if (const auto* during = record.phase(PhaseName::during)) {
        const auto* after = record.phase(PhaseName::after);
        operation.longest_stall_of_migration = stalls.longest(
            from_seconds(during->start_s), from_seconds(after ? after->end_s : during->end_s));
    }
}

}  // namespace

void summarize(const std::vector<Measured>& measured,
               std::span<const workloads::Operation> operations, reports::Record& record) {
    record.operations.resize(operations.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
        record.operations[i].name = operations[i].name;
        record.operations[i].sent_by = sent_by(operations[i].app);
        summarize_operation(measured, i, record, record.operations[i]);
    }
    std::vector<const reports::SecondLog*> logs;
    for (const auto& worker : measured) {
        if (worker.timeline.size() > record.seconds.size()) {
            record.seconds.resize(worker.timeline.size());
        }
        for (std::size_t i = 0; i < worker.timeline.size(); ++i) {
            record.seconds[i].done += worker.timeline[i].done;
            record.seconds[i].failed += worker.timeline[i].failed;
            record.seconds[i].due += worker.timeline[i].due;
        }
        auto& generator = record.generator;
        for (std::size_t phase = 0; phase < reports::phase_count; ++phase) {
            generator.schedule[phase].merge(worker.schedule[phase]);
        }
        generator.operations += worker.finished;
        generator.reconnects += worker.reconnects;
        generator.cpu_s += worker.cpu_s;
        // Each worker's own highest: an upper bound of the highest sum.
        record.recovery.backlog_max += worker.backlog_max;
        for (const auto& [code, kind] : worker.error_kinds) {
            if (const std::string_view meaning = database::meaning_of(kind); !meaning.empty()) {
                record.error_meanings.emplace(code, meaning);
            }
        }
        for (const auto& [code, detail] : worker.error_details) {
            record.error_meanings.emplace(code, "first: " + detail);
        }
        logs.push_back(&worker.seconds);
    }
    reports::SecondLog::for_each(
        logs, [&](std::uint32_t second, std::uint32_t series, const reports::Histogram& histogram) {
            if (series != Recorder::all_operations) {
                record.latencies.append(second, series, histogram);
            } else {
                if (second >= record.seconds.size()) {
                    record.seconds.resize(second + 1);
                }
                auto& entry = record.seconds[second];
                entry.p50_us = histogram.quantile_us(0.5);
                entry.p99_us = histogram.quantile_us(0.99);
                entry.max_us = histogram.max_us();
            }
        });
}

std::vector<locks::SlowStatement> slow_statements(const std::vector<Measured>& measured) {
    std::vector<locks::SlowStatement> all;
    for (const auto& worker : measured) {
        all.insert(all.end(), worker.slow_statements.begin(), worker.slow_statements.end());
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.sent < b.sent; });
    return all;
}

std::uint64_t deadlocks(const std::vector<Measured>& measured,
                        std::span<const reports::PhaseName> phases) {
    std::uint64_t all = 0;
    for (const auto& worker : measured) {
        for (const auto phase : phases) {
            all += worker.deadlocks[static_cast<std::size_t>(phase)];
        }
    }
    return all;
}

}  // namespace harness::load
