#include "harness/postgres/rights.hpp"

#include "harness/database/control.hpp"

#include <set>
#include <utility>

namespace harness::postgres {

namespace {

using database::ErrorKind;
using database::StatementProblem;
using database::Value;

// A row where the right is missing: the relation, its owner, and who asks. Owners are compared as
// ALTER TABLE does (pg_class_ownercheck): through memberships that are inherited, and not for
// superusers.
constexpr const char* owner_query =
    "SELECT c.oid::regclass, pg_catalog.pg_get_userbyid(c.relowner), current_user "
    "FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1) "
    "AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')";
constexpr const char* rows_query =
    "SELECT c.oid::regclass, pg_catalog.pg_get_userbyid(c.relowner), current_user "
    "FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1) "
    "AND NOT (pg_catalog.has_any_column_privilege(c.oid, 'SELECT') "
    "AND pg_catalog.has_any_column_privilege(c.oid, 'UPDATE'))";

StatementProblem problem_of(const database::RightToCheck& right, const std::vector<Value>& facts) {
    const std::string relation = facts.at(0).value_or(""), owner = facts.at(1).value_or(""),
                      role = facts.at(2).value_or("");
    StatementProblem problem{.place = right.place, .error = {}, .excerpt = {}};
    problem.error.kind = ErrorKind::privilege;
    problem.error.code = "42501";
    if (right.owner) {
        problem.error.message =
            "must be owner of " + relation + ", which is " + owner + "'s; the role is " + role;
        problem.error.hint = "connect as " + owner + " or as a member of it";
    } else {
        problem.error.message = "permission denied for " + relation +
                                ", whose rows are to be updated"
                                "; the role is " +
                                role;
        problem.error.hint = "GRANT SELECT, UPDATE ON " + relation + " TO " + role;
    }
    return problem;
}

}  // namespace

std::vector<StatementProblem> missing_rights(database::Control& control,
                                             std::span<const database::RightToCheck> rights) {
    std::vector<StatementProblem> problems;
    std::set<std::pair<std::string, bool>> asked;
    for (const auto& right : rights) {
        if (!asked.emplace(right.relation, right.owner).second) {
            continue;
        }
        const Value name = right.relation;
        const auto answer = control.execute(right.owner ? owner_query : rows_query, {&name, 1});
        if (!answer.ok()) {
            if (answer.error->kind == ErrorKind::connection_lost) {
                throw database::Outage{*answer.error};
            }
            continue;  // not the name of a relation: its step says so
        }
        if (!answer.rows.empty()) {
            problems.push_back(problem_of(right, answer.rows.front()));
        }
    }
    return problems;
}

}  // namespace harness::postgres
