// What is known of the relations that recorded statements name, as the target has them.
#pragma once

#include "workloads/synthesis/catalog.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace workloads::conflicts {

struct Reference {
    std::vector<std::string> columns;  // as the catalog spells them
    std::size_t relation = 0;          // that is referenced, in Relations::catalog
    std::vector<std::string> referenced;
    bool changes_rows = false;  // ON DELETE CASCADE and the like
};

struct RelationRules {
    std::size_t whole = 0;           // itself, or the topmost that it is a part of
    std::vector<std::size_t> shows;  // of a view: the relations that it reads
    bool has_hooks = false;          // triggers or rules of its own: nobody sees what they touch
    bool excludes = false;           // an exclusion constraint
    std::vector<Reference> references;
    std::vector<std::string> generated;  // columns that the server fills in where nothing is given
};

struct Relations {
    synthesis::Catalog catalog;
    std::vector<RelationRules> rules;  // one for each of the catalog's tables
    std::vector<std::string> search_path;
    std::set<std::string> functions;  // that may write, and are not the server's own

    // None where nobody knows it.
    [[nodiscard]] std::optional<std::size_t> find(const std::string& schema,
                                                  const std::string& name) const {
        const auto* table = catalog.find(schema, name, search_path);
        if (table == nullptr) {
            return std::nullopt;
        }
        return static_cast<std::size_t>(table - catalog.tables.data());
    }
};

}  // namespace workloads::conflicts
