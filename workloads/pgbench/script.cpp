#include "workloads/pgbench/script.hpp"

#include "workloads/letters.hpp"
#include "workloads/placeholders.hpp"

#include <algorithm>

namespace workloads::pgbench {

std::string SqlCommand::numbered() const {
    std::string text = pieces[0];
    for (std::size_t i = 0; i < variables.size(); ++i) {
        append_apart(text, "$" + std::to_string(i + 1));
        append_apart(text, pieces[i + 1]);
    }
    return text;
}

std::string SqlCommand::text(const std::vector<std::string>& names) const {
    std::string text = pieces[0];
    for (std::size_t i = 0; i < variables.size(); ++i) {
        text += ":" + names[variables[i]] + pieces[i + 1];
    }
    return text;
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && is_identifier_start(name[0]) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_identifier_start(c) || is_digit(c); });
}

}  // namespace workloads::pgbench
