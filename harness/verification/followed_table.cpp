#include "harness/verification/followed_table.hpp"

#include <algorithm>
#include <utility>

namespace harness::verification {
namespace {

using checksum::ColumnRole;
using checksum::RecordOptions;
using scenarios::Expectation;

const Expectation* expected(const scenarios::VerifiedTable& table, const std::string& column) {
    const auto found = std::ranges::find(table.expectations, column, &Expectation::column);
    return found == table.expectations.end() ? nullptr : &*found;
}

}  // namespace

RecordOptions columns_before(const BeforePlan& plan, std::span<const database::TableColumn> columns,
                             bool followed) {
    RecordOptions options;
    for (std::size_t i = 0; i < plan.columns.size(); ++i) {
        options.columns.push_back(
            {.name = plan.columns[i].name,
             .is_key = plan.is_key[i],
             .may_be_unchanged_external = followed && columns[i].out_of_line});
    }
    options.keyed = plan.keyed;
    return options;
}

RecordOptions columns_after(const RecordOptions& before, const scenarios::VerifiedTable& table,
                            Added added) {
    RecordOptions options = before;
    for (const auto& expectation : table.expectations) {
        if (expectation.kind == Expectation::Kind::added &&
            (added == Added::all || !expectation.value.empty())) {
            // Its type is not known yet: it may be a long one.
            options.columns.push_back({.name = expectation.column,
                                       .role = ColumnRole::added,
                                       .may_be_unchanged_external = added == Added::all});
        }
    }
    return options;
}

std::vector<FollowedColumn> columns_in_stream(const RecordOptions& ledger,
                                              const database::TableShape& before,
                                              std::span<const database::TableColumn> columns,
                                              const scenarios::VerifiedTable& table) {
    std::vector<FollowedColumn> in_stream;
    for (std::size_t i = 0; i < ledger.columns.size(); ++i) {
        const auto& column = ledger.columns[i];
        FollowedColumn followed;
        followed.names = {column.name};
        if (column.role != ColumnRole::added) {
            followed.type = columns[i].cast_to;
            followed.kind = columns[i].kind;
            followed.tag = columns[i].tag;
            const auto in_table =
                std::ranges::find(before.columns, column.name, &database::TableColumn::name);
            followed.opaque = in_table != before.columns.end() && in_table->generated;
            if (const auto* declared = expected(table, column.name)) {
                if (declared->kind == Expectation::Kind::renamed) {
                    followed.names.push_back(declared->value);
                }
                followed.opaque |= declared->kind == Expectation::Kind::rewritten;
            }
        }
        in_stream.push_back(std::move(followed));
    }
    return in_stream;
}

checksum::ChangeSource change_source(std::string operation, const MayChange& writes,
                                     const RecordOptions& ledger,
                                     const scenarios::VerifiedTable& table) {
    checksum::ChangeSource source{.name = "operation " + std::move(operation), .workload = true};
    if (!writes.anything.empty()) {
        return source;
    }
    source.inserts = writes.inserts;
    source.removes = writes.deletes;
    const auto updated = left_open(table, writes.columns);
    std::vector<bool>& may_write = source.writes.emplace();
    for (const auto& column : ledger.columns) {
        const bool given = column.role == ColumnRole::added &&
                           (writes.inserts_whole_rows || writes.inserted.contains(column.name));
        may_write.push_back(given || updated.contains(column.name));
        source.always_inserts.push_back(writes.always_inserted &&
                                        writes.always_inserted->contains(column.name));
        source.always_updates.push_back(writes.always_updated &&
                                        writes.always_updated->contains(column.name));
        // The stream tells such an update as a delete and an insert. A primary key holds all
        // columns that decide where a row lies.
        const bool moves = writes.moves_rows && column.is_key && may_write.back();
        source.inserts = source.inserts || moves;
        source.removes = source.removes || moves;
    }
    return source;
}

// A procedure may commit by itself, and what is not known may do so, too: such a statement must not
// run within a transaction of ours.
std::optional<std::string> untaggable(const std::string& operation,
                                      const scenarios::WriteEffects& effects) {
    if (effects.anything.empty()) {
        return std::nullopt;
    }
    return "operation " + operation + " " + effects.anything +
           ", and may commit by itself: its transactions cannot be told from others";
}

// The stream has the columns themselves, not what an expression makes of them, and (before 18) no
// generated ones.
std::optional<std::string> untold_key(const database::TableShape& before,
                                      const scenarios::VerifiedTable& table) {
    const auto plan = plan_before(before, table);
    const auto all = plan.keyed ? std::string{} : ", as it has no key";
    for (std::size_t i = 0; i < plan.columns.size(); ++i) {
        const auto& name = plan.columns[i].name;
        const auto column = std::ranges::find(before.columns, name, &database::TableColumn::name);
        if (!plan.is_key[i] || (!column->generated && plan.columns[i].expression.empty())) {
            continue;
        }
        return "the rows of " + before.name + " are told apart by " + name + all + ", which is " +
               (column->generated ? "generated" : "declared as rewritten") +
               ": the change stream does not carry what is compared";
    }
    return std::nullopt;
}

}  // namespace harness::verification
