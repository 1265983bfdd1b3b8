#include "harness/verification/diff_plan.hpp"

#include "harness/verification/table_checksum.hpp"

#include <algorithm>

namespace harness::verification {
namespace {

using checksum::Kind;
using database::Projection;
using database::TableColumn;
using database::TableShape;

bool has(const TableShape& shape, const std::string& name) {
    return std::ranges::find(shape.columns, name, &TableColumn::name) != shape.columns.end();
}

const TableColumn& column_of(const TableShape& shape, const std::string& name) {
    return *std::ranges::find(shape.columns, name, &TableColumn::name);
}

void check_maps(const TableShape& before, std::span<const ColumnMap> maps) {
    for (const auto& map : maps) {
        if (!has(before, map.before)) {
            throw NotComparable{"--map " + map.before + "=...: there is no column " + map.before +
                                " in " + before.name};
        }
        if (std::ranges::count(maps, map.before, &ColumnMap::before) > 1) {
            throw NotComparable{"column " + map.before + " is mapped twice"};
        }
    }
}

Projection counterpart(const std::string& name, const TableShape& after,
                       std::span<const ColumnMap> maps) {
    const auto map = std::ranges::find(maps, name, &ColumnMap::before);
    if (map == maps.end()) {
        if (!has(after, name)) {
            throw NotComparable{"column " + name + " has no counterpart in " + after.name +
                                "\n  hint: --map " + name +
                                "=COLUMN_OR_EXPRESSION, or leave it out with --columns"};
        }
        return {.name = name};
    }
    if (has(after, map->after)) {
        return {.name = name, .column = map->after};
    }
    return {.name = name, .expression = map->after};
}

bool is_exact_number(Kind kind) {
    return kind == Kind::number || kind == Kind::decimal;
}

// As it comes with that scale.
Kind read_kind(const TableColumn& column, checksum::Scale scale) {
    return column.kind == Kind::decimal && scale == checksum::Scale::strict ? Kind::scaled_decimal
                                                                           : column.kind;
}

bool is_moment(Kind kind) { return kind == Kind::timestamp || kind == Kind::timestamptz; }
bool is_clock(Kind kind) { return kind == Kind::time || kind == Kind::timetz; }

}  // namespace

DiffPlan plan_diff(const TableShape& before, const TableShape& after,
                   const std::vector<std::string>& wanted, std::span<const ColumnMap> maps) {
    check_maps(before, maps);
    DiffPlan plan;
    plan.keyed = before.keyed;
    plan.before = columns_to_read(before, wanted);
    for (const auto& projection : plan.before) {
        plan.after.push_back(counterpart(projection.name, after, maps));
        plan.is_key.push_back(!plan.keyed || column_of(before, projection.name).is_key);
    }
    for (const auto& column : after.columns) {
        const bool used = std::ranges::any_of(plan.after, [&](const Projection& read) {
            return read.expression.empty() &&
                   (read.column.empty() ? read.name : read.column) == column.name;
        });
        if (!used) {
            plan.only_after.push_back(column.name);
        }
    }
    return plan;
}

void adapt_types(DiffPlan& plan, const TableShape& before, std::span<const TableColumn> after,
                 checksum::Scale scale) {
    for (std::size_t i = 0; i < plan.before.size(); ++i) {
        const TableColumn& from = column_of(before, plan.before[i].name);
        const TableColumn& to = after[i];
        const Kind kind = read_kind(from, scale);
        if ((kind == to.kind && from.tag == to.tag) ||
            (is_exact_number(kind) && is_exact_number(to.kind))) {
            continue;
        }
        if ((is_moment(kind) && is_moment(to.kind)) || (is_clock(kind) && is_clock(to.kind))) {
            throw NotComparable{"column " + from.name + " is " + from.type + " and " + to.type +
                                ": in which time zone?\n  hint: --map \"" + from.name + "=" +
                                from.name + " AT TIME ZONE 'Europe/Vienna'\""};
        }
        plan.before[i].cast_to = to.cast_to;
    }
}

}  // namespace harness::verification
