// A comparison of runs for the terminal, for a pull request and for programs.
#include "reports/figures.hpp"
#include "reports/json_parts.hpp"
#include "reports/markdown.hpp"
#include "reports/run_comparison.hpp"
#include "reports/terminal_parts.hpp"

#include <algorithm>

namespace reports {

namespace {

using namespace terminal;

constexpr std::size_t most_rows = 200, most_sentences = 30, sentence_columns = 600;

std::string ms_or_failed(const std::optional<double>& ms) {
    return ms ? ms_text(*ms) : "failed calls";
}

std::string times(const std::optional<double>& ratio, const char* none) {
    return ratio ? decimal_text(*ratio, 2) + "x" : none;
}

std::string interval(const Comparison& each) {
    return each.lacking.empty()
               ? times(each.ratio_lower, "0x") + " to " + times(each.ratio_upper, "any figure")
               : "-";
}

// What is not in order first.
std::vector<const Comparison*> sorted(const RunComparison& comparison) {
    std::vector<const Comparison*> rows;
    for (const auto& each : comparison.operations) {
        rows.push_back(&each);
    }
    const auto rank = [](const Comparison* each) {
        return each->verdict == Verdict::fail ? 0 : each->verdict == Verdict::inconclusive ? 1 : 2;
    };
    std::stable_sort(rows.begin(), rows.end(),
                     [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
    return rows;
}

std::string names(const std::vector<std::string>& all) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), 20); ++i) {
        text += (i == 0 ? "" : ", ") + all[i];
    }
    return text + (all.size() > 20 ? ", ..." : "");
}

std::string sentences(const std::vector<std::string>& all, const Style& style) {
    std::string out;
    for (std::size_t i = 0; i < std::min(all.size(), most_sentences); ++i) {
        out += paragraph("  - ", all[i], style);
    }
    if (all.size() > most_sentences) {
        out += "  - and " + count_text(all.size() - most_sentences) + " more\n";
    }
    return out;
}

std::string cell(const std::string& text) {
    return markdown_escaped(fitted(one_line(text), 80));
}

std::string list(const std::string& heading, const std::vector<std::string>& all) {
    std::string out = all.empty() ? "" : "\n## " + heading + "\n\n";
    for (std::size_t i = 0; i < std::min(all.size(), most_sentences); ++i) {
        out += "- " + markdown_escaped(fitted(one_line(all[i]), sentence_columns)) + '\n';
    }
    if (all.size() > most_sentences) {
        out += "- and " + count_text(all.size() - most_sentences) + " more\n";
    }
    return out;
}

}  // namespace

std::string comparison_text(const RunComparison& comparison, Style style) {
    style = clipped(style);
    std::string out =
        coloured(upper_case(comparison.verdict), colour_of(comparison.verdict), style.colour) +
        "  exit code " + std::to_string(comparison.exit_code) + '\n';
    out += paragraph("  runs       ", names(comparison.runs), style, 3);
    out += paragraph("  baselines  ", names(comparison.baselines), style, 3);
    out += paragraph("  method     ", comparison.method, style, 3);
    out += heading("Why", style) + sentences(comparison.reasons, style);
    Table operations{{{"operation", Align::left, true},
                      {"figure"},
                      {"baseline", Align::right},
                      {"now", Align::right},
                      {"ratio", Align::right},
                      {"99 % sure", Align::left, true},
                      {"allowed", Align::right},
                      {"verdict"}}};
    const auto rows = sorted(comparison);
    for (std::size_t i = 0; i < std::min(rows.size(), most_rows); ++i) {
        const auto& each = *rows[i];
        operations.add({{each.operation},
                        {each.statistic},
                        {ms_or_failed(each.before_ms)},
                        {ms_or_failed(each.now_ms)},
                        {times(each.ratio, "-")},
                        {interval(each)},
                        {times(each.allowed_ratio, "-")},
                        {name_of(each.verdict), colour_of(each.verdict)}});
    }
    if (!operations.empty()) {
        out += heading("Response times during and after the migration", style) +
               operations.text(style.columns, style.colour);
        out += rows.size() > most_rows
                   ? "  and " + count_text(rows.size() - most_rows) + " more (see --json)\n"
                   : "";
    }
    Table figures{{{"figure"}, {"baseline", Align::right}, {"now", Align::right}}};
    for (const auto& figure : comparison.figures) {
        figures.add({{figure.name}, {figure.before}, {figure.now}});
    }
    out +=
        heading(comparison.runs.size() == 1 ? "What else happened" : "What else happened (medians)",
                style) +
        figures.text(style.columns, style.colour);
    if (!comparison.warnings.empty()) {
        out += heading("Warnings", style) + sentences(comparison.warnings, style);
    }
    return out;
}

std::string comparison_markdown(const RunComparison& comparison) {
    std::string out = std::string{"# "} + name_of(comparison.verdict) + ": " +
                      cell(names(comparison.runs)) + " against " +
                      cell(names(comparison.baselines)) + "\n\n" + comparison.method + '\n';
    out += list("Why", comparison.reasons);
    const auto rows = sorted(comparison);
    out +=
        "\n## Response times during and after the migration\n\n"
        "| operation | figure | baseline | now | ratio | 99 % sure | allowed | verdict |\n"
        "|---|---|---:|---:|---:|---|---:|---|\n";
    for (std::size_t i = 0; i < std::min(rows.size(), most_rows); ++i) {
        const auto& each = *rows[i];
        out += "| " + cell(each.operation) + " | " + each.statistic + " | " +
               ms_or_failed(each.before_ms) + " | " + ms_or_failed(each.now_ms) + " | " +
               times(each.ratio, "-") + " | " + interval(each) + " | " +
               times(each.allowed_ratio, "-") + " | " + name_of(each.verdict) + " |\n";
    }
    if (rows.size() > most_rows) {
        out += "\n... and " + count_text(rows.size() - most_rows) + " more.\n";
    }
    out += "\n## What else happened\n\n| figure | baseline | now |\n|---|---:|---:|\n";
    for (const auto& figure : comparison.figures) {
        out += "| " + figure.name + " | " + figure.before + " | " + figure.now + " |\n";
    }
    return out + list("Warnings", comparison.warnings);
}

std::string comparison_json(const RunComparison& comparison) {
    using json_parts::Json;
    const Json all{
        {"schema", "rehearse.compare/1"},
        {"verdict", name_of(comparison.verdict)},
        {"exit_code", comparison.exit_code},
        {"reasons", comparison.reasons},
        {"runs", comparison.runs},
        {"baselines", comparison.baselines},
        {"method", comparison.method},
        {"operations", json_parts::list(comparison.operations, json_parts::comparison_json)},
        {"figures", json_parts::list(comparison.figures,
                                     [](const SideFigure& figure) {
                                         return Json{{"name", figure.name},
                                                     {"baseline", figure.before},
                                                     {"now", figure.now}};
                                     })},
        {"warnings", comparison.warnings}};
    return all.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace reports
