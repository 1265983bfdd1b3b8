#include "reports/terminal.hpp"

#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/new_errors.hpp"
#include "reports/replay.hpp"
#include "reports/replay_keys.hpp"
#include "reports/replay_order.hpp"
#include "reports/synthesis.hpp"
#include "reports/terminal_parts.hpp"

#include <algorithm>

namespace reports {

namespace terminal {

Style clipped(Style style) noexcept {
    style.columns = std::clamp<std::size_t>(style.columns, 60, 100);
    return style;
}

Colour colour_of(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::pass:
            return Colour::green;
        case Verdict::fail:
            return Colour::red;
        case Verdict::inconclusive:
            return Colour::yellow;
    }
    return Colour::none;
}

std::string upper_case(Verdict verdict) {
    std::string text = name_of(verdict);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    return text;
}

std::string heading(const std::string& text, const Style& style) {
    return "\n" + coloured(text, Colour::bold, style.colour) + "\n";
}

std::string paragraph(const std::string& first, const std::string& text, const Style& style,
                      std::size_t most_lines) {
    const auto indent = columns_of(first);
    auto lines = wrapped(one_line(text), style.columns - indent);
    if (lines.size() > most_lines) {
        lines.resize(most_lines);
        lines.back() = fitted(lines.back() + " \xE2\x80\xA6", style.columns - indent);
    }
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out += (i == 0 ? first : std::string(indent, ' ')) + lines[i] + '\n';
    }
    return out;
}

}  // namespace terminal

namespace {

using namespace terminal;

constexpr std::size_t most_reasons = 12;
constexpr std::size_t most_warnings = 6;
constexpr std::size_t label_columns = 16;

std::string title(const Record& record, const Style& style) {
    const auto verdict = upper_case(record.verdict);
    const auto code = "exit code " + std::to_string(record.exit_code);
    const auto middle = style.columns - verdict.size() - code.size() - 4;
    auto out = coloured(verdict, colour_of(record.verdict), style.colour) + "  " +
               padded(one_line(record.run.scenario), middle) + "  " + code + '\n';
    std::string about =
        record.target.engine + " " + record.target.version +
        (record.target.throwaway ? ", throwaway server" : ", database " + record.target.database);
    about += ", " + counted(record.connections, "connection", "connections") + ", ";
    about += record.open_loop ? rate_text(record.asked_rate) + " asked for" : "closed loop";
    about += ", " + seconds_text(record.run.duration_s);
    return out + paragraph("", about, style, 2);
}

std::string cut_list(const std::vector<std::string>& texts, const Style& style, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < std::min(texts.size(), most); ++i) {
        out += paragraph("  - ", texts[i], style);
    }
    if (texts.size() > most) {
        out += "  - and " + count_text(texts.size() - most) + " more in result.json\n";
    }
    return out;
}

std::string labelled(const std::string& label, const std::string& text, const Style& style) {
    return paragraph("  " + padded(label, label_columns), text, style, 3);
}

std::string honesty(const Record& record, const Style& style) {
    std::string out = heading("Can it be believed", style);
    if (record.replay) {
        out += labelled("Recording", recording_text(*record.replay), style);
        out += labelled("Its calls", outcomes_text(*record.replay), style);
        if (record.replay->order) {
            out += labelled("Its order", order_text(*record.replay->order), style);
        }
        if (record.replay->keys) {
            out += labelled("Its keys", keys_text(*record.replay->keys), style);
        }
        if (const auto text = new_errors_text(record); !text.empty()) {
            out += labelled("New errors", text, style);
        }
    }
    if (record.synthesis) {
        out += labelled("Synthesis", synthesis_text(record), style);
    }
    out += labelled("Generator", generator_text(record), style);
    out += labelled("Observer", observer_text(record), style);
    out += labelled("Seed", std::to_string(record.run.seed), style);
    const auto command = command_to_repeat(record);
    if (!command.empty()) {
        out += labelled("Again", command, style);
    }
    return out;
}

// What the migration's own sections say, in the same order.
std::string way_back(const Record& record, const Style& style) {
    std::string out = heading("Rollback: " + upper_case(record.verdict), style);
    for (const auto& finding : findings(record)) {
        out += labelled(finding.label, finding.text, style);
    }
    return out + gates_section(record, style) + steps_section(record, style) +
           verification_section(record, style);
}

}  // namespace

std::string terminal_summary(const Record& record, Style style) {
    style = clipped(style);
    std::string out = title(record, style);
    out += heading("Why", style) + cut_list(record.reasons, style, most_reasons);
    out += heading("What happened", style);
    for (const auto& finding : findings(record)) {
        out += labelled(finding.label, finding.text, style);
    }
    out += gates_section(record, style);
    out += operations_section(record, style);
    out += episodes_section(record, style);
    out += steps_section(record, style);
    out += verification_section(record, style);
    if (record.rollback != nullptr) {
        out += way_back(*record.rollback, style);
    }
    if (!record.warnings.empty()) {
        out += heading("Warnings", style) + cut_list(record.warnings, style, most_warnings);
    }
    return out + honesty(record, style);
}

}  // namespace reports
