#include "reports/html.hpp"

#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/html_parts.hpp"
#include "reports/packed_text.hpp"
#include "reports/web/page.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace reports {

namespace html {

namespace {

std::string upper_case(Verdict verdict) {
    std::string text = name_of(verdict);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    return text;
}

// A shape of its own for each verdict: colour alone says nothing to some eyes and printers.
const char* shape_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return "<circle cx=\"16\" cy=\"16\" r=\"15\"/><path d=\"M9 17l5 5 9-11\"/>";
        case Verdict::fail:
            return "<path class=\"body\" d=\"M10 1h12l9 9v12l-9 9H10l-9-9V10z\"/>"
                   "<path d=\"M11 11l10 10M21 11L11 21\"/>";
        case Verdict::inconclusive:
            return "<path class=\"body\" d=\"M16 2l15 27H1z\"/><path d=\"M16 12v8m0 4v1\"/>";
    }
    return "";
}

// "-12 %" of the limit is left, "+740 %" is too much.
Cell margin_cell(const GateResult& gate) {
    if (!gate.limit_value || !gate.observed_value) {
        return no_figure();
    }
    const double over = *gate.observed_value - *gate.limit_value;
    if (*gate.limit_value <= 0) {
        return over > 0 ? figure_cell(decimal_text(over, 0) + " over", over) : Cell{"none", 0.0};
    }
    const double share = over / *gate.limit_value * 100;
    return figure_cell(decimal_text(std::abs(share), 0) + (share > 0 ? " % over" : " % left"),
                       share);
}

// The bounds of the comparison that a gate is about: "read_order.response.p99".
Cell interval_cell(const GateResult& gate, const Record& record) {
    for (const auto& each : record.comparisons) {
        // The one that spoke for the gate.
        if (each.ratio_lower && each.ratio_upper && each.allowed_ratio && gate.written.ratio &&
            gate.name.ends_with("response." + each.statistic) &&
            gate.observed_value == each.now_ms) {
            return figure_cell("\xC3\x97 " + decimal_text(*each.ratio_lower, 2) + " to " +
                                   decimal_text(*each.ratio_upper, 2),
                               *each.ratio_lower);
        }
    }
    return no_figure();
}

std::string gates_table(const Part& part) {
    const auto& record = part.record;
    if (record.gates.empty()) {
        return "<p>No gate was given.</p>\n";
    }
    Grid grid{"Gates",
              {{"gate"},
               {"verdict"},
               {"limit", true},
               {"observed", true},
               {"interval", true,
                "bounds of the ratio to before, each with a chance of 1 % to be passed"},
               {"margin", true, "how far the observed figure is from the limit"},
               {"detail"}}};
    for (const auto verdict : {Verdict::fail, Verdict::inconclusive, Verdict::pass}) {
        for (const auto& gate : record.gates) {
            if (gate.verdict == verdict && grid.has_room()) {
                grid.add({text_cell(gate.name),
                          verdict_cell(name_of(verdict)),
                          {name_text(gate.limit), gate.limit_value},
                          {name_text(gate.observed), gate.observed_value},
                          interval_cell(gate, record),
                          margin_cell(gate),
                          {sentence_text(gate.detail)}},
                         name_of(verdict));
            }
        }
    }
    return heading(part, 0, "Gates") + grid.text();
}

// The worst figure, its cause and the statement.
std::string culprit_sentence(const Record& record) {
    const auto culprit = culprit_of(record);
    if (!culprit) {
        return record.locks.samples == 0
                   ? "<p class=\"cause\">The lock observer took no sample.</p>\n"
                   : "<p class=\"cause\">No session was seen waiting for a lock during or after " +
                         std::string{record.is_rollback ? "it" : "the migration"} + ".</p>\n";
    }
    const auto& episode = culprit->episode;
    std::string text = "Calls waited up to <strong>" + ms_text(episode.longest_wait_ms) +
                       "</strong> behind <strong class=\"culprit\">" + name_text(culprit->who) +
                       "</strong>, which ";
    text += culprit->behind.empty() ? "held " : "itself waited for ";
    text += "<strong>" + name_text(culprit->mode) + "</strong>";
    text += culprit->relation.empty() ? ""
                                      : " on <strong>" + name_text(culprit->relation) + "</strong>";
    text += culprit->behind.empty() ? "" : " behind " + name_text(culprit->behind);
    text += "; " + counted(sessions_behind(episode), "session", "sessions") +
            " stood behind it at once.";
    return "<div class=\"cause\"><p>" + text + "</p>" +
           (culprit->statement.empty() ? "" : statement_text(culprit->statement)) + "</div>\n";
}

std::string other_reasons(const Record& record) {
    if (record.reasons.size() < 2) {
        return {};
    }
    constexpr std::size_t most = 100;
    std::string text = "<ul class=\"reasons\">\n";
    for (std::size_t i = 1; i < std::min(record.reasons.size(), most); ++i) {
        text += "<li>" + sentence_text(record.reasons[i]) + "</li>\n";
    }
    if (record.reasons.size() > most) {
        text += "<li class=\"quiet\">and " + count_text(record.reasons.size() - most) +
                " more in <code>result.json</code></li>\n";
    }
    return text + "</ul>\n";
}

std::string findings_list(const Part& part) {
    Terms terms;
    for (const auto& finding : findings(part.record)) {
        terms.add(finding.label, finding.label == "Statement" ? statement_text(finding.text)
                                                              : sentence_text(finding.text));
    }
    return heading(part, 0, "What happened") + terms.text();
}

std::string about(const Record& record) {
    std::vector<std::string> facts;
    facts.push_back(name_text(record.target.engine + " " + record.target.version) +
                    (record.target.throwaway ? ", throwaway server"
                                             : ", database " + name_text(record.target.database)));
    facts.push_back(counted(record.connections, "connection", "connections"));
    facts.push_back(record.open_loop ? rate_text(record.asked_rate) + " asked for"
                                     : std::string{"closed loop"});
    facts.push_back(seconds_text(record.run.duration_s));
    facts.push_back(name_text(record.run.started_at));
    facts.push_back("exit code " + std::to_string(record.exit_code));
    std::string text;
    for (const auto& fact : facts) {
        text += "<li>" + fact + "</li>";
    }
    return "<ul class=\"facts\">" + text + "</ul>\n";
}

std::string sections(const Part& part) {
    return timeline_section(part) + operations_section(part) + locks_section(part) +
           steps_section(part) + data_section(part) + server_section(part) + honesty_section(part);
}

std::string navigation(const Record& record, const std::string& body) {
    static constexpr std::pair<const char*, const char*> all[] = {
        {"verdict", "Verdict"}, {"timeline", "Timeline"}, {"operations", "Operations"},
        {"locks", "Locks"},     {"steps", "Steps"},       {"data", "Data"},
        {"server", "Server"},   {"honesty", "Honesty"},   {"rollback", "Rollback"}};
    std::string text;
    for (const auto& [id, name] : all) {
        if (body.find("<section id=\"" + std::string{id} + "\"") != std::string::npos ||
            (record.rollback != nullptr && std::string_view{id} == "rollback")) {
            text += "<li><a href=\"#" + std::string{id} + "\">" + name + "</a></li>";
        }
    }
    return "<nav aria-label=\"Sections\"><ul>" + text + "</ul></nav>\n";
}

std::string way_back(const Record& record) {
    if (record.rollback == nullptr) {
        return {};
    }
    const Part part{*record.rollback, "rollback-", 3, 1};
    return "<div id=\"rollback\" class=\"way-back\"><h2 id=\"rollback-h\">Rollback</h2>\n" +
           banner(part.record.verdict, part.record.reasons, "p") + verdict_body(part) +
           sections(part) + "</div>\n";
}

std::string data_element(const Record& record) {
    const auto plain = chart_data(record);
    return "<script type=\"application/octet-stream\" id=\"chart-data\">" +
           base64(deflated(plain)) + "</script>\n";
}

}  // namespace

std::string page_head(std::string_view title, std::string_view version) {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
           std::string{web::content_security_policy} +
           "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"color-scheme\" content=\"light dark\">\n"
           "<meta name=\"generator\" content=\"rehearse " +
           name_text(version) + "\">\n<title>" + name_text(title) + "</title>\n<style>" +
           std::string{web::style} + "</style>\n</head>\n";
}

std::string banner(Verdict verdict, const std::vector<std::string>& reasons,
                   const std::string& element) {
    return "<div class=\"verdict " + std::string{name_of(verdict)} +
           "\"><svg viewBox=\"0 0 32 32\" aria-hidden=\"true\">" + shape_of(verdict) +
           "</svg><div><" + element + " class=\"word\">" + upper_case(verdict) + "</" + element +
           "><p class=\"lead\">" + (reasons.empty() ? "" : sentence_text(reasons[0])) +
           "</p></div></div>\n";
}

std::string verdict_body(const Part& part) {
    return culprit_sentence(part.record) + other_reasons(part.record) + gates_table(part) +
           findings_list(part);
}

}  // namespace html

std::string to_html(const Record& record) {
    using namespace html;
    const Part whole{record, "", 2, 0};
    const auto& description = record.run.description;
    auto body =
        "<section id=\"verdict\" aria-labelledby=\"title\" data-part=\"0\">\n"
        "<p class=\"kind\">Rehearsal</p><h1 id=\"title\">" +
        name_text(record.run.scenario) + "</h1>\n" +
        (description.empty() ? "" : "<p>" + sentence_text(description) + "</p>\n") + about(record) +
        banner(record.verdict, record.reasons, "p") + verdict_body(whole) + "</section>\n" +
        sections(whole) + way_back(record);
    const auto title = upper_case(record.verdict) + ": " + record.run.scenario;
    return page_head(title, record.run.version) +
           "<body>\n<a class=\"skip\" href=\"#main\">To the report</a>\n" + "<header>" +
           navigation(record, body) + "</header>\n<main id=\"main\" tabindex=\"-1\">" +
           "<noscript><p class=\"note\">The charts need JavaScript; every figure is in the tables."
           "</p></noscript>\n" +
           body + "</main>\n" + data_element(record) + "<script>" + std::string{web::script} +
           "</script>\n</body>\n</html>\n";
}

}  // namespace reports
