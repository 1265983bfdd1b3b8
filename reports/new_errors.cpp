#include "reports/new_errors.hpp"

#include "reports/figures.hpp"
#include "reports/placebo.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace reports {

namespace {

constexpr std::size_t most_told = 5;

struct Bounds {
    std::uint64_t lowest = 0, highest = 0;
};

// What a replay of which `fresh` of `calls` failed shows of the first `here` of the same calls.
// Where it went on for longer, all that it had more may have been among the failed; where it was
// over sooner, all that it lacks may have failed. Nothing is scaled: failures cluster.
Bounds shown_among(std::uint64_t here, std::uint64_t calls, std::uint64_t fresh) {
    const auto more = calls > here ? calls - here : 0;
    const auto lacking = here > calls ? here - calls : 0;
    return {.lowest = fresh > more ? fresh - more : 0, .highest = std::min(here, fresh + lacking)};
}

Bounds over_all(Bounds one, Bounds other) {
    return {std::min(one.lowest, other.lowest), std::max(one.highest, other.highest)};
}

std::uint64_t fresh_in(const ReplayControl::Part& part, const std::string& code) {
    const auto found = part.fresh.find(code);
    return found == part.fresh.end() ? 0 : found->second;
}

NewErrorCounts counts_of(const ReplayControl::Operation& operation, const std::string& code) {
    return {.calls_before = operation.before.calls,
            .fresh_before = fresh_in(operation.before, code),
            .calls_later = operation.later.calls,
            .fresh_later = fresh_in(operation.later, code)};
}

// Of an operation that a control does not have: none of its calls were due there.
NewErrorCounts counts_in(const ReplayControl::Repetition& control, const std::string& operation,
                         const std::string& code) {
    const auto found = std::find_if(control.operations.begin(), control.operations.end(),
                                    [&](const auto& each) { return each.name == operation; });
    return found == control.operations.end() ? NewErrorCounts{} : counts_of(*found, code);
}

std::vector<std::string> why_no_control(const Record& record) {
    if (!record.placebo ||
        (record.placebo->control && record.placebo->control->repetitions.empty())) {
        return {"There is no control."};
    }
    // As fast as possible the migration meets other calls each time.
    if (!(record.replay->speed > 0)) {
        return {
            "As fast as possible (`speed: 0`) the migration meets other calls each time: a "
            "control says nothing of them."};
    }
    return load_differences(*record.placebo, record);
}

void add_row(const ReplayControl::Operation& operation, const std::string& code,
             const std::vector<ReplayControl::Repetition>& controls, NewErrors& all) {
    std::vector<NewErrorCounts> counts;
    counts.reserve(controls.size());
    for (const auto& control : controls) {
        counts.push_back(counts_in(control, operation.name, code));
    }
    const auto here = counts_of(operation, code);
    const auto split = split_new_errors(here, counts);
    all.rows.push_back({.operation = operation.name,
                        .code = code,
                        .before = here.fresh_before,
                        .later = here.fresh_later,
                        .split = split});
    all.before += here.fresh_before;
    all.later += here.fresh_later;
    all.without_migration += split.without_migration;
    all.migration_only += split.migration_only;
    all.unclear += split.unclear;
}

void add_doubts(const Record& record, NewErrors& all) {
    const auto any = [&](bool NewErrorSplit::*doubt) {
        return std::any_of(all.rows.begin(), all.rows.end(), [&](const auto& row) {
            return row.split.*doubt && row.split.unclear > 0;
        });
    };
    if (any(&NewErrorSplit::other_beginning)) {
        all.doubts.emplace_back(
            "Before the migration began more or fewer calls failed so than in any control: they "
            "did "
            "not begin with the same data, or too few controls were made.");
    }
    if (any(&NewErrorSplit::control_too_short)) {
        const auto during = std::max(1.0, std::ceil(record.phase_seconds(PhaseName::during)));
        all.doubts.push_back("The controls were over sooner: make them with --during " +
                             decimal_text(during, 0) + " or more.");
    }
}

std::string range_text(const NewErrorSplit& split) {
    return split.lowest == split.highest
               ? count_text(split.lowest)
               : count_text(split.lowest) + " to " + count_text(split.highest);
}

// "select_log_1f 42703 (28), ...", those with the most first.
std::string rows_text(const NewErrors& all, std::uint64_t NewErrorSplit::*part) {
    std::vector<const NewErrors::Row*> rows;
    for (const auto& row : all.rows) {
        if (row.split.*part > 0) {
            rows.push_back(&row);
        }
    }
    std::stable_sort(rows.begin(), rows.end(), [&](const auto* one, const auto* other) {
        return one->split.*part > other->split.*part;
    });
    std::string text;
    for (std::size_t i = 0; i < std::min(rows.size(), most_told); ++i) {
        const auto& row = *rows[i];
        text += (i == 0 ? "" : ", ") + row.operation + " " + row.code + " (" +
                count_text(row.split.*part) +
                (part == &NewErrorSplit::unclear
                     ? ", and " + range_text(row.split) + " without the migration"
                     : "") +
                ")";
    }
    return text + (rows.size() > most_told
                       ? ", and " + std::to_string(rows.size() - most_told) + " more in result.json"
                       : "");
}

std::string joined(const std::vector<std::string>& sentences) {
    std::string text;
    for (const auto& sentence : sentences) {
        text += " " + sentence;
    }
    return text;
}

std::string without_control_text(const Record& record, const NewErrors& all) {
    std::string text = counted(all.later, "call has", "calls have") +
                       " failed anew since the migration began, and whose fault that is cannot be "
                       "told." +
                       joined(all.no_control);
    if (!record.placebo) {
        const auto during = std::max(1.0, std::ceil(record.phase_seconds(PhaseName::during)));
        text += " `rehearse placebo SCENARIO --times 3 --during " + decimal_text(during, 0) +
                " --out control` makes one, and `rehearse run SCENARIO --placebo control` takes it "
                "in.";
    }
    return text;
}

}  // namespace

NewErrorSplit split_new_errors(const NewErrorCounts& here,
                               std::span<const NewErrorCounts> controls) {
    NewErrorSplit split{.unclear = here.fresh_later};
    if (controls.empty()) {
        return split;
    }
    std::optional<Bounds> before, later;
    for (const auto& control : controls) {
        const auto earlier =
            shown_among(here.calls_before, control.calls_before, control.fresh_before);
        const auto then = shown_among(here.calls_later, control.calls_later, control.fresh_later);
        before = before ? over_all(*before, earlier) : earlier;
        later = later ? over_all(*later, then) : then;
        split.control_too_short = split.control_too_short || control.calls_later < here.calls_later;
    }
    split.lowest = later->lowest;
    split.highest = later->highest;
    split.without_migration = std::min(here.fresh_later, split.lowest);
    split.migration_only = here.fresh_later - std::min(here.fresh_later, split.highest);
    // Until the migration begins all are replays without it, and what they show there is what they
    // show later worth. A control that failed more often would acquit too much, one that failed
    // less often accuse too much.
    if (here.fresh_before < before->lowest) {
        split.without_migration = 0;
        split.other_beginning = true;
    }
    if (here.fresh_before > before->highest) {
        split.migration_only = 0;
        split.other_beginning = true;
    }
    split.unclear = here.fresh_later - split.without_migration - split.migration_only;
    return split;
}

NewErrors new_errors(const Record& record) {
    NewErrors all;
    if (!record.replay) {
        return all;
    }
    all.no_control = why_no_control(record);
    std::vector<ReplayControl::Repetition> controls;
    if (all.no_control.empty()) {
        controls = record.placebo->control->repetitions;
    }
    all.controls = controls.size();
    for (const auto& operation : ReplayControl::repetition(record).operations) {
        std::map<std::string, std::uint64_t> codes = operation.before.fresh;
        codes.insert(operation.later.fresh.begin(), operation.later.fresh.end());
        for (const auto& [code, count] : codes) {
            add_row(operation, code, controls, all);
        }
    }
    add_doubts(record, all);
    return all;
}

std::string new_errors_text(const Record& record) {
    const auto all = new_errors(record);
    std::string text;
    const auto add = [&](const std::string& sentence) {
        text += (text.empty() ? "" : " ") + sentence;
    };
    if (all.migration_only > 0) {
        add(counted(all.migration_only, "call fails", "calls fail") +
            " anew only with the migration, which is its fault: " +
            rows_text(all, &NewErrorSplit::migration_only) + ".");
    }
    if (all.without_migration > 0) {
        add(counted(all.without_migration, "fails", "fail") + " so in " +
            (all.controls == 1 ? "the one control" : "each of " + count_text(all.controls)) +
            (all.controls == 1 ? " replay" : " control replays") +
            " without it as well, which is the replay's fault: " +
            rows_text(all, &NewErrorSplit::without_migration) +
            ". What the migration does to these calls was not tested.");
    }
    if (all.later > 0 && !all.no_control.empty()) {
        add(without_control_text(record, all));
    } else if (all.unclear > 0) {
        add("Of " + counted(all.unclear, "new error", "new errors") +
            " it cannot be told whose fault they are: " + rows_text(all, &NewErrorSplit::unclear) +
            "." + joined(all.doubts));
    }
    if (all.before > 0) {
        add(counted(all.before, "call", "calls") +
            " failed anew before the migration began, which is not its fault.");
    }
    return text;
}

}  // namespace reports
