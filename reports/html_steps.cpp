// The timeline's table and the migration's steps.
#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/html_parts.hpp"

#include <algorithm>

namespace reports::html {

namespace {

constexpr std::size_t most_details = 200;   // steps that can be opened
constexpr std::size_t most_attempts = 100;  // of a step

std::string listed(const std::vector<std::string>& names, std::size_t most) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
        text += (i == 0 ? "" : ", ") + name_text(names[i]);
    }
    return names.size() > most ? text + " and " + count_text(names.size() - most) + " more" : text;
}

double longest(const std::vector<StepLock>& locks, double StepLock::*figure) {
    double most = 0;
    for (const auto& lock : locks) {
        most = std::max(most, lock.*figure);
    }
    return most;
}

// The lock that was held longest speaks for the step.
std::string locks_of(const Step& step) {
    const StepLock* held = nullptr;
    for (const auto& lock : step.locks) {
        held = held == nullptr || lock.held_s > held->held_s ? &lock : held;
    }
    if (held == nullptr) {
        return {};
    }
    return name_text(held->mode + " on " + held->relation) +
           (step.locks.size() > 1 ? " +" + count_text(step.locks.size() - 1) : "");
}

Cell bytes_cell(const std::optional<std::int64_t>& bytes) {
    return bytes ? figure_cell(bytes_text(*bytes), static_cast<double>(*bytes)) : no_figure();
}

void add_step(const Part& part, std::size_t index, Grid& grid) {
    const auto& step = part.record.steps[index];
    const auto name = index < most_details
                          ? "<a href=\"#" + part.prefix + "step-" + std::to_string(index) + "\">" +
                                name_text(step.name) + "</a>"
                          : name_text(step.name);
    const char* tone = step.outcome == "ok" ? "" : step.outcome == "failed" ? "fail" : "quiet";
    const bool ran = step.outcome != "skipped";
    grid.add(
        {{name},
         text_cell(step.kind),
         text_cell(step.outcome, tone),
         ran ? seconds_cell(step.end_s - step.start_s) : no_figure(),
         count_cell(step.tries()),
         {locks_of(step)},
         step.locks.empty() ? no_figure() : seconds_cell(longest(step.locks, &StepLock::waited_s)),
         step.locks.empty() ? no_figure() : seconds_cell(longest(step.locks, &StepLock::held_s)),
         {listed(step.rewrote, 4)},
         bytes_cell(step.wal_bytes ? step.wal_bytes : step.wal_total_bytes),
         figure_cell(std::to_string(step.rows), static_cast<double>(step.rows)),
         step.throttled_s ? seconds_cell(*step.throttled_s) : no_figure()});
}

std::string attempts_table(const Step& step) {
    if (step.attempts.size() < 2 && step.error.empty()) {
        return {};
    }
    Grid grid{"Attempts of " + name_text(step.name),
              {{"attempt"},
               {"statement", true},
               {"from", true},
               {"took", true},
               {"outcome"},
               {"message"}},
              false};
    for (std::size_t i = 0; i < std::min(step.attempts.size(), most_attempts); ++i) {
        const auto& each = step.attempts[i];
        grid.add({{std::to_string(i + 1)},
                  each.statement == 0 ? no_figure() : count_cell(each.statement),
                  figure_cell(decimal_text(each.start_s, 2) + " s", each.start_s),
                  seconds_cell(each.end_s - each.start_s),
                  text_cell(each.outcome, each.outcome == "ok" ? "" : "fail"),
                  {sentence_text(each.error)}});
    }
    grid.leave_out(step.attempts.size() - std::min(step.attempts.size(), most_attempts));
    return grid.empty() ? "" : grid.text();
}

std::string locks_table(const Step& step) {
    if (step.locks.empty()) {
        return {};
    }
    Grid grid{"Locks of " + name_text(step.name),
              {{"relation"}, {"mode"}, {"asked for at", true}, {"waited", true}, {"held", true}},
              false};
    for (const auto& lock : step.locks) {
        if (!grid.has_room()) {
            continue;
        }
        grid.add({text_cell(lock.relation), text_cell(lock.mode),
                  lock.start_s ? figure_cell(decimal_text(*lock.start_s, 2) + " s", *lock.start_s)
                               : no_figure(),
                  seconds_cell(lock.waited_s), seconds_cell(lock.held_s)});
    }
    return grid.text();
}

std::string step_details(const Part& part, std::size_t index) {
    const auto& step = part.record.steps[index];
    Terms terms;
    if (!step.file.empty()) {
        terms.add("Written in", "<code>" + name_text(step.file) +
                                    (step.line > 0 ? ":" + std::to_string(step.line) : "") +
                                    "</code>");
    }
    if (!step.error.empty()) {
        terms.add("Error", sentence_text(step.error));
    }
    if (step.deadlocks > 0) {
        terms.add("Deadlocks", count_text(step.deadlocks));
    }
    if (step.throttled_s) {
        terms.add(
            "Throttled",
            seconds_text(*step.throttled_s) +
                (step.throttle_reasons.empty() ? "" : ": " + sentence_text(step.throttle_reasons)));
    }
    return "<details class=\"step\" id=\"" + part.prefix + "step-" + std::to_string(index) +
           "\"><summary><span class=\"name\">" + name_text(step.name) +
           "</span> <span class=\"quiet\">" + name_text(step.kind) +
           "</span></summary>\n<div class=\"inside\">" +
           (step.statement.empty() ? "" : statement_text(step.statement)) + terms.text() +
           locks_table(step) + attempts_table(step) + "</div></details>\n";
}

std::string adversaries_table(const Part& part) {
    if (part.record.adversaries.empty()) {
        return {};
    }
    Grid grid{"Adversaries",
              {{"adversary"}, {"from", true}, {"lasted", true}, {"outcome"}, {"message"}}};
    for (const auto& each : part.record.adversaries) {
        if (!grid.has_room()) {
            continue;
        }
        const bool ran = each.outcome != "never ran";
        grid.add(
            {text_cell(each.name),
             ran ? figure_cell(decimal_text(each.start_s, 2) + " s", each.start_s) : no_figure(),
             ran ? seconds_cell(each.end_s - each.start_s) : no_figure(),
             text_cell(each.outcome, each.outcome == "ok" ? "" : "fail"),
             {sentence_text(each.error)}});
    }
    return heading(part, 1, "Adversaries") + grid.text();
}

OperationPhase all_calls(const Record& record, PhaseName phase) {
    OperationPhase all;
    for (const auto& operation : record.operations) {
        for (const auto& versions : operation.by_app) {
            const auto& calls = versions[static_cast<std::size_t>(phase)];
            all.count += calls.count;
            all.response.merge(calls.response);
            for (const auto& [code, times] : calls.errors) {
                all.errors[code] += times;
            }
        }
    }
    return all;
}

std::string phases_table(const Part& part) {
    Grid grid{"Phases",
              {{"phase"},
               {"from", true},
               {"to", true},
               {"done", true},
               {"rate", true},
               {"p50", true},
               {"p99", true},
               {"failed", true}},
              false};
    for (const auto& phase : part.record.phases) {
        const auto calls = all_calls(part.record, phase.name);
        const double seconds = phase.end_s - phase.start_s;
        const double rate = seconds > 0 ? static_cast<double>(calls.count) / seconds : 0;
        grid.add({{name_of(phase.name)},
                  figure_cell(decimal_text(phase.start_s, 1) + " s", phase.start_s),
                  figure_cell(decimal_text(phase.end_s, 1) + " s", phase.end_s),
                  count_cell(calls.count),
                  figure_cell(rate_text(rate), rate),
                  quantile_cell(calls.response, 0.5),
                  quantile_cell(calls.response, 0.99),
                  count_cell(calls.failures(), calls.failures() > 0 ? "fail" : "")});
    }
    return grid.text();
}

}  // namespace

std::string timeline_section(const Part& part) {
    if (part.record.phases.empty()) {
        return section(part, "timeline", "Timeline", "<p>The load never came on.</p>\n");
    }
    const auto body = chart("timeline", "Throughput, response time, blocked sessions and errors") +
                      phases_table(part);
    return section(part, "timeline", "Timeline", body);
}

std::string steps_section(const Part& part) {
    const auto& steps = part.record.steps;
    if (steps.empty()) {
        return section(part, "steps", "Steps",
                       "<p>The migration had no step.</p>\n" + adversaries_table(part));
    }
    Grid grid{"Steps",
              {{"step"},
               {"kind"},
               {"outcome"},
               {"took", true},
               {"attempts", true},
               {"locks"},
               {"waited", true, "longest wait for a lock"},
               {"held", true, "longest hold of a lock"},
               {"rewrote"},
               {"WAL", true, "the server's, less the load's own share where that is known"},
               {"rows", true},
               {"throttled", true}}};
    std::string opened;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (grid.has_room()) {
            add_step(part, i, grid);
        }
        opened += i < most_details ? step_details(part, i) : "";
    }
    return section(part, "steps", "Steps",
                   grid.text() + heading(part, 1, "Each step") + opened + adversaries_table(part));
}

}  // namespace reports::html
