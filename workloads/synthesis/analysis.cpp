#include "workloads/synthesis/analysis.hpp"

#include "workloads/synthesis/walk.hpp"

#include <algorithm>
#include <set>

namespace workloads::synthesis {
namespace {

using nlohmann::json;

void collect_tables(const json& node, std::set<NamedTable>& tables) {
    if (node.is_object() && node.contains("relname")) {
        tables.insert({text_at(node, "schemaname"), text_at(node, "relname")});
    }
    if (node.is_structured()) {
        for (const auto& child : node) {
            collect_tables(child, tables);
        }
    }
}

bool is_system(const NamedTable& table, const Catalog& catalog, std::span<const std::string> path) {
    // Views of monitoring extensions, wherever they were put.
    if (table.name.starts_with("pg_stat_")) {
        return true;
    }
    if (!table.schema.empty()) {
        return table.schema == "pg_catalog" || table.schema == "information_schema";
    }
    return table.name.starts_with("pg_") && catalog.find({}, table.name, path) == nullptr;
}

}  // namespace

std::vector<NamedTable> tables_named_by(const StatementText& statement) {
    std::set<NamedTable> tables;
    collect_tables(statement.parsed.tree, tables);
    return {tables.begin(), tables.end()};
}

Analysis analyse(const StatementText& statement, const Catalog& catalog,
                 std::span<const std::string> search_path) {
    Analysis analysis;
    const auto& kind = statement.parsed.kind;
    for (char c : kind.substr(0, kind.size() - std::string_view{"Stmt"}.size())) {
        analysis.verb += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    analysis.uses.resize(static_cast<std::size_t>(statement.parameters));
    for (std::size_t i = 0; i < analysis.uses.size(); ++i) {
        analysis.uses[i].number = static_cast<int>(i) + 1;
        analysis.uses[i].reason = "it stands where nothing is known of it";
    }
    Walk{catalog, search_path, analysis}.statement(kind, statement.parsed.tree);
    const auto tables = tables_named_by(statement);
    analysis.only_system =
        !tables.empty() && std::all_of(tables.begin(), tables.end(), [&](const NamedTable& table) {
            return is_system(table, catalog, search_path);
        });
    return analysis;
}

}  // namespace workloads::synthesis
