// The proof of the data, as lines of a table.
#include "reports/figures.hpp"
#include "reports/terminal_parts.hpp"
#include "reports/verification.hpp"

namespace reports {
namespace {

std::string joined(const std::vector<std::string>& texts, const char* between) {
    std::string all;
    for (const auto& text : texts) {
        all += (all.empty() ? "" : between) + text;
    }
    return all;
}

std::string row_text(const DataMismatch& mismatch) {
    std::string text = mismatch.kind;
    text += mismatch.key.empty() ? "" : " " + mismatch.key;
    text += mismatch.columns.empty() ? "" : " (" + joined(mismatch.columns, ", ") + ")";
    return mismatch.by.empty() ? text : text + " - " + mismatch.by;
}

std::string changes_text(const RowChanges& changes) {
    return counted(changes.inserts + changes.updates + changes.deletes, "change", "changes");
}

constexpr std::size_t most_rows = 5;  // of a table

std::string detail_of(const TableProof& table) {
    std::vector<std::string> parts;
    if (table.rows_before) {
        const auto before = counted(*table.rows_before, "row", "rows");
        parts.push_back(!table.rows_after || *table.rows_after == *table.rows_before
                            ? before
                            : before + " before, " + count_text(*table.rows_after) + " after");
    }
    parts.insert(parts.end(), table.problems.begin(), table.problems.end());
    if (table.differing() > 0) {
        std::vector<std::string> rows;
        for (std::size_t i = 0; i < std::min(table.mismatches.size(), most_rows); ++i) {
            rows.push_back(row_text(table.mismatches[i]));
        }
        parts.push_back(counted(table.differing(), "row is", "rows are") + " not as before: " +
                        joined(rows, ", ") + (table.differing() > rows.size() ? ", ..." : ""));
    } else if (!table.unnamed.empty()) {
        parts.push_back("its sums differ; rows are not named: " + table.unnamed);
    }
    if (table.followed) {
        parts.push_back("followed " + changes_text(table.workload) + " of the workload, " +
                        changes_text(table.others) + " of others");
    }
    if (!table.unproved.empty()) {
        parts.push_back("proved of " +
                        (table.proved.empty() ? "no column" : joined(table.proved, ", ")));
        parts.push_back("not proved: " + joined(table.unproved, "; "));
    }
    parts.insert(parts.end(), table.notes.begin(), table.notes.end());
    return joined(parts, "; ");
}

std::string schema_text(const TableProof& table, bool problems) {
    std::vector<std::string> texts;
    for (const auto& change : table.schema_changes) {
        if (change.problem == problems) {
            texts.push_back(change.text);
        }
    }
    return joined(texts, "; ");
}

std::string detail_of(const InvariantProof& invariant) {
    std::string text = invariant.after.value_or("no answer") + ", wanted " + invariant.expected;
    if (invariant.looks > 0) {
        text += "; " + counted(invariant.looks, "look", "looks") + " under load";
    }
    return invariant.detail.empty() ? text : text + "; " + invariant.detail;
}

}  // namespace

std::vector<ProofLine> proof_lines(const Verification& proof) {
    std::vector<ProofLine> lines;
    if (!proof.fault.empty()) {
        lines.push_back({name_of(Proof::inconclusive), "the data", proof.fault});
    }
    for (const auto verdict : {Proof::fail, Proof::inconclusive, Proof::partial, Proof::pass}) {
        for (const auto& table : proof.tables) {
            if (table.verdict != verdict) {
                continue;
            }
            lines.push_back({name_of(verdict), table.name, detail_of(table)});
            if (const auto problems = schema_text(table, true); !problems.empty()) {
                lines.push_back({name_of(Proof::fail), "schema of " + table.name, problems});
            }
        }
        for (const auto& invariant : proof.invariants) {
            if (invariant.verdict == verdict) {
                lines.push_back({name_of(verdict), invariant.name, detail_of(invariant)});
            }
        }
    }
    for (const auto& lost : proof.lost_writes) {
        lines.push_back({"lost", lost.table, lost_sentence(lost)});
    }
    for (const auto& table : proof.tables) {
        if (const auto changes = schema_text(table, false); !changes.empty()) {
            lines.push_back({"changed", "schema of " + table.name, changes});
        }
    }
    return lines;
}

std::vector<ShownRow> shown_rows(const Verification& proof) {
    const auto or_none = [](const std::string& row) { return row.empty() ? "not there" : row; };
    std::vector<ShownRow> rows;
    for (const auto& table : proof.tables) {
        for (std::size_t i = 0; i < std::min(table.mismatches.size(), most_rows); ++i) {
            const auto& one = table.mismatches[i];
            if (one.rows) {
                rows.push_back({table.name, row_text(one), or_none(one.rows->before),
                                or_none(one.rows->after)});
            }
        }
    }
    return rows;
}

namespace terminal {

std::string verification_section(const Record& record, const Style& style) {
    if (!record.verification) {
        return {};
    }
    constexpr std::size_t verdict_columns = 13, most_lines = 4;
    std::string out = heading("Data", style);
    for (const auto& line : proof_lines(*record.verification)) {
        out += paragraph("  " + padded(line.verdict, verdict_columns),
                         one_line(line.what) + ": " + line.detail, style, most_lines);
    }
    constexpr std::size_t most_row_lines = 6, most_name_lines = 2;
    for (const auto& row : shown_rows(*record.verification)) {
        out += paragraph("  ", row.table + ": " + row.what, style, most_name_lines);
        out += paragraph("    first scan   ", row.first_scan, style, most_row_lines);
        out += paragraph("    second scan  ", row.second_scan, style, most_row_lines);
    }
    return out;
}

}  // namespace terminal

}  // namespace reports
