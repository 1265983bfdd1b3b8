// Statements and what they read from.
#include "workloads/synthesis/walk.hpp"

namespace workloads::synthesis {

using nlohmann::json;

Outputs Walk::any_statement(const std::string& kind, const json& tree, const Scope& outer,
                            const Expected& returned) {
    if (kind == "SelectStmt") {
        return select(tree, outer, std::vector<Expected>{}, returned);
    }
    Scope scope{&outer, {}, {}};
    with(tree, scope);
    const int written = add_table(at(tree, "relation"), scope);
    const Table* table = scope.sources.at(static_cast<std::size_t>(written)).table;
    if (analysis_.target == nullptr) {
        analysis_.target = table;
    }
    if (kind == "InsertStmt") {
        insert(tree, scope, table);
    } else if (kind == "MergeStmt") {
        from_item(at(tree, "sourceRelation"), scope);
        expression(at(tree, "joinCondition"), scope, unknown("it is a condition of MERGE"));
        for (const auto& clause : at(tree, "mergeWhenClauses")) {
            merge_clause(only(clause, "MergeWhenClause"), scope, table);
        }
    } else {
        for (const char* key : {"fromClause", "usingClause"}) {
            for (const auto& item : at(tree, key)) {
                from_item(item, scope);
            }
        }
        assignments(at(tree, "targetList"), scope, table);
        expression(at(tree, "whereClause"), scope, plain(Role::constant));
    }
    return targets(at(tree, "returningList"), scope, {}, plain(Role::constant));
}

void Walk::insert(const json& tree, Scope& scope, const Table* table) {
    std::vector<Expected> columns;
    const auto written = [&](const std::string& name) {
        columns.push_back(written_to(table, name));
    };
    if (const auto& named = at(tree, "cols"); named.is_array()) {
        for (const auto& column : named) {
            written(text_at(only(column, "ResTarget"), "name"));
        }
    } else if (table != nullptr) {
        for (const auto& column : table->columns) {
            written(column.name);
        }
    }
    if (const auto& query = only(at(tree, "selectStmt"), "SelectStmt"); !query.is_null()) {
        select(query, *scope.parent, columns, unknown("it is inserted, nobody knows where"),
               &scope);
    }
    const auto& conflict = at(tree, "onConflictClause");
    if (conflict.is_null()) {
        return;
    }
    analysis_.on_conflict = true;
    scope.sources.push_back({"excluded", table, {}, static_cast<int>(numbers_++), true});
    assignments(at(conflict, "targetList"), scope, table);
    expression(at(conflict, "whereClause"), scope, plain(Role::constant));
    rest(at(conflict, "infer"), scope);
}

void Walk::merge_clause(const json& clause, Scope& scope, const Table* table) {
    expression(at(clause, "condition"), scope, plain(Role::constant));
    const auto& values = at(clause, "values");
    if (!values.is_array()) {
        return assignments(at(clause, "targetList"), scope, table);
    }
    std::size_t column = 0;
    for (const auto& value : values) {
        const auto& names = at(clause, "targetList");
        const bool named = names.is_array() && column < names.size();
        expression(value, scope,
                   named ? written_to(table, text_at(only(names[column], "ResTarget"), "name"))
                         : unknown("it is inserted, nobody knows where"));
        ++column;
    }
}

void Walk::assignments(const json& list, Scope& scope, const Table* table) {
    if (!list.is_array()) {
        return;
    }
    for (const auto& item : list) {
        const auto& target = only(item, "ResTarget");
        const auto expected = written_to(table, text_at(target, "name"));
        const auto& value = at(target, "val");
        const auto& several = only(value, "MultiAssignRef");
        if (several.is_null()) {
            expression(value, scope,
                       at(target, "indirection").is_array() ? unknown("it is written to a part "
                                                                      "of a column")
                                                            : expected);
            continue;
        }
        const auto& row = at(only(at(several, "source"), "RowExpr"), "args");
        const auto column = at(several, "colno");
        if (row.is_array() && column.is_number_integer() && column.get<int>() >= 1 &&
            column.get<std::size_t>() <= row.size()) {
            expression(row[column.get<std::size_t>() - 1], scope, expected);
        } else if (column == 1) {
            rest(at(several, "source"), scope);
        }
    }
}

Outputs Walk::select(const json& tree, const Scope& outer, const std::vector<Expected>& columns,
                     const Expected& returned, const Scope* inserting) {
    Scope scope{inserting != nullptr ? inserting : &outer, {}, {}};
    // The table that is inserted into is none that the query reads.
    Scope only_with{&outer, {}, {}};
    if (inserting != nullptr) {
        only_with.queries = inserting->queries;
        scope.parent = &only_with;
    }
    with(tree, scope);
    Outputs outputs;
    if (const auto& left = at(tree, "larg"); !left.is_null()) {  // UNION and the like
        outputs = select(left, scope, columns, returned);
        select(at(tree, "rarg"), scope, columns, returned);
    } else if (const auto& lists = at(tree, "valuesLists"); lists.is_array()) {
        values(lists, scope, columns, returned, outputs);
    } else {
        for (const auto& item : at(tree, "fromClause")) {
            from_item(item, scope);
        }
        outputs = targets(at(tree, "targetList"), scope, columns, returned);
        expression(at(tree, "whereClause"), scope, plain(Role::constant));
        expression(at(tree, "havingClause"), scope, plain(Role::constant));
    }
    for (const auto& [key, why] :
         {std::pair{"groupClause", "it stands in GROUP BY, for a column nobody knows"},
          std::pair{"sortClause", "it stands in ORDER BY, for a column nobody knows"},
          std::pair{"distinctClause", "it stands in DISTINCT ON"},
          std::pair{"windowClause", "it stands in a window's definition"}}) {
        rest(at(tree, key), scope, why);
    }
    expression(at(tree, "limitCount"), scope, plain(Role::limit));
    expression(at(tree, "limitOffset"), scope, plain(Role::offset));
    return outputs;
}

void Walk::values(const json& lists, Scope& scope, const std::vector<Expected>& columns,
                  const Expected& returned, Outputs& outputs) {
    for (const auto& list : lists) {
        const auto& items = at(only(list, "List"), "items");
        for (std::size_t i = 0; items.is_array() && i < items.size(); ++i) {
            expression(items[i], scope, i < columns.size() ? columns[i] : returned);
            if (i >= outputs.size()) {
                outputs.emplace_back("column" + std::to_string(i + 1), std::nullopt);
            }
        }
    }
}

Outputs Walk::targets(const json& list, Scope& scope, const std::vector<Expected>& columns,
                      const Expected& returned) {
    Outputs outputs;
    if (!list.is_array()) {
        return outputs;
    }
    for (const auto& item : list) {
        const auto& target = only(item, "ResTarget");
        const auto& value = at(target, "val");
        if (is_star(value)) {
            add_star(value, scope, outputs);
            continue;
        }
        expression(value, scope,
                   outputs.size() < columns.size() ? columns[outputs.size()] : returned);
        const auto& fields = at(only(value, "ColumnRef"), "fields");
        auto name = text_at(target, "name");
        outputs.emplace_back(name.empty() ? last_name(fields) : name, origin_of(value, scope));
    }
    return outputs;
}

bool Walk::is_star(const json& value) {
    const auto& fields = at(only(value, "ColumnRef"), "fields");
    return fields.is_array() && !fields.empty() && fields.back().contains("A_Star");
}

void Walk::add_star(const json& value, const Scope& scope, Outputs& outputs) {
    const auto& fields = at(only(value, "ColumnRef"), "fields");
    const auto alias = fields.size() > 1 ? string_of(fields[fields.size() - 2]) : "";
    for (const auto& source : scope.sources) {
        if ((!alias.empty() && source.alias != alias) || source.only_qualified) {
            continue;
        }
        outputs.insert(outputs.end(), source.outputs.begin(), source.outputs.end());
        if (source.table != nullptr) {
            for (const auto& column : source.table->columns) {
                outputs.emplace_back(column.name, Origin{source.table, column.name, source.number});
            }
        }
    }
}

void Walk::with(const json& tree, Scope& scope) {
    for (const auto& item : at(at(tree, "withClause"), "ctes")) {
        const auto& query = only(item, "CommonTableExpr");
        const auto name = text_at(query, "ctename");
        scope.queries[name] = {};  // what names itself is known by nothing
        const auto& inner = at(query, "ctequery");
        if (!inner.is_object() || inner.size() != 1) {
            continue;
        }
        const auto kind = inner.begin().key();
        auto outputs = any_statement(kind, inner.begin().value(), scope, plain(Role::constant));
        rename(at(query, "aliascolnames"), outputs);
        scope.queries[name] = std::move(outputs);
    }
}

void Walk::rename(const json& names, Outputs& outputs) {
    for (std::size_t i = 0; names.is_array() && i < names.size() && i < outputs.size(); ++i) {
        outputs[i].first = string_of(names[i]);
    }
}

int Walk::add_table(const json& range, Scope& scope) {
    Source source;
    const auto name = text_at(range, "relname"), schema = text_at(range, "schemaname");
    const auto alias = text_at(at(range, "alias"), "aliasname");
    source.alias = alias.empty() ? name : alias;
    source.number = numbers_++;
    const Outputs* query = schema.empty() ? scope.query(name) : nullptr;
    if (query != nullptr) {
        source.outputs = *query;
    } else {
        source.table = catalog_.find(schema, name, path_);
        if (analysis_.target == nullptr) {
            analysis_.target = source.table;
        }
    }
    const auto& renamed = at(at(range, "alias"), "colnames");
    if (renamed.is_array() && source.table != nullptr) {
        for (const auto& column : source.table->columns) {
            source.outputs.emplace_back(column.name,
                                        Origin{source.table, column.name, source.number});
        }
        source.table = nullptr;
    }
    rename(renamed, source.outputs);
    scope.sources.push_back(std::move(source));
    return static_cast<int>(scope.sources.size()) - 1;
}

void Walk::from_item(const json& item, Scope& scope) {
    if (const auto& table = only(item, "RangeVar"); !table.is_null()) {
        add_table(table, scope);
    } else if (const auto& join = only(item, "JoinExpr"); !join.is_null()) {
        from_item(at(join, "larg"), scope);
        from_item(at(join, "rarg"), scope);
        expression(at(join, "quals"), scope, plain(Role::constant));
    } else if (const auto& query = only(item, "RangeSubselect"); !query.is_null()) {
        Source source;
        source.alias = text_at(at(query, "alias"), "aliasname");
        source.number = numbers_++;
        source.outputs =
            select(only(at(query, "subquery"), "SelectStmt"), scope, {}, plain(Role::constant));
        rename(at(at(query, "alias"), "colnames"), source.outputs);
        scope.sources.push_back(std::move(source));
    } else if (const auto& sample = only(item, "RangeTableSample"); !sample.is_null()) {
        from_item(at(sample, "relation"), scope);
        expression(at(sample, "args"), scope, unknown("it is the share of TABLESAMPLE"));
    } else {
        rest(item, scope, "it is an argument of a function in FROM");
    }
}

}  // namespace workloads::synthesis
