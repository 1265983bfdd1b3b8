#include "reports/json_parts.hpp"

namespace reports::json_parts {
namespace {

Json mismatch_json(const DataMismatch& mismatch) {
    return {{"kind", mismatch.kind},
            {"key", text_or_null(mismatch.key)},
            {"columns", mismatch.columns}};
}

Json table_json(const TableProof& table) {
    return {{"name", table.name},
            {"rows_before", or_null(table.rows_before)},
            {"rows_after", or_null(table.rows_after)},
            {"digest_before", text_or_null(table.digest_before)},
            {"digest_after", text_or_null(table.digest_after)},
            {"verdict", name_of(table.verdict)},
            {"mode", "quiesced"},
            {"proved", table.proved},
            {"problems", table.problems},
            {"unproved", table.unproved},
            {"notes", table.notes},
            {"lost", table.lost},
            {"extra", table.extra},
            {"changed", table.changed},
            {"duplicated", table.duplicated},
            {"left_to_workload", table.left_to_workload},
            {"mismatches", list(table.mismatches, mismatch_json)},
            {"unnamed", text_or_null(table.unnamed)}};
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

}  // namespace

Json verification_json(const Verification& proof) {
    return {{"tables", list(proof.tables, table_json)},
            {"ledger", nullptr},  // the change stream was not followed
            {"invariants", list(proof.invariants, invariant_json)},
            {"rollback", nullptr},  // not rehearsed
            {"partial_passes", proof.partial_passes},
            {"fault", text_or_null(proof.fault)},
            {"duration_s", number(proof.seconds)}};
}

}  // namespace reports::json_parts
