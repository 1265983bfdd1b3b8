// The operations: who was harmed most, and what each went through.
#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/html_parts.hpp"

#include <algorithm>
#include <numeric>

namespace reports::html {

namespace {

const char* harm_title =
    "How much longer the calls during and after took than they would have at the mean of before, "
    "summed (at least 0), and all the time that failed calls took";

const OperationPhase* baseline_of(const OperationRecord& operation) {
    return operation.baseline ? &*operation.baseline : nullptr;
}

OperationPhase before_of(const OperationRecord& operation) {
    const auto* baseline = baseline_of(operation);
    return baseline != nullptr ? *baseline : operation.phase(PhaseName::before);
}

const Comparison* comparison_of(const Record& record, const std::string& operation,
                                const char* statistic) {
    for (const auto& each : record.comparisons) {
        if (each.operation == operation && each.statistic == statistic) {
            return &each;
        }
    }
    return nullptr;
}

// Without a comparison the bare ratio of the two quantiles.
Cell ratio_cell(const Comparison* comparison, const Histogram& before, const Histogram& now,
                double q) {
    if (comparison != nullptr && comparison->ratio) {
        auto text = "\xC3\x97 " + decimal_text(*comparison->ratio, 2);
        if (comparison->ratio_lower && comparison->ratio_upper) {
            text += " <span class=\"quiet\">" + decimal_text(*comparison->ratio_lower, 2) + " to " +
                    decimal_text(*comparison->ratio_upper, 2) + "</span>";
        }
        return {text, *comparison->ratio};
    }
    if (comparison != nullptr && !comparison->lacking.empty()) {
        return {"<abbr title=\"" + sentence_text(comparison->lacking) + "\">unknown</abbr>",
                std::nullopt, "quiet"};
    }
    const auto was = static_cast<double>(before.quantile_us(q));
    if (before.count() == 0 || now.count() == 0 || was <= 0) {
        return no_figure();
    }
    const double ratio = static_cast<double>(now.quantile_us(q)) / was;
    return figure_cell("\xC3\x97 " + decimal_text(ratio, 2), ratio);
}

void add_row(const Part& part, std::size_t index, Grid& grid) {
    const auto& operation = part.record.operations[index];
    const auto before = before_of(operation);
    const auto during = operation.phase(PhaseName::during);
    const auto after = operation.phase(PhaseName::after);
    auto now = during;
    now.merge(after);
    const auto id = part.prefix + "op-" + std::to_string(index);
    const auto harm = harm_s(operation);
    std::vector<Cell> row{{"<a href=\"#" + id + "\">" + name_text(operation.name) + "</a>"},
                          harm ? seconds_cell(*harm) : no_figure(),
                          now.due() == 0 ? no_figure("never due") : count_cell(now.due())};
    for (const auto& [q, statistic] : {std::pair{0.5, "p50"}, std::pair{0.99, "p99"}}) {
        row.push_back(quantile_cell(before.response, q));
        row.push_back(quantile_cell(during.response, q));
        row.push_back(quantile_cell(after.response, q));
        row.push_back(ratio_cell(comparison_of(part.record, operation.name, statistic),
                                 before.response, now.response, q));
    }
    row.push_back(count_cell(now.failures(), now.failures() > 0 ? "fail" : ""));
    row.push_back(seconds_cell(operation.longest_stall_of_migration.length_s()));
    grid.add(std::move(row));
}

std::string overview(const Part& part, const std::vector<std::size_t>& order) {
    const char* p50 = "Response time, p50";
    const char* p99 = "Response time, p99";
    const char* ratio = "during and after against before, with one-sided 99 % bounds where known";
    const char* calls = "due during and after";
    Grid grid{
        "Operations",
        {{"operation"},
         {"harm", true, harm_title},
         {"calls", true, calls},
         {"before", true, "", p50},
         {"during", true, "", p50},
         {"after", true, "", p50},
         {"ratio", true, ratio, p50},
         {"before", true, "", p99},
         {"during", true, "", p99},
         {"after", true, "", p99},
         {"ratio", true, ratio, p99},
         {"failed", true, "during and after"},
         {"longest stall", true,
          "during and after: the longest span in which calls were due and none got through"}}};
    for (const auto index : order) {
        if (grid.has_room()) {
            add_row(part, index, grid);
        }
    }
    return grid.text();
}

std::string phases_table(const Part& part, const OperationRecord& operation) {
    Grid grid{"Phases of " + name_text(operation.name),
              {{"phase"},
               {"version"},
               {"done", true},
               {"rate", true},
               {"p50", true},
               {"p90", true},
               {"p99", true},
               {"p99.9", true},
               {"max", true},
               {"retries", true},
               {"failed", true},
               {"errors"},
               {"longest stall", true}},
              false};
    for (const auto phase : judged_phases) {
        const double seconds = part.record.phase_seconds(phase);
        for (std::size_t app = 0; app < 2; ++app) {
            const auto& calls = operation.by_app[app][static_cast<std::size_t>(phase)];
            const bool other = operation.by_app[1 - app][static_cast<std::size_t>(phase)].due() > 0;
            // A phase in which nothing was due is said so once.
            if (calls.due() == 0 && (other || app == 1)) {
                continue;
            }
            const auto& stall = operation.longest_stall[static_cast<std::size_t>(phase)];
            grid.add({{name_of(phase)},
                      {calls.due() == 0 ? "never due"
                       : app == 0       ? "old"
                                        : "new"},
                      count_cell(calls.count),
                      seconds > 0
                          ? figure_cell(rate_text(static_cast<double>(calls.count) / seconds),
                                        static_cast<double>(calls.count) / seconds)
                          : no_figure(),
                      quantile_cell(calls.response, 0.5),
                      quantile_cell(calls.response, 0.9),
                      quantile_cell(calls.response, 0.99),
                      quantile_cell(calls.response, 0.999),
                      quantile_cell(calls.response, 1),
                      count_cell(calls.retries),
                      count_cell(calls.failures(), calls.failures() > 0 ? "fail" : ""),
                      {sentence_text(errors_text(calls.errors, part.record.error_meanings))},
                      seconds_cell(stall.length_s())});
        }
    }
    return grid.text();
}

std::string errors_table(const Part& part, const OperationRecord& operation) {
    std::map<std::string, std::array<std::uint64_t, phase_count>> by_code;
    for (const auto& versions : operation.by_app) {
        for (std::size_t phase = 0; phase < phase_count; ++phase) {
            for (const auto& [code, times] : versions[phase].errors) {
                by_code[code][phase] += times;
            }
        }
    }
    if (by_code.empty()) {
        return {};
    }
    Grid grid{"Errors of " + name_text(operation.name),
              {{"SQLSTATE"}, {"meaning"}, {"before", true}, {"during", true}, {"after", true}},
              false};
    for (const auto& [code, times] : by_code) {
        if (!grid.has_room()) {
            continue;
        }
        const auto meaning = part.record.error_meanings.find(code);
        grid.add({text_cell(code),
                  text_cell(meaning == part.record.error_meanings.end() ? "" : meaning->second),
                  count_cell(times[1]), count_cell(times[2]), count_cell(times[3])});
    }
    return grid.text();
}

std::string details(const Part& part, std::size_t index) {
    const auto& operation = part.record.operations[index];
    const auto before = before_of(operation);
    const auto now = operation.during_and_after();
    const auto p99 = [](const OperationPhase& calls) {
        return calls.response.count() == 0
                   ? std::string{"no call"}
                   : ms_text(static_cast<double>(calls.response.quantile_us(0.99)) / 1e3);
    };
    const auto number = " data-operation=\"" + std::to_string(index) + "\"";
    const auto name = name_text(operation.name);
    return "<details class=\"operation\" id=\"" + part.prefix + "op-" + std::to_string(index) +
           "\"" + number + "><summary><span class=\"name\">" + name +
           "</span> <span class=\"quiet\">p99 " + p99(before) + " before, " + p99(now) +
           " during and after" +
           (now.failures() > 0 ? "; " + count_text(now.failures()) + " failed" : std::string{}) +
           "</span></summary>\n<div class=\"inside\">" +
           chart("heatmap", "Response times of " + name + " over time", number) +
           chart("curve", "Percentiles of " + name, number) + phases_table(part, operation) +
           errors_table(part, operation) + "</div></details>\n";
}

}  // namespace

std::optional<double> harm_s(const OperationRecord& operation) {
    const auto before = before_of(operation);
    const auto now = operation.during_and_after();
    const double failed =
        now.failed_response.mean_us() * static_cast<double>(now.failed_response.count()) / 1e6;
    if (before.response.count() == 0 || now.due() == 0) {
        return now.failures() > 0 ? std::optional{failed} : std::nullopt;
    }
    const double longer = now.response.count() == 0
                              ? 0
                              : (now.response.mean_us() - before.response.mean_us()) *
                                    static_cast<double>(now.response.count()) / 1e6;
    return std::max(longer, 0.0) + failed;
}

std::vector<std::size_t> by_harm(const Record& record) {
    std::vector<double> harms;
    std::vector<std::uint64_t> failures;
    for (const auto& operation : record.operations) {
        harms.push_back(harm_s(operation).value_or(-1));
        failures.push_back(operation.during_and_after().failures());
    }
    std::vector<std::size_t> order(record.operations.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return harms[a] != harms[b] ? harms[a] > harms[b] : failures[a] > failures[b];
    });
    return order;
}

std::string operations_section(const Part& part) {
    if (part.record.operations.empty()) {
        return section(part, "operations", "Operations", "<p>The workload had no operation.</p>\n");
    }
    const auto order = by_harm(part.record);
    auto body = overview(part, order) + heading(part, 1, "Each operation");
    for (std::size_t i = 0; i < std::min(order.size(), html_rows_max); ++i) {
        body += details(part, order[i]);
    }
    return section(part, "operations", "Operations", body);
}

}  // namespace reports::html
