// What was proved of the data, and what was not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reports {

enum class Proof : std::uint8_t {
    pass,          // all of it is as it was, or as the scenario declares
    partial,       // all that could be proved is; the rest the workload may have changed
    fail,          // something is not
    inconclusive,  // nothing could be proved
};
[[nodiscard]] const char* name_of(Proof) noexcept;

// What the two scans found of a row: "id=5, total=3"; empty: it was not there. With the change
// stream `before` is still the first scan's, whatever the workload wrote since.
struct RowValues {
    std::string before, after;
};

struct DataMismatch {
    std::string kind;      // lost | extra | changed | duplicated
    std::string key = {};  // "id=5"
    std::vector<std::string> columns = {};
    std::string by = {};                 // who did it, where the change stream tells
    std::optional<RowValues> rows = {};  // only where values may be shown
};

// What became of a part of a table's schema.
struct SchemaChange {
    std::string kind;  // table | column | index | constraint | sequence | ...
    std::string name;
    std::string text;           // a sentence without its full stop
    std::string before, after;  // definition, value or state; empty: none
    bool problem = false;       // nobody means to leave that behind
};

struct RowChanges {
    std::uint64_t inserts = 0, updates = 0, deletes = 0;
};

// An added column, and the rows in which the workload's own value stands.
struct GivenValues {
    std::string column;
    std::uint64_t rows = 0;
};

struct TableProof {
    std::string name;
    std::optional<std::uint64_t> rows_before, rows_after;
    std::string digest_before, digest_after;  // of the columns that are on both sides
    Proof verdict = Proof::inconclusive;
    std::vector<std::string> proved;       // columns
    std::vector<std::string> problems;     // what is wrong beside rows: sentences
    std::vector<std::string> unproved;     // what was not proved, and why: sentences
    std::vector<std::string> notes;        // for the reader; they decide nothing
    std::vector<DataMismatch> mismatches;  // the first, with their keys
    std::uint64_t lost = 0, extra = 0, changed = 0, duplicated = 0;
    std::uint64_t left_to_workload = 0;  // rows that differ only where the workload may write
    std::uint64_t left_extra = 0;        // ... of them those that were not there before
    std::uint64_t left_changed = 0;      // ... of them those that are there before and after
    std::string unnamed;                 // why rows that differ are not named
    bool followed = false;               // judged with the change stream
    RowChanges workload, others;         // followed: what each committed between the two scans
    std::vector<GivenValues> given;      // followed, with a key
    std::vector<SchemaChange> schema_changes;  // problems first

    [[nodiscard]] std::uint64_t differing() const noexcept {
        return lost + extra + changed + duplicated;
    }
};

struct InvariantProof {
    std::string name, expected;
    std::optional<std::string> before, after;  // empty: not evaluated
    std::uint64_t looks = 0, violations = 0;   // under load
    std::optional<double> first_violation_s;
    std::string first_violation;  // the value
    Proof verdict = Proof::inconclusive;
    std::string detail;
};

// The change stream, and what it took.
struct LedgerProof {
    std::string unavailable;  // why it was not followed, or not to its end; else empty
    std::uint64_t transactions = 0, tagged = 0, changes = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t log_kept_bytes_max = 0;        // of the server's log, kept back for it
    std::optional<std::uint64_t> spilled_bytes;  // by the server, while decoding
    double catch_up_s = 0;                       // behind the load, at the end
};

// What the application wrote to a column that the way back took away again.
struct LostWrites {
    std::string table, column;
    std::optional<std::uint64_t> rows;    // that held it when the way back began; empty: not known
    std::vector<std::string> operations;  // whose statements write it
};

struct Verification {
    // Whether a table of which only a part could be proved may pass.
    bool partial_passes = false;
    std::vector<TableProof> tables;
    std::optional<LedgerProof> ledger;  // empty: none was asked for
    std::vector<InvariantProof> invariants;
    std::vector<LostWrites> lost_writes;  // of a way back
    std::string fault;                    // why it was not carried through
    double seconds = 0;
};

// "orders.region: what place_new writes is lost by going back; 12 rows held it"
[[nodiscard]] std::string lost_sentence(const LostWrites& lost);
// Sentences for the reasons of a verdict.
[[nodiscard]] std::vector<std::string> mismatch_sentences(const Verification& proof);
[[nodiscard]] std::vector<std::string> doubt_sentences(const Verification& proof);
// A proof as lines of a table, most serious first.
struct ProofLine {
    std::string verdict, what, detail;
};
[[nodiscard]] std::vector<ProofLine> proof_lines(const Verification& proof);
// The rows that differ, of each table the first, where values may be shown.
struct ShownRow {
    std::string table, what, first_scan, second_scan;
};
[[nodiscard]] std::vector<ShownRow> shown_rows(const Verification& proof);
// What a run that passes has proved: "2 tables (1,000,000 rows) are as they were".
[[nodiscard]] std::string proved_sentence(const Verification& proof);

}  // namespace reports
