#include "harness/migration/statement_units.hpp"

#include "harness/migration/statement_splitter.hpp"

namespace harness::migration {

namespace {

std::string number(std::size_t index) {
    return "statement " + std::to_string(index + 1);
}

// A procedure or a DO block outside of a transaction may commit part of its work.
bool commits_inside(const std::string& statement) {
    const auto words = first_words(statement, 1);
    return !words.empty() && (words[0] == "CALL" || words[0] == "DO");
}

}  // namespace

std::variant<std::vector<StatementUnit>, std::string> units_of(
    const std::vector<std::string>& statements, bool transaction) {
    std::vector<StatementUnit> units;
    if (transaction) {
        units.emplace_back();
    }
    bool open = false;
    for (std::size_t i = 0; i < statements.size(); ++i) {
        const auto control = transaction_control(statements[i]);
        if (control == TransactionControl::chain) {
            return number(i) + " ends a transaction and begins another (AND CHAIN): what is committed "
                               "could not be told from what is tried again; write COMMIT and BEGIN";
        }
        if (transaction) {
            if (control != TransactionControl::none) {
                return number(i) + " (" + first_words(statements[i], 1).front() +
                       ") begins or ends a transaction, but the step runs in one of its own: say"
                       " transaction: false";
            }
            units.front().statements.push_back(i);
            continue;
        }
        if (control == TransactionControl::begin && open) {
            return number(i) + " begins a transaction inside of another";
        }
        if (control == TransactionControl::end && !open) {
            return number(i) + " ends a transaction that was never begun";
        }
        if (!open) {
            units.emplace_back();
            units.back().own_transaction = control == TransactionControl::begin;
            units.back().commits_inside = commits_inside(statements[i]);
        }
        units.back().statements.push_back(i);
        open = control == TransactionControl::begin || (open && control != TransactionControl::end);
    }
    if (open) {
        return number(units.back().statements.front()) +
               " begins a transaction that is never committed";
    }
    return units;
}

}  // namespace harness::migration
