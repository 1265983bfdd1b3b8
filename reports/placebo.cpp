#include "reports/placebo.hpp"

#include "reports/figures.hpp"
#include "reports/json_parts.hpp"
#include "reports/run_comparison.hpp"
#include "reports/statistics/detectable_change.hpp"
#include "reports/statistics/proportion.hpp"
#include "reports/terminal_parts.hpp"

#include <algorithm>

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

json_parts::Json alarms_json(const FalseAlarms& alarms) {
    return {{"name", alarms.name},
            {"runs", alarms.runs},
            {"false_alarms", alarms.alarms},
            {"inconclusive", alarms.unclear},
            {"false_alarm_rate_below", json_parts::number(alarms.most_likely_below)}};
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
        for (const auto& operation : record.operations) {
            operations_.push_back(operation.name);
        }
        asked_ = comparing::asked_for(record, gates_, false);
        if (asked_.empty()) {
            asked_ = comparing::asked_for(record, default_ratio_gates(), false);
        }
    }
    runs_.push_back(comparing::sides_of(record));
}

PlaceboResult Placebo::result() const {
    auto result = counted_;
    for (auto* each : {&result.verdicts}) {
        each->most_likely_below = statistics::share_upper_bound(each->alarms, each->runs);
    }
    for (auto& each : result.gates) {
        each.most_likely_below = statistics::share_upper_bound(each.alarms, each.runs);
    }
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

std::string placebo_text(const PlaceboResult& result, Style style) {
    style = clipped(style);
    const auto& verdicts = result.verdicts;
    std::string out = heading("A migration that does nothing", style);
    out += paragraph("  ",
                     counted(verdicts.runs, "rehearsal", "rehearsals") + ": " +
                         counted(verdicts.alarms, "false alarm", "false alarms") + ", " +
                         count_text(verdicts.unclear) +
                         " inconclusive. The rate of false alarms lies below " +
                         percent(verdicts.most_likely_below) + " (95 % sure).",
                     style);
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
    if (!result.reasons.empty()) {
        out += heading("Why runs did not pass", style);
        for (const auto& reason : result.reasons) {
            out += paragraph("  - ", reason, style);
        }
    }
    return out;
}

std::string placebo_json(const PlaceboResult& result) {
    using json_parts::Json;
    const Json all{
        {"schema", "rehearse.placebo/1"},
        {"verdicts", alarms_json(result.verdicts)},
        {"gates", json_parts::list(result.gates, alarms_json)},
        {"caught",
         json_parts::list(result.caught,
                          [](const SmallestCaught& each) {
                              return Json{
                                  {"operation", each.operation},
                                  {"statistic", each.statistic},
                                  {"allowed_ratio", json_parts::number(each.allowed_ratio)},
                                  {"smallest_factor",
                                   each.factor ? json_parts::number(*each.factor) : Json(nullptr)}};
                          })},
        {"reasons", result.reasons}};
    return all.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace reports
