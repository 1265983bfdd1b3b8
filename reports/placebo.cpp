#include "reports/placebo.hpp"

#include "reports/figures.hpp"
#include "reports/run_comparison.hpp"
#include "reports/statistics/detectable_change.hpp"
#include "reports/statistics/proportion.hpp"
#include "reports/terminal_parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace reports {

namespace {

using namespace terminal;

constexpr std::size_t most_reasons = 10;

void count(FalseAlarms& alarms, Verdict verdict) {
    ++alarms.runs;
    alarms.alarms += verdict == Verdict::fail ? 1 : 0;
    alarms.unclear += verdict == Verdict::inconclusive ? 1 : 0;
}

std::string percent(double share) {
    return decimal_text(share * 100, 1) + " %";
}

PlaceboLoad load_of(const Record& record) {
    return {.scenario = record.run.scenario,
            .engine = record.target.engine,
            .engine_version = record.target.version,
            .asked_rate = record.open_loop ? record.asked_rate : 0,
            .connections = record.connections,
            .before_s = record.phase_seconds(PhaseName::before),
            .after_s = record.phase_seconds(PhaseName::after)};
}

std::string rate_of(const PlaceboLoad& load) {
    return load.asked_rate > 0 ? rate_text(load.asked_rate) : "a closed loop";
}

void add_replay_differences(const ReplayControl& control, const Record& record,
                            std::vector<std::string>& differences) {
    if (control.recording.empty() || control.recording != record.replay->recording) {
        differences.emplace_back("The placebo replayed another recording.");
    }
    if (control.speed != record.replay->speed) {
        differences.push_back("The placebo replayed at speed " + decimal_text(control.speed, 2) +
                              ", and this run at " + decimal_text(record.replay->speed, 2) + ".");
    }
    // Phases begin by the clock, some milliseconds late on a busy machine.
    constexpr double forgiven_s = 0.5;
    const auto here_s = ReplayControl::repetition(record).begins_s;
    for (const auto& repetition : control.repetitions) {
        if (std::abs(repetition.begins_s - here_s) > forgiven_s) {
            differences.push_back("The migration began " + seconds_text(here_s) +
                                  " after the recording's start, and its stand-in in the placebo " +
                                  seconds_text(repetition.begins_s) + " after it.");
            return;
        }
    }
}

std::string range_text(std::uint64_t least, std::uint64_t most) {
    return least == most ? count_text(most) : count_text(least) + " to " + count_text(most);
}

// Of each operation what failed anew, in the repetition with the fewest and in that with the most.
std::string control_text(const ReplayControl& control, Style style) {
    struct Range {
        std::uint64_t repetitions = 0, least = 0, most = 0;
    };
    std::map<std::pair<std::string, std::string>, Range> ranges;
    for (const auto& repetition : control.repetitions) {
        for (const auto& operation : repetition.operations) {
            auto failed = operation.before.fresh;
            for (const auto& [code, count] : operation.later.fresh) {
                failed[code] += count;
            }
            for (const auto& [code, count] : failed) {
                auto& range = ranges[{operation.name, code}];
                range.least = range.repetitions++ == 0 ? count : std::min(range.least, count);
                range.most = std::max(range.most, count);
            }
        }
    }
    std::string out = heading("What fails anew without the migration", style);
    if (ranges.empty()) {
        return out + paragraph("  ", "Nothing.", style);
    }
    Table table{{{"operation", Align::left, true}, {"code"}, {"calls", Align::right}}};
    for (const auto& [key, range] : ranges) {
        const bool always = range.repetitions == control.repetitions.size();
        table.add({{key.first}, {key.second}, {range_text(always ? range.least : 0, range.most)}});
    }
    return out + table.text(style.columns, style.colour);
}

}  // namespace

Placebo::Placebo(std::vector<Gate> gates) : gates_{std::move(gates)} {
    counted_.verdicts.name = "verdict";
}

void Placebo::add(const Record& record) {
    count(counted_.verdicts, record.verdict);
    for (const auto& gate : record.gates) {
        auto found = std::find_if(counted_.gates.begin(), counted_.gates.end(),
                                  [&](const FalseAlarms& each) { return each.name == gate.name; });
        if (found == counted_.gates.end()) {
            counted_.gates.push_back({.name = gate.name});
            found = counted_.gates.end() - 1;
        }
        count(*found, gate.verdict);
    }
    if (record.verdict != Verdict::pass) {
        for (const auto& reason : record.reasons) {
            const bool told = std::find(counted_.reasons.begin(), counted_.reasons.end(), reason) !=
                              counted_.reasons.end();
            if (!told && counted_.reasons.size() < most_reasons) {
                counted_.reasons.push_back(reason);
            }
        }
    }
    if (runs_.empty()) {
        counted_.load = load_of(record);
        if (record.replay) {
            counted_.control = {.recording = record.replay->recording,
                                .speed = record.replay->speed,
                                .repetitions = {}};
        }
        for (const auto& operation : record.operations) {
            operations_.push_back(operation.name);
        }
        asked_ = comparing::asked_for(record, gates_, false);
        if (asked_.empty()) {
            asked_ = comparing::asked_for(record, default_ratio_gates(), false);
        }
    }
    if (counted_.control) {
        counted_.control->repetitions.push_back(ReplayControl::repetition(record));
    }
    runs_.push_back(comparing::sides_of(record));
}

PlaceboResult Placebo::result() const {
    auto result = counted_;
    const auto bound = [](FalseAlarms& each) {
        each.most_likely_below = statistics::share_upper_bound(each.alarms, each.runs);
    };
    bound(result.verdicts);
    std::for_each(result.gates.begin(), result.gates.end(), bound);
    for (const auto& each : asked_) {
        std::vector<statistics::PlaceboRun> runs;
        for (const auto& sides : runs_) {
            runs.push_back(
                {.before = &sides[each.operation].before, .now = &sides[each.operation].now});
        }
        const statistics::QuantileTest test{
            .quantile = each.q,
            .margin = each.margin,
            .alpha = allowed_error / static_cast<double>(asked_.size()),
            .replicates = std::max<std::size_t>(2'000, asked_.size() * 100)};
        result.caught.push_back({.operation = operations_[each.operation],
                                 .statistic = std::string{each.statistic},
                                 .allowed_ratio = 1 + each.margin.share,
                                 .factor = statistics::smallest_caught_slowdown(runs, test, {})});
    }
    return result;
}

std::string false_alarms_text(const PlaceboResult& result) {
    const auto& verdicts = result.verdicts;
    return counted(verdicts.runs, "rehearsal", "rehearsals") + ": " +
           counted(verdicts.alarms, "false alarm", "false alarms") + ", " +
           count_text(verdicts.unclear) + " inconclusive. The rate of false alarms lies below " +
           percent(verdicts.most_likely_below) + " (95 % sure).";
}

std::string power_text(const PlaceboResult& result) {
    std::string caught, missed;
    for (const auto& each : result.caught) {
        const auto name = each.operation + " " + each.statistic;
        auto& list = each.factor ? caught : missed;
        list += (list.empty() ? "" : ", ") + name +
                (each.factor ? " from " + decimal_text(*each.factor, 2) + "x on" : "");
    }
    return (caught.empty() ? "" : "Caught in 80 % of runs: " + caught + ".") +
           (caught.empty() || missed.empty() ? "" : " ") +
           (missed.empty() ? ""
                           : "Not even a hundredfold slowdown: " + missed +
                                 ", for the phases were too short.");
}

std::string placebo_text(const PlaceboResult& result, Style style) {
    style = clipped(style);
    std::string out = heading("A migration that does nothing", style);
    out += paragraph("  ", false_alarms_text(result), style);
    Table gates{{{"gate", Align::left, true},
                 {"runs", Align::right},
                 {"false alarms", Align::right},
                 {"inconclusive", Align::right},
                 {"rate below", Align::right}}};
    for (const auto& each : result.gates) {
        gates.add({{each.name},
                   {count_text(each.runs)},
                   {count_text(each.alarms), each.alarms > 0 ? Colour::red : Colour::none},
                   {count_text(each.unclear), each.unclear > 0 ? Colour::yellow : Colour::none},
                   {percent(each.most_likely_below)}});
    }
    out += heading("Gates", style) + gates.text(style.columns, style.colour);
    Table caught{{{"operation", Align::left, true},
                  {"figure"},
                  {"allowed", Align::right},
                  {"smallest slowdown caught in 80 % of runs", Align::right}}};
    for (const auto& each : result.caught) {
        caught.add({{each.operation},
                    {each.statistic},
                    {decimal_text(each.allowed_ratio, 2) + "x"},
                    {each.factor ? decimal_text(*each.factor, 2) + "x"
                                 : "none: the phases are too short"}});
    }
    out += heading("What the ratios see", style) + caught.text(style.columns, style.colour);
    if (result.control) {
        out += control_text(*result.control, style);
    }
    if (!result.reasons.empty()) {
        out += heading("Why runs did not pass", style);
        for (const auto& reason : result.reasons) {
            out += paragraph("  - ", reason, style);
        }
    }
    return out;
}

std::vector<std::string> load_differences(const PlaceboResult& result, const Record& record) {
    std::vector<std::string> differences;
    const auto& then = result.load;
    const auto now = load_of(record);
    const auto differ = [&](const char* what, const std::string& before, const std::string& here) {
        if (before != here) {
            differences.push_back(std::string{what} + " was " + before +
                                  " in the placebo, and is " + here + " here.");
        }
    };
    differ("The scenario", then.scenario, now.scenario);
    differ("The server", then.engine + " " + then.engine_version,
           now.engine + " " + now.engine_version);
    differ("The load", rate_of(then), rate_of(now));
    differ("The number of connections", std::to_string(then.connections),
           std::to_string(now.connections));
    if (result.control.has_value() != record.replay.has_value()) {
        differences.emplace_back(record.replay ? "The placebo's load was no recording."
                                               : "The placebo's load was a recording.");
    } else if (record.replay) {
        add_replay_differences(*result.control, record, differences);
    }
    return differences;
}

std::vector<std::string> placebo_doubts(const PlaceboResult& result, const Record& record) {
    auto doubts = load_differences(result, record);
    const auto& then = result.load;
    const auto now = load_of(record);
    const auto shorter = [&](const char* phase, double before_s, double here_s) {
        if (here_s < before_s - std::max(1.0, 0.1 * before_s)) {
            doubts.push_back("The phase `" + std::string{phase} + "` lasted " +
                             seconds_text(before_s) + " in the placebo, and only " +
                             seconds_text(here_s) + " here.");
        }
    };
    shorter("before", then.before_s, now.before_s);
    shorter("after", then.after_s, now.after_s);
    return doubts;
}

}  // namespace reports
