// What was proved of the data, the server, and whether the run can be believed.
#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/html_parts.hpp"
#include "reports/new_errors.hpp"
#include "reports/placebo.hpp"
#include "reports/replay.hpp"
#include "reports/replay_keys.hpp"
#include "reports/replay_order.hpp"
#include "reports/synthesis.hpp"

#include <algorithm>

namespace reports::html {

namespace {

std::string listed(const std::vector<std::string>& texts, const char* between = ", ") {
    std::string all;
    for (const auto& text : texts) {
        all += (all.empty() ? "" : between) + text;
    }
    return all;
}

std::string proof_table(const Verification& proof) {
    Grid grid{"What was proved", {{"what"}, {"verdict"}, {"detail"}}};
    for (const auto& line : proof_lines(proof)) {
        if (!grid.has_room()) {
            continue;
        }
        grid.add({text_cell(line.what), verdict_cell(line.verdict), {sentence_text(line.detail)}});
    }
    return grid.text();
}

Cell rows_cell(const std::optional<std::uint64_t>& rows) {
    return rows ? count_cell(*rows) : no_figure();
}

Cell digest_cell(const std::string& digest) {
    return {digest.empty() ? "\xE2\x80\x93" : "<code>" + name_text(digest) + "</code>"};
}

std::string tables_table(const Part& part, const Verification& proof) {
    if (proof.tables.empty()) {
        return {};
    }
    Grid grid{"Tables",
              {{"table"},
               {"verdict"},
               {"rows before", true},
               {"rows after", true},
               {"not as before", true, "rows lost, changed, doubled, or that nobody inserted"},
               {"columns proved"},
               {"digest before"},
               {"digest after"}}};
    for (const auto& table : proof.tables) {
        if (!grid.has_room()) {
            continue;
        }
        grid.add({text_cell(table.name),
                  verdict_cell(name_of(table.verdict)),
                  rows_cell(table.rows_before),
                  rows_cell(table.rows_after),
                  count_cell(table.differing(), table.differing() > 0 ? "fail" : ""),
                  {sentence_text(listed(table.proved))},
                  digest_cell(table.digest_before),
                  digest_cell(table.digest_after)});
    }
    return heading(part, 1, "Tables") + grid.text();
}

std::string mismatch_table(const Part& part, const Verification& proof) {
    Grid grid{"Keys that differ", {{"table"}, {"what"}, {"key"}, {"columns"}, {"by"}}};
    std::uint64_t differing = 0;
    std::uint64_t named = 0;
    for (const auto& table : proof.tables) {
        differing += table.differing();
        for (const auto& each : table.mismatches) {
            ++named;
            if (!grid.has_room()) {
                continue;
            }
            grid.add({text_cell(table.name),
                      text_cell(each.kind),
                      text_cell(each.key),
                      {sentence_text(listed(each.columns))},
                      {sentence_text(each.by)}});
        }
    }
    if (grid.empty()) {
        return {};
    }
    auto text = heading(part, 1, "Keys that differ") + grid.text();
    if (differing > named) {
        text += "<p class=\"quiet\">Named are the first of " + counted(differing, "row", "rows") +
                ".</p>\n";
    }
    return text;
}

std::string shown_rows_table(const Part& part, const Verification& proof) {
    Grid grid{"Rows that differ", {{"table"}, {"row"}, {"first scan"}, {"second scan"}}};
    for (const auto& row : shown_rows(proof)) {
        if (!grid.has_room()) {
            continue;
        }
        grid.add({text_cell(row.table),
                  {sentence_text(row.what)},
                  {sentence_text(row.first_scan)},
                  {sentence_text(row.second_scan)}});
    }
    return grid.empty() ? "" : heading(part, 1, "Rows that differ") + grid.text();
}

std::string ledger_terms(const Part& part, const Verification& proof) {
    if (!proof.ledger) {
        return {};
    }
    const auto& ledger = *proof.ledger;
    Terms terms;
    if (!ledger.unavailable.empty()) {
        terms.add("Not followed", sentence_text(ledger.unavailable));
    } else {
        terms.add("Followed", counted(ledger.changes, "change", "changes") + " in " +
                                  counted(ledger.transactions, "transaction", "transactions") +
                                  ", " + count_text(ledger.tagged) + " of them of an operation");
        terms.add("Received", bytes_text(static_cast<std::int64_t>(ledger.received_bytes)));
        terms.add("Log kept back, at most",
                  bytes_text(static_cast<std::int64_t>(ledger.log_kept_bytes_max)));
        if (ledger.spilled_bytes) {
            terms.add("Spilled by the server",
                      bytes_text(static_cast<std::int64_t>(*ledger.spilled_bytes)));
        }
        terms.add("Behind the load at the end", seconds_text(ledger.catch_up_s));
    }
    return heading(part, 1, "Change stream") + terms.text();
}

std::string invariants_table(const Part& part, const Verification& proof) {
    if (proof.invariants.empty()) {
        return {};
    }
    Grid grid{"Invariants",
              {{"invariant"},
               {"verdict"},
               {"wanted"},
               {"before"},
               {"after"},
               {"looks under load", true},
               {"violations", true},
               {"detail"}}};
    for (const auto& each : proof.invariants) {
        if (!grid.has_room()) {
            continue;
        }
        grid.add({text_cell(each.name),
                  verdict_cell(name_of(each.verdict)),
                  text_cell(each.expected),
                  text_cell(each.before.value_or("no answer")),
                  text_cell(each.after.value_or("no answer")),
                  count_cell(each.looks),
                  count_cell(each.violations, each.violations > 0 ? "fail" : ""),
                  {sentence_text(each.detail)}});
    }
    return heading(part, 1, "Invariants") + grid.text();
}

std::string schema_table(const Part& part, const Verification& proof) {
    Grid grid{"Schema", {{"table"}, {"what"}, {"kind"}, {"before"}, {"after"}}};
    for (const auto& table : proof.tables) {
        for (const auto& change : table.schema_changes) {
            if (!grid.has_room()) {
                continue;
            }
            grid.add({text_cell(table.name),
                      {sentence_text(change.text)},
                      text_cell(change.kind),
                      {sentence_text(change.before)},
                      {sentence_text(change.after)}},
                     change.problem ? "fail" : "");
        }
    }
    return grid.empty() ? "" : heading(part, 1, "Schema") + grid.text();
}

Cell bytes_cell(const std::optional<std::int64_t>& bytes) {
    return bytes ? figure_cell(bytes_text(*bytes), static_cast<double>(*bytes)) : no_figure();
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
    return whole == 0
               ? "none"
               : decimal_text(static_cast<double>(part) / static_cast<double>(whole) * 100, 1) +
                     " %";
}

std::string sizes_table(const Part& part) {
    const auto& tables = part.record.server.tables;
    if (tables.empty()) {
        return {};
    }
    Grid grid{"Sizes",
              {{"table"},
               {"before", true, "", "Table"},
               {"after", true, "", "Table"},
               {"before", true, "", "Indexes"},
               {"after", true, "", "Indexes"},
               {"updated rows", true},
               {"of them HOT", true, "heap-only: no index had to be touched"}}};
    for (const auto& table : tables) {
        if (!grid.has_room()) {
            continue;
        }
        const auto hot = table.updates && table.hot_updates && *table.updates > 0
                             ? figure_cell(share_text(*table.hot_updates, *table.updates),
                                           static_cast<double>(*table.hot_updates) /
                                               static_cast<double>(*table.updates))
                             : no_figure();
        grid.add({text_cell(table.name), bytes_cell(table.bytes_before),
                  bytes_cell(table.bytes_after), bytes_cell(table.index_bytes_before),
                  bytes_cell(table.index_bytes_after), rows_cell(table.updates), hot});
    }
    return heading(part, 1, "Sizes") + grid.text();
}

template <typename Value>
std::optional<Value> last_of(const std::vector<ServerSample>& samples,
                             std::optional<Value> ServerSample::*figure) {
    for (auto at = samples.rbegin(); at != samples.rend(); ++at) {
        if ((*at).*figure) {
            return (*at).*figure;
        }
    }
    return std::nullopt;
}

std::string counters(const Record& record) {
    Terms terms;
    if (record.replication.measured) {
        terms.add("Replica lag, at most", seconds_text(record.replication.max_lag_s) + ", " +
                                              bytes_text(record.replication.max_lag_bytes));
    }
    const auto& samples = record.server.samples;
    if (!samples.empty()) {
        if (const auto bytes = last_of(samples, &ServerSample::log_bytes)) {
            const double span = samples.back().at_s - samples.front().at_s;
            terms.add(
                "Write-ahead log",
                bytes_text(*bytes) + (span > 0 ? ", " +
                                                     bytes_text(static_cast<std::int64_t>(
                                                         static_cast<double>(*bytes) / span)) +
                                                     "/s"
                                               : std::string{}));
        }
        const auto hits = last_of(samples, &ServerSample::cache_hits);
        const auto misses = last_of(samples, &ServerSample::cache_misses);
        if (hits && misses) {
            terms.add("Found in the cache", share_text(*hits, *hits + *misses));
        }
        const auto updates = last_of(samples, &ServerSample::updates);
        const auto hot = last_of(samples, &ServerSample::hot_updates);
        if (updates && hot) {
            terms.add("HOT updates", share_text(*hot, *updates) + " of " + count_text(*updates));
        }
        if (const auto checkpoints = last_of(samples, &ServerSample::checkpoints)) {
            terms.add("Checkpoints", count_text(*checkpoints));
        }
    }
    return terms.text();
}

std::string pairs(const Part& part, const char* title,
                  const std::map<std::string, std::string>& all, const char* first,
                  const char* second) {
    if (all.empty()) {
        return {};
    }
    Grid grid{title, {{first}, {second}}};
    for (const auto& [name, value] : all) {
        if (!grid.has_room()) {
            continue;
        }
        grid.add({text_cell(name), {sentence_text(value)}});
    }
    return heading(part, 1, title) + grid.text();
}

std::string sentences(const Part& part, const char* title, const std::vector<std::string>& all) {
    if (all.empty()) {
        return {};
    }
    std::string text = heading(part, 1, title) + "<ul>\n";
    for (std::size_t i = 0; i < std::min(all.size(), html_rows_max); ++i) {
        text += "<li>" + sentence_text(all[i]) + "</li>\n";
    }
    if (all.size() > html_rows_max) {
        text += "<li class=\"quiet\">and " + count_text(all.size() - html_rows_max) +
                " more in <code>result.json</code></li>\n";
    }
    return text + "</ul>\n";
}

}  // namespace

std::string data_section(const Part& part) {
    if (!part.record.verification) {
        return section(part, "data", "Data",
                       "<p>The scenario asks for no proof of the data.</p>\n");
    }
    const auto& proof = *part.record.verification;
    auto body = proof_table(proof) + mismatch_table(part, proof) + shown_rows_table(part, proof) +
                tables_table(part, proof) + invariants_table(part, proof) +
                schema_table(part, proof) + ledger_terms(part, proof);
    if (!part.record.rollback_omitted.empty()) {
        body +=
            "<p>The way back was not rehearsed: " + sentence_text(part.record.rollback_omitted) +
            ".</p>\n";
    }
    return section(part, "data", "Data", body);
}

std::string server_section(const Part& part) {
    const auto& record = part.record;
    auto body = counters(record);
    body += record.server.samples.empty() ? "" : chart("server", "Counters of the server");
    body += sizes_table(part);
    if (!record.is_rollback) {
        body += pairs(part, "Settings that matter", record.target.settings, "setting", "value");
        body += pairs(part, "Environment", record.target.environment, "what", "value");
    }
    return section(part, "server", "Server", body);
}

namespace {

// What the gates are worth, where a placebo was measured: how often they cry wolf, and what they
// would not see.
void add_placebo(const Record& record, Terms& terms) {
    if (!record.placebo) {
        terms.add("Placebo",
                  "not known: <code>rehearse placebo</code> measures how often these "
                  "gates cry wolf, and <code>run --placebo</code> takes it in here");
        return;
    }
    terms.add("Placebo", sentence_text(false_alarms_text(*record.placebo)));
    terms.add("Power", sentence_text(power_text(*record.placebo)));
    for (const auto& doubt : placebo_doubts(*record.placebo, record)) {
        terms.add("Placebo's load", sentence_text(doubt));
    }
}

}  // namespace

std::string honesty_section(const Part& part) {
    const auto& record = part.record;
    Terms terms;
    if (record.replay) {
        terms.add("Recording", sentence_text(recording_text(*record.replay)));
        terms.add("Its calls", sentence_text(outcomes_text(*record.replay)));
        if (record.replay->order) {
            terms.add("Its order", sentence_text(order_text(*record.replay->order)));
        }
        if (record.replay->keys) {
            terms.add("Its keys", sentence_text(keys_text(*record.replay->keys)));
        }
        if (const auto text = new_errors_text(record); !text.empty()) {
            terms.add("New errors", sentence_text(text));
        }
    }
    if (record.synthesis) {
        terms.add("Synthesized from", sentence_text(synthesis_text(record)));
    }
    terms.add("Generator", sentence_text(generator_text(record)));
    terms.add("Observer", sentence_text(observer_text(record)));
    if (!record.is_rollback) {
        terms.add("Sampling interval", ms_text(record.locks.sample_interval_ms));
        terms.add("Lost samples", count_text(record.locks.lost_samples) + " of " +
                                      count_text(record.locks.samples + record.locks.lost_samples));
        terms.add("Server's clock", decimal_text(record.run.clock_offset_start_ms, 2) +
                                        " ms ahead of ours at the start, " +
                                        decimal_text(record.run.clock_offset_end_ms, 2) +
                                        " ms at the end");
        terms.add("Seed", std::to_string(record.run.seed));
        terms.add("Versions", name_text("rehearse " + record.run.version + ", " +
                                        record.target.engine + " " + record.target.version));
        add_placebo(record, terms);
        const auto command = command_to_repeat(record);
        if (!command.empty()) {
            terms.add("Again", statement_text(command));
        }
    }
    return section(part, "honesty", "Can it be believed",
                   terms.text() + sentences(part, "What was lost", record.harness_faults) +
                       sentences(part, "Warnings", record.warnings));
}

}  // namespace reports::html
