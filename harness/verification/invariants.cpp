#include "harness/verification/invariants.hpp"

#include "scenarios/units.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace harness::verification {
namespace {

using reports::Proof;
using scenarios::Invariant;
using std::chrono::milliseconds;

// With the load at rest nobody waits for it; under load it may stand in a lock queue, and others
// behind it.
constexpr milliseconds patience_at_rest{300'000}, patience_under_load{2'000};

// What numeric, float and integer types print. Values beyond a double's digits are compared as text
// first.
std::optional<double> number_in(const std::string& text) {
    if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos) {
        return std::nullopt;
    }
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    return *end == '\0' ? std::optional{value} : std::nullopt;
}

bool same(const std::string& a, const std::string& b) {
    if (a == b) {
        return true;
    }
    // Whole numbers print in one way only, but for a sign or zeros that a reader wrote.
    const auto left = number_in(a), right = number_in(b);
    constexpr double exact = 9'007'199'254'740'992.0;
    return left && right && *left == *right && *left<exact&& * left> - exact;
}

std::string shown(const Answer& answer) {
    return !answer.failure.empty() ? answer.failure : answer.value.value_or("NULL");
}

Answer ask(database::Control& control, const Invariant& invariant) {
    const auto outcome = control.execute(invariant.sql);
    if (outcome.error) {
        return {std::nullopt, outcome.error->text()};
    }
    if (outcome.rows.empty() || outcome.rows.front().empty()) {
        return {std::nullopt, "the query gave no row"};
    }
    return {outcome.rows.front().front(), {}};
}

}  // namespace

bool holds(const Invariant& invariant, const Answer& answer, const Answer& before) {
    if (!answer.failure.empty()) {
        return false;
    }
    if (invariant.test == Invariant::Test::same_as_before) {
        return before.failure.empty() && answer.value.has_value() == before.value.has_value() &&
               (!answer.value || same(*answer.value, *before.value));
    }
    if (!answer.value) {
        return false;
    }
    if (invariant.test == Invariant::Test::equals) {
        return same(*answer.value, invariant.limit);
    }
    const auto value = number_in(*answer.value);
    const auto limit = scenarios::parse_number(invariant.limit);
    return value && limit &&
           (invariant.test == Invariant::Test::at_most ? *value <= *limit : *value >= *limit);
}

std::string expected_text(const Invariant& invariant) {
    switch (invariant.test) {
        case Invariant::Test::equals:
            return "= " + invariant.limit;
        case Invariant::Test::at_most:
            return "<= " + invariant.limit;
        case Invariant::Test::at_least:
            return ">= " + invariant.limit;
        case Invariant::Test::same_as_before:
            break;
    }
    return "the same as before";
}

bool InvariantLog::under_load(const Answer& answer, double at_s) {
    ++looks_;
    if (!answer.failure.empty()) {
        ++failures_;
        last_failure_ = answer.failure;
        return false;
    }
    if (!holds(*invariant_, before_, before_) || holds(*invariant_, answer, before_)) {
        return false;
    }
    if (++violations_ > 1) {
        return false;
    }
    first_violation_s_ = at_s;
    first_violation_ = shown(answer);
    return true;
}

reports::InvariantProof InvariantLog::judge(const Answer& after) const {
    reports::InvariantProof proof;
    proof.name = invariant_->name;
    proof.expected = expected_text(*invariant_);
    if (before_.failure.empty()) {
        proof.before = before_.value.value_or("NULL");
    }
    if (after.failure.empty()) {
        proof.after = after.value.value_or("NULL");
    }
    proof.looks = looks_;
    proof.violations = violations_;
    if (violations_ > 0) {
        proof.first_violation_s = first_violation_s_;
        proof.first_violation = first_violation_;
        proof.verdict = Proof::fail;
        proof.detail = "under load it was " + first_violation_ + " where " + proof.expected +
                       " is wanted, " + std::to_string(violations_) + " of " +
                       std::to_string(looks_) + " times";
        return proof;
    }
    if (!after.failure.empty()) {
        proof.detail = "after the load: " + after.failure;
        return proof;
    }
    const bool wants_before = invariant_->test == Invariant::Test::same_as_before;
    if (wants_before && !before_.failure.empty()) {
        proof.detail = "before the load: " + before_.failure;
        return proof;
    }
    if (!holds(*invariant_, after, before_)) {
        proof.verdict = Proof::fail;
        proof.detail = "after the migration it is " + shown(after) + " where " + proof.expected +
                       " is wanted" + (wants_before ? " (" + shown(before_) + ")" : "");
        return proof;
    }
    const bool held_before = holds(*invariant_, before_, before_);
    if (invariant_->every && held_before && failures_ == looks_) {
        proof.detail = looks_ == 0 ? "it was never looked at under load"
                                   : "no look under load was answered: " + last_failure_;
        return proof;
    }
    proof.verdict = Proof::pass;
    if (!held_before) {
        proof.detail = "it did not hold before the migration (" + shown(before_) +
                       "): only the end was judged";
    } else if (failures_ > 0) {
        proof.detail = std::to_string(failures_) + " of " + std::to_string(looks_) +
                       " looks under load had no answer: " + last_failure_;
    }
    return proof;
}

Invariants::Invariants(std::span<const Invariant> invariants, Connect connect)
    : invariants_{invariants}, connect_{std::move(connect)} {
    for (const auto& invariant : invariants_) {
        logs_.emplace_back(invariant);
    }
}

Invariants::~Invariants() {
    stop_watching();
}

void Invariants::ask_before() {
    if (invariants_.empty()) {
        return;
    }
    const auto control = connect_();
    control->set_statement_timeout(patience_at_rest);
    for (std::size_t i = 0; i < invariants_.size(); ++i) {
        logs_[i].before(ask(*control, invariants_[i]));
    }
}

void Invariants::watch(Clock::time_point run_start, OnViolation on_violation) {
    if (std::ranges::none_of(invariants_,
                             [](const auto& each) { return each.every.has_value(); })) {
        return;
    }
    watcher_ = std::jthread{[this, run_start, told = std::move(on_violation)](
                                std::stop_token stop) { run(std::move(stop), run_start, told); }};
}

void Invariants::stop_watching() {
    if (watcher_.joinable()) {
        watcher_.request_stop();
        watcher_.join();
    }
}

void Invariants::run(std::stop_token stop, Clock::time_point run_start,
                     const OnViolation& on_violation) {
    std::unique_ptr<database::Control> control;
    std::vector<Clock::time_point> due(invariants_.size(), Clock::now());
    while (!stop.stop_requested()) {
        auto next = Clock::time_point::max();
        for (std::size_t i = 0; i < invariants_.size() && !stop.stop_requested(); ++i) {
            if (!invariants_[i].every) {
                continue;
            }
            if (due[i] <= Clock::now()) {
                Answer answer;
                try {
                    if (!control) {
                        control = connect_();
                        control->set_statement_timeout(patience_under_load);
                    }
                    answer = ask(*control, invariants_[i]);
                } catch (const database::Outage& outage) {
                    answer.failure = outage.what();
                }
                if (!answer.failure.empty()) {
                    control.reset();  // it may be lost: the next look has a new one
                }
                const double at = std::chrono::duration<double>(Clock::now() - run_start).count();
                if (logs_[i].under_load(answer, at)) {
                    on_violation(invariants_[i].name, shown(answer), at);
                }
                // One that takes longer than its period is not asked without a pause.
                due[i] = std::max(due[i] + *invariants_[i].every, Clock::now());
            }
            next = std::min(next, due[i]);
        }
        std::unique_lock lock{mutex_};
        wake_.wait_until(lock, stop, next, [] { return false; });
    }
}

std::vector<reports::InvariantProof> Invariants::judge() {
    std::vector<reports::InvariantProof> proofs;
    if (invariants_.empty()) {
        return proofs;
    }
    const auto control = connect_();
    control->set_statement_timeout(patience_at_rest);
    for (std::size_t i = 0; i < invariants_.size(); ++i) {
        proofs.push_back(logs_[i].judge(ask(*control, invariants_[i])));
    }
    return proofs;
}

}  // namespace harness::verification
