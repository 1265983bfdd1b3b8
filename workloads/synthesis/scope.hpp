// Which columns a name may mean in a part of a statement.
#pragma once

#include "workloads/synthesis/catalog.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace workloads::synthesis {

// A column of a table, and of which of the statement's tables.
struct Origin {
    const Table* table = nullptr;
    std::string column;
    int source = 0;
};

// What a query returns, in order: the name, and where it comes from unchanged, if it does.
using Outputs = std::vector<std::pair<std::string, std::optional<Origin>>>;

// One entry of FROM.
struct Source {
    std::string alias;
    const Table* table = nullptr;  // null: a query, a function, or a table that nobody knows
    Outputs outputs;               // of a query
    int number = 0;
    bool only_qualified = false;  // `excluded` of ON CONFLICT
};

struct Scope {
    const Scope* parent = nullptr;
    std::vector<Source> sources;
    std::map<std::string, Outputs> queries;  // WITH

    // By `name` alone, or `alias`.`name`. None where it is unknown. What USING
    // joins means the first of the two; anything else that meant two the server would have refused.
    [[nodiscard]] std::optional<Origin> resolve(const std::string& alias,
                                                const std::string& name) const;
    [[nodiscard]] const Outputs* query(const std::string& name) const;
};

}  // namespace workloads::synthesis
