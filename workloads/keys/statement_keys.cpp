#include "workloads/keys/statement_keys.hpp"

#include "workloads/synthesis/analysis.hpp"
#include "workloads/synthesis/tree_nodes.hpp"

#include <algorithm>

namespace workloads::keys {
namespace {

using conflicts::Relations;
using nlohmann::json;
using synthesis::at;
using synthesis::only;
using synthesis::Role;
using synthesis::string_of;
using synthesis::text_at;

// One INSERT that stands by itself.
class Insert {
public:
    Insert(const json& tree, std::size_t relation, const Relations& relations) : tree_{tree} {
        const auto& rows = at(only(at(tree, "selectStmt"), "SelectStmt"), "valuesLists");
        if (rows.is_array()) {
            rows_ = &rows;
        }
        if (const auto& named = at(tree, "cols"); named.is_array()) {
            for (const auto& column : named) {
                columns_.push_back(text_at(only(column, "ResTarget"), "name"));
            }
        } else {
            for (const auto& column : relations.catalog.tables[relation].columns) {
                columns_.push_back(column.name);
            }
        }
    }

    // Of DEFAULT VALUES one; of a query nobody knows how many.
    [[nodiscard]] std::size_t rows() const {
        if (at(tree_, "selectStmt").is_null()) {
            return 1;
        }
        return rows_ == nullptr ? 0 : rows_->size();
    }

    // What no row gives a value.
    [[nodiscard]] bool draws(const std::string& column) const {
        const auto found = std::find(columns_.begin(), columns_.end(), column);
        if (at(tree_, "selectStmt").is_null() || found == columns_.end()) {
            return true;
        }
        const auto place = static_cast<std::size_t>(found - columns_.begin());
        const bool named = at(tree_, "cols").is_array();
        return rows_ != nullptr && std::all_of(rows_->begin(), rows_->end(), [&](const json& row) {
                   const auto& items = at(only(row, "List"), "items");
                   return place >= items.size() ? !named
                                                : !only(items[place], "SetToDefault").is_null();
               });
    }

    // As the result calls the column; empty where it is not in it.
    [[nodiscard]] std::string returned_as(const std::string& column) const {
        for (const auto& each : at(tree_, "returningList")) {
            const auto& target = only(each, "ResTarget");
            const auto& fields = at(only(at(target, "val"), "ColumnRef"), "fields");
            if (!fields.is_array() || fields.empty()) {
                continue;
            }
            if (!only(fields.back(), "A_Star").is_null()) {
                return column;
            }
            if (string_of(fields.back()) == column) {
                const auto alias = text_at(target, "name");
                return alias.empty() ? column : alias;
            }
        }
        return {};
    }

    // A row that is there already may be the one that is returned, or none is.
    [[nodiscard]] bool may_find_rows() const { return !at(tree_, "onConflictClause").is_null(); }

private:
    const json& tree_;
    const json* rows_ = nullptr;
    std::vector<std::string> columns_;
};

std::optional<std::size_t> target_of(const json& tree, const Relations& relations) {
    const auto& range = at(tree, "relation");
    return relations.find(text_at(range, "schemaname"), text_at(range, "relname"));
}

void add_untold(std::size_t relation, const Relations& relations, const KeyColumns& columns,
                StatementKeys& keys) {
    for (const auto& generated : relations.rules[relation].generated) {
        if (const auto domain = columns.find(relation, generated);
            domain && columns.makes(relation, generated)) {
            keys.draws.push_back(*domain);
            keys.draws_untold = true;
        }
    }
    for (const auto shown : relations.rules[relation].shows) {
        add_untold(shown, relations, columns, keys);
    }
}

// INSERTs within it, of WITH mostly: what they return stays in the statement.
void add_inner(const json& node, const Relations& relations, const KeyColumns& columns,
               StatementKeys& keys) {
    if (!node.is_structured()) {
        return;
    }
    if (const auto& insert = only(node, "InsertStmt"); !insert.is_null()) {
        if (const auto relation = target_of(insert, relations)) {
            add_untold(*relation, relations, columns, keys);
        }
    }
    for (const auto& child : node) {
        add_inner(child, relations, columns, keys);
    }
}

void add_drawn(const json& tree, const Relations& relations, const KeyColumns& columns,
               StatementKeys& keys) {
    const auto relation = target_of(tree, relations);
    if (!relation) {
        return;
    }
    if (!relations.rules[*relation].shows.empty()) {
        add_untold(*relation, relations, columns, keys);
        return;
    }
    const Insert insert{tree, *relation, relations};
    for (const auto& generated : relations.rules[*relation].generated) {
        const auto domain = columns.find(*relation, generated);
        if (!domain || !columns.makes(*relation, generated) || !insert.draws(generated)) {
            continue;
        }
        keys.draws.push_back(*domain);
        const auto name = insert.returned_as(generated);
        if (name.empty() || insert.rows() == 0 || insert.may_find_rows()) {
            keys.draws_untold = true;
        } else {
            keys.drawn.push_back({*domain, name});
            keys.rows = insert.rows();
        }
    }
}

}  // namespace

StatementKeys keys_of(const synthesis::StatementText& statement, const Relations& relations,
                      const KeyColumns& columns) {
    StatementKeys keys;
    if (statement.kind != synthesis::StatementClass::data) {
        return keys;
    }
    if (statement.parsed.kind == "InsertStmt") {
        add_drawn(statement.parsed.tree, relations, columns, keys);
    }
    add_inner(statement.parsed.tree, relations, columns, keys);
    const auto& tables = relations.catalog.tables;
    for (const auto& use :
         synthesis::analyse(statement, relations.catalog, relations.search_path).uses) {
        if (use.table == nullptr || use.column.empty() || !use.function.empty()) {
            continue;
        }
        const bool compared = use.role == Role::equal || use.role == Role::lower ||
                              use.role == Role::upper || use.role == Role::members;
        if (!compared && use.role != Role::written) {
            continue;
        }
        const auto relation = static_cast<std::size_t>(use.table - tables.data());
        if (const auto domain = columns.find(relation, use.column)) {
            keys.places.push_back(
                {.number = use.number,
                 .domain = *domain,
                 .is_array = use.role == Role::members,
                 .is_bound = use.role == Role::lower || use.role == Role::upper,
                 .is_given = use.role == Role::written && columns.makes(relation, use.column)});
        }
    }
    return keys;
}

std::vector<Place> given_by(const synthesis::StatementText& statement, const Relations& relations) {
    std::vector<Place> given;
    if (statement.parsed.kind != "InsertStmt" ||
        !at(statement.parsed.tree, "onConflictClause").is_null()) {
        return given;
    }
    const auto& tables = relations.catalog.tables;
    for (const auto& use :
         synthesis::analyse(statement, relations.catalog, relations.search_path).uses) {
        if (use.role != Role::written || use.table == nullptr) {
            continue;
        }
        const auto& keys = use.table->unique_keys;
        if (std::find(keys.begin(), keys.end(), std::vector{use.column}) != keys.end()) {
            given.emplace_back(use.table - tables.data(), use.column);
        }
    }
    return given;
}

}  // namespace workloads::keys
