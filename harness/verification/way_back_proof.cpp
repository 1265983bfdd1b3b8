// What the proof of a way back has beside that of a migration: the state before the migration.
#include "harness/verification/data_proof.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace harness::verification {
namespace {

using reports::Proof;

// Adds what the comparison with the state before the migration found. `updates`: how many the
// workload made, where the change stream tells.
void add_restored(reports::TableProof restored, const std::set<std::string>& columns,
                  std::optional<std::uint64_t> updates, reports::TableProof& proof) {
    std::string listed;
    for (const auto& column : columns) {
        listed += (listed.empty() ? "" : ", ") + column;
    }
    if (updates && restored.left_changed > *updates) {
        restored.problems.push_back(
            std::to_string(restored.left_changed) + " rows have other values of " + listed +
            " than before the migration, and the workload made only " + std::to_string(*updates) +
            (*updates == 1 ? " update" : " updates"));
    }
    for (auto& mismatch : restored.mismatches) {
        if (mismatch.kind == "changed" || mismatch.key.empty()) {
            mismatch.by = "not as before the migration";
            proof.mismatches.push_back(std::move(mismatch));
        }
    }
    proof.changed += restored.changed;
    if (proof.unnamed.empty()) {
        proof.unnamed = restored.unnamed;
    }
    proof.problems.insert(proof.problems.end(), restored.problems.begin(), restored.problems.end());
    if (!restored.problems.empty() || restored.changed > 0 || !restored.unnamed.empty()) {
        proof.verdict = Proof::fail;
        return;
    }
    for (const auto& column : columns) {
        if (std::ranges::find(restored.proved, column) != restored.proved.end()) {
            proof.proved.push_back(column);
        }
    }
    for (const auto& what : restored.unproved) {
        proof.unproved.push_back("that " + listed + (columns.size() > 1 ? " are" : " is") +
                                 " as before the migration: " + what);
    }
    if (!restored.unproved.empty() && proof.verdict != Proof::fail) {
        // Whatever may pass where a part is unproved: here it is the part that matters.
        proof.verdict = Proof::inconclusive;
    }
}

bool writes(const MayChange& may, const std::string& column) {
    return !may.anything.empty() || may.inserts_whole_rows || may.columns.contains(column) ||
           may.inserted.contains(column);
}

}  // namespace

void DataProof::open_way_back() noexcept {
    if (!scenario_.verify) {
        return;
    }
    try {
        open();
    } catch (const std::exception& failure) {
        fault_ = failure.what();
    }
}

void DataProof::begin_way_back(database::Snapshot& snapshot, Origin origin) noexcept {
    if (!scenario_.verify || !fault_.empty()) {
        return;
    }
    const auto start = Clock::now();
    try {
        origin_ = std::move(origin);
        scan_tables(snapshot);
        begun_ = true;
    } catch (const std::exception& failure) {
        follower_.reset();
        fault_ = failure.what();
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
}

Origin DataProof::hand_over(const reports::Verification& proof) {
    return {.schemas = schemas_before_,
            .restored_columns = std::move(restored_columns_),
            .restored = std::move(restored_),
            .rules = rules_before_,
            .writers = writers(),
            .follower = std::move(follower_),
            .proofs = proof.tables};
}

void DataProof::judge_restored(database::Snapshot& snapshot, const std::vector<bool>& is_there,
                               std::stop_token stop, reports::Verification& out) {
    const auto rules = united(origin_->rules, target_.write_rules());
    for (std::size_t i = 0; i < out.tables.size(); ++i) {
        auto& restored = origin_->restored[i];
        if (restored == nullptr || !is_there[i]) {
            continue;
        }
        auto& proof = out.tables[i];
        const auto& on_the_way = origin_->proofs[i];
        const Evidence evidence{
            .may = may_change(restored->identity(), restored->key(), origin_->writers, rules)};
        std::optional<std::uint64_t> updates;
        if (on_the_way.followed && proof.followed) {
            updates = on_the_way.workload.updates + proof.workload.updates;
        }
        add_restored(restored->judge(snapshot, evidence, false, progress_, stop),
                     origin_->restored_columns[i].only, updates, proof);
    }
}

void DataProof::tell_lost_writes(reports::Verification& out) const {
    const auto& tables = scenario_.verify->tables;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        for (const auto& expectation : tables[i].expectations) {
            if (expectation.kind != scenarios::Expectation::Kind::dropped) {
                continue;
            }
            reports::LostWrites lost{.table = out.tables[i].name,
                                     .column = expectation.column,
                                     .rows = {},
                                     .operations = {}};
            for (std::size_t n = 0; n < scenario_.workload.operations.size(); ++n) {
                if (writes(writes_of(tables_[i]->identity(), writers_of(scenario_.workload, n),
                                     rules_before_),
                           expectation.column)) {
                    lost.operations.push_back(scenario_.workload.operations[n].name);
                }
            }
            for (const auto& given : origin_->proofs[i].given) {
                if (given.column == expectation.column) {
                    lost.rows = given.rows;
                }
            }
            if (!lost.operations.empty()) {
                out.lost_writes.push_back(std::move(lost));
            }
        }
    }
}

}  // namespace harness::verification
