// The proof of the data in result.json.
#include "reports/read_json_parts.hpp"

namespace reports::reading {

namespace {

constexpr std::array proofs{Proof::pass, Proof::partial, Proof::fail, Proof::inconclusive};

DataMismatch read_mismatch(const Part& part) {
    DataMismatch mismatch{.kind = part["kind"].text(),
                          .key = part["key"].text_or_empty(),
                          .columns = part["columns"].texts(),
                          .by = part["by"].text_or_empty()};
    if (part.has("before") || part.has("after")) {
        mismatch.rows = {.before = part["before"].text_or_empty(),
                         .after = part["after"].text_or_empty()};
    }
    return mismatch;
}

RowChanges read_changes(const Part& part) {
    return {.inserts = part["inserts"].count(),
            .updates = part["updates"].count(),
            .deletes = part["deletes"].count()};
}

SchemaChange read_schema_change(const Part& part) {
    return {.kind = part["kind"].text(),
            .name = part["name"].text(),
            .text = part["text"].text(),
            .before = part["before"].text_or_empty(),
            .after = part["after"].text_or_empty(),
            .problem = part["problem"].truth()};
}

TableProof read_table(const Part& part) {
    TableProof table;
    table.name = part["name"].text();
    table.rows_before = part["rows_before"].optional_count();
    table.rows_after = part["rows_after"].optional_count();
    table.digest_before = part["digest_before"].text_or_empty();
    table.digest_after = part["digest_after"].text_or_empty();
    table.verdict = part["verdict"].one_of(proofs);
    table.proved = part["proved"].texts();
    table.problems = part["problems"].texts();
    table.unproved = part["unproved"].texts();
    table.notes = part["notes"].texts();
    table.mismatches = part["mismatches"].list(read_mismatch);
    table.lost = part["lost"].count();
    table.extra = part["extra"].count();
    table.changed = part["changed"].count();
    table.duplicated = part["duplicated"].count();
    table.left_to_workload = part["left_to_workload"].count();
    table.left_extra = part["left_extra"].count();
    table.left_changed = part["left_changed"].count();
    table.unnamed = part["unnamed"].text_or_empty();
    table.followed = part["mode"].text() == "ledger";
    if (table.followed) {
        table.workload = read_changes(part["workload"]);
        table.others = read_changes(part["others"]);
    }
    table.given = part["given"].list([](const Part& given) {
        return GivenValues{.column = given["column"].text(), .rows = given["rows"].count()};
    });
    table.schema_changes = part["schema_changes"].list(read_schema_change);
    return table;
}

InvariantProof read_invariant(const Part& part) {
    return {.name = part["name"].text(),
            .expected = part["expected"].text(),
            .before = part["before"].optional_text(),
            .after = part["value"].optional_text(),
            .looks = part["looks"].count(),
            .violations = part["violations"].count(),
            .first_violation_s = part["first_violation_s"].optional_number(),
            .first_violation = part["first_violation"].text_or_empty(),
            .verdict = part["verdict"].one_of(proofs),
            .detail = part["detail"].text_or_empty()};
}

LedgerProof read_ledger(const Part& part) {
    return {.unavailable = part["unavailable"].text_or_empty(),
            .transactions = part["transactions"].count(),
            .tagged = part["tagged"].count(),
            .changes = part["changes"].count(),
            .received_bytes = part["received_bytes"].count(),
            .log_kept_bytes_max = part["log_kept_bytes_max"].count(),
            .spilled_bytes = part["spilled_bytes"].optional_count(),
            .catch_up_s = part["catch_up_s"].number()};
}

LostWrites read_lost(const Part& part) {
    return {.table = part["table"].text(),
            .column = part["column"].text(),
            .rows = part["rows"].optional_count(),
            .operations = part["operations"].texts()};
}

}  // namespace

Verification read_verification(const Part& part) {
    return {.partial_passes = part["partial_passes"].truth(),
            .tables = part["tables"].list(read_table),
            .ledger = part["ledger"].optional(read_ledger),
            .invariants = part["invariants"].list(read_invariant),
            .lost_writes = part["lost_writes"].list(read_lost),
            .fault = part["fault"].text_or_empty(),
            .seconds = part["duration_s"].number()};
}

}  // namespace reports::reading
