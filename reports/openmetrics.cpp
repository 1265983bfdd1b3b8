#include "reports/openmetrics.hpp"

#include "reports/exposition.hpp"
#include "reports/gates.hpp"

#include <algorithm>
#include <array>

namespace reports {

namespace {

using Labels = Exposition::Labels;

// The migration, and its way back where it was rehearsed. A family lists both one after the other.
using Parts = std::vector<std::pair<const char*, const Record*>>;

struct Quantile {
    double q;
    const char* label;
};
constexpr std::array quantiles{Quantile{0.5, "0.5"}, Quantile{0.9, "0.9"}, Quantile{0.95, "0.95"},
                               Quantile{0.99, "0.99"}, Quantile{0.999, "0.999"}};

const std::vector<const char*> verdicts{"pass", "fail", "inconclusive"};

Labels with(Labels labels, const char* name, std::string value) {
    labels.emplace_back(name, std::move(value));
    return labels;
}

void add_summary(const Histogram& histogram, const Labels& labels, Exposition& out) {
    if (histogram.count() == 0) {
        return;
    }
    const auto count = static_cast<double>(histogram.count());
    for (const auto& [q, label] : quantiles) {
        out.sample(with(labels, "quantile", label),
                   static_cast<double>(histogram.quantile_us(q)) / 1e6);
    }
    out.sample("_count", labels, count);
    out.sample("_sum", labels, histogram.mean_us() * count / 1e6);
}

void add_run(const Record& record, const Parts& parts, Exposition& out) {
    const auto& run = record.run;
    out.family("rehearse_run", "info", "", "What was rehearsed, and with what.");
    out.sample("_info",
               {{"id", run.id},
                {"scenario", run.scenario},
                {"version", run.version},
                {"seed", std::to_string(run.seed)},
                {"engine", record.target.engine},
                {"engine_version", record.target.version}},
               1);
    out.family("rehearse_run_start_timestamp_seconds", "gauge", "seconds",
               "When the run began, since 1970.");
    out.sample({}, run.started_at_epoch_s);
    out.family("rehearse_run_duration_seconds", "gauge", "seconds", "How long the run took.");
    out.sample({}, run.duration_s);
    out.family("rehearse_exit_code", "gauge", "", "The program's exit code, 0 for a pass.");
    out.sample({}, record.exit_code);
    out.family("rehearse_verdict", "stateset", "", "The verdict.");
    for (const auto& [part, of] : parts) {
        out.states({{"part", part}}, verdicts, name_of(of->verdict));
    }
    out.family("rehearse_phase_duration_seconds", "gauge", "seconds", "How long each phase took.");
    for (const auto& [part, of] : parts) {
        for (const auto& phase : of->phases) {
            out.sample({{"part", part}, {"phase", name_of(phase.name)}},
                       phase.end_s - phase.start_s);
        }
    }
}

// The limit "0" is one in every unit, so that the name alone decides.
bool counts_something(const GateResult& gate) {
    const auto parsed = parse_gate({.key = gate.name, .limit = "0", .ratio = {}, .floor = {}});
    const auto* known = std::get_if<Gate>(&parsed);
    return known != nullptr &&
           (known->metric == GateMetric::errors || known->metric == GateMetric::deadlocks ||
            known->metric == GateMetric::blocked_max);
}

// Times and counts are families of their own: a family has one unit.
void add_gate_values(const Parts& parts, bool counts, const char* name, const char* unit,
                     const char* help, std::optional<double> GateResult::*value, Exposition& out) {
    out.family(name, "gauge", unit, help);
    for (const auto& [part, record] : parts) {
        for (const auto& gate : record->gates) {
            if (gate.*value && counts_something(gate) == counts) {
                out.sample({{"part", part}, {"gate", gate.name}},
                           *(gate.*value) / (counts ? 1 : 1e3));
            }
        }
    }
}

void add_gates(const Parts& parts, Exposition& out) {
    out.family("rehearse_gate_verdict", "stateset", "", "The verdict of each gate.");
    for (const auto& [part, record] : parts) {
        for (const auto& gate : record->gates) {
            out.states({{"part", part}, {"gate", gate.name}}, verdicts, name_of(gate.verdict));
        }
    }
    add_gate_values(parts, false, "rehearse_gate_limit_seconds", "seconds",
                    "The limit of each gate over a time.", &GateResult::limit_value, out);
    add_gate_values(parts, false, "rehearse_gate_observed_seconds", "seconds",
                    "What each gate over a time saw.", &GateResult::observed_value, out);
    add_gate_values(parts, true, "rehearse_gate_limit", "", "The limit of each gate over a count.",
                    &GateResult::limit_value, out);
    add_gate_values(parts, true, "rehearse_gate_observed", "", "What each gate over a count saw.",
                    &GateResult::observed_value, out);
}

// Calls `each(labels, calls)` for what each application version did in each phase.
template <typename Each>
void for_each_call_set(const Parts& parts, Each&& each) {
    for (const auto& [part, record] : parts) {
        for (const auto& operation : record->operations) {
            for (std::size_t app = 0; app < operation.by_app.size(); ++app) {
                for (const auto phase : judged_phases) {
                    const auto& calls = operation.by_app[app][static_cast<std::size_t>(phase)];
                    if (calls.due() > 0) {
                        each(Labels{{"part", part},
                                    {"operation", operation.name},
                                    {"app", app == 0 ? "old" : "new"},
                                    {"phase", name_of(phase)}},
                             calls);
                    }
                }
            }
        }
    }
}

void add_operations(const Parts& parts, Exposition& out) {
    out.family("rehearse_calls", "counter", "", "Calls that succeeded.");
    for_each_call_set(parts, [&](const Labels& labels, const OperationPhase& calls) {
        out.sample("_total", labels, static_cast<double>(calls.count));
    });
    out.family("rehearse_errors", "counter", "", "Calls that failed, by SQLSTATE.");
    for_each_call_set(parts, [&](const Labels& labels, const OperationPhase& calls) {
        for (const auto& [code, times] : calls.errors) {
            out.sample("_total", with(labels, "code", code), static_cast<double>(times));
        }
    });
    out.family("rehearse_retries", "counter", "", "Tries beyond the first.");
    for_each_call_set(parts, [&](const Labels& labels, const OperationPhase& calls) {
        out.sample("_total", labels, static_cast<double>(calls.retries));
    });
    out.family("rehearse_response_seconds", "summary", "seconds",
               "Response times of successful calls, from when they were due.");
    for_each_call_set(parts, [&](const Labels& labels, const OperationPhase& calls) {
        add_summary(calls.response, labels, out);
    });
    out.family("rehearse_response_max_seconds", "gauge", "seconds",
               "The longest response time of a successful call.");
    for_each_call_set(parts, [&](const Labels& labels, const OperationPhase& calls) {
        if (calls.response.count() > 0) {
            out.sample(labels, static_cast<double>(calls.response.max_us()) / 1e6);
        }
    });
    out.family("rehearse_service_seconds", "summary", "seconds",
               "Service times of successful calls, from when they were sent.");
    for_each_call_set(parts, [&](const Labels& labels, const OperationPhase& calls) {
        add_summary(calls.service, labels, out);
    });
    out.family("rehearse_stall_max_seconds", "gauge", "seconds",
               "The longest span of the migration in which an operation was due and none got "
               "through.");
    for (const auto& [part, record] : parts) {
        for (const auto& operation : record->operations) {
            out.sample({{"part", part}, {"operation", operation.name}},
                       operation.longest_stall_of_migration.length_s());
        }
    }
}

void add_comparisons(const Parts& parts, Exposition& out) {
    const auto add = [&](const char* name, const char* help,
                         std::optional<double> Comparison::*value) {
        out.family(name, "gauge", "ratio", help);
        for (const auto& [part, record] : parts) {
            for (const auto& one : record->comparisons) {
                if (one.*value) {
                    out.sample({{"part", part},
                                {"operation", one.operation},
                                {"statistic", one.statistic}},
                               *(one.*value));
                }
            }
        }
    };
    add("rehearse_response_change_ratio", "Response times during and after against before.",
        &Comparison::ratio);
    add("rehearse_response_change_lower_ratio", "The ratio's one-sided lower 99 % bound.",
        &Comparison::ratio_lower);
    add("rehearse_response_change_upper_ratio", "The ratio's one-sided upper 99 % bound.",
        &Comparison::ratio_upper);
}

// One figure of each part, where it is known.
template <typename Value>
void add_figure(const Parts& parts, const char* name, const char* type, const char* unit,
                const char* help, Value&& value, Exposition& out) {
    out.family(name, type, unit, help);
    for (const auto& [part, record] : parts) {
        const std::optional<double> known = value(*record);
        if (known) {
            out.sample(std::string_view{type} == "counter" ? "_total" : "", {{"part", part}},
                       *known);
        }
    }
}

void add_locks(const Parts& parts, Exposition& out) {
    // Nobody looked: nothing is known of the locks.
    const auto seen = [](auto figure) {
        return [figure](const Record& record) {
            return record.locks.samples == 0
                       ? std::nullopt
                       : std::optional{static_cast<double>(figure(record.locks))};
        };
    };
    add_figure(parts, "rehearse_lock_wait_max_seconds", "gauge", "seconds",
               "The longest wait of an operation for a lock, during and after.",
               seen([](const Locks& locks) { return locks.max_wait_ms / 1e3; }), out);
    add_figure(parts, "rehearse_lock_blocked_sessions_max", "gauge", "",
               "The most operations that waited for locks at one instant.",
               seen([](const Locks& locks) { return locks.max_blocked; }), out);
    add_figure(parts, "rehearse_lock_victim_seconds", "gauge", "seconds",
               "All waits of operations for locks, summed.",
               seen([](const Locks& locks) { return locks.victim_seconds; }), out);
    add_figure(parts, "rehearse_lock_episodes", "counter", "",
               "Episodes of a root blocker and those behind it.", seen([](const Locks& locks) {
                   return locks.episodes.size() + locks.episodes_dropped;
               }),
               out);
    add_figure(
        parts, "rehearse_deadlocks", "counter", "", "Deadlocks during the run.",
        [](const Record& record) {
            return std::optional{static_cast<double>(record.locks.deadlocks)};
        },
        out);
    add_figure(
        parts, "rehearse_lock_samples", "counter", "", "Looks at the locks.",
        [](const Record& record) {
            return std::optional{static_cast<double>(record.locks.samples)};
        },
        out);
    add_figure(
        parts, "rehearse_lock_samples_lost", "counter", "",
        "Looks at the locks that were due and not taken.",
        [](const Record& record) {
            return std::optional{static_cast<double>(record.locks.lost_samples)};
        },
        out);
}

double longest(const Step& step, double StepLock::*figure) {
    double most = 0;
    for (const auto& lock : step.locks) {
        most = std::max(most, lock.*figure);
    }
    return most;
}

void add_steps(const Parts& parts, Exposition& out) {
    const auto add = [&](const char* name, const char* type, const char* unit, const char* help,
                         auto&& value) {
        out.family(name, type, unit, help);
        for (const auto& [part, record] : parts) {
            for (const auto& step : record->steps) {
                const std::optional<double> known =
                    step.outcome == "skipped" ? std::nullopt : value(step);
                if (known) {
                    out.sample(std::string_view{type} == "counter" ? "_total" : "",
                               {{"part", part}, {"step", step.name}, {"kind", step.kind}}, *known);
                }
            }
        }
    };
    using Known = std::optional<double>;
    out.family("rehearse_step_outcome", "stateset", "", "How each step ended.");
    for (const auto& [part, record] : parts) {
        for (const auto& step : record->steps) {
            out.states({{"part", part}, {"step", step.name}, {"kind", step.kind}},
                       {"ok", "failed", "skipped", "interrupted"}, step.outcome);
        }
    }
    add("rehearse_step_duration_seconds", "gauge", "seconds", "How long each step took.",
        [](const Step& step) { return Known{step.end_s - step.start_s}; });
    add("rehearse_step_tries", "gauge", "", "The most tries that one statement of it took.",
        [](const Step& step) { return Known{static_cast<double>(step.tries())}; });
    add("rehearse_step_rows", "counter", "", "Rows that it changed.", [](const Step& step) {
        return step.rows < 0 ? Known{} : Known{static_cast<double>(step.rows)};
    });
    add("rehearse_step_log_bytes", "gauge", "bytes", "What it wrote to the write-ahead log.",
        [](const Step& step) {
            const auto bytes = step.wal_bytes ? step.wal_bytes : step.wal_total_bytes;
            return bytes ? Known{static_cast<double>(*bytes)} : Known{};
        });
    add("rehearse_step_lock_wait_seconds", "gauge", "seconds", "Its longest wait for a lock.",
        [](const Step& step) {
            return step.locks.empty() ? Known{} : Known{longest(step, &StepLock::waited_s)};
        });
    add("rehearse_step_lock_hold_seconds", "gauge", "seconds", "How long it held a lock at most.",
        [](const Step& step) {
            return step.locks.empty() ? Known{} : Known{longest(step, &StepLock::held_s)};
        });
}

void add_replication(const Parts& parts, Exposition& out) {
    add_figure(
        parts, "rehearse_replication_lag_max_seconds", "gauge", "seconds",
        "How far the slowest replica fell behind.",
        [](const Record& record) {
            return record.replication.measured ? std::optional{record.replication.max_lag_s}
                                               : std::nullopt;
        },
        out);
    add_figure(
        parts, "rehearse_replication_lag_max_bytes", "gauge", "bytes",
        "The same in bytes of the write-ahead log.",
        [](const Record& record) {
            return record.replication.measured
                       ? std::optional{static_cast<double>(record.replication.max_lag_bytes)}
                       : std::nullopt;
        },
        out);
    add_figure(
        parts, "rehearse_recovery_seconds", "gauge", "seconds",
        "From the last step's end until throughput and p99 were back at the baseline.",
        [](const Record& record) { return record.recovery.recovered_after_s; }, out);
}

// How well it was measured.
void add_generator(const Parts& parts, Exposition& out) {
    const auto for_each_phase = [&](auto&& each) {
        for (const auto& [part, record] : parts) {
            for (const auto& phase : record->phases) {
                each(Labels{{"part", part}, {"phase", name_of(phase.name)}},
                     record->generator.in(phase.name));
            }
        }
    };
    out.family("rehearse_generator_lag_seconds", "summary", "seconds",
               "How late the load generator itself was.");
    for_each_phase([&](const Labels& labels, const Schedule& schedule) {
        add_summary(schedule.lag, labels, out);
    });
    out.family("rehearse_generator_due", "counter", "", "Operations that were due.");
    for_each_phase([&](const Labels& labels, const Schedule& schedule) {
        out.sample("_total", labels, static_cast<double>(schedule.due));
    });
    out.family("rehearse_generator_unsent", "counter", "",
               "Operations that were due and never sent, for the generator's own reasons.");
    for_each_phase([&](const Labels& labels, const Schedule& schedule) {
        out.sample("_total", labels, static_cast<double>(schedule.unsent));
    });
    add_figure(
        parts, "rehearse_generator_cpu_seconds", "counter", "seconds",
        "CPU time of the load generator.",
        [](const Record& record) { return std::optional{record.generator.cpu_s}; }, out);
    add_figure(
        parts, "rehearse_observer_cpu_seconds", "counter", "seconds",
        "CPU time of the lock observer.",
        [](const Record& record) { return std::optional{record.observer.cpu_s}; }, out);
}

}  // namespace

std::string to_openmetrics(const Record& record) {
    Parts parts{{"migration", &record}};
    if (record.rollback != nullptr) {
        parts.emplace_back("rollback", record.rollback.get());
    }
    Exposition out;
    add_run(record, parts, out);
    add_gates(parts, out);
    add_operations(parts, out);
    add_comparisons(parts, out);
    add_locks(parts, out);
    add_steps(parts, out);
    add_replication(parts, out);
    add_generator(parts, out);
    return out.text();
}

}  // namespace reports
