#include "reports/markdown.hpp"

#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/new_errors.hpp"
#include "reports/replay.hpp"
#include "reports/replay_keys.hpp"
#include "reports/replay_order.hpp"
#include "reports/synthesis.hpp"
#include "reports/text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace reports {

namespace {

constexpr std::size_t name_columns = 80;
constexpr std::size_t sentence_columns = 600;

std::string name_cell(const std::string& name) {
    return markdown_escaped(fitted(one_line(name), name_columns));
}

std::string sentence(const std::string& text) {
    return markdown_escaped(fitted(one_line(text), sentence_columns));
}

// A section of bounded size: rows are added while there is room, then counted.
class Section {
public:
    // `rest`: what is left out, in the plural, and by what rule where it is not simply the end.
    Section(std::string text, std::size_t bytes, const char* rest)
        : text_{std::move(text)}, left_{bytes}, rest_{rest} {}

    // Asked before a row is built, because a run may have 10,000 steps; counts the row if there is
    // no room.
    [[nodiscard]] bool has_room() {
        left_out_ += full_ ? 1 : 0;
        return !full_;
    }
    void add(const std::string& line) {
        if (full_ || line.size() > left_) {
            full_ = true;
            ++left_out_;
            return;
        }
        left_ -= line.size();
        text_ += line;
    }
    void leave_out(std::size_t rows) { left_out_ += rows; }

    [[nodiscard]] std::string text() const {
        return left_out_ == 0 ? text_
                              : text_ + "\nLeft out here: " + count_text(left_out_) + " more " +
                                    rest_ + "; `result.json` has all.\n";
    }

private:
    std::string text_;
    std::size_t left_;
    const char* rest_;
    std::size_t left_out_ = 0;
    bool full_ = false;
};

// Of the whole: the migration, or its way back.
struct Part {
    std::string heading;
    std::size_t shares = 1;  // that the room is divided among
};

std::string row(const std::vector<std::string>& cells) {
    std::string line = "|";
    for (const auto& cell : cells) {
        line += ' ' + cell + " |";
    }
    return line + '\n';
}

std::string verdict_section(const Record& record, const Part& part) {
    const char* mark = record.verdict == Verdict::pass   ? "\xE2\x9C\x85"
                       : record.verdict == Verdict::fail ? "\xE2\x9D\x8C"
                                                         : "\xE2\x9A\xA0\xEF\xB8\x8F";
    Section section{"# " + std::string{mark} + " " + name_of(record.verdict) + ": " +
                        name_cell(record.run.scenario) + "\n\n",
                    10'000 / part.shares, "reasons"};
    for (const auto& reason : record.reasons) {
        if (!section.has_room()) {
            continue;
        }
        section.add("- " + sentence(reason) + "\n");
    }
    return section.text();
}

std::string findings_section(const Record& record, const Part& part) {
    Section section{part.heading + "What happened\n\n| | |\n|---|---|\n", 7'000 / part.shares,
                    "findings"};
    for (const auto& finding : findings(record)) {
        section.add(row({finding.label, sentence(finding.text)}));
    }
    return section.text();
}

std::string proof_section(const Record& record, const Part& part) {
    if (!record.verification) {
        return {};
    }
    Section section{part.heading + "Data\n\n| verdict | what | detail |\n|---|---|---|\n",
                    7'000 / part.shares, "lines of the proof, the less serious ones"};
    for (const auto& line : proof_lines(*record.verification)) {
        if (section.has_room()) {
            section.add(row({line.verdict, name_cell(line.what), sentence(line.detail)}));
        }
    }
    return section.text();
}

std::string rows_section(const Record& record, const Part& part) {
    const auto rows =
        record.verification ? shown_rows(*record.verification) : std::vector<ShownRow>{};
    if (rows.empty()) {
        return {};
    }
    constexpr std::size_t row_columns = 800;
    const auto values = [](const std::string& row) {
        return markdown_escaped(fitted(one_line(row), row_columns));
    };
    Section section{
        part.heading +
            "Rows that differ\n\n| table | row | first scan | second scan |\n|---|---|---|---|\n",
        5'000 / part.shares, "of the rows named"};
    for (const auto& one : rows) {
        if (section.has_room()) {
            section.add(row({name_cell(one.table), sentence(one.what), values(one.first_scan),
                             values(one.second_scan)}));
        }
    }
    return section.text();
}

std::string gates_section(const Record& record, const Part& part) {
    if (record.gates.empty()) {
        return {};
    }
    Section section{
        part.heading +
            "Gates\n\n| verdict | gate | limit | observed | detail |\n|---|---|--:|--:|---|\n",
        7'000 / part.shares, "gates"};
    for (const auto verdict : {Verdict::fail, Verdict::inconclusive, Verdict::pass}) {
        for (const auto& gate : record.gates) {
            if (gate.verdict == verdict && section.has_room()) {
                section.add(row({name_of(gate.verdict), name_cell(gate.name), name_cell(gate.limit),
                                 name_cell(gate.observed), sentence(gate.detail)}));
            }
        }
    }
    return section.text();
}

std::string steps_section(const Record& record, const Part& part) {
    if (record.steps.empty()) {
        return {};
    }
    Section section{
        part.heading +
            "Steps\n\n| step | outcome | took | attempts | locks (waited, held) | rewrote | WAL "
            "|\n"
            "|---|---|--:|--:|---|---|--:|\n",
        7'000 / part.shares, "steps"};
    constexpr std::size_t most_locks = 4;
    constexpr std::size_t most_steps = 30;
    const auto shown = shown_steps(record, most_steps);
    section.leave_out(record.steps.size() - shown.size());
    for (const auto* each : shown) {
        const auto& step = *each;
        if (!section.has_room()) {
            continue;
        }
        std::string locks;
        for (std::size_t i = 0; i < std::min(step.locks.size(), most_locks); ++i) {
            const auto& lock = step.locks[i];
            locks += (i == 0 ? "" : "; ") + lock.mode + " on " + lock.relation + " (" +
                     seconds_text(lock.waited_s) + ", " + seconds_text(lock.held_s) + ")";
        }
        if (step.locks.size() > most_locks) {
            locks += "; and " + count_text(step.locks.size() - most_locks) + " more";
        }
        std::string rewrote;
        for (const auto& relation : step.rewrote) {
            rewrote += (rewrote.empty() ? "" : ", ") + relation;
        }
        const auto wal = step.wal_bytes ? step.wal_bytes : step.wal_total_bytes;
        section.add(row({name_cell(step.name), name_cell(step.outcome),
                         step.outcome == "skipped" ? "-" : seconds_text(step.end_s - step.start_s),
                         count_text(step.tries()), sentence(locks), name_cell(rewrote),
                         wal ? bytes_text(*wal) : "-"}));
    }
    return section.text();
}

std::string episodes_section(const Record& record, const Part& part) {
    if (record.locks.episodes.empty()) {
        return {};
    }
    Section section{
        part.heading +
            "Lock episodes, worst first\n\n"
            "| from | lasted | who | mode | on | blocked | longest wait | victim-seconds |\n"
            "|--:|--:|---|---|---|--:|--:|--:|\n",
        5'000 / part.shares, "episodes"};
    constexpr std::size_t most = 20;
    for (const auto* episode : worst_episodes(record, most)) {
        const auto who = episode->queued ? name_of(*episode->queued) + " queued behind " +
                                               name_of(episode->blocker)
                                         : name_of(episode->blocker);
        section.add(
            row({decimal_text(episode->start_s, 2) + " s",
                 seconds_text(episode->end_s - episode->start_s), sentence(who),
                 name_cell(episode->queued ? episode->queued_mode : episode->mode),
                 name_cell(contended_text(*episode)), count_text(episode->max_blocked),
                 ms_text(episode->longest_wait_ms), decimal_text(episode->victim_seconds, 1)}));
    }
    const auto all = record.locks.episodes.size() + record.locks.episodes_dropped;
    section.leave_out(all - std::min(record.locks.episodes.size(), most));
    return section.text();
}

std::string operation_row(const OperationRecord& operation, PhaseName phase, const Record& record) {
    const auto calls = operation.phase(phase);
    const double seconds = record.phase_seconds(phase);
    const auto at = [&](double q) {
        return calls.response.count() == 0
                   ? std::string{"-"}
                   : ms_text(static_cast<double>(calls.response.quantile_us(q)) / 1e3);
    };
    const auto rate = seconds > 0 ? rate_text(static_cast<double>(calls.count) / seconds) : "-";
    return row({name_cell(operation.name), name_of(phase),
                calls.due() == 0 ? "never due" : count_text(calls.count), rate, at(0.5), at(0.99),
                at(1), sentence(errors_text(calls.errors)),
                seconds_text(operation.longest_stall[static_cast<std::size_t>(phase)].length_s())});
}

// "1.25 (1.10 to 1.42)": a ratio between its one-sided bounds.
std::string ratio_cell(const Comparison* comparison) {
    if (comparison == nullptr) {
        return "-";
    }
    const auto decimals = [](const std::optional<double>& value) {
        return value ? decimal_text(*value, 2) : std::string{"?"};
    };
    if (!comparison->ratio) {
        return comparison->lacking.empty() ? "-" : "? (" + name_cell(comparison->lacking) + ")";
    }
    const bool bounded = comparison->ratio_lower || comparison->ratio_upper;
    const auto behind =
        bounded ? decimals(comparison->ratio_lower) + " to " + decimals(comparison->ratio_upper)
                : name_cell(comparison->lacking);
    return decimals(comparison->ratio) + (behind.empty() ? "" : " (" + behind + ")");
}

using ComparisonsByOperation = std::map<std::string_view, std::array<const Comparison*, 2>>;

// Of the two quantiles that have a column.
ComparisonsByOperation comparisons_of(const Record& record) {
    ComparisonsByOperation found;
    for (const auto& comparison : record.comparisons) {
        if (comparison.statistic == "p50" || comparison.statistic == "p99") {
            found[comparison.operation][comparison.statistic == "p50" ? 0 : 1] = &comparison;
        }
    }
    return found;
}

std::string operations_section(const Record& record, const Part& part) {
    if (record.operations.empty()) {
        return {};
    }
    const auto comparisons = comparisons_of(record);
    const auto about = comparisons.empty()
                           ? ""
                           : "`ratio`: during and after against before, and the bounds between "
                             "which it lies (each with 99 % confidence).\n\n";
    Section section{part.heading + "Operations\n\n" + about +
                        "| operation | phase | done | rate | p50 | p99 | max | errors "
                        "| longest stall |\n|---|---|--:|--:|--:|--:|--:|---|--:|\n",
                    7'000 / part.shares, "operations, those that suffered less"};
    for (const auto* operation : worst_operations(record)) {
        if (!section.has_room()) {
            continue;
        }
        std::string rows;
        for (const auto phase : judged_phases) {
            rows += operation_row(*operation, phase, record);
        }
        if (const auto found = comparisons.find(operation->name); found != comparisons.end()) {
            rows += row({name_cell(operation->name), "ratio", "", "", ratio_cell(found->second[0]),
                         ratio_cell(found->second[1]), "", "", ""});
        }
        section.add(rows);
    }
    return section.text();
}

std::string closing_section(const Record& record, const Part& part) {
    Section section{part.heading + "Can it be believed\n\n", 5'000 / part.shares, "warnings"};
    const auto target = record.target.engine + " " + record.target.version +
                        (record.target.throwaway ? ", throwaway server" : "");
    const auto command = command_to_repeat(record);
    if (record.replay) {
        section.add("- Recording: " + sentence(recording_text(*record.replay)) + "\n");
        section.add("- Its calls: " + sentence(outcomes_text(*record.replay)) + "\n");
        if (record.replay->order) {
            section.add("- Its order: " + sentence(order_text(*record.replay->order)) + "\n");
        }
        if (record.replay->keys) {
            section.add("- Its keys: " + sentence(keys_text(*record.replay->keys)) + "\n");
        }
        if (const auto text = new_errors_text(record); !text.empty()) {
            section.add("- New errors: " + sentence(text) + "\n");
        }
    }
    if (record.synthesis) {
        section.add("- Synthesized from: " + sentence(synthesis_text(record)) + "\n");
    }
    section.add("- Generator: " + sentence(generator_text(record)) + "\n");
    section.add("- Observer: " + sentence(observer_text(record)) + "\n");
    section.add("- Run: " + name_cell(target) + ", seed " + std::to_string(record.run.seed) + ", " +
                name_cell(record.run.started_at) + "\n");
    if (!command.empty()) {
        section.add("- Again: " + sentence(command) + "\n");
    }
    for (const auto& warning : record.warnings) {
        if (!section.has_room()) {
            continue;
        }
        section.add("- " + sentence(warning) + "\n");
    }
    return section.text();
}

}  // namespace

std::string markdown_escaped(std::string_view text) {
    std::string out;
    for (const char c : one_line(text)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '|':
            case '\\':
            case '`':
            case '*':
            case '_':
            case '[':
            case ']':
            case '#':
            case '~':
            case '!':
            case '$':
                out += '\\';
                [[fallthrough]];
            default:
                out += c;
        }
    }
    return out;
}

std::string to_markdown(const Record& record) {
    // Of bounded sizes: together below markdown_bytes_max. The order is the terminal's.
    const Part whole{"\n## ", record.rollback == nullptr ? 1U : 2U};
    auto text = verdict_section(record, whole) + findings_section(record, whole) +
                gates_section(record, whole) + operations_section(record, whole) +
                episodes_section(record, whole) + steps_section(record, whole) +
                proof_section(record, whole) + rows_section(record, whole);
    if (record.rollback != nullptr) {
        const Part part{"\n### ", 2};
        const auto& back = *record.rollback;
        text += "\n## Rollback: " + std::string{name_of(back.verdict)} + '\n' +
                findings_section(back, part) + gates_section(back, part) +
                steps_section(back, part) + proof_section(back, part) + rows_section(back, part);
    }
    return text + closing_section(record, whole);
}

}  // namespace reports
