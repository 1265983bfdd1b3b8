#include "harness/verification/diff_report.hpp"

#include "harness/verification/checksum_report.hpp"
#include "reports/text.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace harness::verification {
namespace {

using Json = nlohmann::ordered_json;
using checksum::MismatchKind;
using reports::one_line;

constexpr MismatchKind kinds[] = {MismatchKind::lost, MismatchKind::extra, MismatchKind::changed,
                                  MismatchKind::duplicated};

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        text += (text.empty() ? "" : ", ") + one_line(name);
    }
    return text;
}

std::string line_of(const DiffSide& side, const char* role) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.2f", side.seconds);
    return std::string{role} + "  " + one_line(side.table) + "  " + grouped(side.rows) +
           " rows in " + seconds + " s\n";
}

void append_found(std::string& text, const TableDiff& diff) {
    const auto& found = diff.found;
    std::string counts;
    for (const auto kind : kinds) {
        if (found.count(kind) > 0) {
            counts += (counts.empty() ? "" : ", ") + grouped(found.count(kind)) + " " + name(kind);
        }
    }
    text += "different" + (counts.empty() ? "" : ": " + counts) + "\n";
    if (!diff.unnamed.empty()) {
        text += "  the rows cannot be named: " + one_line(diff.unnamed) + "\n";
        std::vector<std::string> columns;
        for (const auto& column : diff.columns) {
            if (!column.equal) {
                columns.push_back(column.name);
            }
        }
        text += "  columns whose sums differ: " + joined(columns) + "\n";
    }
    for (const auto& mismatch : found.kept) {
        text += "  " + reports::padded(name(mismatch.kind), 10) + "  " +
                (mismatch.key.empty() ? "(no key: --show-values shows the row)"
                                      : one_line(mismatch.key));
        text += mismatch.columns.empty() ? "\n" : "  " + joined(mismatch.columns) + "\n";
        if (!mismatch.before.empty()) {
            text += "    before  " + one_line(mismatch.before) + "\n";
        }
        if (!mismatch.after.empty()) {
            text += "    after   " + one_line(mismatch.after) + "\n";
        }
    }
    if (found.total() > found.kept.size() && !found.kept.empty()) {
        text += "  ... the first " + std::to_string(found.kept.size()) + " of " +
                grouped(found.total()) + "\n";
    }
}

Json json_of(const DiffSide& side, const std::string& target) {
    return {{"target", target},
            {"table", side.table},
            {"rows", side.rows},
            {"bytes", side.bytes},
            {"seconds", side.seconds}};
}

}  // namespace

std::string text_of(const DiffReport& report) {
    const auto& diff = report.diff;
    std::string text = line_of(diff.before, "before") + line_of(diff.after, "after ");
    for (const auto& column : diff.columns) {
        if (column.after != column.name || column.after_type != column.before_type) {
            text += "  " + one_line(column.name) + " " + one_line(column.before_type) +
                    " compared with " + one_line(column.after) + " " +
                    one_line(column.after_type) + "\n";
        }
    }
    if (!diff.only_after.empty()) {
        text += "  not compared: " + joined(diff.only_after) + " (only in " +
                one_line(diff.after.table) + ")\n";
    }
    if (diff.equal) {
        return text + "equal\n";
    }
    append_found(text, diff);
    return text;
}

std::string json_of(const DiffReport& report) {
    const auto& diff = report.diff;
    Json columns = Json::array(), mismatches = Json::array(), counts;
    for (const auto& column : diff.columns) {
        columns.push_back({{"name", column.name},
                           {"type_before", column.before_type},
                           {"compared_with", column.after},
                           {"type_after", column.after_type},
                           {"key", column.is_key},
                           {"equal", column.equal}});
    }
    for (const auto kind : kinds) {
        counts[name(kind)] = diff.found.count(kind);
    }
    for (const auto& found : diff.found.kept) {
        Json mismatch{{"kind", name(found.kind)}, {"columns", found.columns}};
        mismatch["key"] = found.key.empty() ? Json(nullptr) : Json(found.key);
        if (!found.before.empty()) {
            mismatch["before"] = found.before;
        }
        if (!found.after.empty()) {
            mismatch["after"] = found.after;
        }
        mismatches.push_back(std::move(mismatch));
    }
    const Json document{{"schema", "rehearse.diff/1"},
                        {"verdict", diff.equal ? "equal" : "different"},
                        {"seed", report.seed},
                        {"strict", report.strict},
                        {"before", json_of(diff.before, report.before_target)},
                        {"after", json_of(diff.after, report.after_target)},
                        {"keyed", diff.keyed},
                        {"columns", std::move(columns)},
                        {"not_compared", diff.only_after},
                        {"counts", std::move(counts)},
                        {"unnamed", diff.unnamed.empty() ? Json(nullptr) : Json(diff.unnamed)},
                        {"mismatches", std::move(mismatches)}};
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace harness::verification
