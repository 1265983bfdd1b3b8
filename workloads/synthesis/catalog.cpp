#include "workloads/synthesis/catalog.hpp"

#include <algorithm>

namespace workloads::synthesis {

const Column* Table::column(std::string_view column_name) const {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& column) {
        return column.name == column_name;
    });
    return found == columns.end() ? nullptr : &*found;
}

const Table* Catalog::find(std::string_view schema, std::string_view name,
                           std::span<const std::string> search_path) const {
    const auto in = [&](std::string_view where) -> const Table* {
        const auto found = std::find_if(tables.begin(), tables.end(), [&](const Table& table) {
            return table.schema == where && table.name == name;
        });
        return found == tables.end() ? nullptr : &*found;
    };
    if (!schema.empty()) {
        return in(schema);
    }
    for (const auto& where : search_path) {
        if (const auto* table = in(where)) {
            return table;
        }
    }
    return nullptr;
}

}  // namespace workloads::synthesis
