// A comparison of runs as a page that opens from disk.
#include "reports/figures.hpp"
#include "reports/html_parts.hpp"
#include "reports/run_comparison.hpp"

namespace reports {

namespace {

using namespace html;

std::string list(const std::vector<std::string>& sentences) {
    std::string items;
    for (const auto& each : sentences) {
        items += "<li>" + sentence_text(each) + "</li>\n";
    }
    return items.empty() ? "" : "<ul>\n" + items + "</ul>\n";
}

std::string section_of(const char* id, const char* title, const std::string& body) {
    return body.empty() ? ""
                        : "<section aria-labelledby=\"" + std::string{id} + "\"><h2 id=\"" + id +
                              "\">" + title + "</h2>\n" + body + "</section>\n";
}

Cell ratio_cell(const std::optional<double>& ratio, const char* none) {
    return ratio ? figure_cell("\xC3\x97 " + decimal_text(*ratio, 2), *ratio) : no_figure(none);
}

std::string operations(const RunComparison& comparison) {
    Grid grid{"Response times",
              {{"operation"},
               {"figure"},
               {"baseline", true},
               {"now", true},
               {"ratio", true},
               {"at least", true, "99 % sure"},
               {"at most", true, "99 % sure"},
               {"allowed", true},
               {"verdict"}},
              false};
    for (const auto& each : comparison.operations) {
        if (!grid.has_room()) {
            continue;
        }
        const bool judged = each.lacking.empty();
        grid.add({text_cell(each.operation), text_cell(each.statistic),
                  each.before_ms ? ms_cell(*each.before_ms) : no_figure("failed calls"),
                  each.now_ms ? ms_cell(*each.now_ms) : no_figure("failed calls"),
                  ratio_cell(each.ratio, "unknown"),
                  ratio_cell(judged ? each.ratio_lower : std::nullopt, "unknown"),
                  ratio_cell(judged ? each.ratio_upper : std::nullopt,
                             judged ? "any figure" : "unknown"),
                  ratio_cell(each.allowed_ratio, "-"), verdict_cell(name_of(each.verdict))});
    }
    return grid.empty() ? "" : grid.text();
}

std::string figures(const RunComparison& comparison) {
    Grid grid{"Figures", {{"figure"}, {"baseline", true}, {"now", true}}, false};
    for (const auto& each : comparison.figures) {
        grid.add({text_cell(each.name), text_cell(each.before), text_cell(each.now)});
    }
    return grid.text();
}

std::string pairs(const RunComparison& comparison) {
    Grid grid{"Runs", {{"run"}, {"compared with"}}, false};
    for (std::size_t i = 0; i < comparison.runs.size(); ++i) {
        if (grid.has_room()) {
            grid.add({text_cell(comparison.runs[i]), text_cell(comparison.baselines[i])});
        }
    }
    return grid.text();
}

}  // namespace

std::string comparison_html(const RunComparison& comparison, std::string_view version) {
    const auto name = comparison.runs.size() == 1
                          ? comparison.runs[0] + " against " + comparison.baselines[0]
                          : count_text(comparison.runs.size()) + " pairs of runs";
    const std::vector<std::string> others{
        comparison.reasons.empty() ? comparison.reasons.end() : comparison.reasons.begin() + 1,
        comparison.reasons.end()};
    return page_head(std::string{name_of(comparison.verdict)} + ": " + name, version) +
           "<body>\n<main id=\"main\">\n<section aria-labelledby=\"title\">\n"
           "<p class=\"kind\">Comparison</p><h1 id=\"title\">" +
           name_text(name) + "</h1>\n" + banner(comparison.verdict, comparison.reasons, "p") +
           list(others) + "<p>" + sentence_text(comparison.method) + "</p>\n</section>\n" +
           section_of("operations", "Response times during and after the migration",
                      operations(comparison)) +
           section_of(
               "figures",
               comparison.runs.size() == 1 ? "What else happened" : "What else happened (medians)",
               figures(comparison)) +
           section_of("warnings", "Warnings", list(comparison.warnings)) +
           section_of("runs", "Runs", pairs(comparison)) + "</main>\n</body>\n</html>\n";
}

}  // namespace reports
