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

// Whether an insert of the workload may give a new row's column another value than its default.
bool gives(const MayChange& may, const std::string& column) {
    return may.inserts_whole_rows || may.inserted.contains(column);
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
               std::ranges::all_of(mismatch.columns, [&](const std::string& column) {
                   return open.contains(column) || (mismatch.is_new && gives(may, column));
               });
    };
}

void tell(checksum::Mismatches found, bool keyed, bool show_values, reports::TableProof& proof) {
    using Kind = checksum::MismatchKind;
    proof.lost = found.count(Kind::lost);
    proof.extra = found.count(Kind::extra);
    proof.changed = found.count(Kind::changed);
    proof.duplicated = found.count(Kind::duplicated);
    for (auto& mismatch : found.kept) {
        reports::DataMismatch told{.kind = checksum::name(mismatch.kind),
                                   .columns = std::move(mismatch.columns),
                                   .by = std::move(mismatch.source)};
        if (keyed || show_values) {  // without a key it is the row's values
            told.key = std::move(mismatch.key);
        }
        if (show_values) {
            told.rows.emplace(std::move(mismatch.before), std::move(mismatch.after));
        }
        proof.mismatches.push_back(std::move(told));
    }
}

reports::RowChanges changes(const checksum::ChangeCounts& counts) {
    return {.inserts = counts.inserts, .updates = counts.updates, .deletes = counts.removes};
}

std::string quoted(const std::string& identifier) {
    std::string text = "\"";
    for (const char c : identifier) {
        text += c == '"' ? "\"\"" : std::string{c};
    }
    return text + '"';
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

void TableProof::plan(database::Snapshot& snapshot, bool followed) {
    before_ = snapshot.shape(table_.name);
    plan_ = plan_before(before_, table_);
    scan_ = snapshot.scan(before_, plan_.columns,
                          {.scale = settings_.scale, .workers = settings_.workers});
    columns_ = scan_->columns();
    auto kept = columns_before(plan_, columns_, followed);
    kept.show_values = settings_.show_values;
    layout_.emplace(std::move(kept));
    hasher_.emplace(layout_->hasher(settings_.seed));
    after_layout_.emplace(columns_after(layout_->options(), table_,
                                        followed ? Added::all : Added::with_an_expression));
    after_hasher_.emplace(after_layout_->hasher(settings_.seed));
}

FollowedTable TableProof::followed(
    const std::vector<std::pair<std::string, MayChange>>& operations) const {
    FollowedTable followed;
    followed.identity = before_.identity;
    followed.name = before_.name;
    followed.columns = checksum::ledger_columns(layout_->options(), after_layout_->options());
    followed.in_stream = columns_in_stream(followed.columns, before_, columns_, table_);
    for (const auto& [name, writes] : operations) {
        followed.operations.push_back(change_source(name, writes, followed.columns, table_));
    }
    return followed;
}

void TableProof::scan_before(Progress& progress, std::stop_token stop) {
    rows_.emplace(*layout_, *hasher_, settings_.spill_directory, settings_.budget);
    digest_ = read(*scan_, before_, *rows_, progress, std::move(stop));
    scan_.reset();
}

// The columns of the second side, then for each added one whether it equals its expression.
std::vector<database::Projection> TableProof::read_after(const AfterPlan& plan,
                                                         const database::TableShape& after) const {
    auto columns = plan.columns;
    std::vector<database::Projection> checks;
    for (const auto place : after_layout_->added_columns()) {
        const auto& name = after_layout_->name(place);
        const auto* declared =
            &*std::ranges::find(table_.expectations, name, &scenarios::Expectation::column);
        const bool there = std::ranges::find(after.columns, name, &database::TableColumn::name) !=
                           after.columns.end();
        columns.push_back(there ? database::Projection{.name = name}
                                : database::Projection{.name = name, .expression = "NULL::text"});
        std::string check = "1";
        if (there && !declared->value.empty()) {
            check = "CASE WHEN " + quoted(name) + " IS NOT DISTINCT FROM (" + declared->value +
                    ") THEN 1 ELSE 0 END";
        }
        checks.push_back({.name = "check of " + name, .expression = std::move(check)});
    }
    columns.insert(columns.end(), checks.begin(), checks.end());
    return columns;
}

// A column that is wrong as a whole would be wrong in each row; the sums say it better.
std::string TableProof::obstacle(const AfterPlan& plan, const Ledger& ledger,
                                 std::span<const database::TableColumn> columns) const {
    if (!plan.problems.empty() || !plan.missing.empty()) {
        return "the table is not what it was declared to become";
    }
    const auto added = after_layout_->added_columns();
    for (std::size_t i = 0; i < added.size(); ++i) {
        const auto& scanned = columns[added[i]];
        const auto& came = ledger.in_stream[ledger.layout.columns() - added.size() + i];
        if (!came.type.empty() && (came.kind != scanned.kind || came.tag != scanned.tag)) {
            return "the type of the added column " + scanned.name + " was changed afterwards";
        }
    }
    return {};
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

reports::TableProof TableProof::judge(database::Snapshot& snapshot, const Evidence& evidence,
                                      bool migration_failed, Progress& progress,
                                      std::stop_token stop) {
    const auto after = snapshot.shape(table_.name);
    auto plan = plan_after(plan_, before_, after, table_, migration_failed);
    const auto scan_of = snapshot.scan(after, read_after(plan, after),
                                       {.scale = settings_.scale, .workers = settings_.workers});
    const Ledger* ledger = evidence.ledger;
    // What is not compared: the workload may have changed it, or it cannot be.
    std::set<std::string> open = plan.missing;
    for (const auto& other : incomparable(plan.columns, columns_, scan_of->columns())) {
        if (open.insert(other.column).second) {
            plan.unproved.push_back(other.why);
            ledger = nullptr;
        }
    }
    if (ledger != nullptr) {
        if (const auto why = obstacle(plan, *ledger, scan_of->columns()); !why.empty()) {
            plan.unproved.push_back("what the workload wrote: " + why);
            ledger = nullptr;
        }
    }
    RowSpill after_rows{*after_layout_, *after_hasher_, settings_.spill_directory,
                        settings_.budget};
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
    if (table_.only.empty() && digest_->rows() == 0 &&
        (ledger == nullptr || ledger->changes == 0)) {
        // Nothing compared with nothing is equal, and says nothing.
        proof.unproved.emplace_back("that rows are kept: the table held none before the load");
    }
    const auto difference = checksum::compare(*digest_, *digest);
    bool compared = true;
    if (ledger != nullptr) {
        compared = replay(after_rows, *ledger, proof);
        leave_open_without_key(*ledger, open, proof);
        for (const auto& doubt : evidence.doubts) {
            proof.unproved.push_back(doubt.sentence);
            open.merge(left_open(table_, doubt.columns));
        }
    } else if (!difference.equal() || !after_layout_->added_columns().empty()) {
        open.merge(left_open(table_, evidence.may.columns));
        for (const auto place : after_layout_->added_columns()) {
            // Without a key a new row is not told from an old one with the same values.
            if (!plan_.keyed && gives(evidence.may, after_layout_->name(place))) {
                open.insert(after_layout_->name(place));
            }
        }
        if (difference.equal() && !evidence.may.anything.empty()) {
            for (const auto place : after_layout_->added_columns()) {
                open.insert(after_layout_->name(place));
                proof.unproved.push_back("column " + after_layout_->name(place) + ": " +
                                         evidence.may.anything);
            }
        } else {
            compared = compare_rows(after_rows, difference, evidence.may, open, proof);
        }
    }
    for (const auto& name : after_layout_->names()) {
        if (compared && !open.contains(name)) {
            proof.proved.push_back(name);
        }
    }
    if (!proof.problems.empty() || proof.differing() > 0 || !proof.unnamed.empty()) {
        proof.verdict = Proof::fail;
    } else if (compared && !proof.proved.empty()) {
        proof.verdict = proof.unproved.empty() ? Proof::pass : Proof::partial;
    }
    return proof;
}

// Rows that are only counted do not tell a value that the workload gave from one that somebody else
// put over it.
void TableProof::leave_open_without_key(const Ledger& ledger, std::set<std::string>& open,
                                        reports::TableProof& proof) const {
    const auto added = after_layout_->added_columns();
    for (std::size_t i = 0; !plan_.keyed && i < added.size(); ++i) {
        const std::size_t column = ledger.layout.columns() - added.size() + i;
        const bool given = std::ranges::any_of(ledger.sources, [&](const auto& source) {
            return source.workload && source.may_write(column);
        });
        if (const auto& name = after_layout_->name(added[i]); given && open.insert(name).second) {
            proof.unproved.push_back("column " + name +
                                     ": the workload may write it, and without a key what it wrote "
                                     "is not told from what was put over that");
        }
    }
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
        if (!difference.equal() && may.nothing() && open.empty()) {
            proof.unnamed = spill->error()->message;
            return false;  // the sums alone prove that something is wrong
        }
        return give_up("whether rows that differ are the workload's: " + spill->error()->message);
    }
    const bool keyed = plan_.keyed;
    checksum::MismatchOptions options{.excuses = excuse_for(may, open, keyed)};
    if (after_layout_->added_columns().empty()) {  // else each row is looked at
        options.partitions = checksum::partitions_of(difference.buckets, buckets);
    }
    auto compared = checksum::compare(rows_->take(), after_rows.take(), options);
    if (const auto* error = std::get_if<checksum::SpillError>(&compared)) {
        return give_up("whether rows that differ are the workload's: " + error->message);
    }
    auto& found = std::get<checksum::Mismatches>(compared);
    tell(std::move(found), keyed, settings_.show_values, proof);
    if (!difference.equal() && found.total() == 0 && found.excused == 0) {
        return give_up("anything about its rows: the sums differ and no row does");
    }
    proof.left_to_workload = found.excused;
    proof.left_extra = found.excused_extra;
    proof.left_changed = found.excused_changed;
    const bool told = table_.only.empty() || found.excused_changed > 0;
    if (const auto allowed = scope(may); told && found.excused > 0 && !allowed.empty()) {
        proof.unproved.push_back("in " + std::to_string(found.excused) +
                                 (found.excused == 1 ? " row" : " rows") +
                                 " that differ, what is the workload's own to write: " + allowed);
    }
    return true;
}

bool TableProof::replay(RowSpill& after_rows, const Ledger& ledger, reports::TableProof& proof) {
    const auto give_up = [&](std::string why) {
        proof.unproved.push_back(std::move(why));
        return false;
    };
    for (const auto* spill : {&*rows_, &after_rows}) {
        if (spill->error()) {
            return give_up("anything about its rows: " + spill->error()->message);
        }
    }
    auto replayed = checksum::replay(rows_->take(), after_rows.take(), ledger.layout, ledger.hasher,
                                     *ledger.file, {.sources = ledger.sources});
    if (const auto* error = std::get_if<checksum::SpillError>(&replayed)) {
        return give_up("anything about its rows: " + error->message);
    }
    auto& result = std::get<checksum::ReplayResult>(replayed);
    proof.followed = true;
    proof.workload = changes(result.workload);
    proof.others = changes(result.others);
    if (result.inconsistencies > 0) {  // not to be trusted, whatever else it tells
        return give_up("anything about its rows: the change stream does not fit them; first: " +
                       result.first_inconsistencies.front());
    }
    tell(std::move(result.mismatches), plan_.keyed, settings_.show_values, proof);
    for (std::size_t i = 0; plan_.keyed && i < result.given.size(); ++i) {
        proof.given.push_back(
            {after_layout_->name(after_layout_->added_columns()[i]), result.given[i]});
    }
    if (result.unverified > 0) {
        proof.unproved.push_back("all of " + std::to_string(result.unverified) +
                                 (result.unverified == 1 ? " row" : " rows") +
                                 " that the workload wrote, whose last values the change stream "
                                 "does not tell; first: " +
                                 result.first_unverified.front());
    }
    return true;
}

}  // namespace harness::verification
