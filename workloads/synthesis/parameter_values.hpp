// Where the values of a statement's parameters come from: the parameter functions of its operation.
#pragma once

#include "workloads/synthesis/analysis.hpp"

#include <string>
#include <variant>
#include <vector>

namespace workloads::synthesis {

struct ParameterSource {
    int number = 0;        // $n
    std::string name;      // of the placeholder
    std::string function;  // as a scenario writes it
    std::string note;      // what the reader should know of it; may be empty
};

struct NoValue {
    int number = 0;
    std::string reason;
};

struct ValueOptions {
    // What calls of this statement return or write on average; below 0: not known.
    double rows_per_call = -1;
    // Values of the source may stand in the functions.
    bool keep_values = false;
};

// `types`: of $1..$n, as the server infers them. Without keep_values nothing in the result is a
// value of a row of the source: values come from queries on the target.
[[nodiscard]] std::variant<std::vector<ParameterSource>, NoValue> choose_values(
    const Analysis& analysis, const std::vector<TypeClass>& types, const ValueOptions& options);

}  // namespace workloads::synthesis
