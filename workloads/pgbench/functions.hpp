// The functions and operators of pgbench's expressions: their names, and what they compute.
#pragma once

#include "workloads/pgbench/expression.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::pgbench {

struct NamedFunction {
    std::string_view name;
    Function function;
    std::size_t least = 0, most = 0;  // arguments
    // What is computed gets :default_seed as its last argument where that is left out.
    bool seeded = false;
};

// In any case of letters.
[[nodiscard]] const NamedFunction* find_function(std::string_view name);
[[nodiscard]] std::vector<std::string_view> function_names();

// Of values that are all there; not for AND, OR and CASE, which do not look at all of them.
[[nodiscard]] bool call(Function function, std::span<const Value> values, Random& random,
                        Value& value, std::string& error);

}  // namespace workloads::pgbench
