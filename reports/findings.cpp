#include "reports/findings.hpp"

#include "reports/figures.hpp"

#include <algorithm>
#include <cmath>

namespace reports {

namespace {

const Step* step_named(const Record& record, const std::string& name) {
    for (const auto& step : record.steps) {
        if (step.name == name) {
            return &step;
        }
    }
    return nullptr;
}

std::string statement_of(const Record& record, const Blocker& blocker) {
    const Step* step = blocker.kind == "step" ? step_named(record, blocker.step) : nullptr;
    return !blocker.query.empty() || step == nullptr ? blocker.query : step->statement;
}

// During and after the migration; the whole run when it never got that far.
bool counts_for_the_migration(const Record& record, const LockEpisode& episode) {
    const Phase* during = record.phase(PhaseName::during);
    return during == nullptr || episode.end_s >= during->start_s;
}

bool worse(const LockEpisode& a, const LockEpisode& b) {
    return a.victim_seconds != b.victim_seconds ? a.victim_seconds > b.victim_seconds
                                                : a.longest_wait_ms > b.longest_wait_ms;
}

std::optional<double> overall_p99_ms(const Record& record, PhaseName phase) {
    Histogram successes;
    std::uint64_t failures = 0;
    for (const auto& operation : record.operations) {
        for (const auto& by_phase : operation.by_app) {
            const auto& calls = by_phase[static_cast<std::size_t>(phase)];
            successes.merge(calls.response);
            failures += calls.failures();
        }
    }
    if (successes.count() + failures == 0) {
        return std::nullopt;
    }
    const auto rank = nearest_rank(0.99, successes.count() + failures);
    return rank > successes.count() ? INFINITY
                                    : static_cast<double>(successes.value_at_rank_us(rank)) / 1e3;
}

double rate_of(const Record& record, PhaseName phase) {
    std::uint64_t count = 0;
    for (const auto& operation : record.operations) {
        for (const auto& by_phase : operation.by_app) {
            count += by_phase[static_cast<std::size_t>(phase)].count;
        }
    }
    const double seconds = record.phase_seconds(phase);
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

void add_migration(const Record& record, KeyFigures& key) {
    double first = INFINITY;
    double last = -INFINITY;
    for (const auto& step : record.steps) {
        if (step.outcome == "skipped") {
            continue;
        }
        first = std::min(first, step.start_s);
        last = std::max(last, step.end_s);
        if (const auto& wal = step.wal_bytes ? step.wal_bytes : step.wal_total_bytes) {
            std::int64_t sum = 0;
            const bool over = __builtin_add_overflow(key.wal_bytes.value_or(0), *wal, &sum);
            key.wal_bytes = over ? INT64_MAX : sum;
        }
        for (const auto& relation : step.rewrote) {
            if (std::find(key.rewrote.begin(), key.rewrote.end(), relation) == key.rewrote.end()) {
                key.rewrote.push_back(relation);
            }
        }
    }
    if (last >= first) {
        key.migration_s = last - first;
    }
}

std::string listed(const std::vector<std::string>& names, std::size_t most) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    return names.size() > most ? text + " and " + count_text(names.size() - most) + " more" : text;
}

void add_lock_findings(const Record& record, std::vector<Finding>& all) {
    const auto culprit = culprit_of(record);
    if (!culprit) {
        all.push_back(
            {"Longest wait", record.locks.samples == 0
                                 ? "unknown: the lock observer took no sample"
                                 : "none: no session was seen waiting for a lock during or "
                                   "after the migration"});
        return;
    }
    const auto& episode = culprit->episode;
    std::string wait = ms_text(episode.longest_wait_ms);
    wait += culprit->victim.empty() ? "" : ", " + culprit->victim;
    wait += ", behind " + culprit->who;
    if (record.locks.max_wait_ms > episode.longest_wait_ms * 1.05) {
        wait += " (the longest single wait of all: " + ms_text(record.locks.max_wait_ms) + ")";
    }
    all.push_back({"Longest wait", wait});
    const auto span = ", waits from " + decimal_text(episode.start_s, 2) + " s to " +
                      decimal_text(episode.end_s, 2) + " s of the run";
    const auto on = culprit->relation.empty() ? "" : " on " + culprit->relation;
    all.push_back({"Lock", culprit->behind.empty()
                               ? culprit->mode + on + span
                               : culprit->mode + on + ", itself waiting behind " + culprit->behind +
                                     " (" + episode.mode + ") and making the others queue" + span});
    if (!culprit->statement.empty()) {
        all.push_back({"Statement", culprit->statement});
    }
    all.push_back({"Behind it", counted(sessions_behind(episode), "session", "sessions") +
                                    " at once, " + decimal_text(episode.victim_seconds, 1) +
                                    " victim-seconds"});
}

void add_load_findings(const Record& record, const KeyFigures& key, std::vector<Finding>& all) {
    all.push_back({"Response p99", response_text(key.p99_before_ms) + " before, " +
                                       response_text(key.p99_during_ms) + " during, " +
                                       response_text(key.p99_after_ms) + " after"});
    all.push_back({"Throughput", rate_text(key.rate_before) + " before, " +
                                     rate_text(key.rate_lowest) + " in the worst second, " +
                                     counted(key.zero_seconds, "second", "seconds") +
                                     " with nothing done"});
    if (!key.stalled_operation.empty()) {
        all.push_back({"Longest stall", seconds_text(key.stall.length_s()) + ", " +
                                            key.stalled_operation + " from " +
                                            decimal_text(key.stall.start_s, 2) + " s to " +
                                            decimal_text(key.stall.end_s, 2) + " s of the run"});
    }
    all.push_back({"Recovery", recovery_text(record)});
    all.push_back({"Errors", errors_text(key.errors, record.error_meanings)});
}

void add_migration_finding(const Record& record, const KeyFigures& key, std::vector<Finding>& all) {
    std::string text = key.migration_s ? seconds_text(*key.migration_s) + " in " : "never began, ";
    text += counted(record.steps.size(), "step", "steps");
    text += key.rewrote.empty() ? "; rewrote nothing" : "; rewrote " + listed(key.rewrote, 4);
    if (key.wal_bytes) {
        text += "; " + bytes_text(*key.wal_bytes) + " of WAL";
    }
    all.push_back({"Migration", text});
    if (record.replication.measured) {
        all.push_back({"Replica lag", "up to " + seconds_text(record.replication.max_lag_s) + ", " +
                                          bytes_text(record.replication.max_lag_bytes)});
    }
}

}  // namespace

std::string name_of(const Blocker& blocker) {
    std::string name;
    if (blocker.kind == "step" || blocker.kind == "adversary") {
        name = blocker.kind + " \"" + blocker.step + "\"";
    } else if (blocker.kind == "operation") {
        name = "operation " + blocker.operation;
    } else if (blocker.kind == "harness") {
        name = "the harness itself";
    } else if (blocker.kind == "prepared_transaction") {
        name = "a prepared transaction";
    } else {
        name = "session " + std::to_string(blocker.pid);
    }
    return blocker.state.empty() || blocker.state == "active" ? name
                                                              : name + " (" + blocker.state + ")";
}

std::optional<Culprit> culprit_of(const Record& record) {
    const LockEpisode* worst = nullptr;
    for (const auto& episode : record.locks.episodes) {
        if (counts_for_the_migration(record, episode) &&
            (worst == nullptr || worse(episode, *worst))) {
            worst = &episode;
        }
    }
    if (worst == nullptr) {
        return std::nullopt;
    }
    Culprit culprit{.episode = *worst,
                    .who = {},
                    .statement = {},
                    .relation = contended_text(*worst),
                    .mode = worst->mode,
                    .behind = {},
                    .victim = {}};
    // Who made the queue is to blame rather than who merely held something that bothered nobody
    // else: but for the migration behind it, a long reader would have stood in nobody's way.
    const bool queue = worst->queued.has_value();
    const Blocker& blamed = queue ? *worst->queued : worst->blocker;
    culprit.who = name_of(blamed);
    culprit.statement = statement_of(record, blamed);
    if (queue) {
        culprit.mode = worst->queued_mode;
        culprit.behind = name_of(worst->blocker);
    }
    double longest = -1;
    for (const auto& victim : worst->victims) {
        if (victim.longest_wait_ms > longest) {
            longest = victim.longest_wait_ms;
            culprit.victim = victim.operation;
        }
    }
    return culprit;
}

std::vector<const LockEpisode*> worst_episodes(const Record& record, std::size_t most) {
    std::vector<const LockEpisode*> all;
    for (const auto& episode : record.locks.episodes) {
        all.push_back(&episode);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto* a, const auto* b) { return worse(*a, *b); });
    all.resize(std::min(all.size(), most));
    return all;
}

std::vector<const OperationRecord*> worst_operations(const Record& record) {
    struct Row {
        const OperationRecord* operation;
        std::uint64_t failures;
        std::int64_t p99_us;
    };
    std::vector<Row> rows;
    for (const auto& operation : record.operations) {
        const auto calls = operation.during_and_after();
        const auto rank = nearest_rank(0.99, calls.due());
        rows.push_back(
            {&operation, calls.failures(),
             rank > calls.response.count() ? INT64_MAX : calls.response.value_at_rank_us(rank)});
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return a.p99_us != b.p99_us ? a.p99_us > b.p99_us : a.failures > b.failures;
    });
    std::vector<const OperationRecord*> sorted;
    for (const auto& row : rows) {
        sorted.push_back(row.operation);
    }
    return sorted;
}

std::vector<const Step*> shown_steps(const Record& record, std::size_t most) {
    std::vector<const Step*> steps;
    for (const auto& step : record.steps) {
        steps.push_back(&step);
    }
    if (steps.size() <= most) {
        return steps;
    }
    std::stable_partition(steps.begin(), steps.end(), [](const Step* step) {
        return step->outcome != "ok" && step->outcome != "skipped";
    });
    steps.resize(most);
    std::sort(steps.begin(), steps.end());  // back in their order: they stand in one array
    return steps;
}

KeyFigures key_figures(const Record& record) {
    KeyFigures key;
    key.p99_before_ms = overall_p99_ms(record, PhaseName::before);
    key.p99_during_ms = overall_p99_ms(record, PhaseName::during);
    key.p99_after_ms = overall_p99_ms(record, PhaseName::after);
    key.rate_before = record.recovery.baseline_rate > 0 ? record.recovery.baseline_rate
                                                        : rate_of(record, PhaseName::before);
    key.rate_lowest = record.recovery.lowest_rate;
    key.zero_seconds = record.recovery.zero_seconds;
    for (const auto& operation : record.operations) {
        const auto& stall = operation.longest_stall_of_migration;
        if (stall.length_s() > key.stall.length_s()) {
            key.stall = stall;
            key.stalled_operation = operation.name;
        }
        for (const auto& by_phase : operation.by_app) {
            for (const auto phase : {PhaseName::during, PhaseName::after}) {
                for (const auto& [code, times] : by_phase[static_cast<std::size_t>(phase)].errors) {
                    key.errors[code] += times;
                    key.failures += times;
                }
            }
        }
    }
    add_migration(record, key);
    return key;
}

std::string response_text(const std::optional<double>& ms) {
    if (!ms) {
        return "no call";
    }
    return std::isinf(*ms) ? "failed calls" : ms_text(*ms);
}

std::string contended_text(const LockEpisode& episode) {
    return episode.kind == "row" && !episode.queued ? "a row of " + episode.relation
                                                    : episode.relation;
}

// The one that made the queue waits too, but it is who they stand behind.
std::uint32_t sessions_behind(const LockEpisode& episode) {
    return episode.max_blocked - (episode.queued && episode.max_blocked > 0 ? 1U : 0U);
}

std::string errors_text(const std::map<std::string, std::uint64_t>& errors,
                        const std::map<std::string, std::string>& meanings) {
    std::vector<std::pair<std::uint64_t, std::string>> sorted;
    std::uint64_t sum = 0;
    for (const auto& [code, times] : errors) {
        if (times > 0) {
            sorted.emplace_back(times, code);
            sum += times;
        }
    }
    if (sum == 0) {
        return "none";
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::string> texts;
    for (const auto& [times, code] : sorted) {
        const auto meaning = meanings.find(code);
        texts.push_back(code + (meaning == meanings.end() ? "" : " (" + meaning->second + ")") +
                        " x " + count_text(times));
    }
    return count_text(sum) + ": " + listed(texts, 4);
}

std::string recovery_text(const Record& record) {
    const auto& recovery = record.recovery;
    std::string text;
    if (!recovery.recovered_after_s) {
        text = "not before the run ended";
    } else if (*recovery.recovered_after_s <= 0) {
        text = "at once";
    } else {
        text = seconds_text(*recovery.recovered_after_s) + " after the last step";
    }
    if (recovery.backlog_max > 0) {
        text += "; backlog up to " + counted(recovery.backlog_max, "operation", "operations");
    }
    return text;
}

std::vector<Finding> findings(const Record& record) {
    const auto key = key_figures(record);
    std::vector<Finding> all;
    add_lock_findings(record, all);
    add_load_findings(record, key, all);
    add_migration_finding(record, key, all);
    return all;
}

std::string generator_text(const Record& record) {
    const auto& generator = record.generator;
    const auto schedule = generator.whole_run();
    const auto lag = [&](double q) {
        return ms_text(static_cast<double>(schedule.lag.quantile_us(q)) / 1e3);
    };
    std::string text = "lag p99 " + lag(0.99) + ", max " + lag(1) + "; " +
                       count_text(schedule.unsent) + " of " + count_text(schedule.due) +
                       " due unsent; ";
    if (generator.operations > 0) {
        text += decimal_text(generator.cpu_s / static_cast<double>(generator.operations) * 1e6, 1) +
                " us of CPU an operation; ";
    }
    return text + counted(generator.reconnects, "reconnect", "reconnects");
}

std::string observer_text(const Record& record) {
    const auto& locks = record.locks;
    return counted(locks.samples, "sample", "samples") + " every " +
           ms_text(locks.sample_interval_ms) + ", " + count_text(locks.lost_samples) +
           " lost, longest gap " + ms_text(locks.longest_gap_ms) + "; " +
           ms_text(record.observer.mean_query_ms) + " a query, " +
           decimal_text(record.observer.cpu_s, 2) + " s of CPU";
}

namespace {

std::string quoted_for_shell(const std::string& text) {
    const bool plain = text.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789/._-+,@%:=") == std::string::npos;
    if (plain) {
        return text;
    }
    std::string quoted = "'";
    for (const char c : text) {
        quoted += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
    }
    return quoted + '\'';
}

}  // namespace

std::string command_to_repeat(const Record& record) {
    const auto& file = record.run.scenario_file;
    if (file.empty()) {
        return {};
    }
    std::string command =
        "rehearse run " + quoted_for_shell((file.front() == '-' ? "./" : "") + file);
    for (const auto& path : record.run.overridden) {
        command += " --set " + quoted_for_shell(path + "=...");
    }
    return command + " --seed " + std::to_string(record.run.seed);
}

}  // namespace reports
