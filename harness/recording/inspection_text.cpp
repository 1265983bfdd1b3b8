#include "harness/recording/inspection.hpp"
#include "harness/recording/utc_text.hpp"
#include "reports/figures.hpp"
#include "reports/table.hpp"
#include "reports/text.hpp"

#include <algorithm>

namespace harness::recording {
namespace {

using reports::Align;
using reports::Colour;
using reports::count_text;
using reports::counted;
using reports::Table;

constexpr std::size_t most_names = 5, most_problems = 10;

class Page {
public:
    Page(std::size_t columns, bool colour)
        : columns_{std::clamp<std::size_t>(columns, 60, 140)}, colour_{colour} {}

    void heading(const std::string& text) {
        out_ += (out_.empty() ? "" : "\n") + reports::coloured(text, Colour::bold, colour_) + "\n";
    }

    // "  sessions     12, at most 3 at once"; further lines stand below the first.
    void line(const std::string& label, const std::string& text) {
        constexpr std::size_t label_columns = 14;
        bool first = true;
        for (const auto& part :
             reports::wrapped(reports::one_line(text), columns_ - label_columns - 2)) {
            out_ += "  " + reports::padded(first ? label : "", label_columns) + part + "\n";
            first = false;
        }
    }

    void table(const Table& table) { out_ += table.text(columns_, colour_); }

    void paragraph(const std::string& text, std::size_t indent) {
        for (const auto& part : reports::wrapped(reports::one_line(text), columns_ - indent)) {
            out_ += std::string(indent, ' ') + part + "\n";
        }
    }
    void verbatim(const std::string& text) { out_ += text; }

    [[nodiscard]] const std::string& text() const { return out_; }

private:
    std::size_t columns_;
    bool colour_;
    std::string out_;
};

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) {
        return "-";
    }
    const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    // What is not all must not look like all, and what is there not like nothing.
    if (part < whole && share >= 99.95) {
        return "> 99.9 %";
    }
    if (part > 0 && share < 0.05) {
        return "< 0.1 %";
    }
    return reports::decimal_text(share, 1) + " %";
}

std::string named(const Counted& counts) {
    std::string text;
    for (std::size_t i = 0; i < std::min(counts.size(), most_names); ++i) {
        text += (i == 0 ? "" : ", ") + counts[i].first + " " + count_text(counts[i].second);
    }
    if (counts.size() > most_names) {
        text += ", and " + count_text(counts.size() - most_names) + " more";
    }
    return text;
}

std::string quantile(const reports::Histogram& latency, double q) {
    return latency.count() == 0
               ? "-"
               : reports::ms_text(static_cast<double>(latency.quantile_us(q)) * 1e-3);
}

double rate(std::uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

void write_summary(const Inspection& all, Page& page) {
    page.heading("RECORDING");
    for (const auto& file : all.files) {
        page.line("log", file.path + ": " + file.format + ", " +
                             reports::bytes_text(static_cast<std::int64_t>(file.bytes)) + ", " +
                             counted(file.records, "record", "records"));
    }
    page.line("time", utc_text(all.start_us) + " to " + utc_text(all.end_us) + " UTC, " +
                          reports::seconds_text(all.seconds()));
    std::string sessions = count_text(all.sessions) + ", at most " +
                           count_text(all.most_sessions_at_once) + " at once";
    if (all.sessions_before > 0) {
        sessions += "; " + count_text(all.sessions_before) + " began before the log";
    }
    if (all.sessions_incomplete > 0) {
        sessions += "; of " + count_text(all.sessions_incomplete) + " lines are missing";
    }
    page.line("sessions", sessions);
    page.line("users", named(all.users));
    page.line("databases", named(all.databases));
    page.line("applications", named(all.applications));
    page.line("statements", count_text(all.statements) + ", " +
                                reports::rate_text(rate(all.statements, all.seconds())) + ", " +
                                counted(all.shapes, "shape", "shapes") +
                                (all.shapes_overflowed ? " and more, counted as one" : ""));
    if (all.statements > 0) {
        page.line("protocol", named(all.protocols));
        page.line("kinds", named(all.kinds));
    }
    if (all.failed > 0) {
        page.line("failed", count_text(all.failed) + ": " + named(all.failures));
    }
    page.line("latency", all.timed == 0 ? "not logged"
                                        : "p50 " + quantile(all.latency, 0.5) + ", p99 " +
                                              quantile(all.latency, 0.99) + ", max " +
                                              quantile(all.latency, 1) + " (of " +
                                              count_text(all.timed) + " statements)");
}

void write_replay(const Inspection& all, Page& page) {
    page.heading("WHAT CAN BE REPLAYED");
    const auto share = [&](const char* label, std::uint64_t count) {
        page.line(label, percent(count, all.statements) + " (" + count_text(count) + ")");
    };
    share("exactly", all.replay.exactly);
    share("approximately", all.replay.approximately);
    share("not", all.replay.not_at_all);
    for (const auto& each : all.reasons) {
        if (each.row->reason == workloads::logs::Reason::none) {
            continue;
        }
        page.verbatim("\n");
        page.paragraph(std::string{name_of(each.row->replay)} + ": " + each.row->why, 2);
        page.paragraph(counted(each.count, "statement", "statements") + ", first at " + each.first,
                       6);
    }
}

void write_statements(const Inspection& all, Page& page) {
    if (all.top.empty()) {
        return;
    }
    page.heading(all.timed > 0 ? "STATEMENTS BY TIME" : "STATEMENTS BY COUNT");
    Table table{{{"statement", Align::left, true},
                 {"count", Align::right},
                 {"rate", Align::right},
                 {"time", Align::right},
                 {"p50", Align::right},
                 {"p99", Align::right},
                 {"replay", Align::right}}};
    for (const auto& each : all.top) {
        const auto& by = each.replay;
        table.add(
            {{each.text},
             {count_text(each.count)},
             {reports::rate_text(rate(each.count, all.seconds()))},
             {all.timed == 0 ? "-" : reports::decimal_text(100 * each.share_of_time, 1) + "%"},
             {quantile(each.latency, 0.5)},
             {quantile(each.latency, 0.99)},
             {by.not_at_all == each.count ? "no"
              : by.not_at_all > 0         ? "in part"
              : by.approximately > 0      ? "nearly"
                                          : "yes"}});
    }
    page.table(table);
    if (all.shapes > all.top.size()) {
        page.paragraph("and " + counted(all.shapes - all.top.size(), "shape", "shapes") +
                           " more (--top N shows more)",
                       2);
    }
}

void write_problems(const Inspection& all, Page& page) {
    const auto& records = all.records;
    std::vector<std::string> told;
    for (const auto& file : all.files) {
        std::size_t shown = 0;
        for (const auto& note : file.notes) {
            told.push_back(file.path + ": " + note);
        }
        for (const auto& problem : file.problems) {
            if (shown++ < most_problems) {
                told.push_back(
                    file.path + ":" + std::to_string(problem.line) + ": " + problem.what +
                    (problem.bytes == 0
                         ? ""
                         : " (" + counted(problem.bytes, "byte", "bytes") + " left out)"));
            }
        }
        if (file.problem_count > most_problems) {
            told.push_back(file.path + ": " + count_text(file.problem_count) +
                           " problems in all, " + count_text(file.passed_over_bytes) +
                           " bytes left out");
        }
    }
    const auto tell = [&](std::uint64_t count, const char* one, const char* many,
                          const char* what) {
        if (count > 0) {
            told.push_back(counted(count, one, many) + " " + what);
        }
    };
    tell(records.missing, "record", "records", "missing, by the numbers of their sessions' lines");
    tell(records.repeated, "record", "records",
         "left out: they came before, or a file is out of order");
    tell(records.unattributed, "record", "records",
         "left out: of statements, but of no known process or session");
    tell(records.replication, "record", "records", "of replication connections left out");
    tell(records.refused_connections, "connection", "connections", "refused");
    tell(records.lost_clients, "client", "clients", "went without a word");
    tell(records.failures_without_statement, "failure", "failures", "without its statement");
    tell(records.unused_binds, "statement", "statements", "bound whose execution is not logged");
    tell(records.plans, "plan", "plans",
         "of auto_explain left out: they repeat statements, or show what was not sent as such");
    if (told.empty()) {
        return;
    }
    page.heading("MET IN THE LOG");
    for (const auto& each : told) {
        page.paragraph(each, 2);
    }
}

void write_advice(const Inspection& all, Page& page) {
    if (all.advice.empty()) {
        return;
    }
    page.heading("SETTINGS FOR A BETTER RECORDING");
    bool first = true;
    for (const auto& each : all.advice) {
        page.verbatim(first ? "" : "\n");
        first = false;
        for (std::size_t at = 0; at <= each.settings.size();) {
            const auto end = std::min(each.settings.find('\n', at), each.settings.size());
            page.verbatim("  " + each.settings.substr(at, end - at) + "\n");
            at = end + 1;
        }
        page.paragraph("why: " + each.why, 6);
        page.paragraph("cost: " + each.cost, 6);
    }
}

}  // namespace

std::string inspection_text(const Inspection& inspection, std::size_t columns, bool colour) {
    Page page{columns, colour};
    write_summary(inspection, page);
    if (inspection.statements > 0) {
        write_replay(inspection, page);
        write_statements(inspection, page);
    }
    write_problems(inspection, page);
    write_advice(inspection, page);
    return page.text();
}

}  // namespace harness::recording
