// What the proof of a way back has beside that of a migration: the state before the migration.
#include "harness/verification/data_proof.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace harness::verification {
namespace {

using reports::Proof;

std::string listed(const std::set<std::string>& columns) {
    std::string all;
    for (const auto& column : columns) {
        all += (all.empty() ? "" : ", ") + column;
    }
    return all;
}

// What the comparison with the state before the migration found in these columns.
struct Restored {
    reports::TableProof found;
    std::set<std::string> columns;
    // Rows cannot be told apart by what both proofs have in common: then all that differs counts,
    // else only rows that were there before and are.
    bool by_themselves = false;
    std::optional<std::uint64_t> updates = {};  // how many the workload made, where that is known
};

void add_mismatches(Restored& restored, reports::TableProof& proof) {
    auto& found = restored.found;
    for (auto& mismatch : found.mismatches) {
        if (mismatch.kind == "changed" || restored.by_themselves) {
            mismatch.by = "not as before the migration";
            proof.mismatches.push_back(std::move(mismatch));
        }
    }
    proof.changed += found.changed;
    if (restored.by_themselves) {
        proof.lost += found.lost;
        proof.extra += found.extra;
        proof.duplicated += found.duplicated;
    }
    if (proof.unnamed.empty()) {
        proof.unnamed = found.unnamed;
    }
    proof.problems.insert(proof.problems.end(), found.problems.begin(), found.problems.end());
}

void add_restored(Restored restored, reports::TableProof& proof) {
    auto& found = restored.found;
    const auto names = listed(restored.columns);
    if (restored.updates && found.left_changed > *restored.updates) {
        found.problems.push_back(
            std::to_string(found.left_changed) + " rows have other values of " + names +
            " than before the migration, and the workload made only " +
            std::to_string(*restored.updates) + (*restored.updates == 1 ? " update" : " updates"));
    }
    // Of a row that was not there before nothing tells what it should be in these columns.
    if (found.left_extra > 0) {
        found.unproved.push_back(std::to_string(found.left_extra) +
                                 (found.left_extra == 1 ? " row is" : " rows are") +
                                 " new since, and nothing tells what they should hold there");
    }
    const bool wrong = !found.problems.empty() || found.changed > 0 || !found.unnamed.empty() ||
                       (restored.by_themselves && found.differing() > 0);
    add_mismatches(restored, proof);
    if (wrong) {
        proof.verdict = Proof::fail;
        return;
    }
    for (const auto& what : found.unproved) {
        proof.unproved.push_back("that " + names + (restored.columns.size() > 1 ? " are" : " is") +
                                 " as before the migration: " + what);
    }
    if (found.unproved.empty() && found.verdict == Proof::pass) {
        proof.proved.insert(proof.proved.end(), restored.columns.begin(), restored.columns.end());
    } else if (proof.verdict != Proof::fail) {
        // Whatever may pass where a part is unproved: here it is the part that matters.
        proof.verdict = Proof::inconclusive;
    }
}

bool writes(const MayChange& may, const std::string& column) {
    return !may.anything.empty() || may.inserts_whole_rows || may.columns.contains(column) ||
           may.inserted.contains(column);
}

}  // namespace

void DataProof::declare_what_came(const std::vector<database::TableSchema>& migrated_from) {
    const auto has = [](const database::TableSchema& schema, const std::string& column) {
        return std::ranges::find(schema.columns, column, &database::ColumnSchema::name) !=
               schema.columns.end();
    };
    undeclared_.resize(verified_.size());
    for (std::size_t i = 0; i < verified_.size(); ++i) {
        auto& table = verified_[i];
        for (const auto& column : schemas_before_[i].columns) {
            const bool declared =
                table.except.contains(column.name) ||
                std::ranges::find(table.expectations, column.name,
                                  &scenarios::Expectation::column) != table.expectations.end();
            if (!declared && !has(migrated_from[i], column.name)) {
                table.except.insert(column.name);
                undeclared_[i].insert(column.name);
            }
        }
    }
}

void DataProof::open_way_back(const std::vector<database::TableSchema>& migrated_from) noexcept {
    if (!scenario_.verify) {
        return;
    }
    try {
        open(&migrated_from);
    } catch (const std::exception& failure) {
        fault_ = failure.what();
    }
}

void DataProof::begin_way_back(database::Snapshot& snapshot, Origin origin) noexcept {
    if (!scenario_.verify || !fault_.empty()) {
        return;
    }
    try {
        origin_ = std::move(origin);
        scan_tables(snapshot);
        begun_ = true;
    } catch (const std::exception& failure) {
        follower_.reset();
        fault_ = failure.what();
    }
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
        Evidence evidence{
            .may = may_change(restored->identity(), restored->key(), origin_->writers, rules)};
        const auto& columns = origin_->restored_columns[i].only;
        if (writes_what_goes(i)) {
            // It may have been put where the column went that `up` dropped.
            evidence.may.columns.insert(columns.begin(), columns.end());
        }
        const auto key = restored->key();
        Restored told{
            .found = restored->judge(snapshot, evidence, false, progress_, stop),
            .columns = columns,
            .by_themselves = key.empty() || std::ranges::any_of(key, [&](const auto& name) {
                                 return columns.contains(name);
                             })};
        const auto trusted = [](const reports::TableProof& one) {
            return one.followed && one.verdict != Proof::inconclusive;
        };
        if (trusted(on_the_way) && trusted(proof)) {
            told.updates = on_the_way.workload.updates + proof.workload.updates;
        }
        add_restored(std::move(told), proof);
    }
}

// The columns that the migration added, and that the way back is to take away.
std::set<std::string> DataProof::what_goes(std::size_t table) const {
    auto columns = undeclared_[table];
    for (const auto& expectation : verified_[table].expectations) {
        if (expectation.kind == scenarios::Expectation::Kind::dropped) {
            columns.insert(expectation.column);
        }
    }
    return columns;
}

// Whether the workload updates a column of the table that the way back takes away.
bool DataProof::writes_what_goes(std::size_t table) const {
    const auto may = writes_of(tables_[table]->identity(), writers_of_operations(), rules_before_);
    return std::ranges::any_of(what_goes(table), [&](const auto& column) {
        return !may.anything.empty() || may.columns.contains(column);
    });
}

void DataProof::tell_lost_writes(reports::Verification& out) const {
    for (std::size_t i = 0; i < verified_.size(); ++i) {
        for (const auto& column : what_goes(i)) {
            reports::LostWrites lost{
                .table = out.tables[i].name, .column = column, .rows = {}, .operations = {}};
            for (std::size_t n = 0; n < scenario_.workload.operations.size(); ++n) {
                if (writes(writes_of(tables_[i]->identity(), writers_of(scenario_.workload, n),
                                     rules_before_),
                           column)) {
                    lost.operations.push_back(scenario_.workload.operations[n].name);
                }
            }
            for (const auto& given : origin_->proofs[i].given) {
                if (given.column == column) {
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
