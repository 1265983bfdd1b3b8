#include "scenarios/way_back.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace scenarios {
namespace {

using Kind = Expectation::Kind;

workloads::App last_deployed(const std::vector<Step>& steps, workloads::App first) {
    for (const auto& step : steps) {
        if (const auto* deploy = std::get_if<DeployStep>(&step.action)) {
            first = deploy->to;
        }
    }
    return first;
}

// Empty: nothing is declared of the column on the way back.
std::optional<Expectation> undone(const Expectation& expectation) {
    switch (expectation.kind) {
        case Kind::added:
            return Expectation{.kind = Kind::dropped,
                               .column = expectation.column,
                               .value = {},
                               .place = expectation.place};
        case Kind::renamed:
            return Expectation{.kind = Kind::renamed,
                               .column = expectation.value,
                               .value = expectation.column,
                               .place = expectation.place};
        case Kind::dropped:
        case Kind::rewritten:
            break;
    }
    return std::nullopt;
}

}  // namespace

Scenario way_back(const Scenario& scenario) {
    Scenario back = scenario;
    back.up = scenario.down;
    back.down.clear();
    back.rollback = false;
    back.workload.first = last_deployed(scenario.up, scenario.workload.first);
    back.adversaries.clear();
    if (!scenario.verify || scenario.verify->tables.empty()) {
        back.verify.reset();
        return back;
    }
    back.verify->invariants.clear();
    for (auto& table : back.verify->tables) {
        const auto declared = std::exchange(table.expectations, {});
        for (const auto& expectation : declared) {
            if (auto other = undone(expectation)) {
                table.expectations.push_back(std::move(*other));
            } else {
                table.except.insert(expectation.column);
            }
        }
    }
    return back;
}

std::vector<VerifiedTable> restored_by_way_back(const Scenario& scenario) {
    std::vector<VerifiedTable> tables;
    for (const auto& table :
         scenario.verify ? scenario.verify->tables : std::vector<VerifiedTable>{}) {
        auto& restored = tables.emplace_back();
        restored.name = table.name;
        for (const auto& expectation : table.expectations) {
            if (!undone(expectation)) {
                restored.only.insert(expectation.column);
            }
        }
    }
    return tables;
}

}  // namespace scenarios
