#include "reports/junit.hpp"

#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/text.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace reports {

namespace {

constexpr std::size_t message_columns = 500;
constexpr std::size_t text_columns = 4'000;

enum class Outcome : std::uint8_t { passed, failed, error, skipped };

struct Case {
    std::string name;
    Outcome outcome = Outcome::passed;
    std::string message, text;  // why it did not pass; more of it
    std::optional<SourcePlace> place = {};
    std::optional<double> seconds = {};
};

struct Suite {
    std::string name;
    std::vector<Case> cases;
    std::optional<double> seconds = {};

    [[nodiscard]] std::size_t count(Outcome outcome) const {
        return static_cast<std::size_t>(std::count_if(
            cases.begin(), cases.end(), [&](const Case& each) { return each.outcome == outcome; }));
    }
};

Outcome outcome_of(Verdict verdict) {
    return verdict == Verdict::pass   ? Outcome::passed
           : verdict == Verdict::fail ? Outcome::failed
                                      : Outcome::error;
}

Outcome outcome_of(Proof proof, bool partial_passes) {
    const bool passed = proof == Proof::pass || (proof == Proof::partial && partial_passes);
    return passed ? Outcome::passed : proof == Proof::fail ? Outcome::failed : Outcome::error;
}

std::string lines_of(const std::vector<std::string>& sentences) {
    std::string text;
    for (const auto& sentence : sentences) {
        text += sentence + '\n';
    }
    return text;
}

Case verdict_case(const std::string& name, const Record& record) {
    return {.name = name,
            .outcome = outcome_of(record.verdict),
            .message = record.reasons.empty() ? name_of(record.verdict) : record.reasons.front(),
            .text = lines_of(record.reasons),
            .place = place_of_migration(record)};
}

// That of the whole run is the worse one of both ways.
Suite verdict_suite(const Record& record) {
    Suite suite{"verdict", {verdict_case("the rehearsal", record)}};
    if (record.rollback != nullptr) {
        suite.cases.push_back(verdict_case("the way back", *record.rollback));
    } else if (!record.rollback_omitted.empty()) {
        suite.cases.push_back({.name = "the way back",
                               .outcome = Outcome::error,
                               .message = "It was not rehearsed: " + record.rollback_omitted,
                               .text = {},
                               .place = place_of_migration(record)});
    }
    return suite;
}

std::string findings_text(const Record& record) {
    std::string text;
    for (const auto& finding : findings(record)) {
        text += finding.label + ": " + finding.text + '\n';
    }
    return text;
}

Suite gates_suite(const Record& record) {
    Suite suite{"gates", {}};
    std::string found;  // the same for all that failed, and only looked for where one did
    for (const auto& gate : record.gates) {
        const auto behind = gate.detail.empty() ? "" : ": " + gate.detail;
        Case one{.name = gate.name,
                 .outcome = outcome_of(gate.verdict),
                 .message = "observed " + gate.observed + ", limit " + gate.limit + behind,
                 .text = {}};
        if (gate.verdict != Verdict::pass) {
            one.place = place_of_gate(gate, record);
        }
        if (gate.verdict == Verdict::fail) {
            found = found.empty() ? findings_text(record) : found;
            one.text = one.message + '\n' + found;
        }
        suite.cases.push_back(std::move(one));
    }
    return suite;
}

// Sentences of one table or invariant alone.
std::vector<std::string> sentences_of(const Verification& alone) {
    auto sentences = mismatch_sentences(alone);
    const auto doubts = doubt_sentences(alone);
    sentences.insert(sentences.end(), doubts.begin(), doubts.end());
    return sentences;
}

Case proof_case(const std::string& name, Proof verdict, const Verification& alone,
                const Record& record) {
    Case one{.name = name,
             .outcome = outcome_of(verdict, alone.partial_passes),
             .message = {},
             .text = {}};
    if (one.outcome != Outcome::passed) {
        const auto sentences = sentences_of(alone);
        one.message = sentences.empty() ? name_of(verdict) : sentences.front();
        one.text = lines_of(sentences);
        one.place = place_of_migration(record);
    }
    return one;
}

std::vector<Suite> proof_suites(const Record& record) {
    if (!record.verification) {
        return {};
    }
    const auto& proof = *record.verification;
    Suite tables{"data proof", {}, proof.seconds}, invariants{"invariants", {}};
    if (!proof.fault.empty()) {
        tables.cases.push_back({.name = "the data was verified",
                                .outcome = Outcome::error,
                                .message = proof.fault,
                                .text = {},
                                .place = place_of_migration(record)});
    }
    Verification alone;
    alone.partial_passes = proof.partial_passes;
    alone.ledger = proof.ledger;
    for (const auto& table : proof.tables) {
        alone.tables = {table};
        tables.cases.push_back(proof_case(table.name, table.verdict, alone, record));
    }
    alone.tables.clear();
    for (const auto& invariant : proof.invariants) {
        alone.invariants = {invariant};
        invariants.cases.push_back(proof_case(invariant.name, invariant.verdict, alone, record));
    }
    return {std::move(tables), std::move(invariants)};
}

Suite steps_suite(const Record& record) {
    Suite suite{"steps", {}, 0.0};
    for (const auto& step : record.steps) {
        const double seconds = std::max(0.0, step.end_s - step.start_s);
        suite.cases.push_back({.name = step.name,
                               .outcome = step.outcome == "ok"        ? Outcome::passed
                                          : step.outcome == "failed"  ? Outcome::failed
                                          : step.outcome == "skipped" ? Outcome::skipped
                                                                      : Outcome::error,
                               .message = step.error.empty() ? step.outcome : step.error,
                               .text = step.error,
                               .place = place_of(step, record),
                               .seconds = seconds});
        *suite.seconds += seconds;
    }
    return suite;
}

void add_parts(const Record& record, const std::string& way, std::vector<Suite>& suites) {
    std::vector<Suite> parts{gates_suite(record)};
    for (auto& suite : proof_suites(record)) {
        parts.push_back(std::move(suite));
    }
    parts.push_back(steps_suite(record));
    for (auto& suite : parts) {
        if (!suite.cases.empty()) {
            suite.name = way + suite.name;
            suites.push_back(std::move(suite));
        }
    }
}

// XML 1.0 forbids control characters, U+FFFE and U+FFFF even as references. The first went when the
// text was made harmless.
std::string escaped(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool forbidden =
            text.compare(i, 3, "\xEF\xBF\xBE") == 0 || text.compare(i, 3, "\xEF\xBF\xBF") == 0;
        if (forbidden) {
            out += "\xEF\xBF\xBD";
            i += 2;
        } else if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '"') {
            out += "&quot;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string attribute(const char* name, const std::string& value) {
    return std::string{" "} + name + "=\"" + escaped(fitted(one_line(value), message_columns)) +
           '"';
}

std::string seconds_attribute(const std::optional<double>& seconds) {
    return seconds && std::isfinite(*seconds) ? attribute("time", decimal_text(*seconds, 3)) : "";
}

std::string counts(std::size_t tests, std::size_t failures, std::size_t errors,
                   std::size_t skipped) {
    return attribute("tests", std::to_string(tests)) +
           attribute("failures", std::to_string(failures)) +
           attribute("errors", std::to_string(errors)) +
           attribute("skipped", std::to_string(skipped));
}

std::string element_of(const Case& one, const std::string& class_name, const Checkout& checkout) {
    std::string out = "  <testcase" + attribute("classname", class_name) +
                      attribute("name", one.name) + seconds_attribute(one.seconds);
    if (one.place && !one.place->file.empty()) {
        out += attribute("file", path_in(checkout, one.place->file)) +
               attribute("line", std::to_string(one.place->line));
    }
    if (one.outcome == Outcome::passed) {
        return out + "/>\n";
    }
    const auto message = attribute("message", one.message);
    out += ">\n   ";
    if (one.outcome == Outcome::skipped) {
        return out + "<skipped" + message + "/>\n  </testcase>\n";
    }
    const std::string tag = one.outcome == Outcome::failed ? "failure" : "error";
    const auto text =
        escaped(fitted(many_lines(one.text.empty() ? one.message : one.text), text_columns));
    return out + '<' + tag + message +
           attribute("type", tag == "failure" ? "fail" : "inconclusive") + '>' + text + "</" + tag +
           ">\n  </testcase>\n";
}

std::string properties_of(const Record& record) {
    const auto one = [](const char* name, const std::string& value) {
        return "   <property" + attribute("name", name) + attribute("value", value) + "/>\n";
    };
    return "  <properties>\n" + one("verdict", name_of(record.verdict)) +
           one("exit_code", std::to_string(record.exit_code)) +
           one("seed", std::to_string(record.run.seed)) +
           one("target", record.target.engine + " " + record.target.version) +
           one("again", command_to_repeat(record)) + "  </properties>\n";
}

}  // namespace

std::string to_junit(const Record& record, const Checkout& checkout) {
    std::vector<Suite> suites{verdict_suite(record)};
    add_parts(record, "", suites);
    if (record.rollback != nullptr) {
        add_parts(*record.rollback, "rollback: ", suites);
    }
    // "2026-01-31T12:00:00": the format knows no time zone.
    const auto timestamp = record.run.started_at.substr(0, 19);
    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    std::string body;
    for (const auto& suite : suites) {
        const auto failed = suite.count(Outcome::failed), in_error = suite.count(Outcome::error),
                   left_out = suite.count(Outcome::skipped);
        tests += suite.cases.size();
        failures += failed;
        errors += in_error;
        skipped += left_out;
        body += " <testsuite" + attribute("name", suite.name) +
                counts(suite.cases.size(), failed, in_error, left_out) +
                attribute("timestamp", timestamp) + seconds_attribute(suite.seconds) + ">\n";
        body += &suite == &suites.front() ? properties_of(record) : "";
        for (const auto& one : suite.cases) {
            body += element_of(one, record.run.scenario + "." + suite.name, checkout);
        }
        body += " </testsuite>\n";
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
           attribute("name", "rehearse " + record.run.scenario) +
           counts(tests, failures, errors, skipped) + seconds_attribute(record.run.duration_s) +
           ">\n" + body + "</testsuites>\n";
}

}  // namespace reports
