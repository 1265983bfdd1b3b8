#include "reports/ci.hpp"

#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/text.hpp"
#include "reports/verification.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include <nlohmann/json.hpp>
#include <xxhash.h>

namespace reports {

namespace {

constexpr std::size_t title_columns = 120;
constexpr std::size_t message_columns = 2'000;

std::string joined(const std::vector<std::string>& sentences) {
    std::string text;
    for (const auto& sentence : sentences) {
        text += (text.empty() ? "" : "\n") + sentence;
    }
    return text;
}

// One part of the proof by itself, so that its sentences are about nothing else.
std::string sentences_about(const TableProof& table) {
    Verification alone;
    alone.tables = {table};
    return joined(mismatch_sentences(alone));
}

std::string sentences_about(const InvariantProof& invariant) {
    Verification alone;
    alone.invariants = {invariant};
    return joined(mismatch_sentences(alone));
}

std::string message_about(const GateResult& gate, const Record& record) {
    std::string text = "Observed " + gate.observed + ", limit " + gate.limit + ".";
    text += gate.detail.empty() ? "" : " " + gate.detail + ".";
    if (const auto culprit = culprit_of(record)) {
        text += "\nWorst lock: " + culprit->mode + " on " + culprit->relation + ", " +
                culprit->who + ", " + ms_text(culprit->episode.longest_wait_ms) + " waited, " +
                counted(sessions_behind(culprit->episode), "session", "sessions") + " behind it.";
        text += culprit->statement.empty() ? "" : "\n" + culprit->statement;
    }
    return text;
}

// Of the migration, or of its way back, which is named in front.
void add_findings(const Record& record, const std::string& way, std::vector<Annotation>& all) {
    const auto add = [&](Severity severity, const char* check, const std::string& subject,
                         const std::string& title, std::string message, SourcePlace place) {
        all.push_back(
            {severity, check, way + subject, way + title, std::move(message), std::move(place)});
    };
    if (record.verification) {
        for (const auto& table : record.verification->tables) {
            if (table.verdict == Proof::fail) {
                add(Severity::data, "data", table.name, "Data mismatch in " + table.name,
                    sentences_about(table), place_of_migration(record));
            }
        }
        for (const auto& invariant : record.verification->invariants) {
            if (invariant.verdict == Proof::fail) {
                add(Severity::data, "invariant", invariant.name,
                    "Invariant broken: " + invariant.name, sentences_about(invariant),
                    place_of_migration(record));
            }
        }
    }
    for (const auto& step : record.steps) {
        if (step.outcome == "failed") {
            add(Severity::migration, "step", step.name, "The step \"" + step.name + "\" failed",
                step.error, place_of(step, record));
        }
    }
    for (const auto& gate : record.gates) {
        if (gate.verdict == Verdict::fail) {
            add(Severity::gate, "gate", gate.name, "Gate " + gate.name + " failed",
                message_about(gate, record), place_of_gate(gate, record));
        }
    }
}

// GitHub's own escapes, undone by its runner; a property ends at a comma or a colon besides.
std::string percent_escaped(std::string_view text, bool property) {
    std::string out;
    for (const char c : text) {
        const bool escaped =
            c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
        if (escaped) {
            char code[4];
            std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned>(c));
            out += code;
        } else {
            out += c;
        }
    }
    return out;
}

const char* gitlab_severity(Severity severity) noexcept {
    switch (severity) {
        case Severity::data:
            return "blocker";
        case Severity::harness:
        case Severity::migration:
            return "critical";
        case Severity::gate:
            return "major";
        case Severity::doubt:
            break;
    }
    return "minor";
}

std::string hex_digest(const std::string& text) {
    const auto digest = XXH3_128bits(text.data(), text.size());
    std::array<char, 33> hex{};
    std::snprintf(hex.data(), hex.size(), "%016llx%016llx",
                  static_cast<unsigned long long>(digest.high64),
                  static_cast<unsigned long long>(digest.low64));
    return hex.data();
}

}  // namespace

std::vector<Annotation> annotations(const Record& record) {
    std::vector<Annotation> all;
    if (record.verdict == Verdict::pass) {
        return all;
    }
    add_findings(record, "", all);
    if (record.rollback != nullptr) {
        add_findings(*record.rollback, "Rollback: ", all);
    }
    // What is in no table of the record is in the reasons alone.
    const auto add = [&](Severity severity, const char* check, const char* title) {
        all.push_back(
            {severity, check, "", title, joined(record.reasons), place_of_migration(record)});
    };
    if (record.interrupted || !record.harness_error.empty()) {
        add(Severity::harness, "rehearsal", "The rehearsal was cut off");
    } else if (record.verdict == Verdict::inconclusive) {
        add(Severity::doubt, "inconclusive", "The rehearsal is inconclusive");
    } else if (all.empty()) {
        add(Severity::migration, "rehearsal", "The rehearsal failed");
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.severity < b.severity; });
    return all;
}

std::string github_annotations(std::span<const Annotation> annotations, const Checkout& checkout) {
    std::string out;
    const auto shown = std::min(annotations.size(), most_github_annotations);
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& each = annotations[i];
        auto message = fitted(many_lines(each.message), message_columns);
        if (i + 1 == shown && annotations.size() > shown) {
            message +=
                "\nAnd " + count_text(annotations.size() - shown) + " more, see the summary.";
        }
        out += each.severity == Severity::doubt ? "::warning " : "::error ";
        if (!each.place.file.empty()) {
            out += "file=" + percent_escaped(one_line(path_in(checkout, each.place.file)), true) +
                   ",line=" + std::to_string(each.place.line) + ",";
        }
        out += "title=" + percent_escaped(fitted(one_line(each.title), title_columns), true) +
               "::" + percent_escaped(message, false) + '\n';
    }
    return out;
}

std::string gitlab_code_quality(const Record& record, const Checkout& checkout) {
    using Json = nlohmann::ordered_json;
    Json all = Json::array();
    std::map<std::string, int> times;
    for (const auto& each : annotations(record)) {
        const auto path = path_in(checkout, each.place.file);
        // A NUL between the parts: no name can hold one.
        auto identity = each.check + '\0' + each.subject + '\0' + record.run.scenario;
        if (const int before = times[identity]++; before > 0) {
            identity += '\0' + std::to_string(before);
        }
        all.push_back(
            {{"description", fitted(one_line(each.title + ": " + each.message), message_columns)},
             {"check_name", "rehearse/" + each.check},
             {"fingerprint", hex_digest(identity)},
             {"severity", gitlab_severity(each.severity)},
             {"location", {{"path", path}, {"lines", {{"begin", each.place.line}}}}}});
    }
    return all.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace reports
