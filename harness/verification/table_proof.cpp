#include "harness/verification/table_proof.hpp"

#include "harness/verification/scan.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

namespace harness::verification {
namespace {

using reports::Proof;

// One for each partition of the rows on disk: finer ones would only cost memory while the load
// runs.
constexpr std::size_t buckets = checksum::partition_count;

std::string listed(const std::set<std::string>& names) {
    std::string all;
    for (const auto& name : names) {
        all += (all.empty() ? "" : ", ") + name;
    }
    return all;
}

// What the workload may have done, in words.
std::string scope(const MayChange& may) {
    std::vector<std::string> parts;
    if (may.inserts) {
        parts.emplace_back("rows that it may insert");
    }
    if (may.deletes) {
        parts.emplace_back("rows that it may delete");
    }
    if (!may.columns.empty()) {
        parts.push_back("the values of " + listed(may.columns) + ", which it may change");
    }
    std::string text;
    for (const auto& part : parts) {
        text += (text.empty() ? "" : "; ") + part;
    }
    return text;
}

// What the workload may have done. Both must outlive the answer.
std::function<bool(const checksum::Mismatch&)> excuse_for(const MayChange& may,
                                                          const std::set<std::string>& open,
                                                          bool keyed) {
    return [&may, &open, keyed](const checksum::Mismatch& mismatch) {
        switch (mismatch.kind) {
            case checksum::MismatchKind::lost:
                return may.deletes;
            case checksum::MismatchKind::extra:
                return may.inserts;
            case checksum::MismatchKind::duplicated:
                return may.inserts && !keyed;  // a key that is there twice is nobody's right
            case checksum::MismatchKind::changed:
                break;
        }
        return !mismatch.columns.empty() &&
               std::ranges::all_of(mismatch.columns, [&open](const std::string& column) {
                   return open.contains(column);
               });
    };
}

}  // namespace

TableProof::TableProof(const scenarios::VerifiedTable& table, ProofSettings settings)
    : table_{table}, settings_{std::move(settings)} {}

std::vector<std::string> TableProof::key() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; plan_.keyed && i < plan_.columns.size(); ++i) {
        if (plan_.is_key[i]) {
            const auto& name = plan_.columns[i].name;
            names.push_back(name);
            for (const auto& expectation : table_.expectations) {
                if (expectation.column == name &&
                    expectation.kind == scenarios::Expectation::Kind::renamed) {
                    names.push_back(expectation.value);
                }
            }
        }
    }
    return names;
}

std::optional<checksum::TableDigest> TableProof::read(const database::TableScan& scan_of,
                                                      const database::TableShape& shape,
                                                      RowSpill& rows, Progress& progress,
                                                      std::stop_token stop) {
    ScanSettings settings;
    settings.workers = std::min(settings_.workers, scan_of.chunks().size());
    settings.buckets = buckets;
    settings.observer = [&rows](std::size_t) { return rows.observer(); };
    progress.begin(shape.name, shape.estimated_rows, shape.bytes, Progress::Clock::now());
    return scan(scan_of, *hasher_, settings, progress, std::move(stop)).digest;
}

void TableProof::scan_before(database::Snapshot& snapshot, Progress& progress,
                             std::stop_token stop) {
    before_ = snapshot.shape(table_.name);
    plan_ = plan_before(before_, table_);
    const auto scan_of = snapshot.scan(before_, plan_.columns,
                                       {.scale = settings_.scale, .workers = settings_.workers});
    columns_ = scan_of->columns();
    checksum::RecordOptions options;
    for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
        options.columns.push_back({.name = plan_.columns[i].name, .is_key = plan_.is_key[i]});
    }
    options.keyed = plan_.keyed;
    layout_.emplace(std::move(options));
    hasher_.emplace(layout_->hasher(settings_.seed));
    rows_.emplace(*layout_, *hasher_, settings_.spill_directory, settings_.budget);
    digest_ = read(*scan_of, before_, *rows_, progress, std::move(stop));
}

reports::TableProof TableProof::gone() const {
    reports::TableProof proof;
    proof.name = before_.name;
    proof.rows_before = digest_->rows();
    proof.digest_before = hex(digest_->total());
    proof.problems.emplace_back("the table is gone");
    proof.verdict = Proof::fail;
    return proof;
}

reports::TableProof TableProof::judge(database::Snapshot& snapshot, const MayChange& may,
                                      bool migration_failed, Progress& progress,
                                      std::stop_token stop) {
    const auto after = snapshot.shape(table_.name);
    auto plan = plan_after(plan_, before_, after, table_, migration_failed);
    const auto scan_of = snapshot.scan(after, plan.columns,
                                       {.scale = settings_.scale, .workers = settings_.workers});
    // What is not compared: the workload may have changed it, or it cannot be.
    std::set<std::string> open = plan.missing;
    for (const auto& other : incomparable(plan.columns, columns_, scan_of->columns())) {
        if (open.insert(other.column).second) {
            plan.unproved.push_back(other.why);
        }
    }
    RowSpill after_rows{*layout_, *hasher_, settings_.spill_directory, settings_.budget};
    const auto digest = read(*scan_of, after, after_rows, progress, std::move(stop));

    reports::TableProof proof;
    proof.name = before_.name;
    proof.rows_before = digest_->rows();
    proof.rows_after = digest->rows();
    proof.digest_before = hex(digest_->total());
    proof.digest_after = hex(digest->total());
    proof.problems = std::move(plan.problems);
    proof.unproved = std::move(plan.unproved);
    proof.notes = std::move(plan.notes);
    if (digest_->rows() == 0) {
        // Nothing compared with nothing is equal, and says nothing.
        proof.unproved.emplace_back("that rows are kept: the table held none before the load");
    }
    const auto difference = checksum::compare(*digest_, *digest);
    bool compared = true;
    if (!difference.equal()) {
        open.merge(left_open(table_, may.columns));
        compared = compare_rows(after_rows, difference, may, open, proof);
    }
    for (const auto& read : plan_.columns) {
        if (compared && !open.contains(read.name)) {
            proof.proved.push_back(read.name);
        }
    }
    if (!proof.problems.empty() || proof.differing() > 0 || !proof.unnamed.empty()) {
        proof.verdict = Proof::fail;
    } else if (compared && !proof.proved.empty()) {
        proof.verdict = proof.unproved.empty() ? Proof::pass : Proof::partial;
    }
    return proof;
}

bool TableProof::compare_rows(RowSpill& after_rows, const checksum::TableDifference& difference,
                              const MayChange& may, const std::set<std::string>& open,
                              reports::TableProof& proof) {
    const auto give_up = [&](std::string why) {
        proof.unproved.push_back(std::move(why));
        return false;
    };
    if (!may.anything.empty()) {
        return give_up("anything about rows that differ: " + may.anything);
    }
    const auto keys = key();
    const bool key_open =
        std::ranges::any_of(keys, [&](const std::string& column) { return open.contains(column); });
    if ((!plan_.keyed && !open.empty()) || key_open) {
        return give_up("anything about its rows: " +
                       (plan_.keyed ? std::string{"its key cannot be compared"}
                                    : "it has no key to tell its rows apart by, and of " +
                                          listed(open) + " it is not known what it should be"));
    }
    for (const auto* spill : {&*rows_, &after_rows}) {
        if (!spill->error()) {
            continue;
        }
        if (may.nothing() && open.empty()) {
            proof.unnamed = spill->error()->message;
            return false;  // the sums alone prove that something is wrong
        }
        return give_up("whether rows that differ are the workload's: " + spill->error()->message);
    }
    const bool keyed = plan_.keyed;
    auto compared =
        checksum::compare(rows_->take(), after_rows.take(),
                          {.partitions = checksum::partitions_of(difference.buckets, buckets),
                           .excuses = excuse_for(may, open, keyed)});
    if (const auto* error = std::get_if<checksum::SpillError>(&compared)) {
        return give_up("whether rows that differ are the workload's: " + error->message);
    }
    auto& found = std::get<checksum::Mismatches>(compared);
    using Kind = checksum::MismatchKind;
    proof.lost = found.count(Kind::lost);
    proof.extra = found.count(Kind::extra);
    proof.changed = found.count(Kind::changed);
    proof.duplicated = found.count(Kind::duplicated);
    for (auto& mismatch : found.kept) {
        // Without a key it is the row's values.
        proof.mismatches.push_back({checksum::name(mismatch.kind),
                                    keyed ? std::move(mismatch.key) : std::string{},
                                    std::move(mismatch.columns)});
    }
    if (found.total() == 0 && found.excused == 0) {
        return give_up("anything about its rows: the sums differ and no row does");
    }
    proof.left_to_workload = found.excused;
    if (const auto allowed = scope(may); found.excused > 0 && !allowed.empty()) {
        proof.unproved.push_back("in " + std::to_string(found.excused) +
                                 (found.excused == 1 ? " row" : " rows") +
                                 " that differ, what is the workload's own to write: " + allowed);
    }
    return true;
}

}  // namespace harness::verification
