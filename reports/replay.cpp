#include "reports/replay.hpp"

#include "reports/figures.hpp"
#include "reports/new_errors.hpp"
#include "reports/replay_keys.hpp"
#include "reports/replay_order.hpp"

#include <algorithm>
#include <cmath>

namespace reports {

namespace {

// Whether what fails anew before the migration begins does so in the control, too.
bool fails_so_in_controls(const Record& record) {
    const auto errors = new_errors(record);
    return errors.controls > 0 &&
           std::none_of(errors.rows.begin(), errors.rows.end(),
                        [](const auto& row) { return row.split.other_beginning; });
}

}  // namespace

std::string percent_text(double share) {
    const bool all_but = share < 1 && share > 0.999;
    return decimal_text(all_but ? std::floor(share * 1e3) / 10 : share * 100, 1) + " %";
}

std::string coverage_text(const Replay& replay) {
    const auto share = [&](std::uint64_t count) {
        return percent_text(static_cast<double>(count) / static_cast<double>(replay.statements()));
    };
    std::string text = counted(replay.statements(), "statement", "statements") + ": " +
                       share(replay.exactly) + " replayed as recorded, " +
                       share(replay.approximately) + " approximately, " + share(replay.not_at_all) +
                       " not at all";
    std::string why;
    for (const auto& reason : replay.reasons) {
        if (reason.replayed == "not") {
            why += (why.empty() ? " (" : "; ") + count_text(reason.count) + " " + reason.why +
                   ", first at " + reason.first;
        }
    }
    return text + (why.empty() ? "" : why + ")");
}

std::string recording_text(const Replay& replay) {
    std::string text = counted(replay.sessions, "session", "sessions") + " of " +
                       counted(replay.logs.size(), "log", "logs") +
                       (replay.speed > 0 ? ", " + seconds_text(replay.length_s) + " at speed " +
                                               decimal_text(replay.speed, 2)
                                         : ", as fast as possible") +
                       (replay.loops ? ", over and over" : "") + "; " + coverage_text(replay);
    if (replay.other_databases > 0) {
        text += "; " + counted(replay.other_databases, "statement", "statements") +
                " of other databases were left out";
    }
    return text + ".";
}

std::string outcomes_text(const Replay& replay) {
    ReplayOutcomes all;
    for (const auto& phase : replay.outcomes) {
        all.merge(phase);
    }
    return count_text(all.as_recorded) + " ended as recorded (" +
           count_text(all.failed_as_recorded) + " of them failed then, too), " +
           count_text(all.gone) + " failed in the recording only, " + count_text(all.fresh) +
           " failed anew.";
}

std::vector<std::string> replay_doubts(const Record& record) {
    std::vector<std::string> doubts;
    if (!record.replay) {
        return doubts;
    }
    ReplayOutcomes before;
    before.merge(record.replay->outcomes[static_cast<std::size_t>(PhaseName::warmup)]);
    before.merge(record.replay->outcomes[static_cast<std::size_t>(PhaseName::before)]);
    // Who wins a lock may differ from one day to the next.
    if (before.fresh * 100 > before.fresh + before.as_recorded + before.gone) {
        // A doubt it stays: that the control knows of it does not make a load of calls that fail.
        doubts.push_back(counted(before.fresh, "call", "calls") +
                         " failed before the migration began, and not so in the recording" +
                         (fails_so_in_controls(record)
                              ? ", as in the replays without it: this is the replay's doing, and "
                                "of what fails anyway the migration is not tested. "
                              : ": calls that fail so later may be the replay's doing, not the "
                                "migration's. ") +
                         "Begin with the data that the recording began with.");
    }
    if (record.replay->order) {
        for (auto& doubt : order_doubts(*record.replay->order)) {
            doubts.push_back(std::move(doubt));
        }
    }
    if (record.replay->keys) {
        std::uint64_t sent = 0;
        for (const auto& phase : record.replay->outcomes) {
            sent += phase.as_recorded + phase.gone + phase.fresh;
        }
        const auto recorded = record.replay->exactly + record.replay->approximately;
        for (auto& doubt : keys_doubts(*record.replay->keys, recorded, sent)) {
            doubts.push_back(std::move(doubt));
        }
    }
    for (const auto phase : migration_phases) {
        constexpr double too_short_to_tell_s = 1;
        if (record.generator.in(phase).due == 0 &&
            record.phase_seconds(phase) >= too_short_to_tell_s) {
            doubts.push_back("Nothing of the recording was due in `" + std::string{name_of(phase)} +
                             "`.");
        }
    }
    return doubts;
}

}  // namespace reports
