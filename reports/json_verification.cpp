#include "reports/json_parts.hpp"

namespace reports::json_parts {
namespace {

Json mismatch_json(const DataMismatch& mismatch) {
    Json told{{"kind", mismatch.kind},
              {"key", text_or_null(mismatch.key)},
              {"columns", mismatch.columns},
              {"by", text_or_null(mismatch.by)}};
    if (mismatch.rows) {
        told["before"] = text_or_null(mismatch.rows->before);
        told["after"] = text_or_null(mismatch.rows->after);
    }
    return told;
}

Json changes_json(const RowChanges& changes) {
    return {
        {"inserts", changes.inserts}, {"updates", changes.updates}, {"deletes", changes.deletes}};
}

Json schema_change_json(const SchemaChange& change) {
    return {{"kind", change.kind},
            {"name", change.name},
            {"text", change.text},
            {"before", text_or_null(change.before)},
            {"after", text_or_null(change.after)},
            {"problem", change.problem}};
}

Json table_json(const TableProof& table) {
    return {{"name", table.name},
            {"rows_before", or_null(table.rows_before)},
            {"rows_after", or_null(table.rows_after)},
            {"digest_before", text_or_null(table.digest_before)},
            {"digest_after", text_or_null(table.digest_after)},
            {"verdict", name_of(table.verdict)},
            {"mode", table.followed ? "ledger" : "quiesced"},
            {"proved", table.proved},
            {"problems", table.problems},
            {"unproved", table.unproved},
            {"notes", table.notes},
            {"lost", table.lost},
            {"extra", table.extra},
            {"changed", table.changed},
            {"duplicated", table.duplicated},
            {"left_to_workload", table.left_to_workload},
            {"left_extra", table.left_extra},
            {"left_changed", table.left_changed},
            {"workload", table.followed ? changes_json(table.workload) : Json(nullptr)},
            {"others", table.followed ? changes_json(table.others) : Json(nullptr)},
            {"mismatches", list(table.mismatches, mismatch_json)},
            {"unnamed", text_or_null(table.unnamed)},
            {"given", list(table.given,
                           [](const GivenValues& given) {
                               return Json{{"column", given.column}, {"rows", given.rows}};
                           })},
            {"schema_changes", list(table.schema_changes, schema_change_json)}};
}

Json invariant_json(const InvariantProof& invariant) {
    return {{"name", invariant.name},
            {"value", or_null(invariant.after)},
            {"expected", invariant.expected},
            {"verdict", name_of(invariant.verdict)},
            {"before", or_null(invariant.before)},
            {"looks", invariant.looks},
            {"violations", invariant.violations},
            {"first_violation_s",
             invariant.first_violation_s ? number(*invariant.first_violation_s) : Json(nullptr)},
            {"first_violation", text_or_null(invariant.first_violation)},
            {"detail", text_or_null(invariant.detail)}};
}

Json ledger_json(const LedgerProof& ledger) {
    return {{"unavailable", text_or_null(ledger.unavailable)},
            {"transactions", ledger.transactions},
            {"tagged", ledger.tagged},
            {"changes", ledger.changes},
            {"received_bytes", ledger.received_bytes},
            {"log_kept_bytes_max", ledger.log_kept_bytes_max},
            {"spilled_bytes", or_null(ledger.spilled_bytes)},
            {"catch_up_s", number(ledger.catch_up_s)}};
}

Json lost_json(const LostWrites& lost) {
    return {{"table", lost.table},
            {"column", lost.column},
            {"rows", or_null(lost.rows)},
            {"operations", lost.operations}};
}

}  // namespace

Json verification_json(const Verification& proof) {
    return {{"tables", list(proof.tables, table_json)},
            {"ledger", proof.ledger ? ledger_json(*proof.ledger) : Json(nullptr)},
            {"invariants", list(proof.invariants, invariant_json)},
            {"rollback", nullptr},
            {"lost_writes", list(proof.lost_writes, lost_json)},
            {"partial_passes", proof.partial_passes},
            {"fault", text_or_null(proof.fault)},
            {"duration_s", number(proof.seconds)}};
}

Json rollback_proof_json(const Record& record) {
    if (record.rollback == nullptr) {
        return record.rollback_omitted.empty() ? Json(nullptr)
                                               : Json{{"verdict", name_of(Verdict::inconclusive)},
                                                      {"omitted", record.rollback_omitted},
                                                      {"schema_diff", Json::array()},
                                                      {"lost_writes", Json::array()}};
    }
    Json differences = Json::array(), lost = Json::array();
    if (const auto& proof = record.rollback->verification) {
        for (const auto& table : proof->tables) {
            for (const auto& change : table.schema_changes) {
                if (change.problem) {
                    differences.push_back(schema_change_json(change));
                    differences.back()["table"] = table.name;
                }
            }
        }
        lost = list(proof->lost_writes, lost_json);
    }
    return {{"verdict", name_of(record.rollback->verdict)},
            {"omitted", nullptr},
            {"schema_diff", std::move(differences)},
            {"lost_writes", std::move(lost)}};
}

}  // namespace reports::json_parts
