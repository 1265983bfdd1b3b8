// A walk over a statement's parse tree with what each place expects of a parameter that stands
// there. What the walk does not know expects nothing, and a parameter there is unknown.
#pragma once

#include "workloads/synthesis/analysis.hpp"
#include "workloads/synthesis/scope.hpp"
#include "workloads/synthesis/tree_nodes.hpp"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace workloads::synthesis {

// What a parameter at some place would be.
struct Expected {
    Role role = Role::unknown;
    std::optional<Origin> origin;
    std::string function;
    std::string reason = "it is part of an expression";
};

[[nodiscard]] inline Expected unknown(std::string reason) {
    return {.role = Role::unknown, .origin = {}, .function = {}, .reason = std::move(reason)};
}
[[nodiscard]] inline Expected plain(Role role) {
    return {.role = role, .origin = {}, .function = {}, .reason = {}};
}

// Fills in an analysis' uses, which are as many as the statement has parameters.
class Walk {
public:
    Walk(const Catalog& catalog, std::span<const std::string> path, Analysis& analysis)
        : catalog_{catalog}, path_{path}, analysis_{analysis} {}

    void statement(const std::string& kind, const nlohmann::json& tree) {
        Scope outermost;
        any_statement(kind, tree, outermost, plain(Role::constant));
    }

private:
    Outputs any_statement(const std::string& kind, const nlohmann::json& tree, const Scope& outer,
                          const Expected& returned);
    void insert(const nlohmann::json& tree, Scope& scope, const Table* table);
    void merge_clause(const nlohmann::json& clause, Scope& scope, const Table* table);
    // SET a = ..., (b, c) = (..., ...)
    void assignments(const nlohmann::json& list, Scope& scope, const Table* table);
    // `columns`: what the query's columns are for, where it is INSERT's; `returned`: what they are
    // else. `inserting`: whose WITH it may name.
    Outputs select(const nlohmann::json& tree, const Scope& outer,
                   const std::vector<Expected>& columns, const Expected& returned,
                   const Scope* inserting = nullptr);
    void values(const nlohmann::json& lists, Scope& scope, const std::vector<Expected>& columns,
                const Expected& returned, Outputs& outputs);
    Outputs targets(const nlohmann::json& list, Scope& scope, const std::vector<Expected>& columns,
                    const Expected& returned);
    static bool is_star(const nlohmann::json& value);
    static void add_star(const nlohmann::json& value, const Scope& scope, Outputs& outputs);
    void with(const nlohmann::json& tree, Scope& scope);
    static void rename(const nlohmann::json& names, Outputs& outputs);
    // The index of the source that it became.
    int add_table(const nlohmann::json& range, Scope& scope);
    void from_item(const nlohmann::json& item, Scope& scope);

    static Expected written_to(const Table* table, const std::string& name);
    static std::optional<Origin> origin_of(const nlohmann::json& value, const Scope& scope);
    // A function of nothing but one column, or of nothing but one parameter.
    static const nlohmann::json& only_argument(const nlohmann::json& call);
    // What a parameter is that is compared with this.
    static Expected compared_with(const nlohmann::json& other, Role role, const Scope& scope);
    static bool is_aggregate(std::string_view name);
    void expression(const nlohmann::json& node, Scope& scope, const Expected& expected);
    // A condition or an amount.
    void operation(const nlohmann::json& node, Scope& scope, const Expected& expected);
    void arithmetic(const nlohmann::json& node, const std::string& name, Scope& scope,
                    const Expected& expected);
    // Both sides; rows pair by pair.
    void compare(const nlohmann::json& left, const nlohmann::json& right, Role role, Role mirrored,
                 Scope& scope);
    // What stands in `value`, as compared with `other`.
    void compare_right(const nlohmann::json& other, const nlohmann::json& value, Role role,
                       Scope& scope);
    // COALESCE, GREATEST, LEAST: each may be the result.
    void alternatives(const nlohmann::json& list, Scope& scope, const Expected& expected);
    void case_of(const nlohmann::json& node, Scope& scope, const Expected& expected);
    void call(const nlohmann::json& node, Scope& scope, const Expected& expected);
    void sublink(const nlohmann::json& node, Scope& scope);
    // What is in it, of which nothing is expected.
    void rest(const nlohmann::json& node, Scope& scope,
              const char* why = "it is part of an expression");
    // The first use that says something counts: of a $n that is used twice, one value must do.
    void record(const nlohmann::json& number, const Expected& expected);

    const Catalog& catalog_;
    std::span<const std::string> path_;
    Analysis& analysis_;
    int numbers_ = 0;
    std::set<int> seen_;
};

}  // namespace workloads::synthesis
