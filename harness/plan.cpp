#include "harness/plan.hpp"

#include "harness/migration/migration_runner.hpp"
#include "reports/text.hpp"

#include <cstdio>

namespace harness {
namespace {

std::string seconds(scenarios::milliseconds length) {
    char text[32];
    std::snprintf(text, sizeof text, "%g s", static_cast<double>(length.count()) / 1000);
    return text;
}

std::string target_of(const scenarios::Scenario& scenario, const std::string& db) {
    if (!db.empty()) {
        return "the database given with --db; it must be marked as staging";
    }
    if (scenario.target.dsn_env) {
        return "the database in $" + *scenario.target.dsn_env + "; it must be marked as staging";
    }
    return "a throwaway server" + (scenario.target.server
                                       ? " of version " + std::to_string(*scenario.target.server)
                                       : std::string{});
}

std::string load_of(const scenarios::Workload& workload) {
    char rate[64] = "closed loop";
    if (workload.rate) {
        std::snprintf(rate, sizeof rate, "%g/s", *workload.rate);
    }
    return std::to_string(workload.connections) + " connections, " + rate + ", " +
           std::to_string(workload.operations.size()) + " operations";
}

std::string steps_of(const std::string& word, const std::vector<scenarios::Step>& steps) {
    std::string text;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        text += "  " + word + " " + std::to_string(i + 1) + (i < 9 ? "     " : "    ") +
                steps[i].name + " (" + migration::kind_of(steps[i]) +
                "): " + reports::fitted(reports::one_line(migration::statement_of(steps[i])), 80) +
                "\n";
    }
    return text;
}

}  // namespace

std::string plan_of(const scenarios::Scenario& scenario, const std::string& db) {
    std::string text = scenario.name + ": nothing is touched; this is what a run would do\n";
    text += "  target     " + target_of(scenario, db) + "\n";
    for (const auto& file : scenario.setup) {
        text += "  setup      " + file.string() + "\n";
    }
    text += "  load       " + load_of(scenario.workload) + "\n";
    double weights = 0;
    for (const auto& operation : scenario.workload.operations) {
        weights += operation.weight;
    }
    for (const auto& operation : scenario.workload.operations) {
        char share[32];
        std::snprintf(share, sizeof share, "%5.1f %%  ", 100 * operation.weight / weights);
        text += "             " + std::string{share} + operation.name + "\n";
    }
    text += "  warmup     " + seconds(scenario.phases.warmup) + " (not counted)\n";
    text += "  before     " + seconds(scenario.phases.before) + " (the baseline)\n";
    for (const auto& adversary : scenario.adversaries) {
        text += "  adversary  " + adversary.name + " from " + seconds(adversary.from) + "\n";
    }
    text += steps_of("step", scenario.up);
    text += "  after      " + seconds(scenario.phases.after) + "\n";
    if (scenario.verify) {
        for (const auto& table : scenario.verify->tables) {
            text += "  verify     " + table.name + "\n";
        }
        for (const auto& invariant : scenario.verify->invariants) {
            text += "  invariant  " + invariant.name + "\n";
        }
    }
    if (scenario.rollback) {
        text += "  then, under the same load and gates\n" + steps_of("back", scenario.down);
    }
    for (const auto& gate : scenario.gates) {
        text += "  gate       " + gate.name + (scenario.default_gates ? " (default)" : "") + "\n";
    }
    return text;
}

}  // namespace harness
