#include "harness/locks/step_statements.hpp"

#include "scenarios/relations.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace harness::locks {
namespace {

// "shop.orders" and "\"Orders\"": the last name, without its quotes.
std::string_view bare(std::string_view relation) {
    if (relation.ends_with('"')) {
        relation.remove_suffix(1);
        return relation.substr(relation.rfind('"') + 1);
    }
    return relation.substr(relation.rfind('.') + 1);
}

const StepStatement* most_likely(const std::vector<const StepStatement*>& candidates,
                                 const std::string& relation) {
    if (candidates.size() <= 1) {
        return candidates.empty() ? nullptr : candidates.front();
    }
    const StepStatement* names_another = nullptr;
    for (const auto* candidate : candidates) {
        const auto named = scenarios::relations_of(candidate->text);
        if (std::any_of(named.begin(), named.end(),
                        [&](const auto& name) { return bare(name) == bare(relation); })) {
            return candidate;
        }
        if (names_another == nullptr && !named.empty()) {
            names_another = candidate;
        }
    }
    return names_another != nullptr ? names_another : candidates.front();
}

}  // namespace

void StepStatements::sent(std::int64_t session, StepStatement statement) {
    auto& of = sessions_[session];
    of.statements.push_back(std::move(statement));
    if (of.statements.size() > bound) {
        forget_before(session, of.statements[1].sent);
    }
}

void StepStatements::forget_before(std::int64_t session, Clock::time_point at) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) {
        return;
    }
    auto& [statements, transaction_began] = found->second;
    while (statements.size() > 1 && statements[1].sent <= at) {
        if (statements.front().begins_transaction) {
            transaction_began = statements.front().sent;
        }
        statements.pop_front();
    }
}

const StepStatement* StepStatements::that_locked(std::int64_t session, const std::string& relation,
                                                 Clock::time_point free, Clock::time_point asked,
                                                 Clock::time_point answered) const {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) {
        return nullptr;
    }
    std::vector<const StepStatement*> candidates;
    for (const auto& statement : found->second.statements) {
        if (statement.sent > answered) {
            break;
        }
        // What ran at `free` may have locked after it, what had ended by then may not.
        const bool over =
            statement.sent <= free || (statement.begins_transaction && statement.sent <= asked);
        if (over) {
            candidates.clear();
        }
        candidates.push_back(&statement);
    }
    return most_likely(candidates, relation);
}

std::optional<StepStatements::Clock::time_point> StepStatements::transaction_began(
    std::int64_t session, Clock::time_point by) const {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) {
        return std::nullopt;
    }
    auto began = found->second.transaction_began;
    for (const auto& statement : found->second.statements) {
        if (statement.begins_transaction && statement.sent <= by) {
            began = statement.sent;
        }
    }
    return began;
}

const StepStatement* StepStatements::last(std::int64_t session) const {
    const auto found = sessions_.find(session);
    return found == sessions_.end() || found->second.statements.empty()
               ? nullptr
               : &found->second.statements.back();
}

}  // namespace harness::locks
