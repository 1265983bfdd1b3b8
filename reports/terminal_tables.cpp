// The tables of the terminal summary.
#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/terminal_parts.hpp"

#include <algorithm>

namespace reports::terminal {

namespace {

constexpr std::size_t most_gates = 30;
constexpr std::size_t most_operations = 20;
constexpr std::size_t most_steps = 30;
constexpr std::size_t most_episodes = 5;

std::string left_out(std::size_t all, std::size_t shown) {
    return all > shown ? "  and " + count_text(all - shown) + " more in result.json\n" : "";
}

std::string quantile(const Histogram& histogram, double q) {
    if (histogram.count() == 0) {
        return "-";
    }
    // Past the histogram's end the quantile is only known to be longer than that.
    const auto us = histogram.quantile_us(q);
    const bool beyond = us > Histogram::highest_us && q < 1;
    return beyond ? "> 1 h" : ms_text(static_cast<double>(us) / 1e3);
}

void add_operation(const OperationRecord& operation, const Record& record, Table& table) {
    bool first = true;
    for (const auto phase : {PhaseName::before, PhaseName::during, PhaseName::after}) {
        const auto calls = operation.phase(phase);
        const double seconds = record.phase_seconds(phase);
        const auto failures = calls.failures();
        const double stall = operation.longest_stall[static_cast<std::size_t>(phase)].length_s();
        std::vector<Table::Cell> row{{first ? operation.name : ""}, {name_of(phase)}};
        if (calls.due() == 0) {
            row.push_back({"never due", Colour::dim});
        } else {
            row.push_back({count_text(calls.count)});
            row.push_back(
                {seconds > 0 ? rate_text(static_cast<double>(calls.count) / seconds) : "-"});
            row.push_back({quantile(calls.response, 0.5)});
            row.push_back({quantile(calls.response, 0.99)});
            row.push_back({quantile(calls.response, 1)});
            row.push_back({count_text(failures), failures > 0 ? Colour::red : Colour::none});
            row.push_back({seconds_text(stall)});
        }
        table.add(std::move(row));
        first = false;
    }
}

std::string locks_of(const Step& step) {
    std::string text;
    const StepLock* longest_held = nullptr;  // speaks for the step
    for (const auto& lock : step.locks) {
        if (longest_held == nullptr || lock.held_s > longest_held->held_s) {
            longest_held = &lock;
        }
    }
    if (longest_held != nullptr) {
        // The mode first: it is what a narrow column must keep.
        text = longest_held->mode + " on " + longest_held->relation;
        text += step.locks.size() > 1 ? " +" + count_text(step.locks.size() - 1) : "";
    }
    return text;
}

double longest(const std::vector<StepLock>& locks, double StepLock::*figure) {
    double most = 0;
    for (const auto& lock : locks) {
        most = std::max(most, lock.*figure);
    }
    return most;
}

}  // namespace

std::string gates_section(const Record& record, const Style& style) {
    if (record.gates.empty()) {
        return {};
    }
    // Cut at the good end: a gate that did not hold is never left out before one that did.
    std::vector<const GateResult*> gates;
    for (const auto& gate : record.gates) {
        gates.push_back(&gate);
    }
    if (gates.size() > most_gates) {
        const auto rank = [](const GateResult* gate) {
            return gate->verdict == Verdict::fail ? 0 : gate->verdict == Verdict::pass ? 2 : 1;
        };
        std::stable_sort(gates.begin(), gates.end(),
                         [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
    }
    Table table{{{"verdict"},
                 {"gate", Align::left, true},
                 {"limit", Align::right, true},
                 {"observed", Align::right, true}}};
    for (std::size_t i = 0; i < std::min(gates.size(), most_gates); ++i) {
        table.add({{name_of(gates[i]->verdict), colour_of(gates[i]->verdict)},
                   {gates[i]->name},
                   {gates[i]->limit},
                   {gates[i]->observed}});
    }
    return heading("Gates", style) + table.text(style.columns, style.colour) +
           left_out(gates.size(), most_gates);
}

std::string operations_section(const Record& record, const Style& style) {
    if (record.operations.empty()) {
        return {};
    }
    Table table{{{"operation", Align::left, true},
                 {"phase"},
                 {"done", Align::right},
                 {"rate", Align::right},
                 {"p50", Align::right},
                 {"p99", Align::right},
                 {"max", Align::right},
                 {"errors", Align::right},
                 {"stall", Align::right}}};
    const auto sorted = worst_operations(record);
    for (std::size_t i = 0; i < std::min(sorted.size(), most_operations); ++i) {
        add_operation(*sorted[i], record, table);
    }
    return heading("Operations (response time, from when a call was due)", style) +
           table.text(style.columns, style.colour) + left_out(sorted.size(), most_operations);
}

std::string steps_section(const Record& record, const Style& style) {
    if (record.steps.empty()) {
        return {};
    }
    // A column of its own only where something was rewritten: the locks' modes need the room.
    const bool any_rewrote = std::any_of(record.steps.begin(), record.steps.end(),
                                         [](const Step& step) { return !step.rewrote.empty(); });
    std::vector<Table::Column> columns{{"step", Align::left, true},
                                       {"outcome"},
                                       {"took", Align::right},
                                       {"tries", Align::right},
                                       {"lock held longest", Align::left, true},
                                       {"waited", Align::right},
                                       {"held", Align::right}};
    if (any_rewrote) {
        columns.push_back({"rewrote", Align::left, true});
    }
    columns.push_back({"WAL", Align::right});
    Table table{std::move(columns)};
    for (const auto* shown : shown_steps(record, most_steps)) {
        const auto& step = *shown;
        std::string rewrote;
        for (const auto& relation : step.rewrote) {
            rewrote += (rewrote.empty() ? "" : ", ") + relation;
        }
        const auto wal = step.wal_bytes ? step.wal_bytes : step.wal_total_bytes;
        const bool ran = step.outcome != "skipped";
        std::vector<Table::Cell> row{
            {step.name},
            {step.outcome, step.outcome == "failed" ? Colour::red : Colour::none},
            {ran ? seconds_text(step.end_s - step.start_s) : "-"},
            {count_text(step.tries())},
            {locks_of(step)},
            {step.locks.empty() ? "-" : seconds_text(longest(step.locks, &StepLock::waited_s))},
            {step.locks.empty() ? "-" : seconds_text(longest(step.locks, &StepLock::held_s))}};
        if (any_rewrote) {
            row.push_back({rewrote.empty() ? "-" : rewrote});
        }
        row.push_back({wal ? bytes_text(*wal) : "-"});
        table.add(std::move(row));
    }
    return heading("Steps", style) + table.text(style.columns, style.colour) +
           left_out(record.steps.size(), most_steps);
}

std::string episodes_section(const Record& record, const Style& style) {
    if (record.locks.episodes.empty()) {
        return {};
    }
    Table table{{{"from", Align::right},
                 {"lasted", Align::right},
                 {"who", Align::left, true},
                 {"mode", Align::left, true},
                 {"on", Align::left, true},
                 {"blocked", Align::right},
                 {"longest", Align::right},
                 {"victim-s", Align::right}}};
    for (const auto* episode : worst_episodes(record, most_episodes)) {
        const auto who = episode->queued ? name_of(*episode->queued) + " queued behind " +
                                               name_of(episode->blocker)
                                         : name_of(episode->blocker);
        table.add({{decimal_text(episode->start_s, 2) + " s"},
                   {seconds_text(episode->end_s - episode->start_s)},
                   {who},
                   {episode->queued ? episode->queued_mode : episode->mode},
                   {contended_text(*episode)},
                   {count_text(episode->max_blocked)},
                   {ms_text(episode->longest_wait_ms)},
                   {decimal_text(episode->victim_seconds, 1)}});
    }
    const auto all = record.locks.episodes.size() + record.locks.episodes_dropped;
    return heading("Lock episodes (worst first, of " + count_text(all) + ")", style) +
           table.text(style.columns, style.colour);
}

}  // namespace reports::terminal
