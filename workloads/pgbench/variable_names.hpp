// Which variables a script names, and which of them can have a value where it stands.
#pragma once

#include "workloads/pgbench/script.hpp"

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace workloads::pgbench {

// A script has no loops: what stands before in the text is all that can have run before.
class VariableNames {
public:
    explicit VariableNames(const ScriptOptions& options) : options_{options} {}

    // Empty: there are too many.
    [[nodiscard]] std::optional<VariableId> id_of(std::string_view name);

    void set(std::string_view name) { set_.emplace(name); }
    void captured(std::string prefix) { captured_.push_back(std::move(prefix)); }

    // Given, set, or perhaps a column of a result that was kept.
    [[nodiscard]] bool can_have_value(std::string_view name) const;
    // Its value is what it was given at the start.
    [[nodiscard]] bool is_constant(std::string_view name) const;
    // Holds nothing but what an expression yields or a plain number, whose text is one word of SQL.
    [[nodiscard]] bool is_plain(std::string_view name) const;
    // "; did you mean ...?"
    [[nodiscard]] std::string suggestion(std::string_view name) const;

    // Hands the names and what they begin with over to the script.
    void fill(Script& script);

private:
    [[nodiscard]] bool may_be_column(std::string_view name) const;

    const ScriptOptions& options_;
    std::unordered_map<std::string, VariableId> ids_;
    std::vector<std::string> names_;
    std::set<std::string, std::less<>> set_;
    std::vector<std::string> captured_;
};

}  // namespace workloads::pgbench
