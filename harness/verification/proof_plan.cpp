#include "harness/verification/proof_plan.hpp"

#include "harness/verification/diff_plan.hpp"
#include "scenarios/write_effects.hpp"

#include <algorithm>

namespace harness::verification {
namespace {

using checksum::Kind;
using database::Projection;
using database::TableColumn;
using database::TableShape;
using scenarios::Expectation;

const TableColumn* find(const TableShape& shape, const std::string& name) {
    const auto found = std::ranges::find(shape.columns, name, &TableColumn::name);
    return found == shape.columns.end() ? nullptr : &*found;
}

const Expectation* expected(const scenarios::VerifiedTable& table, const std::string& column) {
    const auto found = std::ranges::find(table.expectations, column, &Expectation::column);
    return found == table.expectations.end() ? nullptr : &*found;
}

const char* word(Expectation::Kind kind) {
    switch (kind) {
        case Expectation::Kind::added:
            return "added";
        case Expectation::Kind::dropped:
            return "dropped";
        case Expectation::Kind::renamed:
            return "renamed";
        case Expectation::Kind::rewritten:
            break;
    }
    return "rewritten";
}

void check(const TableShape& before, const scenarios::VerifiedTable& table) {
    for (const auto& expectation : table.expectations) {
        const bool there = find(before, expectation.column) != nullptr;
        const bool added = expectation.kind == Expectation::Kind::added;
        if (there == added) {
            throw NotComparable{"verify.expect: column " + expectation.column + " of " +
                                before.name + " is declared as " + word(expectation.kind) +
                                (added ? ", and is there already" : ", and is not there")};
        }
    }
}

// Without a key the other columns are what a row is told apart by.
bool set_aside(const scenarios::VerifiedTable& table, const TableShape& shape,
               const TableColumn& column) {
    return table.except.contains(column.name) ||
           (!table.only.empty() && shape.keyed && !column.is_key &&
            !table.only.contains(column.name));
}

bool is_number(Kind kind) {
    return kind == Kind::number || kind == Kind::decimal;
}

}  // namespace

BeforePlan plan_before(const TableShape& before, const scenarios::VerifiedTable& table) {
    check(before, table);
    BeforePlan plan;
    plan.keyed = before.keyed;
    for (const auto& column : before.columns) {
        const auto* expectation = expected(table, column.name);
        if (set_aside(table, before, column)) {
            plan.keyed &= !column.is_key;
            continue;
        }
        if (expectation != nullptr && expectation->kind == Expectation::Kind::dropped) {
            plan.keyed &= !column.is_key;  // then the other columns are the row's name
            continue;
        }
        const bool rewritten =
            expectation != nullptr && expectation->kind == Expectation::Kind::rewritten;
        plan.columns.push_back({.name = column.name,
                                .column = {},
                                .expression = rewritten ? expectation->value : std::string{},
                                .cast_to = {}});
    }
    if (plan.columns.empty()) {
        throw NotComparable{"verify: no column of " + before.name + " is left to compare"};
    }
    for (const auto& read : plan.columns) {
        plan.is_key.push_back(!plan.keyed || find(before, read.name)->is_key);
    }
    return plan;
}

AfterPlan plan_after(const BeforePlan& plan, const TableShape& before, const TableShape& after,
                     const scenarios::VerifiedTable& table, bool migration_failed) {
    AfterPlan out;
    const auto missing = [&](const std::string& column) {
        out.missing.insert(column);
        out.columns.push_back(
            {.name = column, .column = {}, .expression = "NULL::text", .cast_to = {}});
    };
    std::set<std::string> used;
    for (const auto& read : plan.columns) {
        const auto* expectation = expected(table, read.name);
        const bool renamed =
            expectation != nullptr && expectation->kind == Expectation::Kind::renamed;
        if (migration_failed && expectation != nullptr) {
            out.unproved.push_back("column " + read.name +
                                   ", which was to be changed: the migration failed on its way");
            missing(read.name);
            used.insert(read.name);
            used.insert(expectation->value);
            continue;
        }
        const std::string& name = renamed ? expectation->value : read.name;
        if (find(after, name) == nullptr) {
            out.problems.push_back(
                renamed ? "column " + read.name + " is declared as renamed, and there is no " + name
                        : "column " + read.name + " is gone, and nothing declares that");
            missing(read.name);
            continue;
        }
        used.insert(name);
        out.columns.push_back({.name = read.name, .column = name, .expression = {}, .cast_to = {}});
    }
    for (const auto& expectation : table.expectations) {
        const bool there = find(after, expectation.column) != nullptr;
        if (expectation.kind == Expectation::Kind::added) {
            used.insert(expectation.column);
            if (!there && !migration_failed) {
                out.problems.push_back("column " + expectation.column +
                                       " is declared as added, and is not there");
            }
        } else if (expectation.kind == Expectation::Kind::dropped) {
            used.insert(expectation.column);
            if (there && !migration_failed) {
                out.problems.push_back("column " + expectation.column +
                                       " is declared as dropped, and is still there");
            }
        }
    }
    for (const auto& column : after.columns) {
        if (!table.only.empty() || table.except.contains(column.name)) {
            continue;
        }
        if (!used.contains(column.name) && find(before, column.name) == nullptr) {
            out.notes.push_back("column " + column.name + " is new, and nothing declares it");
        }
    }
    return out;
}

std::set<std::string> left_open(const scenarios::VerifiedTable& table,
                                const std::set<std::string>& written) {
    std::set<std::string> open = written;
    for (const auto& expectation : table.expectations) {
        if (expectation.kind == Expectation::Kind::renamed && written.contains(expectation.value)) {
            open.insert(expectation.column);
        }
        if (expectation.kind != Expectation::Kind::rewritten) {
            continue;
        }
        const auto read = scenarios::columns_read_by(expectation.value);
        // The table's own name stands for its whole row.
        const bool whole_row = !read || std::ranges::any_of(*read, [&](const auto& name) {
            return table.name == name || table.name.ends_with("." + name);
        });
        const bool changes =
            whole_row ? !written.empty() : std::ranges::any_of(*read, [&](const auto& name) {
                return written.contains(name);
            });
        if (changes) {
            open.insert(expectation.column);
        }
    }
    return open;
}

std::vector<Incomparable> incomparable(std::span<const Projection> columns,
                                       std::span<const TableColumn> before,
                                       std::span<const TableColumn> after) {
    std::vector<Incomparable> found;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto& from = before[i];
        const auto& to = after[i];
        if ((from.kind == to.kind && from.tag == to.tag) ||
            (is_number(from.kind) && is_number(to.kind))) {
            continue;
        }
        found.push_back({columns[i].name,
                         "column " + columns[i].name + " was " + from.type + " and is " + to.type +
                             " now; declare what its values become with `rewritten: EXPRESSION`, "
                             "which must yield " +
                             to.type});
    }
    return found;
}

}  // namespace harness::verification
